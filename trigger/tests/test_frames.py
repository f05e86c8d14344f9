"""Frames: guard columns, filling up, gaps, and bad packets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from streams.block import Block
from trigger.beats import pack_block
from trigger.frames import COLUMNS, ROWS, Assembler, Geometry, channel_of, column_of, frames, stream_frames
from trigger.frontend import FastFrontEnd, FrontEnd

SMALL = Geometry(face=8, guard=8, rows=16)


def blocks(ticks: list[int], seed: int = 0) -> Iterator[Block]:
    rng = np.random.default_rng(seed)
    for tick in ticks:
        yield Block(tick, 32 * tick + 7, rng.integers(800, 1400, (64, 960)).astype(np.uint16))


def test_columns_and_channels_are_inverse() -> None:
    assert [channel_of(column_of(c)) for c in range(960)] == list(range(960))
    assert sum(channel_of(c) is None for c in range(COLUMNS)) == 32


def test_frames_hold_the_pixels_and_zero_guards() -> None:
    run = list(frames(blocks([64 * n for n in range(19)])))
    assert [(f.rows, f.filled, f.first_tick, f.timestamp, f.window, f.number) for f in run] == [
        (64, False, 0, 7, 0, 0),
        (64, False, 512, 512 * 32 + 7, 0, 1),
        (24, True, 1024, 1024 * 32 + 7, 0, 2),
    ]
    fe = FrontEnd()
    pixels = np.concatenate([fe.pixels(b.adc) for b in blocks([64 * n for n in range(19)])])
    image = np.concatenate([f.image for f in run])
    assert image.shape == (3 * ROWS, COLUMNS)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image[:152, [column_of(c) for c in range(960)]], pixels)
    assert not image[152:].any()
    assert not image[:, [c for c in range(COLUMNS) if channel_of(c) is None]].any()


def test_a_frame_that_begins_inside_a_block_has_the_time_of_its_first_row() -> None:
    device = Assembler(FrontEnd(), Geometry(face=8, guard=8, rows=12))
    adc = np.full((64, 16), 900, np.uint16)
    made = device.block(adc, False, 0, 1000) + device.block(adc, True, 64, 1000 + 64 * 32)
    assert [(f.rows, f.first_tick, f.timestamp) for f in made] == [(12, 0, 1000), (4, 96, 1000 + 96 * 32)]


def test_a_gap_ends_the_window_and_restarts_the_pedestals() -> None:
    run = list(frames(blocks([0, 64, 192, 256])))
    assert [(f.rows, f.filled, f.first_tick, f.window) for f in run] == [(16, True, 0, 0), (16, True, 192, 1)]
    whole, rest = list(blocks([0, 64, 192, 256]))[:2], list(blocks([0, 64, 192, 256]))[2:]
    np.testing.assert_array_equal(run[1].image, next(frames(rest)).image)
    np.testing.assert_array_equal(run[0].image, next(frames(whole)).image)


def test_a_window_of_whole_frames_is_not_filled() -> None:
    assert [f.filled for f in frames(blocks([64 * n for n in range(8)]))] == [False]
    assert list(frames([])) == []


def test_counters_of_the_front_end_are_the_callers() -> None:
    fe = FastFrontEnd()
    list(stream_frames(blocks([0]), fe))
    assert fe.made == 8 * 960


@pytest.mark.parametrize("length", [0, 1, 127, 129, 256], ids=str)
def test_a_bad_packet_is_dropped_and_ends_the_window(length: int) -> None:
    rng = np.random.default_rng(length)
    good = [pack_block(rng.integers(0, 1 << 14, (64, 16)).astype(np.uint16)) for _ in range(3)]
    device = Assembler(FrontEnd(), SMALL)
    assert device.packet(good[0], False) == []
    (cut,) = device.packet([0] * length, False)
    assert (cut.rows, cut.filled, cut.window) == (8, True, 0)
    assert (device.blocks_short, device.blocks_long) == (length < 128, length > 128)
    assert device.packet([0] * length, True) == []  # nothing was in progress any more
    assert device.packet(good[1], False) == []
    (frame,) = device.packet(good[2], True)
    assert (frame.rows, frame.filled, frame.window) == (16, False, 1)
    fresh = Assembler(FrontEnd(), SMALL)
    fresh.packet(good[1], False)
    np.testing.assert_array_equal(frame.image, fresh.packet(good[2], True)[0].image)
