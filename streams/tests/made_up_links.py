"""Frames of random bytes as Links, for tests: in memory, handed out in any pieces."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from streams.channel_map import STREAMS
from streams.daq import wibeth
from streams.daq.spans import frame_checks

BEGIN = 2048 * 500_000_000


@lru_cache(maxsize=2)
def made_up_frames(n, streams, seed, begin):
    """Return the frames of each stream, uint64 (n, 900); they are read only."""
    random = np.random.default_rng(seed)
    frames = {s: random.integers(0, 2**64, (n, 900), np.uint64) for s in streams}
    for stream, words in frames.items():
        words[:, 0] = wibeth.header_word(*STREAMS[stream], crate_id=1)
        wibeth.set_field(words, "seq_id", (100 + np.arange(n)) % 4096)
        words[:, 1] = begin + 2048 * np.arange(n)
        words[:, 2] &= ~np.uint64(0x2E << 32)  # no crc_err, no lol
        words.setflags(write=False)
    return frames


class MadeUpLinks:
    """One window of ``n`` frames on each of some streams; ``pieces``: most bytes that a take gives."""

    name = "made up"

    def __init__(self, n, *, streams=range(40), seed=1, begin=BEGIN, checked=True, pieces=None):
        self.begin, self.checked, self.pieces = begin, checked, pieces
        self.frames = made_up_frames(n, tuple(streams), seed, begin)
        self.at = dict.fromkeys(self.frames, 0)
        self.upto = 0 if pieces else 10**9

    def until(self, timestamp):
        self.upto = max(self.upto, timestamp)
        return any(timestamp <= int(f[-1, 1]) for f in self.frames.values())

    def take(self, stream, frames):
        if stream not in self.frames:
            return np.zeros(0, np.uint8)
        data = self.frames[stream].view(np.uint8).reshape(-1)
        end = min(self.at[stream] + min(frames * 7200, self.pieces or 10**9), len(data))
        part = data[self.at[stream] : end]
        self.at[stream] = end
        return part

    def checks(self, stream, timestamp, count):
        if not self.checked:
            return np.zeros(0, np.uint64)
        first = (timestamp - self.begin) // 2048
        found = np.zeros(count, np.uint64)
        inside = self.frames[stream][max(first, 0) : max(first + count, 0)]
        found[max(-first, 0) :][: len(inside)] = frame_checks(inside)
        return found
