"""Read DUNE's own channel map of the horizontal drift: PD2HDChannelMap text (DUNE-DAQ/detchannelmaps).

One line per channel: offline channel, crate, assembly, WIB (slot + 1), link, FEMB on the link, channel on the FEMB,
plane, channel in the plane, FEMB, ASIC, channel on the ASIC, channel in the link's frames (PD2HDChannelMapSP.cpp
there). Offline channels of an assembly are 2 560 times its number and more. A crate that the file does not have is
looked up in crate 2 by DUNE's own reader; here it is refused.

>>> read(Path("no-such-map.txt"))
Traceback (most recent call last):
streams.errors.UserError: no-such-map.txt: cannot read: No such file or directory
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams import channel_map as built_in
from streams.errors import UserError

_COLUMNS = 13
_NAME = 2  # the one column that is not a number
_SHAPE = (built_in.N_STREAMS, built_in.CHANNELS_PER_STREAM)


class CrateMap(NamedTuple):
    """The 2 560 channels of one crate, by stream (in the order of ``channel_map.STREAMS``) and channel: (40, 64)."""

    assembly: int  # offline number of the assembly
    name: str
    offline: NDArray[np.int16]  # 0 to 2559 in the assembly
    femb: NDArray[np.int16]  # 1 to 20 in the order of the wires
    asic: NDArray[np.int16]  # 0 to 7 on the FEMB


def read(path: Path) -> dict[int, CrateMap]:
    """Return the map of each crate in the file.

    Raises
    ------
    UserError : the file is absent, cut off, of another detector, or has a channel twice or not at all.
    """
    try:
        lines = path.read_text("ascii").splitlines()
    except OSError as error:
        raise UserError(f"{path}: cannot read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a text file: want the channel map PD2HDChannelMap") from error
    names, rows = {}, []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            row, name = _row(path, number, line)
            names[row[1]] = name
            rows.append(row)
    if not rows:
        raise UserError(f"{path}: got no rows, want {_SHAPE[0] * _SHAPE[1]} for each crate")
    table = np.array(rows)
    return {
        int(crate): _crate(path, table[table[:, 1] == crate], names[crate])
        for crate in np.unique(table[:, 1])
    }


def _row(path: Path, number: int, line: str) -> tuple[list[int], str]:
    """Return the 13 columns of a line as numbers (0 for the name), then the line's number; and the name."""
    words = line.split()
    try:
        values = [0 if place == _NAME else int(word) for place, word in enumerate(words)]
    except ValueError:
        values = []
    if len(values) != _COLUMNS:
        raise UserError(
            f"{path}, line {number}: got {line.strip()[:60]!r}, want the {_COLUMNS} columns of PD2HDChannelMap, all "
            "numbers but the third: the file is damaged or of another kind"
        )
    return [*values, number], words[_NAME]


def _place(path: Path, row: NDArray[np.int64]) -> tuple[int, int]:
    """Return the stream and the channel in it."""
    wib, link, channel = int(row[3]), int(row[4]), int(row[12])
    key = (wib - 1, 64 * link + channel // built_in.CHANNELS_PER_STREAM)
    if channel < 0 or key not in built_in.STREAMS:
        raise UserError(
            f"{path}, line {row[13]}: got WIB {wib}, link {link}, frame channel {channel}, want 1 to 5, 0 or 1, "
            "0 to 255: the map is of another detector"
        )
    return built_in.STREAMS.index(key), channel % built_in.CHANNELS_PER_STREAM


def _crate(path: Path, rows: NDArray[np.int64], name: str) -> CrateMap:
    """Return the map of the rows of one crate."""
    crate, assembly = int(rows[0, 1]), int(rows[0, 0]) // built_in.N_CHANNELS
    line_of = np.full(_SHAPE, 0)
    tables = np.zeros((3, *_SHAPE), np.int16)
    seen: dict[int, int] = {}
    for row in rows:
        stream, channel = _place(path, row)
        offline = int(row[0]) - built_in.N_CHANNELS * assembly
        _check_offline(path, row, offline, assembly)
        first = line_of[stream, channel] or seen.get(offline)
        if first:
            what = (
                f"offline channel {row[0]}"
                if offline in seen
                else f"{built_in.stream_name(stream)}, channel {channel}"
            )
            raise UserError(
                f"{path}, line {row[13]}: {what} of crate {crate} is in line {first} already: remove one"
            )
        line_of[stream, channel] = seen[offline] = int(row[13])
        tables[:, stream, channel] = offline, row[9], row[10]
    if len(seen) != built_in.N_CHANNELS:
        missing = next(c for c in range(built_in.N_CHANNELS) if c not in seen)
        raise UserError(
            f"{path}: crate {crate} has {len(seen)} channels, want {built_in.N_CHANNELS}: offline channel "
            f"{built_in.N_CHANNELS * assembly + missing} is missing; the file is cut off or of another detector"
        )
    return CrateMap(assembly, name, *tables)


def _check_offline(path: Path, row: NDArray[np.int64], offline: int, assembly: int) -> None:
    """Refuse a channel of another assembly, or one whose plane is not that of its number."""
    where = f"{path}, line {row[13]}"
    first = built_in.N_CHANNELS * assembly
    if not 0 <= offline < built_in.N_CHANNELS:
        raise UserError(
            f"{where}: got offline channel {row[0]}, want {first} to {first + built_in.N_CHANNELS - 1} as in the "
            f"first line of crate {row[1]}: the map is of another detector"
        )
    plane = built_in.PLANES.index(built_in.plane_of(offline))
    if row[7] != plane:
        raise UserError(
            f"{where}: got plane {row[7]} of offline channel {row[0]}, want {plane}: the map is of another detector"
        )
