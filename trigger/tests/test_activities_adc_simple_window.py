"""ADCSimpleWindow: directed cases of each rule, and chunks."""

from __future__ import annotations

import numpy as np
import pytest

from streams.daq.tp import TP
from streams.errors import ConfigError
from trigger.activities.base import configure, configure_candidates, names


def made(times, adc, **more):
    tps = np.zeros(len(times), TP)
    tps["time_start"], tps["adc_integral"] = times, adc
    for name, values in more.items():
        tps[name] = values
    return tps


def starts(maker, tps):
    return [ta.inputs["time_start"].tolist() for ta in maker(tps)]


def maker(**parameters):
    return configure("adc_simple_window", {"window_length": 100, "adc_threshold": 9, **parameters})


def test_a_ta_is_made_by_the_first_tp_outside_and_holds_those_before():
    assert starts(maker(), made([0, 99, 100], [5, 5, 1])) == [[0, 99]]
    assert starts(maker(), made([0, 99], [5, 5])) == []


def test_the_threshold_must_be_exceeded():
    assert starts(maker(), made([0, 99, 100], [5, 4, 1])) == []


def test_below_the_threshold_the_window_slides_by_tps():
    assert starts(maker(), made([0, 50, 100, 150, 300], [4, 4, 4, 4, 0])) == []
    assert starts(maker(), made([0, 50, 100, 149, 300], [4, 4, 4, 4, 0])) == [[50, 100, 149]]


def test_the_charge_wraps_at_32_bits():
    assert starts(maker(), made([0, 1, 100], [2**32 - 1, 10, 0])) == []
    assert starts(maker(), made([0, 1, 100], [2**32 - 1, 11, 0])) == [[0, 1]]


def test_a_tp_out_of_order_closes_the_window():
    assert starts(maker(), made([1000, 999], [10, 1])) == [[1000]]


def test_the_fields_are_those_of_the_last_tp():
    tps = made(
        [64, 96, 1000], [7, 8, 0], channel=[5, 3, 0], adc_peak=[9, 4, 0], detid=3, samples_over_threshold=2
    )
    tps["samples_to_peak"] = 1
    (ta,) = maker()(tps)
    want = {
        "time_start": 64,
        "time_end": 160,
        "time_peak": 128,
        "time_activity": 128,
        "channel_start": 3,
        "channel_end": 3,
    }
    want |= {
        "channel_peak": 3,
        "adc_integral": 15,
        "adc_peak": 4,
        "detid": 3,
        "type": 1,
        "algorithm": 3,
        "version": 1,
    }
    assert {name: ta.data[name].item() for name in want} == want
    (tc,) = configure_candidates("adc_simple_window")([ta])
    want = {
        "time_start": 64,
        "time_end": 160,
        "time_candidate": 128,
        "detid": 3,
        "type": 6,
        "algorithm": 4,
        "version": 2,
    }
    assert {name: tc.data[name].item() for name in want} == want
    assert tc.inputs["adc_integral"].tolist() == [15]


def test_any_chunks_give_the_same_tas():
    rng = np.random.default_rng(1)
    tps = made(np.cumsum(rng.integers(0, 30, 3000)), rng.integers(0, 5, 3000))
    whole = starts(maker(), tps)
    assert len(whole) > 20
    one = maker()
    assert whole == [ta for chunk in np.split(tps, [1, 2, 700, 700, 1500]) for ta in starts(one, chunk)]


def test_long_tps_are_dropped_and_every_nth_ta_kept():
    tps = made([0, 1, 100, 200, 300, 400], 10, samples_over_threshold=[1, 2, 1, 1, 1, 1])
    assert starts(maker(max_time_over_threshold=63), tps) == [[0], [100], [200], [300]]
    one = maker(max_time_over_threshold=63, prescale=2)
    assert starts(one, tps[:4]) == [[100]]
    assert starts(one, tps[4:]) == [[300]]


def test_unknown_names_and_values_are_one_sentence():
    assert "adc_simple_window" in names()
    with pytest.raises(ConfigError, match="got 'adc_window', want one of adc_simple_window"):
        configure("adc_window")
    with pytest.raises(ConfigError, match="got the parameter threshold, want one of prescale"):
        maker(threshold=1)
    with pytest.raises(ConfigError, match=r"adc_threshold: got \d+, want int <= 4294967295"):
        maker(adc_threshold=2**32)
