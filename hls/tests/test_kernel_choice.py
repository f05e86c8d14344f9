"""The kernel of a layer by rate and cost; estimates against the synthesised figures that are kept in git."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from hls import kernel_estimate
from hls.kernel_choice import LOAD, Choice, Rate, Work, choose, mac_clocks, unrolls
from hls.synth import baselines
from hls.synth.resources import Resources
from streams.errors import UserError

ONE = Fraction(1)


def work(inputs: int, filters: int, bits: int, **changes: object) -> Work:
    """Return a layer with random weights of ``bits`` bits."""
    numbers = random.Random(inputs * filters * bits)
    weights = [numbers.randint(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) for _ in range(inputs * filters)]
    made = Work(inputs, filters, 6, 18, weights, bits, row=248, beat_bits=48)
    return replace(made, **changes)


SMALL, MIDDLE = work(9, 4, 4), work(144, 16, 6)
LARGE = work(288, 16, 6)


def test_rates_behind_pooling() -> None:
    full = Rate(ONE, ONE)
    assert full.behind((2, 2)) == Rate(Fraction(1, 4), Fraction(1, 2))
    assert full.behind((2, 2)).behind((2, 2)) == Rate(Fraction(1, 16), Fraction(1, 4))
    assert full.behind((3, 1)) == Rate(Fraction(1, 3), ONE)


def test_full_rate_is_unrolled_up_to_the_bound() -> None:
    for layer in (SMALL, MIDDLE):
        found = choose(layer, Rate(ONE, ONE))
        assert (found.kind, found.interval, found.buffered, found.held_back) == ("shift_add", 1, False, False)
    held = choose(LARGE, Rate(ONE, ONE))
    assert not unrolls(LARGE) and len(LARGE.weights) == 4608
    assert (held.kind, held.interval, held.held_back) == ("mac", 288, True)
    assert not unrolls(replace(SMALL, beats=2)), "several beats per sum"
    assert unrolls(work(50, 50, 2)) and not unrolls(work(50, 51, 2))
    assert not unrolls(work(50, 50, 16)), "too many digits for the solver"


def test_the_mean_counts_behind_a_fifo_and_the_peak_without() -> None:
    rate = Rate(ONE, ONE).behind((2, 2))
    found = choose(LARGE, rate)
    assert (found.kind, found.interval, found.parallel, found.buffered) == ("mac", 3, 96, True)
    # A row's 248 windows come in 496 clocks, in which 165 leave.
    assert found.words == 248 - 165 + 2
    assert choose(MIDDLE, rate).kind == "shift_add", "cheaper than 48 multipliers per filter"
    even = choose(LARGE, Rate(Fraction(1, 4), Fraction(1, 4)))
    assert (even.interval, even.buffered, even.words) == (3, False, 0), "no burst, no FIFO"
    late = choose(LARGE, rate.behind((2, 2)))
    assert late.buffered and late.interval == 15 and late.cost < found.cost
    early = choose(work(2, 60, 2, beat_bits=4000), Rate(Fraction(1, 4), Fraction(1, 3)))
    assert not early.buffered, "the FIFO would cost more than it saves"


@pytest.mark.parametrize("mean", [Fraction(1, n) for n in (2, 3, 4, 7, 16, 20, 64, 1000)])
@pytest.mark.parametrize("burst", [1, 2, 5])
@pytest.mark.parametrize("layer", [SMALL, MIDDLE, LARGE, replace(MIDDLE, groups=16)])
def test_slack_of_five_per_cent(mean: Fraction, burst: int, layer: Work) -> None:
    rate = Rate(mean, min(ONE, mean * burst))
    found = choose(layer, rate)
    if found.kind == "mac" and not found.held_back:
        assert found.interval * (rate.mean if found.buffered else rate.peak) <= LOAD
        assert (
            found.interval
            == mac_clocks(
                inputs=layer.inputs,
                beats=1,
                parallel=found.parallel,
                dsp=True,
                weight_width=6,
                groups=layer.groups,
            ).turns
        )
        assert found.buffered == (found.words > 0)
    else:
        assert found.interval == 1 or (found.held_back and layer is LARGE)


def test_cost_decides_between_dsp_and_logic() -> None:
    def cheapest(layer: Work) -> Choice:
        return choose(layer, Rate(Fraction(1, 300), Fraction(1, 300)))

    assert cheapest(work(144, 16, 2)).multiplier == "logic", "2-bit weights need one adder per product"
    assert cheapest(work(144, 16, 16, width=16, out_width=40)).multiplier == "dsp"
    tiny = choose(work(2, 1, 2), Rate(Fraction(1, 300), Fraction(1, 300)))
    assert tiny.kind == "shift_add", "two weights are not worth a sequencer"
    assert (
        Choice("mac", 1, 1, "dsp", False, 0, Resources(lut=10, ff=100, dsp=2, bram=1)).cost == 50 + 280 + 250
    )


def test_reuse_factor_is_an_override() -> None:
    full = Rate(ONE, ONE)
    assert choose(SMALL, full, 1).kind == "shift_add"
    forced = choose(SMALL, full, 9)
    assert (forced.kind, forced.interval, forced.parallel, forced.held_back) == ("mac", 9, 1, True)
    kept = choose(MIDDLE, Rate(Fraction(1, 16), Fraction(1, 4)), 12)
    assert (kept.interval, kept.parallel, kept.buffered, kept.held_back) == (12, 12, True, False)
    assert not choose(MIDDLE, Rate(Fraction(1, 16), Fraction(1, 4)), 3).buffered
    assert choose(MIDDLE, full, 100_000).interval == 144, "not slower than one number per clock"
    with pytest.raises(UserError, match="got reuse factor 0, want at least 1"):
        choose(SMALL, full, 0)
    with pytest.raises(UserError, match="got reuse factor 1 for 4608 weights"):
        choose(LARGE, full, 1)
    for mean, peak in ((0, 1), (1, Fraction(1, 2)), (Fraction(1, 2), 2)):
        with pytest.raises(UserError, match="want 0 < mean <= peak <= 1"):
            choose(SMALL, Rate(Fraction(mean), Fraction(peak)))


def test_clocks_of_net_mac() -> None:
    assert mac_clocks(inputs=9, beats=1, parallel=1, dsp=True, weight_width=8).depth == 3
    for parallel, depth in ((2, 3), (3, 4), (4, 4), (5, 4), (16, 5), (17, 5)):
        made = mac_clocks(inputs=64, beats=1, parallel=parallel, dsp=True, weight_width=8)
        assert made.depth == depth
    assert mac_clocks(inputs=64, beats=1, parallel=1, dsp=False, weight_width=8).depth == 4
    assert mac_clocks(inputs=9, beats=1, parallel=9, dsp=True, weight_width=8).places == 8


@pytest.mark.parametrize("name", sorted(baselines.modules()))
def test_estimate_is_within_a_quarter_of_the_synthesis(name: str) -> None:
    kept = baselines.read(name)
    assert kept.estimate == baselines.modules()[name].estimate, "run make synth"
    for item in ("lut", "ff", "dsp", "bram"):
        guess, found = getattr(kept.estimate, item), getattr(kept.resources, item)
        slack = found / 4 + 20 if item in ("lut", "ff") else 0  # 20: the smallest kernels are not told apart
        assert abs(guess - found) <= slack, (item, guess, found)


def test_memory_is_block_ram_where_yosys_makes_it() -> None:
    # (width, words) as synthesised alone by Yosys: blocks.
    seen = {
        (18, 32): 0,
        (18, 64): 0,
        (18, 128): 0,
        (18, 256): 1,
        (18, 992): 1,
        (98, 64): 0,
        (98, 128): 3,
        (98, 496): 3,
    }
    assert {key: kernel_estimate.memory(*key).bram for key in seen} == seen
