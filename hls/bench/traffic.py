"""What a run sends, and which flags must come with what it gives: for frames, and for rows without end."""

from __future__ import annotations

import numpy as np

from .bulk import pack
from .network_ports import Beat
from .vectors import ROW_BITS, Run, Stream, Suite

Flags = list[tuple[int, int]]  # tlast and tuser of each beat


def beats(suite: Suite, stream: Stream, run: Run, lengths: list[int], rng: np.random.Generator) -> list[Beat]:
    """Return the beats of a run's frames (or rows), each cut, or prolonged with noise, to its length."""
    words = suite.arrays[f"in.{stream.prefix}"][run.frames]
    parts = words.reshape(len(lengths), -1, stream.channels)
    sent: list[Beat] = []
    for part, user, length in zip(parts, run.users, lengths, strict=True):
        data = pack(part, stream.width)[:length]
        data += noise(stream, length - len(data), rng)
        # tuser means something on the last beat of a frame, on the first of a row: elsewhere it is noise.
        others = rng.integers(0, 1 << ROW_BITS if suite.fields else 2, length - 1).tolist()
        users = [user, *others] if suite.fields else [*others, user]
        sent += [Beat(d, int(k == length - 1), u) for k, (d, u) in enumerate(zip(data, users, strict=True))]
    return sent


def flags(suite: Suite, stream: Stream, run: Run) -> Flags:
    """Return the flags of every beat of an output."""
    if suite.fields:
        return _row_flags(suite, stream, run)
    found: Flags = []
    for k, user in enumerate(run.users):
        ways = zip(suite.inputs, run.lengths, strict=True)
        bad = any(lengths[k] != source.beats for source, lengths in ways)
        found += [(0, 0)] * (stream.beats - 1) + [(1, user + 2 * bad)]
    return found


def _row_flags(suite: Suite, stream: Stream, run: Run) -> Flags:
    rows, stride = suite.fields[stream.prefix]
    columns = suite.inputs[0].columns
    found: Flags = []
    for first in range(0, len(run.users) - rows + 1, stride):
        number = run.users[first + rows - 1]
        bad = any(length != columns for length in run.lengths[0][first : first + rows])
        found += [(0, number)] * (stream.columns - 1) + [(1, number + (bad << ROW_BITS))]
    return found


def noise(stream: Stream, count: int, rng: np.random.Generator) -> list[int]:
    """Return ``count`` words of random numbers."""
    low = -(1 << (stream.width - 1)) if stream.signed else 0
    drawn = rng.integers(low, low + (1 << stream.width), (max(count, 0), stream.channels))
    return pack(drawn, stream.width)
