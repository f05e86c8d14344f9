"""Directed cases of fdreadoutlibs and the golden pattern, as ``baselines_cases`` has those of tpglibs."""

from __future__ import annotations

from typing import Any

import numpy as np

from trigger.tests.baselines_cases import FIELDS, case, falling, frames, outputs, tps


@case("a")
def pedestal_is_the_first_sample(lib: Any) -> None:
    assert outputs(lib.Frugal(initial=None), [2000, 2003]) == [0, 3]
    assert tps(lib, falling(lib), {0: [2000, 2100, 2100, 2000]}, 2000) == [(32, 0, 2, 0, 200, 100)]


@case("b")
def order_is_by_register_sample_and_lane(lib: Any) -> None:
    early, late = [0, 100, 0, 0], [0, 100, 100, 0]
    pulses = {16: early, 15: early, 14: early, 8: early, 7: early, 2: late, 40: early, 20: late}
    assert [row[1] for row in tps(lib, falling(lib), pulses)] == [7, 15, 8, 14, 2, 16, 20, 40]


@case("c")
def charge_of_simple_threshold_wraps_and_zero_is_dropped(lib: Any) -> None:
    for height, n, charge in ((9000, 4, 36000), (9000, 10, 24464), (8192, 8, None)):
        got = tps(lib, falling(lib), {0: [0] + [height] * n + [0] * 2})
        assert got == ([] if charge is None else [(32, 0, n, 0, charge, height)])
    after = {0: [0] + [8192] * 8 + [0] * 2 + [100, 0]}  # the dropped hit leaves nothing behind
    assert tps(lib, falling(lib), after) == [(32 * 11, 0, 1, 0, 100, 100)]


@case("d")
def sum_multiplies_first_in_16_bits_and_goes_on_from_what_is_left(lib: Any) -> None:
    assert outputs(lib.FdRunSum(), [0, 100, 100, -100, 0]) == [0, 50, 90, 122, 98]
    assert outputs(lib.FdRunSum(), [7, 7]) == [3, 6]  # 35 / 10, (24 + 35) / 10
    assert outputs(lib.FdRunSum(scale_factor=10), [5000]) == [-1553]  # 50 000 is -15 536
    constant = outputs(lib.FdRunSum(accum_limit=1), [100] * 6)
    # 50; 90 - 1; (89 x 8 + 500) / 10 = 121 - 1; 146 - 1 ...: the pedestal rises at every second sample
    assert constant == [50, 89, 120, 144, 163, 177]
    split = tps(lib, falling(lib, lib.FdRunSum(), saturating=True), {0: [0] + [5000] * 6 + [0] * 30})
    assert len(split) == 3


@case("d")
def standard_rs_divides_the_sample_too(lib: Any) -> None:
    assert outputs(lib.FdRunSum(absolute=False), [100, 0, -100]) == [10, 8, -4]


@case("d")
def charge_and_peak_are_of_the_signal(lib: Any) -> None:
    chain = falling(lib, lib.FdRunSum(), saturating=True)
    level = 2000
    dip = {0: [level] + [level - 400] * 3 + [level] * 12}
    # over threshold at three samples of -400, then while the sum decays: the signal is 0 there
    got = tps(lib, chain, dip, level)
    assert [(row[4], row[5]) for row in got] == [(64336, 0)]
    before = {0: [level, level + 100, level, *[level - 100] * 3, *[level] * 12]}
    got = tps(lib, chain, before, level)
    assert [(row[3], row[4], row[5]) for row in got] == [(0, 65536 - 300, 100)]  # a peak from before the hit
    still = (lib.Frugal(None, 100), lib.FdRunSum(accum_limit=100))
    full = lib.Chain(still, lib.FallingEdge(60, True), 1)
    assert [row[4] for row in tps(lib, full, {0: [0] + [1200] * 40 + [0] * 30})] == [32767]


@case("e")
def long_tps_are_suppressed(lib: Any) -> None:
    found = lib.run(falling(lib), frames({0: [0] + [100] * 10 + [0], 1: [0] + [100] * 11 + [0]}), (0, 1))
    kept, dropped = lib.apply(lib.Cuts(tp_timeout=320), found, np.zeros_like)
    assert (kept["channel"].tolist(), dropped) == ([0], (0, 1, 0))


@case("11")
def samples_over_threshold_saturate_in_fdreadoutlibs_too(lib: Any) -> None:
    n = 40_000
    got = tps(lib, lib.Chain((lib.Frugal(0, 32_766),), lib.FallingEdge(60, True), 1), {0: [100] * n + [0]})
    assert [row[2:] for row in got] == [(32_767, 0, 32_767, 100)]


@case("golden")
def golden_pattern_of_tpgtools(lib: Any) -> None:
    """Two frames of it: 256, 128, 4528, 506 and 224, 128, 4021, 505; its length is one sample short (n - 1)."""
    pattern = [500, 502, 504, 505, 506, 505, 504, 502, 500]
    got = tps(lib, falling(lib, threshold=499), {0: ([0] + pattern + [0] * 54) * 2})
    assert [(32 * (row[2] - 1), 32 * row[3], row[4], row[5]) for row in got] == [
        (256, 128, 4528, 506),
        (224, 128, 4021, 505),
    ]
    assert got[1][0] - got[0][0] == 2048


@case("15")
def settled_tps_are_the_same_in_both_versions_of_tpglibs_and_in_fdreadoutlibs(lib: Any) -> None:
    rng = np.random.default_rng(15)
    some = tuple(range(0, 64, 8))
    adc = np.round(900 + 11 * rng.standard_normal((10 * 64, 64)))
    adc[0] = 900
    adc[200:210] += 400 * (rng.random(64) < 0.5)
    adc[400:410] += 4000  # an integral over 32 767, still within 16 bits
    made = frames({c: adc[:, c].astype(int).tolist() for c in some}, 900)
    threshold = lib.Threshold((30, 30, 30))
    chains = [
        lib.Chain((lib.Frugal(900), threshold), lib.Integral16(), 1),
        lib.Chain((lib.Frugal(900), threshold), lib.Integral32(), 2),
        lib.Chain((lib.Frugal(None),), lib.FallingEdge(30), 1, 1),
    ]
    found = [sorted(lib.run(chain, made, some)[list(FIELDS)].tolist()) for chain in chains]
    assert len(found[0]) > 20
    assert found[0] == found[1]
    # the peak of fdreadoutlibs may lie before the hit, at a sample that is not over threshold: then it is the same
    measured = [[(*row[:3], row[4]) for row in rows] for rows in (found[0], found[2])]
    assert measured[0] == measured[1]
