"""Wraps and limits of DUNE's makers that a stream of physics does not reach, each in its smallest case."""

from __future__ import annotations

import numpy as np
import pytest

from streams.errors import ConfigError
from trigger.activities.adjacency import longest
from trigger.activities.base import configure
from trigger.activities.introsort import sorted_order
from trigger.tests import activities_streams
from trigger.tests.activities_streams import candidates, channels, window
from trigger.tests.clustering_cases import made_of


def test_a_horizontal_muon_needs_more_different_channels_than_its_threshold():
    on_channels = {"trigger_on_n_channels": True, "trigger_on_adjacency": False}
    assert channels("horizontal_muon", window([1, 50, 50]), **on_channels, n_channels_threshold=1) == [
        [1, 50, 50]
    ]
    assert channels("horizontal_muon", window([1, 50, 50]), **on_channels, n_channels_threshold=2) == []


def test_the_length_of_a_track_has_16_bits():
    assert longest(np.arange(1, 65536), 5, 3) == 65535
    assert longest(np.arange(1, 65537), 5, 3) == 0


def test_the_upper_bound_of_channel_distance_wraps_at_32_bits():
    far = {"min_tps": 2, "max_channel_distance": 2**32 - 1}
    assert channels("channel_distance", window([50, 60]), **far) == []  # from 51 to 49
    assert channels("channel_distance", window([50, 60]), **{**far, "max_channel_distance": 2**31}) == []
    assert channels("channel_distance", window([50, 60]), **{**far, "max_channel_distance": 50}) == [[50, 60]]


def test_channel_distance_candidates_count_in_16_bits():
    tas = [
        activities_streams.activity(10 * n, 10 * n + 9, hits=(1,) * hits)
        for n, hits in enumerate((65536, 1000, 1))
    ]
    assert candidates("channel_distance", tas[:2]) == []
    assert candidates("channel_distance", tas) == [(0, 19, 10, 2)]


def test_channels_of_tas_that_a_window_has_slid_past_count_no_longer():
    tas = [
        activities_streams.activity(start, start, hits=hits)
        for start, hits in ((100, (1, 2, 2)), (150, (2, 3)), (200, (4,)))
    ]
    many = {"trigger_on_n_channels": True, "window_length": 100}
    assert candidates("channel_adjacency", tas, **many, n_channels_threshold=3) == []  # 1, 2, 3; then 2, 3, 4
    assert candidates("channel_adjacency", tas[1:], **many, n_channels_threshold=2) == [(150, 200, 150, 2)]


def test_a_prescale_of_0_keeps_all():
    maker = configure("adc_simple_window", {"window_length": 1, "adc_threshold": 0, "prescale": 0})
    assert len(maker(activities_streams.made([0, 1, 2, 3], 5))) == 3


@pytest.mark.parametrize(("later", "found"), [(100, [[1, 1]]), (101, [])])
def test_dbscan_keeps_tps_for_ten_times_eps(later: int, found: list[list[int]]) -> None:
    # only a TP out of time order can still be near them
    times = [100, 100 + 100 * later, 132, 10**7]
    maker = configure("dbscan", {"min_pts": 2})
    made = maker(made_of(time_start=times, channel=[1, 90, 1, 5]))
    assert [ta.inputs["channel"].tolist() for ta in made] == found


def test_dbscan_a_start_before_the_first_is_far_in_the_future() -> None:
    maker = configure("dbscan", {"min_pts": 2})
    assert maker(made_of(time_start=[10**6, 10**6 - 100, 10**8], channel=[1, 2, 90])) == []
    assert len(maker(made_of(time_start=[10**8 + 100, 10**9], channel=[91, 5]))) == 1


def test_dbscan_distances_are_32_bit_floats() -> None:
    # 9999 and 141.41 units: 99 999 997.8, which is 10**8 in steps of 8
    times = [100, 100 + 14_141, 10**8]
    far = configure("dbscan", {"eps": 10_000, "min_pts": 2})
    assert far(made_of(time_start=times, channel=[0, 9999, 50_000])) == []
    near = configure("dbscan", {"eps": 10_000, "min_pts": 2})
    assert len(near(made_of(time_start=times, channel=[0, 9998, 50_000]))) == 1


def test_dbscan_a_tp_that_makes_two_others_core_hits_starts_one_cluster() -> None:
    # it is near 92 and 108, which it gives their third neighbours, and has two itself
    maker = configure("dbscan", {"min_pts": 4})
    made = maker(made_of(time_start=[100] * 7 + [10**6], channel=[84, 85, 92, 108, 115, 116, 100, 5000]))
    assert [sorted(ta.inputs["channel"].tolist()) for ta in made] == [[84, 85, 92, 100]]


#: Keys against which medians of three fail (after McIlroy 1999), halved so that some are equal, and their order by
#: GCC 12.2's std::sort: parts of 40 and 41 elements are left to its heap sort.
HEAPS = [
    (
        "28 0 23 1 26 2 22 3 29 4 21 5 25 6 20 7 27 8 10 9 29 28 27 26 25 24 23 22 21 24 0 1 2 3 4 5 6 7 "
        "8 9 20 18 19 17 18 16 17 15 16 14 15 13 14 12 13 11 12 10 11 19 ",
        "1 30 3 31 5 32 7 33 9 34 11 35 13 36 15 37 17 38 19 39 18 57 55 58 53 56 54 51 52 49 47 50 45 48 "
        "43 46 41 44 59 42 14 40 10 28 27 6 2 26 29 25 12 24 23 4 16 22 21 0 20 8 ",
    ),
    (
        "29 0 24 1 27 2 23 3 30 4 22 5 26 6 21 7 28 8 20 9 29 28 27 26 25 24 23 22 21 25 0 1 2 3 4 5 6 7 "
        "8 9 20 19 19 18 18 17 17 16 16 15 15 14 14 13 13 12 12 11 11 10 10 ",
        "1 30 3 31 5 32 7 33 9 34 11 35 13 36 15 37 17 38 19 39 59 60 58 57 56 55 53 54 51 52 49 50 47 48 "
        "45 46 43 44 41 42 18 40 14 28 10 27 6 26 2 25 29 24 12 23 4 22 16 21 0 20 8 ",
    ),
]


@pytest.mark.parametrize(("keys", "order"), HEAPS, ids=["60", "61"])
def test_what_is_left_to_the_heap_sort_comes_in_its_order(keys: str, order: str) -> None:
    numbers = np.array([int(key) for key in keys.split()])
    assert sorted_order(numbers, np.arange(len(numbers))).tolist() == [int(one) for one in order.split()]


def _swift(times: list[int], places: list[int], adc: int, **settings: float) -> int:
    maker = configure("swift", settings)
    made = maker(
        made_of(
            time_start=times, channel=places, adc_integral=[adc] * len(times), adc_peak=[100] * len(times)
        )
    )
    return len(made + maker.process.flush())


def test_swift_a_cluster_goes_on_at_a_tp_with_just_enough_neighbours() -> None:
    # 13 has 10 and 17 near it: three with itself
    assert _swift([0] * 4, [10, 13, 8, 17], 6000, min_samples=3) == 1
    assert _swift([0] * 4, [10, 13, 8, 18], 6000, min_samples=3) == 0


def test_swift_places_are_32_bit_floats() -> None:
    assert _swift([0] * 2, [1, 6], 12_000, wire_pitch=0.4) == 1  # 2.0000000000000004 in 64 bits


def test_swift_times_count_from_the_start_of_the_window() -> None:
    late = 32_000 * 10**12
    assert _swift([late, late + 1000], [5, 5], 12_000) == 0  # 2.56 cm
    assert _swift([late, late + 700], [5, 5], 12_000) == 1


def test_swift_has_no_prescale() -> None:
    with pytest.raises(ConfigError, match="got the parameter prescale, want"):
        configure("swift", {"prescale": 2})


@pytest.mark.parametrize(("samples", "made"), [(23, 1), (24, 0)])
def test_supernova_joins_what_ends_near_its_start(samples: int, made: int) -> None:
    stream = made_of(time_start=[5000, 4000], channel=[5, 90], samples_over_threshold=[1000, samples])
    assert len(configure("supernova")(stream)) == made  # 264 and 232 counts before it


def test_a_michel_window_starts_anew_with_a_ta_and_slides_past_all_that_are_too_early():
    maker = configure("michel_electron", {"adjacency_threshold": 10})
    tps = activities_streams.closing(activities_streams.michel(2))
    assert len(maker(tps)) == 1 and len(maker.process.held) == 1
    maker = configure("michel_electron", {"window_length": 1000})
    assert maker(activities_streams.made([0, 10, 20, 5000], 5)) == [] and len(maker.process.held) == 1
