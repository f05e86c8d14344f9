"""What is wrong with a frame, in words: got, want, what it means.

>>> difference((0, 2048), (4095 << 40, 0))
'got seq_id 0, want 4095: 1 frame is missing (a gap)'
"""

from __future__ import annotations

from streams.block import TIMESTAMP_PER_TICK
from streams.daq.wibeth import FIELDS, SEQ_MODULO

_IDENTITY = ("version", "det_id", "crate_id", "slot_id", "stream_id", "reserved", "block_length")


def difference(got: tuple[int, int], want: tuple[int, int]) -> str:
    """Say how words 0 and 1 of a frame differ from those that the stream needs next."""
    for name in (*_IDENTITY, "seq_id", "timestamp"):
        have, need = _field(got, name), _field(want, name)
        if have == need:
            continue
        text = f"got {name} {have}, want {need}"
        if name == "seq_id":
            return f"{text}: {_seq(got, want, (have - need) % SEQ_MODULO)}"
        if name == "timestamp":
            return f"{text}: {(have - need) / TIMESTAMP_PER_TICK:+g} ticks of 512 ns"
        return text
    return "its header is right, but the frame is cut short, or its frame check is wrong"


def _seq(got: tuple[int, int], want: tuple[int, int], ahead: int) -> str:
    """Say what a wrong seq_id means, ``ahead`` of the right one (modulo 4096)."""
    behind = SEQ_MODULO - ahead
    if got[1] == want[1]:
        return "the timestamp is right, so the seq_id is damaged or starts anew"
    if behind == 1:
        return "the frame before is repeated"
    if behind < SEQ_MODULO // 2:
        return f"the frame comes again, or {behind} frames late"
    return f"{ahead} frame{'s are' if ahead > 1 else ' is'} missing (a gap)"


def _field(words: tuple[int, int], name: str) -> int:
    word, low, width = FIELDS[name]
    return words[word] >> low & (1 << width) - 1
