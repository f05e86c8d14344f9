"""A window in memory for tests of the receiver: frames of random samples, and faults made by hand, one at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from streams.daq import spans, wibeth
from streams.receiver.receive import identity

BEGIN = 1_000_000 * 2048 + 77  # phase 77: frames need not be aligned to anything
FRAME = 7200
SEQ0 = 4090  # wraps after 6 frames
HERE = identity()


@cache
def frames(blocks: int, seq0: int = SEQ0, begin: int = BEGIN) -> np.ndarray:
    """Return frames, uint64 (40, blocks, 900), read-only, with random samples."""
    words = np.random.default_rng(1).integers(0, 1 << 63, (40, blocks, 900), np.uint64)
    number = np.arange(blocks, dtype=np.uint64)
    words[..., 2:4] = 0
    words[..., 0] = HERE.word0[:, None] | ((number + np.uint64(seq0)) % np.uint64(4096)) << np.uint64(40)
    words[..., 1] = np.uint64(begin) + 2048 * number
    words.flags.writeable = False
    return words


def samples(blocks: int) -> np.ndarray:
    """Return what the frames hold: uint16 (blocks, 163840)."""
    words = frames(blocks)
    rows = np.zeros((blocks, spans.SAMPLES_PER_BLOCK), np.uint16)
    none = np.zeros(0, np.uint64)
    for stream in range(40):
        word0, time = (int(word) for word in words[stream, 0, :2])
        assert spans.open_frames(words[stream], word0, time, none, HERE.places, stream, rows) == blocks
    return rows


@dataclass
class Memory:
    """A ``Links`` of bytes in memory, given in pieces of ``piece`` bytes at most; live: only as time goes on."""

    data: list[bytes]
    table: np.ndarray | None = None  # frame checks, (40, blocks)
    piece: int = 1 << 60
    begin: int = BEGIN
    name: str = "memory"
    asked: int = 0
    at: list[int] = field(default_factory=lambda: [0] * 40)

    def until(self, timestamp: int) -> bool:
        self.asked = max(self.asked, timestamp)
        return False

    def take(self, stream: int, frames: int) -> np.ndarray:
        low = self.at[stream]
        high = min(low + min(frames * FRAME, self.piece), len(self.data[stream]))
        self.at[stream] = high
        return np.frombuffer(self.data[stream][low:high], np.uint8)

    def checks(self, stream: int, timestamp: int, count: int) -> np.ndarray:
        if self.table is None:
            return np.zeros(0, np.uint64)
        found = np.zeros(count, np.uint64)
        for k in range(count):
            row, rest = divmod(timestamp + 2048 * k - BEGIN, 2048)
            if rest == 0 and 0 <= row < self.table.shape[1]:
                found[k] = self.table[stream, row]
        return found


def window(blocks: int, checked: bool = True, change=None, **options) -> Memory:
    """Return a window; ``change(stream, list of frames as bytes)`` returns the pieces of a stream with faults."""
    words = frames(blocks)
    data = []
    for stream in range(40):
        pieces = [frame.tobytes() for frame in words[stream]]
        data.append(b"".join(change(stream, pieces) if change else pieces))
    return Memory(data, spans.frame_checks(words) if checked else None, **options)


def set_words(frame: bytes, **fields: int) -> bytes:
    """Return a frame with header fields changed."""
    words = np.frombuffer(frame, np.uint64).copy()[None]
    for name, value in fields.items():
        wibeth.set_field(words, name, value)
    return words.tobytes()


def flip(frame: bytes, bit: int) -> bytes:
    """Return a frame with one bit flipped."""
    raw = bytearray(frame)
    raw[bit // 8] ^= 1 << bit % 8
    return bytes(raw)
