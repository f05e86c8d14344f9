"""Files between Python and ``chain_bulk.sv``: stimulus in, every beat with its clock out.

>>> import tempfile
>>> block = np.arange(64 * 16, dtype=np.uint16).reshape(64, 16)
>>> with tempfile.TemporaryDirectory() as folder:
...     beats = write_stimulus(Path(folder) / "stimulus.hex", [(block, True)])
...     (Path(folder) / "stimulus.hex").read_text().splitlines()[-1]
'110ffc3fe0ff43fc0fec3fa0fe43f8'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trigger.beats import ADC_BITS, LANES

_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
_HALF = LANES // 2 * ADC_BITS  # 4 samples: 56 bits, 14 digits
_CLOCK_DIGITS = 8


@dataclass(frozen=True)
class Beats:
    """What was seen on one stream.

    Attributes
    ----------
    clock : int64 array, (n,), clock in which each beat was accepted.
    last, user : bool and uint8 arrays, (n,).
    data : list of n integers.
    """

    clock: NDArray[np.int64]
    last: NDArray[np.bool_]
    user: NDArray[np.uint8]
    data: list[int]


def write_stimulus(path: Path, blocks: Iterable[tuple[NDArray[np.uint16], bool]]) -> int:
    """Write blocks (uint16 (64, channels), ADC counts; last of its window) as beats; return their number."""
    beats = 0
    with path.open("wb") as file:
        for adc, last in blocks:
            lanes = adc.reshape(len(adc), -1, LANES).swapaxes(0, 1).reshape(-1, LANES).astype(np.uint64)
            shift = np.arange(LANES // 2, dtype=np.uint64) * np.uint64(ADC_BITS)
            low, high = (lanes[:, :4] << shift).sum(axis=1), (lanes[:, 4:] << shift).sum(axis=1)
            flags = np.zeros(len(lanes), np.uint64)
            flags[-1] = 0x11 if last else 0x01
            parts = [_hex(flags, 2), _hex(high, _HALF // 4), _hex(low, _HALF // 4)]
            lines = np.concatenate([*parts, np.full((len(lanes), 1), ord("\n"), np.uint8)], axis=1)
            file.write(lines.tobytes())
            beats += len(lanes)
    return beats


def read_beats(path: Path) -> Beats:
    """Read what the harness wrote for one stream: lines of clock (8 digits), {user, last} (1 digit), data."""
    lines = path.read_text().split()
    flags = np.array([int(line[_CLOCK_DIGITS], 16) for line in lines], np.uint8)
    clock = np.array([int(line[:_CLOCK_DIGITS], 16) for line in lines], np.int64)
    user = (flags >> 1).astype(np.uint8)
    return Beats(clock, (flags & 1) > 0, user, [int(line[_CLOCK_DIGITS + 1 :], 16) for line in lines])


def outputs_of(beats: Beats, count: int, width: int, signed: bool) -> NDArray[np.int64]:
    """Return the network's outputs, int64 (n, count), that the beats of ``cells.hex`` carry."""
    mask = (1 << width) - 1
    flat = [[cell >> (width * channel) & mask for channel in range(count)] for cell in beats.data]
    values = np.array(flat, np.int64).reshape(-1, count)
    return values - ((values >> (width - 1)) << width) if signed else values


def _hex(values: NDArray[np.uint64], digits: int) -> NDArray[np.uint8]:
    """Return (n, digits) ASCII characters."""
    places = np.arange(4 * (digits - 1), -1, -4, dtype=np.uint64)
    digit: NDArray[np.uint64] = (values[:, None] >> places) & np.uint64(15)
    return _DIGITS.take(digit.astype(np.int64))
