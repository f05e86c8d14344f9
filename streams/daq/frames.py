"""Blocks of an assembly to the WIBEth frames of its 40 streams, headers and samples.

>>> x, uv = np.full((64, 960), 900, np.uint16), np.full((64, 800), 2300, np.uint16)
>>> block = Block(64, 2048, x, induction={"U": uv, "V": uv})
>>> frames = frames_of([block], spans.places(channel_map.offline_channels()), crate=1)
>>> frames.shape, int(wibeth.get_field(frames, "seq_id")[7, 0])
((40, 1, 900), 1)
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.block import TICKS_PER_BLOCK, Block
from streams.daq import spans, wibeth
from streams.errors import UserError


def check_follows(blocks: list[Block], timestamp: int, tick: int) -> None:
    """Refuse blocks that do not follow each other from (tick, timestamp) on, or that lack a plane or samples.

    Raises
    ------
    ValueError : which block, got and want.
    UserError : some channels have no samples.
    """
    for k, block in enumerate(blocks):
        place = (tick + k * TICKS_PER_BLOCK, timestamp + k * wibeth.TIMESTAMP_PER_FRAME)
        if (block.first_tick, block.timestamp) != place:
            raise ValueError(
                f"block at (tick, timestamp) {(block.first_tick, block.timestamp)}, want {place}"
            )
        got = {name: plane.shape for name, plane in {**block.induction, "X": block.adc}.items()}
        want = {name: (TICKS_PER_BLOCK, n) for name, n in channel_map.PLANE_CHANNELS.items()}
        if got != want:
            raise ValueError(f"block at tick {block.first_tick}: got planes {got}, want {want}")
        lost = sum(int(np.count_nonzero(channels)) for channels in block.missing.values())
        if lost:
            raise UserError(
                f"tick {block.first_tick}: {lost} channels have no samples, and frames have no mark for that: fill "
                'them (for an import: others = "noise", bad = "dead") before they are written'
            )


@cache
def header_words(crate: int) -> NDArray[np.uint64]:
    """Return word 0 of the frames of a crate's streams with seq_id 0: uint64 (40,)."""
    words = [wibeth.header_word(slot, stream_id, crate) for slot, stream_id in channel_map.STREAMS]
    table = np.array(words, np.uint64)
    table.setflags(write=False)
    return table


def frames_of(blocks: list[Block], table: spans.Places, crate: int) -> NDArray[np.uint64]:
    """Return the frames of some blocks: uint64 array, (40 streams, blocks, 900 words).

    The seq_id is the number of the block since the start of the run, modulo 4096.

    Raises
    ------
    ValueError : a count of more than 14 bits.
    """
    samples = np.empty((len(blocks), spans.SAMPLES_PER_BLOCK), np.uint16)
    for row, block in zip(samples, blocks, strict=True):
        planes = spans.planes_of(row)
        for name, plane in {**block.induction, "X": block.adc}.items():
            planes[name][:] = plane
    shape = (channel_map.N_STREAMS, len(blocks), wibeth.FRAME_WORDS)
    frames = wibeth.empty_frames(channel_map.N_STREAMS * len(blocks)).reshape(shape)
    spans.close_frames(samples, table, frames)
    frames[:, :, 0] = header_words(crate)[:, None]
    seq = [block.first_tick // TICKS_PER_BLOCK % wibeth.SEQ_MODULO for block in blocks]
    wibeth.set_field(frames, "seq_id", seq)
    wibeth.set_field(frames, "timestamp", [block.timestamp for block in blocks])
    return frames
