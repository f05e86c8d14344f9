"""Where a window begins: what most of the first frames say, for a single one may be damaged.

>>> first = [(0, 1000, 7), (1, 1000, 7), (2, 1000 + 2**40, 7)]  # (stream, timestamp, seq_id): stream 2 has a wrong bit
>>> lock(first, begin=1000)
Lock(base=1000, seq0={0: 7, 1: 7}, common=7)
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.daq.wibeth import FRAME_BYTES, SEQ_MODULO, TIMESTAMP_PER_FRAME
from streams.receiver.place import AGREE, FAR, SEQ_MASK, SEQ_SHIFT, WAIT
from streams.receiver.tape import Tape

FIRST_FRAMES = 4  # frames of each stream that are looked at
First = tuple[int, int, int]  # stream, timestamp, seq_id


class Lock(NamedTuple):
    """Timestamp of place 0 and its seq_id in each stream; ``common`` for the others."""

    base: int
    seq0: dict[int, int]
    common: int


def first_frames(tapes: list[Tape], word0: NDArray[np.uint64]) -> tuple[list[First], int]:
    """Return the first frames whose word 0 is that of their stream, and how many frames the longest stream has."""
    found: list[First] = []
    longest = 0
    for stream, tape in enumerate(tapes):
        tape.need(FIRST_FRAMES * FRAME_BYTES)
        longest = max(longest, tape.left() // FRAME_BYTES)
        for frame in range(FIRST_FRAMES):
            words = tape.words(frame * FRAME_BYTES)
            if words and not (words[0] ^ int(word0[stream])) & ~SEQ_MASK:
                found.append((stream, words[1], words[0] >> SEQ_SHIFT & SEQ_MODULO - 1))
    return found, longest


def lock(frames: list[First], begin: int, longest: int = FIRST_FRAMES) -> Lock | None:
    """Return where the places of a window are, from the first frames of all streams.

    ``begin``, which the source says, holds if the first good frame is less than ``WAIT`` places after it. If most
    frames agree, a stream differs only if three of its frames say so, for two that are damaged may agree by chance; two
    are enough if ``longest``, how many frames the longest stream has, is 2.
    """
    if not frames:
        return None
    phases = Counter(time % TIMESTAMP_PER_FRAME for _, time, _ in frames)
    phase = max(phases, key=lambda p: (phases[p], p == begin % TIMESTAMP_PER_FRAME))
    on_grid = [frame for frame in frames if frame[1] % TIMESTAMP_PER_FRAME == phase]
    times = sorted(time for _, time, _ in on_grid)

    def company(time: int) -> tuple[int, int]:
        near = WAIT * TIMESTAMP_PER_FRAME
        return bisect_right(times, time + near) - bisect_left(times, time - near), -abs(time - begin)

    middle, reach = max(times, key=company), FAR * TIMESTAMP_PER_FRAME
    together = dict.fromkeys(f for f in on_grid if abs(f[1] - middle) <= reach)  # a copy says nothing more
    votes = Counter(_relation(time, seq) for _, time, seq in together)
    common = _most(votes, Counter())
    own: dict[int, Counter[int]] = {}
    for stream, time, seq in together:
        own.setdefault(stream, Counter())[_relation(time, seq)] += 1
    enough = max(2, min(longest, AGREE)) if votes[common] > votes.total() / 2 else 0
    relations = {
        stream: common if max(counts.values()) < enough else _most(counts, votes)
        for stream, counts in own.items()
    }
    first = min(time for stream, time, seq in together if relations[stream] == _relation(time, seq))
    base = begin_of(first, begin)
    number = base // TIMESTAMP_PER_FRAME
    seq0 = {stream: (relation + number) % SEQ_MODULO for stream, relation in relations.items()}
    return Lock(base, seq0, (common + number) % SEQ_MODULO)


def begin_of(first: int, begin: int) -> int:
    """Return the timestamp of place 0, from that of the first good frame and what the source says."""
    offset, phase = divmod(first - begin, TIMESTAMP_PER_FRAME)
    return begin if phase == 0 and 0 < offset <= WAIT else first


def _relation(time: int, seq: int) -> int:
    """Return seq_id minus the number of the frame since timestamp 0: the same for all frames of a stream."""
    return (seq - time // TIMESTAMP_PER_FRAME) % SEQ_MODULO


def _most(counts: Counter[int], others: Counter[int]) -> int:
    """Return what is said most often; of several, what the other streams say most."""
    return max(counts, key=lambda value: (counts[value], others[value]))
