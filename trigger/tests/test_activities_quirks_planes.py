"""Oddities of DUNE's makers, as in ``test_activities_quirks``: PlaneCoincidence and the counters."""

from __future__ import annotations

import pytest

from streams.errors import ConfigError
from trigger.activities.base import configure, configure_candidates
from trigger.activities.rows import INVALID_CHANNEL, INVALID_TIME
from trigger.tests.activities_streams import activity, candidates, channels, made, window

HD = {"channel_map_name": "FDHDChannelMap"}


# PlaneCoincidence: U 0 to 799, V 800 to 1599, X 1600 to 2559
def coincidence(times, places, adc, **more):
    maker = configure("plane_coincidence", {"adjacency_threshold": 2, "adc_threshold": 99, **HD, **more})
    return [ta.inputs["channel"].tolist() for ta in maker(made(times, places, adc))], maker.process


def test_the_collection_window_is_looked_at_by_tps_of_other_planes():
    times, places, adc = [10**5, 10**5 + 1, 10**5 + 3001], [1600, 1601, 0], [50, 50, 0]
    assert coincidence(times, places, adc)[0] == []  # the first U begins its window and looks at nothing
    found, _ = coincidence([10**5 - 1, *times], [0, *places], [0, *adc])
    assert found == [[1600, 1601]]
    found, _ = coincidence([10**5 - 1, *times[:2], 10**5 + 3000], [0, *places], [0, *adc])
    assert found == []  # over only beyond its length


def test_an_induction_tp_counts_twice_after_a_look_without_a_ta():
    start = 10**6  # the collection window is empty, so it is over: U slides on each of its TPs
    times, places = [start, start + 1, start + 2, start + 3, start + 5000], [0, 5, 1600, 1601, 800]
    found, _ = coincidence([start - 9000, *times], [801, *places], [0, 10, 30, 10, 10, 0], adc_threshold=89)
    assert found == [[1600, 1601]]  # 10 + 2 * 30 + 10 + 10 = 90
    found, _ = coincidence([start - 9000, *times], [801, *places], [0, 10, 30, 10, 10, 0], adc_threshold=90)
    assert found == []


def test_tps_too_late_for_their_own_window_are_lost_while_the_collection_window_is_open():
    times, places = [10**6, 10**6 + 2000, 10**6 + 3000, 10**6 + 5000], [0, 1600, 1, 1601]
    _, process = coincidence(times, places, 0)
    assert process.lost == 2  # U at its length; X exactly at its length


def test_the_three_charges_wrap_and_the_track_needs_as_much_as_its_threshold():
    times, places = [10**6, 10**6 + 1, 10**6 + 2, 10**6 + 4000], [0, 1600, 1601, 1]
    assert coincidence(times, places, [2**32 - 1, 90, 11, 0])[0] == [[1600, 1601]]
    assert coincidence(times, places, [2**32 - 1, 90, 10, 0])[0] == []
    assert coincidence(times, [0, 1600, 1603, 1], 90)[0] == [[1600, 1603]]  # steps go up to 3
    assert coincidence(times, [0, 1600, 1604, 1], 90)[0] == []
    assert coincidence(times, places, 90, adjacency_threshold=3)[0] == []


def test_after_a_ta_only_the_plane_of_its_tp_goes_on():
    times = [10**6, 10**6 + 1, 10**6 + 2, 10**6 + 4000, 10**6 + 4001, 10**6 + 4002, 10**6 + 8003]
    found, _ = coincidence(
        times, [0, 1600, 1601, 1, 1602, 1603, 2], [90, 9, 9, 40, 30, 29, 0], adc_threshold=98
    )
    assert found == [[1600, 1601], [1602, 1603]]
    found, _ = coincidence(
        times, [0, 1600, 1601, 1, 1602, 1603, 2], [90, 9, 9, 40, 30, 28, 0], adc_threshold=98
    )
    assert found == [[1600, 1601]]


def test_plane_coincidence_refuses_what_upstream_refuses_and_what_crashes_it():
    with pytest.raises(ConfigError, match="trigger_on_n_channels true"):
        configure_candidates("plane_coincidence", {"trigger_on_n_channels": True})
    with pytest.raises(ConfigError, match="adjacency_threshold: got 0, want int >= 1"):
        configure("plane_coincidence", {"adjacency_threshold": 0})


# ChannelDistance
def test_a_ta_near_channel_0_takes_in_nothing():
    near = {"min_tps": 2, "max_channel_distance": 5}
    assert channels("channel_distance", window([5, 6]), **near) == [[5, 6]]
    assert channels("channel_distance", window([4, 5]), **near) == []  # 4 - 5 is 2**32 - 1
    assert channels("channel_distance", window([6, 1, 0]), **near) == [[6, 1]]  # its bound stays 1


def test_a_ta_is_ended_by_time_only_and_beyond_its_length():
    near = {"min_tps": 2, "max_channel_distance": 5, "window_length": 10}
    tps = made([0, 1, 10, 11, 12], [50, 99, 51, 400, 401])
    assert channels("channel_distance", tps, **near) == [[50, 51]]
    assert channels("channel_distance", tps, **{**near, "min_tps": 3}) == []


def test_without_peaks_the_peak_is_invalid():
    (ta,) = configure("bundle", {"bundle_size": 2})(made([1, 2], [3, 4]))
    assert (int(ta.data["channel_peak"]), int(ta.data["time_peak"])) == (INVALID_CHANNEL, INVALID_TIME)
    assert int(ta.data["time_activity"]) == INVALID_TIME


def test_a_channel_distance_tc_has_the_tas_before_the_one_too_many():
    tas = [
        activity(10, 19, hits=(1,) * 3),
        activity(20, 29, hits=(1,) * 4, detid=4),
        activity(30, 39, hits=(1,) * 9),
    ]
    assert candidates("channel_distance", tas, max_tp_count=15) == [(10, 29, 20, 2)]
    assert candidates("channel_distance", tas, max_tp_count=16) == []
    assert candidates("channel_distance", tas, max_tp_count=0) == [(10, 19, 10, 1), (20, 29, 20, 1)]
    (tc,) = configure_candidates("channel_distance", {"max_tp_count": 15})(tas)
    assert int(tc.data["detid"]) == 3


# bundle and prescale
def test_a_bundle_of_0_is_one_of_1_and_its_tas_have_no_common_parameters():
    assert channels("bundle", made([1, 2], [3, 4]), bundle_size=0) == [[3], [4]]
    with pytest.raises(ConfigError, match="got the parameter prescale, want one of bundle_size"):
        configure("bundle", {"prescale": 2})
    tas = [activity(10, 19, detid=7), activity(20, 29)]
    (tc,) = configure_candidates("bundle", {"bundle_size": 2})(tas)
    assert [int(tc.data[n]) for n in ("time_start", "time_end", "time_candidate", "detid")] == [10, 29, 10, 7]


def test_a_prescaled_ta_has_no_time_of_activity():
    (ta,) = configure("prescale")(made([64], [3], samples_to_peak=1))
    assert [int(ta.data[n]) for n in ("time_activity", "time_peak", "time_end")] == [0, 96, 64]
    assert candidates("prescale", [activity(10, 19)]) == [(10, 19, 10, 1)]
