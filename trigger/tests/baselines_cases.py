"""Directed cases for each behaviour that reference section 1.8b lists, numbers typed from there or by hand.

A case runs on a library: the modules of the clear version, as they are or broken on purpose, and a function that runs
a chain over frames. Channel c of a stream is plane 0 below 32, plane 2 from there on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.daq import adc_words, wibeth

Row = tuple[int, ...]  # time_start, channel, samples over threshold, samples to peak, integral, peak
FIELDS = ("time_start", "channel", "samples_over_threshold", "samples_to_peak", "adc_integral", "adc_peak")
CASES: dict[str, list[Callable[[Any], None]]] = {}


def case(quirk: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """File a case under the number of a quirk."""

    def filed(function: Callable[[Any], None]) -> Callable[[Any], None]:
        CASES.setdefault(quirk, []).append(function)
        return function

    return filed


def frames(
    pulses: dict[int, Sequence[int]], level: int = 0, times: Sequence[int] | None = None
) -> NDArray[np.uint64]:
    """Return frames of a stream at a level but for the samples given for some channels, from the first sample on."""
    n = -(-max(len(samples) for samples in pulses.values()) // 64)
    adc = np.full((n * 64, 64), level, np.uint16)
    for channel, samples in pulses.items():
        adc[: len(samples), channel] = samples
    made = wibeth.empty_frames(n)
    adc_words.pack(adc.reshape(n, 64, 64), made)
    wibeth.set_field(made, "det_id", 3)
    made[:, 1] = np.array([2048 * k for k in range(n)] if times is None else times, np.uint64)
    return made


def tps(
    lib: Any, chain: Any, pulses: dict[int, Sequence[int]], level: int = 0, times: Any = None
) -> list[Row]:
    """Return the TPs of a chain in order."""
    found = lib.run(chain, frames(pulses, level, times), tuple(sorted(pulses)))
    return [tuple(int(tp[field]) for field in FIELDS) for tp in found]


def outputs(step: Any, values: Sequence[int]) -> list[int]:
    """Return what a step makes of the values of one channel on plane 2."""
    channel = step.channel(2)
    return [channel.step(value) for value in values]


def flat(lib: Any, *steps: Any, threshold: int = 0, closing: Any = None, level: int = 0) -> Any:
    """Return a chain of tpglibs over a pedestal that is fixed from the start, so that signals are what is given."""
    last = lib.Threshold((threshold,) * 3)
    closing = closing or lib.Integral32()
    version = 1 if isinstance(closing, lib.Integral16) else 2
    return lib.Chain((lib.Fixed(initial=level, start_period=0), *steps, last), closing, version)


def falling(lib: Any, *steps: Any, threshold: int = 60, saturating: bool = False) -> Any:
    """Return a chain of fdreadoutlibs."""
    closing = lib.FallingEdge(threshold, saturating)
    return lib.Chain((lib.Frugal(initial=None), *steps), closing, 1, 2)


@case("1")
def channels_of_pipelines_and_lanes(lib: Any) -> None:
    pulses = {c: [0, 100 + c, 0] for c in range(64)}
    assert tps(lib, flat(lib), pulses) == [(32, c, 1, 0, 100 + c, 100 + c) for c in range(64)]
    last = {63: [0] * 63 + [16383, 0]}  # the last sample of a frame, all bits
    assert tps(lib, flat(lib), last) == [(32 * 63, 63, 1, 0, 16383, 16383)]


@case("2")
def pedestal_begins_at_0x4000(lib: Any) -> None:
    assert outputs(lib.Frugal(), [2000]) == [-14384]
    assert outputs(lib.Frugal(), [16380] * 45) == [-4] * 10 + [-3] * 11 + [-2] * 11 + [-1] * 11 + [0] * 2
    chain = lib.Chain((lib.Frugal(), lib.Threshold((10, 10, 10))), lib.Integral32(), 2)
    # 300 steps of 11 samples: 16084 at sample 3300
    assert tps(lib, chain, {5: [16000] * 3300 + [16100, 16000]}, 16000) == [(32 * 3300, 5, 1, 0, 16, 16)]


@case("2")
def abs_rs_gives_garbage_at_first(lib: Any) -> None:
    chain = lib.Chain((lib.Frugal(), lib.RunSum(), lib.Threshold((150,) * 3)), lib.Integral16(), 1)
    # |2000 - 16384| = 14384: sums 14380, 25884, 32767 fill 16 bits at the third sample, one sample too early a start
    assert tps(lib, chain, {0: [2000] * 5}, 2000)[0] == (2**64 - 32, 0, 3, 2, 65535, 32767)


@case("3")
def frugal_moves_on_the_eleventh_before_it_is_taken_off(lib: Any) -> None:
    up = lib.Frugal(initial=1000, accum_limit=10)
    assert outputs(up, [1100] * 23) == [100] * 10 + [99] * 11 + [98] * 2
    assert outputs(up, [900] * 12) == [-100] * 10 + [-99] * 2
    equal = [1100] * 10 + [1000] * 3 + [1100] * 2 + [1000]  # samples at the pedestal do not count
    assert outputs(up, equal) == [100] * 10 + [0] * 3 + [99] * 2 + [-1]
    chain = lib.Chain((up, lib.Threshold((50, 50, 50))), lib.Integral32(), 2)
    want = [(0, 1, 10, 0, 1000, 100), (32 * 13, 1, 2, 0, 198, 99)]
    assert tps(lib, chain, {1: equal}, 1000) == want


@case("3")
def difference_to_the_pedestal_wraps(lib: Any) -> None:
    assert outputs(lib.Frugal(initial=-32768), [100]) == [-32668]
    chain = flat(lib, lib.RunSum(False, (0, 0, 0), (10, 10, 10)), lib.Frugal(initial=-32768))
    assert tps(lib, chain, {0: [0, 0]}) == []  # 0 - -32768 = -32768 in 16 bits: negative


@case("3")
def fixed_pedestal_follows_for_its_start_period(lib: Any) -> None:
    fixed = lib.Fixed(initial=1000, accum_limit=1, start_period=4)
    assert outputs(fixed, [1100] * 8) == [100, 99, 99, 98, 98, 98, 98, 98]
    chain = lib.Chain((fixed, lib.Threshold((0, 0, 0))), lib.Integral32(), 2)
    assert tps(lib, chain, {0: [1100] * 8 + [1000]}, 1000) == [(0, 0, 8, 0, 788, 100)]


@case("4")
def threshold_is_strict_and_by_plane_and_passes_the_signal(lib: Any) -> None:
    chain = lib.Chain((lib.Fixed(0, start_period=0), lib.Threshold((60, 1000, 30))), lib.Integral32(), 2)
    pulses = {0: [59, 60, 61, 62, 60], 40: [30, 31, 0]}
    assert tps(lib, chain, pulses) == [(32, 40, 1, 0, 31, 31), (64, 0, 2, 1, 123, 62)]


@case("5")
def tenths_are_rounded_with_a_factor_that_is_a_little_small(lib: Any) -> None:
    values = (5, 15, 25, 105, 1005, -5, -15, 32767, -32768)
    assert [lib.tenth(value) for value in values] == [0, 1, 2, 10, 100, 0, -1, 3276, -3276]
    exact = [x for x in range(-32768, 32768) if lib.tenth(x) != (x + 5) // 10]
    assert len(exact) == 26214
    chain = flat(lib, lib.RunSum(False, (0, 0, 0), (1, 1, 1)))
    samples = [value for x in values[:5] for value in (x, 0)]
    got = [row[-1] for row in tps(lib, chain, {3: samples})]
    assert got == [1, 2, 10, 100]  # the tenth of 5 is 0: no TP


@case("6")
def sum_divides_first_then_multiplies(lib: Any) -> None:
    absolute = lib.RunSum(True, (8, 8, 8), (10, 10, 10))
    assert outputs(absolute, [100] * 6) == [100, 180, 244, 292, 332, 364]
    assert outputs(absolute, [5, -5, 0]) == [0, 0, 0]
    assert outputs(absolute, [-100] + [0] * 8) == [100, 80, 64, 48, 40, 32, 24, 16, 16]
    chain = flat(lib, absolute, threshold=16)
    assert tps(lib, chain, {9: [100] + [0] * 9}) == [(0, 9, 7, 0, 388, 100)]


@case("6")
def sum_saturates_and_the_product_wraps(lib: Any) -> None:
    full = lib.RunSum(True, (10, 10, 10), (10, 10, 10))
    assert outputs(full, [16383] * 4) == [16380, 32760, 32767, 32767]
    assert outputs(full, [-32768]) == [-32760 - 10 + 10]
    assert outputs(lib.RunSum(True, (0, 0, 0), (100, 100, 100)), [4000]) == [40000 - 65536]
    chain = flat(lib, full)
    assert tps(lib, chain, {0: [16383] * 4 + [0] * 60})[:1] == []
    short = lib.RunSum(True, (0, 0, 0), (10, 10, 10))
    assert tps(lib, flat(lib, short), {0: [16383] * 4 + [0]}) == [(0, 0, 4, 0, 65520, 16380)]


@case("6")
def standard_sum_keeps_the_sign_and_has_no_pedestal(lib: Any) -> None:
    assert outputs(lib.RunSum(False), [-100, 0, 100]) == [-100, -80, 36]
    constant = outputs(lib.RunSum(True), [10] * 200)
    assert constant[-1] == constant[-50] > 16  # a pedestal would take it off


@case("7")
def negative_values_neither_open_nor_close(lib: Any) -> None:
    chain = flat(lib, threshold=-20, level=1000)
    assert tps(lib, chain, {0: [1010, 990, 990, 1000]}, 1000) == [(64, 0, 1, 0, 131062, 10)]
    # before a hit they leave 0xFFF6 in the integral
    assert tps(lib, chain, {0: [990, 1000, 1000, 1100, 1000]}, 1000) == [(96, 0, 1, 0, 65626, 100)]
    old = flat(lib, threshold=-20, level=1000, closing=lib.Integral16())
    assert tps(lib, old, {0: [1010, 990, 990, 1000]}, 1000) == [(0, 0, 1, 0, 65535, 10)]


@case("8")
def start_is_counted_back_from_the_frame_that_closes(lib: Any) -> None:
    pulse = [0] * 62 + [100] * 4 + [0]
    assert tps(lib, flat(lib), {0: pulse}) == [(32 * 62, 0, 4, 0, 400, 100)]
    jump = [0, 2048 + 1_000_000]  # a gap is not seen
    assert tps(lib, flat(lib), {0: pulse}, times=jump) == [(32 * 62 + 1_000_000, 0, 4, 0, 400, 100)]
    assert tps(lib, flat(lib), {0: pulse}, times=[2**64 - 2048, 0]) == [(2**64 - 64, 0, 4, 0, 400, 100)]
    back = [10**6, 0]  # time that goes back
    assert tps(lib, flat(lib), {0: pulse}, times=back) == [(2**64 - 64, 0, 4, 0, 400, 100)]


@case("9")
def peak_is_the_first_maximum(lib: Any) -> None:
    for closing in (lib.Integral16(), lib.Integral32()):
        chain = flat(lib, closing=closing)
        assert tps(lib, chain, {0: [50, 90, 90, 70, 0]}) == [(0, 0, 4, 1, 300, 90)]


@case("10")
def sixteen_bits_that_are_full_close_early(lib: Any) -> None:
    pulse = {0: [0] * 10 + [9000] * 10 + [0]}
    old, new = flat(lib, closing=lib.Integral16()), flat(lib)
    assert tps(lib, old, pulse) == [(288, 0, 8, 0, 65535, 9000), (32 * 18, 0, 2, 0, 18000, 9000)]
    assert tps(lib, new, pulse) == [(320, 0, 10, 0, 90000, 9000)]
    exactly = {0: [0] + [13107] * 5 + [0]}  # 65535
    assert tps(lib, old, exactly) == [(0, 0, 5, 0, 65535, 13107)]
    assert tps(lib, new, exactly) == [(32, 0, 5, 0, 65535, 13107)]
    less = {0: [0] + [13106] * 5 + [0]}
    assert tps(lib, old, less) == [(32, 0, 5, 0, 65530, 13106)]


@case("10")
def high_half_saturates_while_the_low_wraps(lib: Any) -> None:
    n = 131_200
    channel = lib.Integral32().channel(0)
    for _ in range(n):
        channel.step(0, 32767)
    total = 32767 * n
    assert total >> 16 > 0xFFFF
    assert channel.step(0, 0) == (32767, 0, 0xFFFF << 16 | total & 0xFFFF, 32767)
    chain = flat(lib, lib.RunSum(True, (0, 0, 0), (20, 20, 20)))
    full = 0xFFFF << 16 | 32760 * n & 0xFFFF
    assert tps(lib, chain, {0: [16383] * n + [0]})[0][2:] == (32767, 0, full, 32760)


@case("11")
def samples_over_threshold_saturate(lib: Any) -> None:
    n = 40_000
    pulse = {0: [1] * n + [0]}
    assert tps(lib, flat(lib), pulse) == [(231_456, 0, 32767, 0, n, 1)]
    assert tps(lib, flat(lib, closing=lib.Integral16()), pulse) == [(231_456, 0, 32767, 0, n, 1)]


@case("12")
def order_is_by_sample_then_channel_and_open_hits_stay(lib: Any) -> None:
    pulses = {
        40: [100, 0, 0],
        3: [100, 100, 0],
        17: [100, 0, 0],
        15: [100, 100, 0],
        8: [0, 100, 0],
        50: [100] * 64,
    }
    got = tps(lib, flat(lib), pulses)
    assert [row[1] for row in got] == [17, 40, 3, 8, 15]


@case("13")
def labels_of_a_tp(lib: Any) -> None:
    steps = (lib.Fixed(0, start_period=0), lib.Threshold((0, 0, 0)))
    old = lib.Chain(steps, lib.Integral16(), 1, detid=0xFFFF, old=True)
    new = lib.Chain(steps, lib.Integral32(), 2)
    made = frames({7: [100, 0]})
    labels = ("version", "detid", "type", "algorithm", "flag", "channel")
    assert [lib.run(old, made, (7,), 39_993)[0][name] for name in labels] == [1, 0xFFFF, 1, 0, 0, -25536]
    assert [lib.run(new, made, (7,), 39_993)[0][name] for name in labels] == [2, 3, 1, 0, 0, 40_000]
    assert lib.run(new, made, (7,), 0x1000000)[0]["channel"] == 7
    wide = lib.Chain(steps, lib.Integral16(), 1)
    assert lib.run(wide, made, (7,), 0x1000000)[0]["channel"] == 0x1000007


@case("13")
def short_tps_are_dropped(lib: Any) -> None:
    chain = flat(lib)
    found = lib.run(chain, frames({0: [100, 0], 40: [100, 100, 0], 41: [100, 0]}), (0, 40, 41))
    kept, dropped = lib.apply(
        lib.Cuts(sot_minima=(1, 1, 2)), found, lambda some: np.where(some["channel"] < 32, 0, 2)
    )
    assert (kept["channel"].tolist(), dropped) == ([0, 40], (1, 0, 0))
