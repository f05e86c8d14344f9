"""DBSCAN, SWIFT and Supernova against upstream's code, and each of upstream's peculiarities alone.

The numbers in ``UPSTREAM`` are from DUNE-DAQ/triggeralgs @ab71739b and DUNE/dunetrigger @a1b71c2 (SWIFT), compiled and
run over the same streams (``clustering_cases.tps``, TP version 1), ``flush`` included where a maker has one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from streams.errors import UserError
from trigger.activities import dbscan_clusters
from trigger.activities.base import Activity, configure, configure_candidates
from trigger.activities.rows import INVALID_CHANNEL, INVALID_TIME
from trigger.tests.clustering_cases import activity, digest, in_parts, made_of, tps

_MANY = {
    "window_length": 10000,
    "min_adc_peak": 10,
    "cluster_energy_cut_sadc": 9000,
    "inspect_energy_threshold_sadc": 2000,
    "epsilon": 3,
    "min_samples": 3,
}
_ODD = {
    "window_length": 10000,
    "accept_energy_threshold_sadc": 3000,
    "inspect_energy_threshold_sadc": 9000,
    "min_samples": 0,
    "epsilon": 0,
    "wire_pitch": 0.3,
    "cm_per_tick": 0.01,
}
#: Algorithm, parameters, stream, TAs, TPs in them, digest.
UPSTREAM: list[tuple[str, dict[str, Any], tuple[int, ...], int, int, str]] = [
    ("dbscan", {}, (1, 3000, 300, 960), 49, 588, "9ab6b23ba77ee169"),
    ("dbscan", {"eps": 5, "min_pts": 2}, (2, 3000, 100, 480), 214, 791, "8e7393c296af8f6b"),
    ("dbscan", {"eps": 20, "min_pts": 7}, (3, 2500, 60, 480), 83, 1727, "491b8bce952f11a7"),
    ("dbscan", {"min_pts": 1}, (4, 1500, 100, 480), 922, 1487, "17cc12cfd44950f1"),
    ("dbscan", {"min_pts": 4}, (5, 2000, 2000000, 30, 0), 32, 350, "d84585a5994717a7"),
    ("supernova", {}, (6, 3000, 20000, 25600), 2274, 3000, "9687b33f7997e3a6"),
    ("supernova", {}, (7, 3000, 600, 2560), 5, 3000, "aeb6ad4d16f7ff35"),
    ("supernova", {}, (8, 2000, 200000, 60000, 0), 1608, 2000, "c54d24f4d9ae4b99"),
    ("swift", {}, (9, 8000, 300, 2560), 62, 7812, "9c87cf284809b052"),
    ("swift", {}, (10, 12000, 1000, 480), 311, 11748, "9a39929cf3e3bcbf"),
    ("swift", _MANY, (11, 8000, 800, 960), 105, 2732, "dc3fa013c874248c"),
    ("swift", _ODD, (12, 3000, 800, 960), 203, 2940, "74aa9d3d766959bc"),
]
#: The candidates of the first eight: parameters, TCs, digest.
UPSTREAM_TCS: list[tuple[dict[str, Any], int, str]] = [
    ({"max_tp_count": 40}, 18, "4a41b41345816cc5"),
    ({"max_tp_count": 100}, 8, "5e4eaafdd9d22952"),
    ({}, 1, "d16f41f52314b10a"),
    ({}, 1, "5729af2cc9ae6dc5"),
    ({"max_tp_count": 30}, 14, "12c635edb68b1cfb"),
    ({}, 17, "439cc2dbe0e6a6bb"),
    ({}, 1, "f9eeb10407ad1deb"),
    ({}, 9, "1711ed03da39d4e9"),
]


def _run(name: str, parameters: dict[str, Any], stream: np.ndarray, parts: int = 5) -> list[Activity]:
    maker = configure(name, parameters)
    made = [ta for part in in_parts(stream, parts) for ta in maker(part)]
    return made + (maker.process.flush() if hasattr(maker.process, "flush") else [])


@pytest.mark.parametrize(("name", "parameters", "stream", "n_tas", "n_tps", "expected"), UPSTREAM)
def test_activities_are_upstreams(
    name: str, parameters: dict[str, Any], stream: tuple[int, ...], n_tas: int, n_tps: int, expected: str
) -> None:
    made = _run(name, parameters, tps(*stream))
    assert (len(made), sum(len(ta.inputs) for ta in made)) == (n_tas, n_tps)
    assert digest(made) == expected


@pytest.mark.parametrize("case", range(len(UPSTREAM_TCS)))
def test_candidates_are_upstreams(case: int) -> None:
    name, parameters, stream, *_ = UPSTREAM[case]
    settings, count, expected = UPSTREAM_TCS[case]
    made = _run(name, parameters, tps(*stream), parts=2)
    maker = configure_candidates(name, settings)
    found = maker(made[: len(made) // 3]) + maker(made[len(made) // 3 :])
    assert (len(found), digest(found)) == (count, expected)


def _channels(made: list[Activity]) -> list[list[int]]:
    return [ta.inputs["channel"].tolist() for ta in made]


# DBSCAN


@pytest.mark.parametrize(("apart", "found"), [(9, [[9, 0]]), (10, [])])
def test_dbscan_neighbours_are_nearer_than_eps(apart: int, found: list[list[int]]) -> None:
    stream = made_of(time_start=[100, 100, 10**6], channel=[apart, 0, 5])
    assert _channels(configure("dbscan", {"min_pts": 2})(stream)) == found


def test_dbscan_the_first_highest_peak_counts_in_the_order_of_the_cluster() -> None:
    stream = made_of(
        time_start=[100, 100, 100, 10**6], channel=[1, 2, 3, 99], adc_peak=[7, 7, 7, 0], detid=[4, 5, 6, 7]
    )
    (ta,) = configure("dbscan")(stream)
    assert ta.inputs["channel"].tolist() == [1, 2, 3]
    assert (int(ta.data["channel_peak"]), int(ta.data["detid"])) == (1, 6)


def test_dbscan_without_a_peak_has_no_place_of_it_and_channels_below_0_end_at_0() -> None:
    (ta,) = configure("dbscan")(made_of(time_start=[100, 100, 100, 10**6], channel=[-3, -2, -4, 99]))
    assert (int(ta.data["channel_peak"]), int(ta.data["time_peak"])) == (INVALID_CHANNEL, INVALID_TIME)
    assert (int(ta.data["channel_start"]), int(ta.data["channel_end"])) == (-4, 0)


def test_dbscan_clusters_end_when_a_tp_is_later_by_more_than_eps() -> None:
    times = [100, 100, 100, 100 + 1000]
    assert configure("dbscan")(made_of(time_start=times, channel=[1, 2, 3, 90])) == []
    times[-1] += 1
    assert _channels(configure("dbscan")(made_of(time_start=times, channel=[1, 2, 3, 90]))) == [[1, 2, 3]]


def test_dbscan_times_have_the_steps_of_32_bit_floats() -> None:
    late = 62_500_000 * 200  # 125 000 000 units, where the step is 8
    times = [1, late, late + 390, late + 10**7]  # 3.9 units apart: the same after rounding
    near = configure("dbscan", {"eps": 2, "min_pts": 2})(made_of(time_start=times, channel=[9, 1, 1, 2]))
    assert len(near) == 1
    assert (
        configure("dbscan", {"eps": 2, "min_pts": 2})(
            made_of(time_start=[1, 5, 395, 10**7], channel=[9, 1, 1, 2])
        )
        == []
    )


def test_dbscan_times_count_from_the_first_tp_that_does_not_start_at_0() -> None:
    # the second TP is the origin, so that it has the time of the first
    made = configure("dbscan", {"min_pts": 2})(made_of(time_start=[0, 10**8, 2 * 10**8], channel=[1, 2, 3]))
    assert _channels(made) == [[1, 2]]


def test_dbscan_squares_of_channels_wrap() -> None:
    made = configure("dbscan", {"min_pts": 2})(made_of(time_start=[1, 1, 10**6], channel=[0, 65536, 9]))
    assert _channels(made) == [[0, 65536]]


def test_dbscan_a_tp_may_be_in_two_activities() -> None:
    dense = _run("dbscan", {"eps": 20, "min_pts": 7}, tps(3, 2500, 60, 480))
    inputs = np.concatenate([ta.inputs for ta in dense])
    assert len(inputs) > len(np.unique(inputs))


def test_dbscan_overwrites_the_oldest_of_too_many_tps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbscan_clusters, "POOL", 4)
    stream = made_of(time_start=[100, 132, 164, 196, 228, 10**6], channel=[1, 2, 3, 4, 5, 99])
    made = configure("dbscan")(stream)
    assert _channels(made) != [[1, 2, 3, 4, 5]]
    assert 1 not in made[0].inputs["channel"]


def test_dbscan_refuses_a_tp_near_a_cluster_that_is_finished() -> None:
    stream = made_of(time_start=[10**6, 10**6, 10**6, 10**6 + 2000, 10**6 + 32], channel=[1, 2, 3, 99, 2])
    with pytest.raises(UserError, match="out of time order is near a cluster that is finished"):
        configure("dbscan")(stream)


def test_dbscan_candidates_have_the_first_detector_and_the_start_of_the_last_activity() -> None:
    maker = configure_candidates("dbscan", {"max_tp_count": 4})
    assert maker([activity(5, 2, detid=1), activity(6, 2, detid=2)]) == []
    (tc,) = maker([activity(7, 1, detid=3)])
    assert (int(tc.data["detid"]), int(tc.data["time_candidate"]), len(tc.inputs)) == (1, 6, 2)


def test_dbscan_candidates_count_in_16_bits() -> None:
    maker = configure_candidates("dbscan")
    assert maker([activity(5, 65536)]) == []
    assert maker([activity(6, 1000)]) == []
    assert len(maker([activity(7, 1)])) == 1


def test_streams_of_the_cases_are_in_time_order() -> None:
    for _, _, stream, *_ in UPSTREAM:
        assert all(a <= b for a, b in pairwise(tps(*stream)["time_start"].tolist()))
