"""Samples that never came: no signal, pedestals that stay, the same for every level, counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streams.block import Block
from trigger import replay, report
from trigger.frames import Assembler, Geometry, column_of, frames, stream_frames
from trigger.frontend import FastFrontEnd, FrontEnd, FrontEndConfig, FrugalPedestal
from trigger.missing import fed, filled
from trigger.tests.test_replay import firmware

CHANNELS = 16


def block(number: int, adc: NDArray[np.uint16], lost: NDArray[np.bool_] | None = None) -> Block:
    """A block; the samples of lost channels are 0, as a reader delivers them."""
    if lost is None:
        return Block(64 * number, 2048 * number, adc)
    return Block(64 * number, 2048 * number, np.where(lost, np.uint16(0), adc), missing={"X": lost})


def by_hand(adc: NDArray[np.uint16], lost: NDArray[np.bool_], config: FrontEndConfig) -> NDArray[np.uint8]:
    """Return the pixels (rows, channels) of one window, channel by channel: only samples that came are stepped.

    adc : (blocks, 64, channels); lost : (blocks, channels); no channel is lost in block 0.
    """
    rows = np.full((len(adc) * 8, adc.shape[2]), config.offset, np.uint8)
    for channel in range(adc.shape[2]):
        pedestal = FrugalPedestal(config.accumulator_limit)
        for n in np.flatnonzero(~lost[:, channel]):
            for row in range(8):
                total = sum(pedestal.step(int(s)) for s in adc[n, 8 * row : 8 * row + 8, channel])
                value = ((total + config.half) >> config.shift) + config.offset
                rows[8 * n + row, channel] = min(max(value, 0), 255)
    return rows


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.05, 0.95))
def test_missing_samples_are_no_signal_and_leave_the_pedestal(seed: int, chance: float) -> None:
    random = np.random.default_rng(seed)
    adc = random.integers(880, 930, (5, 64, CHANNELS)).astype(np.uint16)
    lost = random.random((5, CHANNELS)) < chance
    lost[0] = False
    want = by_hand(adc, lost, FrontEndConfig())
    for front_end in (FrontEnd(), FastFrontEnd()):
        made = [
            front_end.pixels(one.adc)
            for one in filled([block(n, adc[n], lost[n]) for n in range(5)], front_end)
        ]
        np.testing.assert_array_equal(np.concatenate(made), want)


def test_a_channel_that_was_never_there_begins_a_window_when_it_comes() -> None:
    lost = np.arange(CHANNELS) == 3
    adc = np.full((64, CHANNELS), 900, np.uint16)
    blocks = [block(0, adc, lost), block(1, adc, lost), block(2, adc), block(3, adc, lost), block(4, adc)]
    made = list(fed(blocks, FastFrontEnd()))
    assert [one.begins for one in made] == [False, False, True, False, False]
    assert [int(one.adc[0, 3]) for one in made] == [0, 0, 900, 900, 900]
    geometry = Geometry(face=8, guard=8, rows=64)
    assembler, images = Assembler(FastFrontEnd(), geometry), []
    for one in filled(blocks, assembler.front_end):
        images += assembler.end() if one.begins else []
        images += assembler.block(one.adc, False, one.block.first_tick, one.block.timestamp, one.missing)
    images += assembler.end()
    assert [(f.first_tick, f.rows, f.window, f.missing) for f in images] == [
        (0, 16, 0, 128),
        (128, 24, 1, 64),
    ]
    for frame in images:  # no signal anywhere
        assert set(np.unique(frame.image[: frame.rows, [0, 3, 7]])) == {16}


def test_a_channel_that_is_missing_where_a_window_begins_keeps_its_last_pedestal() -> None:
    lost = np.arange(CHANNELS) == 5
    random = np.random.default_rng(1)
    drift = [np.full((64, CHANNELS), 900 + 4 * n, np.uint16) for n in range(9)]
    drift[7] = random.integers(900, 960, (64, CHANNELS)).astype(np.uint16)
    front_end = FastFrontEnd()
    blocks = [*(block(n, drift[n]) for n in range(3)), block(6, drift[6], lost), block(7, drift[7])]
    made, known = [], 0
    for one in fed(blocks, front_end):
        if not one.begins and not made:
            known = 900
        made.append(one)
        if len(made) == 3:
            pedestals = front_end.pedestals
            assert pedestals is not None
            known = int(pedestals[5])
    assert [one.begins for one in made] == [False, False, False, True, False]
    assert known > 900 and (made[3].adc[:, 5] == known).all() and (made[3].adc[:, 4] == 924).all()


def test_frames_count_what_is_missing_and_the_exposure_leaves_it_out() -> None:
    lost = np.zeros(960, np.bool_)
    lost[100:340] = True  # a quarter
    adc = np.full((64, 960), 900, np.uint16)
    blocks = [block(n, adc, lost if n % 2 else None) for n in range(12) if n != 9]
    found = list(frames(blocks))
    assert [(f.rows, f.window, f.missing) for f in found] == [
        (64, 0, 4 * 64 * 240),
        (8, 0, 0),
        (16, 1, 64 * 240),
    ]
    result = replay.run(blocks, firmware())
    assert (result.ticks, result.missing_samples, result.found) == (11 * 64, 5 * 64 * 240, [])
    assert result.dead_share == pytest.approx(5 / 44) and result.exposure_s == pytest.approx(
        (11 - 5 / 4) * 64 * 512e-9
    )
    content = report.report(result)
    assert (content["missing_samples"], content["dead_share"]) == (5 * 64 * 240, 5 / 44)


def test_lost_frames_make_no_candidates_and_hide_no_others() -> None:
    adc = np.full((16, 64, 960), 900, np.uint16)
    adc[9, 24:32, 400] += 400  # a pulse that is seen
    adc[4, 24:32, 130] += 400  # one that never came
    lost = np.random.default_rng(3).random((16, 960)) < 0.2
    lost[0], lost[9, 400], lost[4, 130] = False, False, True
    result = replay.run([block(n, adc[n], lost[n]) for n in range(16)], firmware())
    assert [(f.candidate.first_tick, f.candidate.best.channel) for f in result.found] == [(9 * 64, 400)]
    image = next(frames([block(n, adc[n], lost[n]) for n in range(8)])).image
    assert int(image[32:40, column_of(130)].max()) == 16


def test_clear_and_fast_front_ends_make_the_same_frames() -> None:
    random = np.random.default_rng(2)
    blocks = [
        block(n, random.integers(850, 950, (64, 960)).astype(np.uint16), random.random(960) < 0.3)
        for n in (0, 1, 2, 5, 6)
    ]
    pairs = zip(stream_frames(blocks, FrontEnd()), stream_frames(blocks, FastFrontEnd()), strict=True)
    for slow, fast in pairs:
        np.testing.assert_array_equal(slow.image, fast.image)
        assert (slow.first_tick, slow.rows, slow.window, slow.missing) == (
            fast.first_tick,
            fast.rows,
            fast.window,
            fast.missing,
        )


def test_an_exposure_of_nothing_is_reported() -> None:
    result = replay.run([], firmware())
    result.has_truth = True
    assert report.report(result)["background"]["hz_per_10kt"] is None and result.dead_share == 0.0
    assert report.summary(report.report(result)).row_count
