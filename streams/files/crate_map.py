"""The channel map to read a crate with: a map file if one is given, else the file's own table, else the built-in rule.

>>> from pathlib import Path
>>> from streams.files.catalogue import Catalogue
>>> table_of(Catalogue(Path("run.h5")), 1).shape
(40, 64)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streams import channel_map, channel_map_file
from streams.errors import UserError
from streams.files.catalogue import Catalogue
from streams.files.file_facts import File


def table_of(found: Catalogue, crate: int, map_file: Path | None = None) -> NDArray[np.int16]:
    """Return the offline channels (0 to 2559 in the assembly) of a crate: int16 array, (40, 64).

    Raises
    ------
    UserError : the map file does not have the crate; the table in a file lacks channels; two files differ.
    """
    if map_file is not None:
        crates = channel_map_file.read(map_file)
        if crate not in crates:
            listed = ", ".join(map(str, sorted(crates)))
            raise UserError(
                f"{map_file}: has crates {listed}, want crate {crate} of {found.source}: give another map"
            )
        return crates[crate].offline
    chosen: File | None = None
    for file in dict.fromkeys(w.file for w in found.windows if w.crate == crate and w.file.table is not None):
        if chosen is None:
            _check(file)
            chosen = file
        elif not np.array_equal(_table(chosen), _table(file)):
            raise UserError(
                f"{file.path}: /ChannelMap: differs from that of {chosen.path}: give one with --channel-map"
            )
    return channel_map.offline_channels(crate) if chosen is None else _table(chosen)


def _table(file: File) -> NDArray[np.int16]:
    assert file.table is not None
    return file.table.astype(np.int16, copy=False)


def _check(file: File) -> None:
    """Refuse a table that is not a map; the frames' places (``spans.places``) say so of channels too, but not where."""
    table = _table(file)
    if table.shape != (channel_map.N_STREAMS, channel_map.CHANNELS_PER_STREAM):
        raise UserError(
            f"{file.path}: /ChannelMap: got {table.shape}, want (40, 64): give one with --channel-map"
        )
    inside = (table >= 0) & (table < channel_map.N_CHANNELS)
    times = np.bincount(table[inside], minlength=channel_map.N_CHANNELS)
    if not times.all():
        gone = np.flatnonzero(times == 0)
        raise UserError(
            f"{file.path}: /ChannelMap: {len(gone)} of {channel_map.N_CHANNELS} channels are missing, the first is "
            f"{gone[0]}: give one with --channel-map"
        )
