"""The kink and the Bragg peak of MichelElectron: each limit of upstream's check, on both of its sides.

Rules: DUNE-DAQ/triggeralgs @ab71739b src/TAMakerMichelElectronAlgorithm.cpp check_kinks(), check_bragg_peak().
"""

from __future__ import annotations

import numpy as np
import pytest

from trigger.activities.michel_electron import longest_track
from trigger.activities.michel_shape import CRASH, bragg_peak, kinks


def kinked(gaps, steps=None, tps=None):
    """Say whether a track has a kink, from the counts and the channels between its hits."""
    time = np.concatenate([[0], np.cumsum(gaps)]).astype(np.int64)
    channel = 100 + np.concatenate([[0], np.cumsum(steps or [1] * len(gaps))]).astype(np.int64)
    return kinks(channel, time, np.arange(len(time)) if tps is None else tps)


#: A slope is of two channels: 40 counts in the middle, 20 at an end, which is twice as steep.
AT_THE_END = [20] * 10 + [10] * 3


@pytest.mark.parametrize(
    ("gaps", "found"),
    [
        (AT_THE_END, True),  # 2.8 means; less the mean it would be 0.8
        (AT_THE_END[::-1], True),
        ([20] * 13, False),
        ([20] * 10 + [16] * 3, False),  # 2.2 means
        ([20] * 5 + [10] * 3 + [20] * 5, False),  # in the middle nothing is looked at
        ([-10] * 3 + [-20] * 10, True),  # but not at the front
        ([-20] * 10 + [-10] * 3, False),  # towards earlier times the mean is taken off: 0.8
        ([-20] * 10 + [-2] * 3, True),  # 3.3: ten times as steep
        ([-20] * 10 + [-5] * 3, False),  # 1.7
    ],
)
def test_a_kink_is_at_an_end_and_more_than_two_and_a_half_means(gaps, found):
    assert kinked(gaps) is found


@pytest.mark.parametrize(
    ("gaps", "steps", "found"),
    [
        (AT_THE_END, None, True),  # 12 slopes, 11 after each is joined with the next: more than 10
        (AT_THE_END[1:], None, False),
        ([20] * 5 + [980] + [20] * 4 + [10] * 3, None, True),  # 1000 counts are a slope
        ([20] * 5 + [981] + [20] * 4 + [10] * 3, None, False),
        ([20] * 5 + [-1020] + [20] * 4 + [10] * 3, None, True),
        ([20] * 5 + [-1021] + [20] * 4 + [10] * 3, None, False),
        ([20] * 5 + [2**32] + [20] * 4 + [10] * 3, None, True),  # the limit sees the lowest 32 bits
        ([20] * 5 + [2**31] + [20] * 4 + [10] * 3, None, False),
        ([20] * 5 + [100] + [20] * 4 + [10] * 3, [1] * 5 + [5] + [1] * 7, True),  # so are 6 channels
        ([20] * 5 + [120] + [20] * 4 + [10] * 3, [1] * 5 + [6] + [1] * 7, False),
        ([20] * 5 + [-20] + [20] * 4 + [10] * 3, None, False),  # no time in between: no slope
        (AT_THE_END, [1] * 5 + [0, 0] + [1] * 6, False),  # no channel in between
    ],
)
def test_slopes_that_are_left_out_and_how_many_are_needed(gaps, steps, found):
    assert kinked(gaps, steps) is found


def test_hits_are_taken_by_channel():
    assert kinked(AT_THE_END, tps=np.arange(14)[::-1])


@pytest.mark.parametrize(
    ("charges", "found"),
    [
        ([9] * 6 + [1] * 20, 1),
        (
            [1] * 10 + [8] * 3 + [1] * 12 + [20] * 3 + [1] * 12 + [8] * 3 + [1] * 12,
            0,
        ),  # the largest in the middle
        ([1] * 10 + [20] * 3 + [1] * 12 + [8] * 3 + [1] * 12, 1),  # the first
        ([1] * 10 + [8] * 3 + [1] * 12 + [20] * 3 + [1] * 12, 1),  # the last
        ([5] * 20, CRASH),
        ([5] * 40 + [200], CRASH),  # means go round the end: the last ones are the largest
    ],
)
def test_the_largest_excess_is_the_first_or_the_last(charges, found):
    assert bragg_peak(np.array(charges)) == found


def test_an_excess_is_a_sum_of_means_not_of_what_is_above_the_average():
    # the last, long and low, has the larger sum; above the average the short one in the middle would be larger
    charges = [1] * 10 + [8] * 3 + [1] * 12 + [60] + [1] * 12 + [4] * 30 + [1] * 12
    assert bragg_peak(np.array(charges)) == 1


def around_20(*changes):
    """Charges of 20, but for one in nine that is off by a multiple of 6, so that means of 6 are whole numbers."""
    return np.concatenate([[20 + change] + [20] * 8 for change in changes])


def test_a_mean_at_the_average_neither_adds_to_an_excess_nor_ends_it():
    assert bragg_peak(around_20(6, 12, 6, -12, -12)) == 1  # one excess
    assert bragg_peak(around_20(6, -6, 12, -12, 6, -6)) == 0  # three
    assert bragg_peak(np.concatenate([[20] * 60, around_20(6, -6, 12, -12, 6, -6)])) == 0


def test_means_are_summed_in_32_bit_floats():
    assert bragg_peak(np.array([2**24, 1, 1, 1, 1, 1] * 3)) != CRASH  # 2**24 + 1 is 2**24: they differ
    assert bragg_peak(np.array([2**23, 1, 1, 1, 1, 1] * 3)) == CRASH  # all the same


@pytest.mark.parametrize(
    ("places", "tolerance", "track"),
    [
        ([1, 6], 3, [1, 6]),  # steps go up to 5
        ([1, 7], 3, [1]),
        ([1, 3, 5, 7], 3, [1, 3, 5]),  # a step of 2 uses 2 of the tolerance
        ([1, 3, 5, 7], 4, [1, 3, 5]),
        ([1, 3, 5, 7], 5, [1, 3, 5, 7]),
        ([1, 3, 20, 22, 24], 3, [20, 22, 24]),  # each track has its own
        ([1, 2, 20, 21], 3, [1, 2]),  # the first of two
        ([5, 5, 5, 20, 21], 3, [20, 21]),  # channels are counted,
        ([5, 6, 6, 6, 20, 21, 22], 3, [20, 21, 22]),
        ([5, 6, 6, 6, 20, 21], 3, [5, 6, 6, 6]),  # but all hits on them are in it
    ],
)
def test_the_longest_track(places, tolerance, track):
    channel = np.array(places)
    assert channel[longest_track(channel, 0, len(channel), tolerance)].tolist() == track
