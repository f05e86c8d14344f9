"""Each oddity of DUNE's makers that is listed in docs/activities.md, in the smallest stream that shows it."""

from __future__ import annotations

import numpy as np
import pytest

from streams.errors import ConfigError
from trigger.activities.base import configure, configure_candidates
from trigger.tests.activities_streams import activity, candidates, channels, made, window


# ChannelAdjacency
def test_one_tp_of_a_channel_joins_a_track_the_last_in_the_order_of_the_sort():
    tps = window([5, 6, 6, 7], adc=[1, 2, 4, 8, 0])
    (ta,) = configure("channel_adjacency", {"adjacency_threshold": 2})(tps)
    assert ta.inputs["adc_integral"].tolist() == [
        1,
        2,
        8,
    ]  # the first of channel 6 is reached from 5, 7 from the last
    tps = window([5, 5, 6, 7], adc=[1, 2, 4, 8, 0])
    (ta,) = configure("channel_adjacency", {"adjacency_threshold": 2})(tps)
    assert ta.inputs["adc_integral"].tolist() == [2, 4, 8]


def test_more_than_16_tps_are_sorted_as_gnus_sort_does():
    tps = window([7] * 17 + [8, 9], adc=np.arange(20))
    (ta,) = configure("channel_adjacency", {"adjacency_threshold": 2})(tps)
    assert ta.inputs["adc_integral"].tolist() != [16, 17, 18]
    assert ta.inputs["channel"].tolist() == [7, 8, 9]


def test_a_gap_is_taken_while_less_than_the_tolerance_was_missed_before():
    tracks = channels("channel_adjacency", window([1, 6, 11]), adjacency_threshold=1, adjacency_tolerance=4)
    assert tracks == [[1, 6]]  # 4 missed: no further gap
    tracks = channels("channel_adjacency", window([1, 6, 11]), adjacency_threshold=1, adjacency_tolerance=5)
    assert tracks == [[1, 6, 11]]  # 4 < 5: a gap of 4 more
    assert channels("channel_adjacency", window([1, 7]), adjacency_threshold=1) == []  # 6 further: too far


def test_tracks_are_found_one_by_one_from_low_channels_and_their_channels_taken_out():
    tps = window([20, 1, 21, 2, 22, 3, 2])
    assert channels("channel_adjacency", tps, adjacency_threshold=2) == [[1, 2, 3], [20, 21, 22]]
    assert channels("channel_adjacency", tps, adjacency_threshold=3) == []


def test_the_latest_start_ends_the_ta_and_the_last_channel_keeps_its_peak():
    tps = window([3, 1, 2], adc_peak=[5, 5, 5, 0], samples_over_threshold=9, samples_to_peak=1)
    (ta,) = configure("channel_adjacency", {"adjacency_threshold": 2})(tps)
    assert [int(ta.data[n]) for n in ("time_start", "time_end", "time_peak", "channel_peak")] == [0, 2, 32, 3]


def test_tcs_trigger_on_charge_or_channels_and_end_with_the_last_start_or_the_latest_end():
    tas = [activity(10, 20, 5, (1, 2), tp_start=90), activity(10, 70, 6, (2, 3), tp_start=60)]
    on_adc = {"trigger_on_adc": True}
    assert candidates("channel_adjacency", tas, **on_adc, adc_threshold=10) == [(10, 70, 10, 2)]
    assert candidates("channel_adjacency", tas, **on_adc, adc_threshold=11) == []
    many = {"trigger_on_n_channels": True}
    assert candidates("channel_adjacency", tas, **many, n_channels_threshold=2) == [(10, 70, 10, 2)]
    assert candidates("channel_adjacency", tas, **many, n_channels_threshold=3) == []
    assert candidates("channel_adjacency", tas[:1], **many, n_channels_threshold=1) == [(10, 90, 10, 1)]
    both = {**on_adc, **many, "adc_threshold": 4}
    assert candidates("channel_adjacency", tas, **both) == [(10, 90, 10, 1), (10, 70, 10, 1)]


def test_a_window_of_tas_slides_by_their_starts():
    one, two, three = activity(100, 100, 5), activity(150, 150, 5), activity(200, 200, 5)
    on_adc = {"trigger_on_adc": True, "window_length": 100}
    assert candidates("channel_adjacency", [one, two, three], **on_adc, adc_threshold=9) == [
        (100, 150, 100, 2)
    ]
    assert candidates("channel_adjacency", [one, two, three], **on_adc, adc_threshold=10) == []
    assert candidates("channel_adjacency", [one, three, three], **on_adc, adc_threshold=9) == [
        (200, 200, 200, 2)
    ]
    early = activity(99, 99, 5)  # as far away as a much later one
    assert candidates("channel_adjacency", [one, early, one], **on_adc, adc_threshold=9) == [(99, 100, 99, 2)]


# HorizontalMuon
def test_the_peak_of_a_horizontal_muon_begins_with_16_bits_of_the_last_integral():
    tps = window([1, 2, 3], adc=[1, 1, 65_536 + 7, 0], adc_peak=[9, 6, 3, 0])
    maker = configure("horizontal_muon", {"adjacency_threshold": 2})
    (ta,) = maker(tps)
    assert (int(ta.data["adc_peak"]), int(ta.data["channel_peak"])) == (9, 1)
    tps["adc_integral"][2] = 10
    (ta,) = configure("horizontal_muon", {"adjacency_threshold": 2})(tps)
    assert (int(ta.data["adc_peak"]), int(ta.data["channel_peak"])) == (10, 3)


def test_the_charge_of_a_horizontal_muon_wraps_at_32_bits():
    on_adc = {"trigger_on_adc": True, "trigger_on_adjacency": False, "adc_threshold": 9}
    assert channels("horizontal_muon", window([1, 50], adc=[2**32 - 1, 10, 0]), **on_adc) == []
    assert channels("horizontal_muon", window([1, 50], adc=[2**32 - 1, 11, 0]), **on_adc) == [[1, 50]]


def test_hits_on_a_single_channel_are_no_track_and_steps_use_up_the_tolerance():
    assert channels("horizontal_muon", window([5, 5, 5]), adjacency_threshold=0) == []
    assert channels("horizontal_muon", window([5, 6]), adjacency_threshold=1) == [[5, 6]]
    gaps = window([1, 3, 5, 7])  # steps of 2: with a tolerance of 3, two of them
    assert channels("horizontal_muon", gaps, adjacency_threshold=2) == [[1, 3, 5, 7]]
    assert channels("horizontal_muon", gaps, adjacency_threshold=3) == []
    assert channels("horizontal_muon", gaps, adjacency_threshold=3, adjacency_tolerance=5) == [[1, 3, 5, 7]]
    assert channels("horizontal_muon", window([1, 6]), adjacency_threshold=1) == [[1, 6]]
    assert channels("horizontal_muon", window([1, 7]), adjacency_threshold=1) == []


def test_a_second_hit_on_channel_0_ends_a_track():
    assert channels("horizontal_muon", window([0, 1, 2]), adjacency_threshold=2) == [[0, 1, 2]]
    assert channels("horizontal_muon", window([0, 0, 1, 2]), adjacency_threshold=2) == [[0, 0, 1, 2]]
    assert channels("horizontal_muon", window([0, 0]), adjacency_threshold=0) == [[0, 0]]


def test_the_tp_that_closes_the_window_triggers_by_its_own_length():
    on_tot = {"trigger_on_tot": True, "trigger_on_adjacency": False, "tot_threshold": 319}
    tps = window([1, 50], samples_over_threshold=[90, 90, 10])
    assert channels("horizontal_muon", tps, **on_tot) == [[1, 50]]
    assert channels("horizontal_muon", tps, **{**on_tot, "tot_threshold": 320}) == []


@pytest.mark.parametrize(("both", "words"), [(True, "both true"), (False, "both false")])
def test_a_horizontal_muon_tc_triggers_on_one_of_two(both, words):
    with pytest.raises(ConfigError, match=words):
        configure_candidates("horizontal_muon", {"trigger_on_adc": both, "trigger_on_n_channels": both})


# MichelElectron
def michel(adc, times=None, window_length=1000):
    """Tracks on channels in a row; each of ``adc`` is the charges of one."""
    tps = [made(k * 10_000 + np.arange(len(one)) * 7, np.arange(len(one)), one) for k, one in enumerate(adc)]
    maker = configure("michel_electron", {"window_length": window_length})
    return [len(ta.inputs) for ta in maker(np.concatenate(tps))], maker.process


FLAT = [5] * 30
MIDDLE = [5] * 6 + [50] * 3 + [5] * 6 + [90] * 4 + [5] * 6 + [40] * 2 + [5] * 9
END = [5] * 20 + [90] * 4 + [5] * 8
RISING = [5] * 40 + [200]


def test_a_long_track_without_a_peak_at_an_end_blocks_the_window_for_good():
    made_, process = michel([END, END, END])
    assert made_ == [] and process.lost == 2 * 32  # no kink: straight
    made_, process = michel([MIDDLE, [1], [1]])
    assert made_ == [] and process.lost == 2 and not process.ended


def test_an_excess_that_does_not_end_crashes_upstream():
    for track in (FLAT, RISING):
        made_, process = michel([track, [1], [1]])
        assert made_ == [] and process.ended and process.lost == 2


def test_a_short_track_lets_the_window_slide():
    made_, process = michel([[5] * 15, [5] * 15, [5]])
    assert made_ == [] and process.lost == 0 and not process.ended


def test_a_michel_tc_passes_each_ta_or_the_charge_of_a_window_that_is_over():
    tas = [
        activity(10, 15, 5, tp_start=11, samples=2),
        activity(50, 60, 5, tp_start=51),
        activity(200, 220, 5),
    ]
    assert candidates("michel_electron", tas[:2]) == [(10, 75, 10, 1), (50, 51, 50, 1)]
    on_adc = {"trigger_on_adc": True, "window_length": 100}
    assert candidates("michel_electron", tas, **on_adc, adc_threshold=9) == [(10, 51, 10, 2)]
    assert candidates("michel_electron", tas, **on_adc, adc_threshold=10) == []
    many = {"trigger_on_n_channels": True, "window_length": 100, "n_channels_threshold": 0}
    assert candidates("michel_electron", [*tas, *tas], **many) == []
    with pytest.raises(ConfigError, match="both true"):
        configure_candidates("michel_electron", {"trigger_on_adc": True, "trigger_on_n_channels": True})


def test_a_michel_window_of_tas_that_slides_past_all_keeps_its_old_start():
    tas = [activity(10, 15, 1), activity(500, 510, 9, tp_start=500), activity(550, 560, 9, tp_start=550)]
    on_adc = {"trigger_on_adc": True, "window_length": 100, "adc_threshold": 5}
    assert candidates("michel_electron", tas, **on_adc) == [(10, 500, 10, 1)]
    assert candidates("plane_coincidence", [*tas, activity(700, 700)], **on_adc) == [(500, 550, 500, 2)]
