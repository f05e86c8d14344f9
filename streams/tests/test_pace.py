"""The pace of a replay: deadlines that do not move, and what is late is counted. No test sleeps."""

from __future__ import annotations

import pytest

from streams.errors import ConfigError
from streams.pace import Pace, checked_speed, paced


class Watch:
    """A clock that stands still unless work is done or somebody sleeps."""

    def __init__(self):
        self.now, self.slept = 100.0, []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def work(self, seconds):
        for duration in seconds:
            self.now += duration
            yield duration


def replay(work, speed, each=1.0):
    watch, pace = Watch(), Pace()
    at = [
        watch.now
        for _ in paced(
            watch.work(work), lambda _: each, speed, pace, clock=lambda: watch.now, sleep=watch.sleep
        )
    ]
    return watch, pace, [moment - 100.0 for moment in at]


def test_items_come_at_their_deadlines():
    watch, pace, at = replay([0.25, 0.5, 0.0], speed=1.0)
    assert at == [1.0, 2.0, 3.0] and watch.slept == [0.75, 0.5, 1.0]
    assert pace == Pace(items=3) and pace.rows() == {"pace": "never late"}
    assert replay([0.25, 0.0], speed=0.5)[2] == [2.0, 4.0]
    assert replay([0.25, 0.0], speed=4.0)[2] == [0.25, 0.5]


def test_what_is_late_is_counted_and_the_rest_catches_up():
    watch, pace, at = replay([2.5, 0.25, 0.0, 0.0], speed=1.0)
    assert at == [2.5, 2.75, 3.0, 4.0]
    assert (pace.late, pace.most_behind_s, pace.behind_s) == (2, 1.5, 0.0)
    assert pace.rows() == {"pace": "2 of 4 late, at most by 1500.0 ms, at the end by 0.0 ms"}
    assert watch.slept == [0.25, 1.0]


def test_less_than_a_millisecond_is_not_late():
    _, pace, _ = replay([1.0005, 1.0, 1.001], speed=1.0)
    assert (pace.late, round(pace.most_behind_s, 6)) == (1, 0.0015)


def test_free_running_never_waits():
    watch, pace, at = replay([0.5, 0.0], speed=0)
    assert (watch.slept, at, pace.items, pace.late) == ([], [0.5, 0.5], 2, 0)


@pytest.mark.parametrize("speed", [-1.0, float("nan"), float("inf")])
def test_speeds_that_cannot_be_kept(speed):
    with pytest.raises(ConfigError, match=r"speed: got \S+, want more than 0"):
        checked_speed(speed)
