"""What a frame's header says about its place: by its timestamp, by its seq_id, and if one of them is wrong.

>>> place_of(seq=4095, after=8190), place_of(seq=3, after=4090)
(8191, 4099)
>>> explain(seq=8, timestamp=9 * 2048, seq0=0, base=0, newest=8)  # 9 with a wrong bit of seq_id, or 8 of the timestamp
((9, 9, 1), (8, 8, 1))
>>> explain(seq=9, timestamp=11 * 2048, seq0=0, base=0, newest=8)  # 9, or 11: one wrong bit in either
((9, 9, 1), (11, 11, 1))
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.compiled import compiled
from streams.daq.wibeth import FIELDS, SEQ_MODULO, TIMESTAMP_PER_FRAME
from streams.receiver.refused import ENDLESS, Options
from streams.receiver.report import CORRUPTED, JUMPED
from streams.receiver.tape import HEADER_BYTES, Bytes

WAIT = 16  # places that a frame may come behind a later one of its stream
FAR = SEQ_MODULO // 2  # places; a step of so many has to be confirmed by the next frame
SEQ_SHIFT = FIELDS["seq_id"][1]
SEQ_MASK = (SEQ_MODULO - 1) << SEQ_SHIFT


def place_of(seq: int, after: int) -> int:
    """Return the place nearest to ``after`` + 1 that has this seq_id, where place 0 has seq_id 0."""
    step = (seq - after - 1) % SEQ_MODULO
    return after + 1 + (step if step < FAR else step - SEQ_MODULO)


def explain(seq: int, timestamp: int, seq0: int, base: int, newest: int) -> Options:
    """Return what a frame can have been whose seq_id and timestamp disagree; the likelier first.

    Parameters
    ----------
    seq, timestamp : of the frame.
    seq0, base : those of place 0.
    newest : the last place of the stream so far.
    """
    by_seq = place_of(seq - seq0, newest)
    by_time, phase = divmod(timestamp - base, TIMESTAMP_PER_FRAME)
    near = abs(by_seq - newest - 1) <= WAIT
    options = []
    if phase == 0 and abs(by_time - newest - 1) < FAR:
        bits = (seq ^ (seq0 + by_time) % SEQ_MODULO).bit_count()
        if bits == 1 or not near or by_time == newest + 1 != by_seq:
            options.append((by_time, by_time, CORRUPTED))
    if near:
        bits = (timestamp ^ (base + by_seq * TIMESTAMP_PER_FRAME)).bit_count()
        options.append((by_seq, by_seq, CORRUPTED if bits == 1 else JUMPED))
    if (
        len({cause for _, _, cause in options}) == 1
    ):  # else the one that a single wrong bit explains comes first
        options.sort(key=lambda option: abs(option[0] - newest - 1))
    return tuple(options) or ((newest + 1, ENDLESS, CORRUPTED),)


def in_order(frames: Bytes, word0: int, timestamp: int) -> int:
    """Return how many frames from the start, uint8 (n, 7200), have the headers that follow on from these words."""
    headers = frames[:, :HEADER_BYTES].copy().view(np.uint64)
    return int(_in_order(headers, np.uint64(word0), np.uint64(timestamp)))


@compiled
def _in_order(headers: NDArray[np.uint64], word0: np.uint64, timestamp: np.uint64) -> int:
    mask = np.uint64(SEQ_MASK)
    for k in range(len(headers)):
        seq = (word0 + (np.uint64(k) << np.uint64(SEQ_SHIFT))) & mask
        if headers[k, 0] != (word0 & ~mask) | seq:
            return k
        if headers[k, 1] != timestamp + np.uint64(k) * np.uint64(TIMESTAMP_PER_FRAME):
            return k
    return len(headers)
