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
from streams.receiver.report import CORRUPTED, JUMPED
from streams.receiver.tape import HEADER_BYTES, Bytes

WAIT = 16  # places that a frame may come behind a later one of its stream
AGREE = 3  # frames that show that the others differ: two that are damaged may agree by chance
FAR = SEQ_MODULO // 2  # places; a step of so many has to be confirmed by the next frame
ENDLESS = 2**62  # the last place of a frame that says none
Options = tuple[
    tuple[int, int, int], ...
]  # (first place, last place, cause): what a refused frame can have been
SEQ_SHIFT = FIELDS["seq_id"][1]
SEQ_MASK = (SEQ_MODULO - 1) << SEQ_SHIFT
SAME_MASK = ~SEQ_MASK % 2**64  # bits of word 0 that are the same in all frames of a stream


def place_of(seq: int, after: int) -> int:
    """Return the place nearest to ``after`` + 1 that has this seq_id, where place 0 has seq_id 0."""
    step = (seq - after - 1) % SEQ_MODULO
    return after + 1 + (step if step < FAR else step - SEQ_MODULO)


def explain(seq: int, timestamp: int, seq0: int, base: int, newest: int) -> Options:
    """Return what a frame can have been whose seq_id and timestamp disagree; the likelier first.

    One wrong bit is likelier than a timestamp that jumped; more than one wrong bit of seq_id are not thought of as long
    as seq_id may be right, but for a timestamp that follows on: that is likely if the place by seq_id has its frame.

    Parameters
    ----------
    seq, timestamp : of the frame.
    seq0, base : those of place 0.
    newest : the last place of the stream so far.
    """
    by_seq = place_of(seq - seq0, newest)
    by_time, phase = divmod(timestamp - base, TIMESTAMP_PER_FRAME)
    near = abs(by_seq - newest - 1) <= WAIT
    one_bit = (timestamp ^ (base + by_seq * TIMESTAMP_PER_FRAME)).bit_count() == 1
    cause = CORRUPTED if one_bit else JUMPED
    options = [(int(not one_bit), abs(by_seq - newest - 1), (by_seq, by_seq, cause))] if near else []
    one_bit = (seq ^ (seq0 + by_time) % SEQ_MODULO).bit_count() == 1
    likely = one_bit or not near
    if phase == 0 and abs(by_time - newest - 1) < FAR and (likely or by_time == newest + 1):
        options.append((0 if likely else 2, abs(by_time - newest - 1), (by_time, by_time, CORRUPTED)))
    return tuple(option for *_, option in sorted(options)) or ((newest + 1, ENDLESS, cause),)


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
