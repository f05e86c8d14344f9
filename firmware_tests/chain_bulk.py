"""The stimulus file of ``chain_bulk.sv``: samples of blocks as beats.

>>> import tempfile
>>> block = np.arange(64 * 16, dtype=np.uint16).reshape(64, 16)
>>> with tempfile.TemporaryDirectory() as folder:
...     beats = write_stimulus(Path(folder) / "stimulus.hex", [(block, True)])
...     (Path(folder) / "stimulus.hex").read_text().splitlines()[-1]
'110ffc3fe0ff43fc0fec3fa0fe43f8'
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trigger.beats import ADC_BITS, LANES

_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
_HALF = LANES // 2 * ADC_BITS  # 4 samples: 56 bits, 14 digits


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


def _hex(values: NDArray[np.uint64], digits: int) -> NDArray[np.uint8]:
    """Return (n, digits) ASCII characters."""
    places = np.arange(4 * (digits - 1), -1, -4, dtype=np.uint64)
    digit: NDArray[np.uint64] = (values[:, None] >> places) & np.uint64(15)
    return _DIGITS.take(digit.astype(np.int64))
