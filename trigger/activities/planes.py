"""The plane of an offline channel, by the names of DUNE's channel maps.

In each of these maps the channels of one unit (assembly, or readout plane of the vertical drift) follow one another:
first plane 0 (U), then 1 (V or Y), then 2 (the collection plane).
Source: DUNE-DAQ/detchannelmaps @9e0f40a config/pd2hd/PD2HDChannelMap_v6.txt, config/vdcoldbox/vdcbce_chanmap_v4.txt,
config/pd2vd/PD2VDBottomTPCChannelMap_v1.txt; numbers of detectors: DUNE-DAQ/detdataformats DetID.hpp.

>>> planes_of(MAPS["PD2HDChannelMap"], np.array([0, 800, 1600, 2560, 10240])).tolist()
[0, 1, 2, 0, 9999]
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.daq.tp import INVALID_CHANNEL
from streams.errors import UserError

NOT_CONNECTED = 9999  # as upstream


class PlaneMap(NamedTuple):
    """A channel map as far as planes go.

    Attributes
    ----------
    units : how many assemblies.
    channels : of planes 0, 1 and 2 in each.
    detids : of the detectors that it is for.
    """

    units: int
    channels: tuple[int, int, int]
    detids: tuple[int, ...]


MAPS = {
    "VDColdboxChannelMap": PlaneMap(1, (952, 952, 1168), (10, 11)),
    "PD2VDBottomTPCChannelMap": PlaneMap(2, (952, 952, 1168), (10,)),
    "PD2HDChannelMap": PlaneMap(4, (800, 800, 960), (3,)),
    "FDHDChannelMap": PlaneMap(150, (800, 800, 960), (3,)),  # the same for all assemblies of the far detector
}


def planes_of(chosen: PlaneMap, channels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the planes 0, 1, 2 of offline channels, or NOT_CONNECTED: int64 array (n,)."""
    first, second, third = chosen.channels
    place = channels % (first + second + third)
    planes = (place >= first).astype(np.int64) + (place >= first + second)
    known = (channels >= 0) & (channels < chosen.units * (first + second + third))
    return np.where(known, planes, NOT_CONNECTED)


def check_map(name: str, tps: NDArray[np.void], where: str) -> None:
    """Refuse TPs of another detector than a map's; detectors 0, 255, 65535 (unknown) pass if one channel is known.

    Raises
    ------
    UserError : TPs of a detector that the map is not for, or none on a channel of it.
    """
    chosen = MAPS[name]
    others = set(np.unique(tps["detid"]).tolist()) - {0, 0xFF, 0xFFFF, *chosen.detids}
    if others:
        wanted = " or ".join(map(str, chosen.detids))
        raise UserError(
            f"{where}: got TPs of detector {min(others)}, want {wanted} for the map {name}: it is the channel map of "
            "another detector"
        )
    channels = tps["channel"].astype(np.int64)
    channels = channels[channels < INVALID_CHANNEL]
    if len(channels) and np.all(planes_of(chosen, channels) == NOT_CONNECTED):
        raise UserError(
            f"{where}: got channels {channels.min()} to {channels.max()}, want 0 to "
            f"{chosen.units * sum(chosen.channels) - 1} for the map {name}: it is the channel map of another detector"
        )
