from __future__ import annotations

import numpy as np
import pytest

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, TICK_NS, Block
from trigger.candidates import DEAD_TICKS, LONGEST_TICKS, MERGE_TICKS, Candidate, Fired, Merger, match
from trigger.truth import Truth


def _merge(*cells: Fired) -> list[list[Fired]]:
    """Feed the cells one tick at a time, as a stream does."""
    merger, out = Merger(), []
    for tick in sorted({cell.first_tick for cell in cells}):
        out += merger.add([cell for cell in cells if cell.first_tick == tick], now=tick)
    return [c.cells for c in out + merger.finish()]


def test_the_window_is_25_microseconds() -> None:
    assert MERGE_TICKS * TICK_NS <= 25_000 < (MERGE_TICKS + 1) * TICK_NS


@pytest.mark.parametrize(("channels", "merged"), [(0, 1), (20, 1), (24, 2)])
def test_cells_merge_within_20_channels(channels: int, merged: int) -> None:
    assert len(_merge(Fired(0, 100, 1), Fired(0, 100 + channels, 1))) == merged


@pytest.mark.parametrize(("ticks", "merged"), [(32, 1), (48, 1), (49, 2)])
def test_cells_merge_within_25_microseconds(ticks: int, merged: int) -> None:
    far = Fired(ticks, 400, 1), Fired(0, 300, 1)  # elsewhere: no influence
    found = _merge(Fired(0, 100, 1), Fired(ticks, 100, 1), *far)
    later_is_dead = ticks > MERGE_TICKS  # the second cell falls into the dead region of the first
    assert len(found) == 3
    assert sum(len(cells) for cells in found) == (3 if later_is_dead else 4)
    assert ([Fired(0, 100, 1), Fired(ticks, 100, 1)] in found) == (merged == 1)


def test_faces_never_merge() -> None:
    assert len(_merge(Fired(0, 476, 1), Fired(0, 480, 1))) == 2


def test_a_chain_is_one_candidate_and_a_bridge_joins_two() -> None:
    assert len(_merge(*(Fired(32 * i, 100 + 16 * i, 1) for i in range(6)))) == 1
    assert len(_merge(Fired(0, 100, 1), Fired(0, 140, 1))) == 2
    assert len(_merge(Fired(0, 100, 1), Fired(0, 140, 1), Fired(32, 120, 1))) == 1


def test_a_closed_candidate_is_dead_then_alive_again() -> None:
    merger = Merger()
    merger.add([Fired(0, 100, 1)], now=32)
    assert len(merger.add([], now=MERGE_TICKS + 1)) == 1
    assert merger.add([Fired(MERGE_TICKS + DEAD_TICKS, 120, 1)], now=MERGE_TICKS + DEAD_TICKS) == []
    assert merger.dropped_cells == 1 and merger.finish() == []
    merger = Merger()
    merger.add([Fired(0, 100, 1)], now=MERGE_TICKS + 1)
    merger.add([Fired(MERGE_TICKS + DEAD_TICKS + 1, 120, 1)], now=MERGE_TICKS + DEAD_TICKS + 1)
    assert merger.dropped_cells == 0 and len(merger.finish()) == 1


def test_a_dead_time_that_is_over_is_over_within_one_call() -> None:
    merger = Merger()
    far = MERGE_TICKS + DEAD_TICKS + 1
    assert [c.first_tick for c in merger.add([Fired(0, 100, 1), Fired(far, 100, 1)], now=far)] == [0]
    assert merger.dropped_cells == 0 and [c.first_tick for c in merger.finish()] == [far]


def test_dead_channels_are_those_of_the_candidate_and_20_beside() -> None:
    for channel, dropped in [(80, 1), (76, 0), (124, 1), (128, 0)]:
        merger = Merger()
        merger.add([Fired(0, 100, 1), Fired(0, 104, 1)], now=0)
        merger.add([Fired(64, channel, 1)], now=64)
        assert merger.dropped_cells == dropped, channel


def test_memory_stays_bounded_when_a_channel_never_stops() -> None:
    merger, closed = Merger(), []
    for tick in range(0, 3 * LONGEST_TICKS, 32):
        closed += merger.add([Fired(tick, 100, 1)], now=tick)
    assert len(closed) >= 2
    assert max(len(c.cells) for c in closed) <= LONGEST_TICKS // 32 + 2


def test_the_order_of_cells_within_a_call_does_not_matter() -> None:
    random = np.random.default_rng(3)
    cells = [
        Fired(int(t) * 32, int(c) * 4, int(s)) for t, c, s in random.integers(0, (200, 240, 9), (400, 3))
    ]
    want = _merge(*cells)
    for _ in range(3):
        random.shuffle(cells)
        assert _merge(*cells) == want
        at_once = Merger()
        assert [c.cells for c in at_once.add(cells, now=0) + at_once.finish()] == want
    assert len(want) > 20


def _truth(*charge: tuple[int, int, int, float]) -> Truth:
    events = np.zeros(3, EVENT_DTYPE)
    events["id"], events["origin"], events["tick_last"] = (1, 2, 3), ("nue_cc", "Ar39", "Tl208"), 10_000
    truth = Truth()
    list(
        truth.watch(
            [Block(0, 0, np.zeros((64, 960), np.uint16), events, np.array(list(charge), CHARGE_DTYPE))]
        )
    )
    return truth


def test_a_candidate_belongs_to_the_event_with_the_most_charge_there() -> None:
    candidate = Candidate([Fired(32, 100, 5), Fired(32, 104, 7)])
    found = match(
        candidate, _truth((1, 40, 100, 6e3), (1, 40, 107, 6e3), (2, 40, 100, 9e3), (3, 40, 112, 90e3))
    )
    assert (found.event, found.origin, found.electrons) == (1, "nue_cc", 12e3)
    assert match(candidate, _truth((2, 40, 100, 9e3), (1, 40, 100, 8e3))).origin == "Ar39"


@pytest.mark.parametrize(
    ("tick", "channel", "found"),
    [(0, 96, 1), (63, 107, 1), (0, 95, 0), (0, 108, 0), (63, 100, 1)],
)
def test_the_margin_is_one_cell(tick: int, channel: int, found: int) -> None:
    assert match(Candidate([Fired(0, 100, 5)]), _truth((1, tick, channel, 1e3))).event == found


def test_truth_of_the_other_face_and_no_charge_at_all_is_noise() -> None:
    for charge in [(1, 0, 480, 1e5)], []:
        assert match(Candidate([Fired(0, 476, 5)]), _truth(*charge)).origin == "noise"
