"""The channel map of one APA: which wire each of the 64 channels of its 40 streams reads.

An APA's 2 560 channels are numbered as offline software does: U 0 to 799, V 800 to 1599, X (collection)
1600 to 2559. Collection channel k of this project (0 to 959) is offline channel 1600 + k: 0 to 479 is face 0,
480 to 959 face 1. On both faces the position along the pitch grows with the channel (ProtoDUNE-HD wires,
protodunehd-wires-larsoft-v1: offline 1600 at z = 5 mm and 2079 at 2 300 mm, 2080 at 5 mm and 2559 at
2 300 mm), so no face has to be turned round.

The rule gives the map that ProtoDUNE-HD uses for all its crates: PD2HDChannelMap_v6.txt in DUNE-DAQ/detchannelmaps;
how a stream number splits into link and part: PD2HDChannelMapSPPluginBase.hpp there. Crates 1 and 2 read assemblies
that hang upright. Those of crates 3 and 4 hang upside down, turned by half a turn about the beam axis: the boards are
below, and the first wire of a plane is where the last one was (747 is the channel of the last wire of a face), on the
other face. Offline software numbers wires by their place, so there U and V channel c is 747 - c (modulo 800), and
the X channels of the faces change places. ``streams.channel_map_file`` reads DUNE's own file instead.

>>> stream = STREAMS.index((0, 66))
>>> int(offline_channels()[stream, 20])
1609
>>> plane_of(1609), plane_of(1599), plane_of(799)
('X', 'V', 'U')
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

CRATE = 1
N_STREAMS = 40
CHANNELS_PER_STREAM = 64
N_CHANNELS = 2560
PLANES = ("U", "V", "X")
PLANE_FIRST = {"U": 0, "V": 800, "X": 1600}
PLANE_CHANNELS = {"U": 800, "V": 800, "X": 960}

TURNED_CRATES = (3, 4)  # hung upside down in ProtoDUNE-HD
_LAST_WIRE = 747  # U (V) channel of the last wire of face 0: 1 148 wires, 400 at each board

#: (slot, stream_id) of the 40 streams: 5 slots (WIBs) with 2 links each, of 4 streams (0 to 3, and 64 to 67).
STREAMS = tuple((slot, 64 * link + part) for slot in range(5) for link in range(2) for part in range(4))

# (slot, link, FEMB on the link) of FEMB 1 to 20 in the order of their wires; 1 to 10 read face 0, the rest 1.
_FEMBS = tuple(
    (slot, link, femb)
    for slots, links in (((0, 1), (1, 0)), ((2, 3), (1, 0)), ((4,), (1, 0)))
    for link in links
    for slot in slots
    for femb in (1, 0)
)


def plane_of(offline: int) -> str:
    """Return the plane (U, V or X) of an offline channel, 0 to 2559."""
    return PLANES[(offline >= PLANE_FIRST["V"]) + (offline >= PLANE_FIRST["X"])]


def femb_wires() -> list[tuple[str, int]]:
    """Return (plane, wire) of the 128 channels of one FEMB: wires 0 to 39 of U and V, 0 to 47 of X.

    Two LArASICs of 16 channels share 10 wires of U, 10 of V and 12 of X. ASICs 0, 3, 4, 7 take the even ones
    downwards in the order U, V, X; ASICs 1, 2, 5, 6 the odd ones upwards in the order X, V, U.

    >>> femb_wires()[:2], femb_wires()[16:18]
    ([('U', 8), ('U', 6)], [('X', 1), ('X', 3)])
    """
    wires = []
    for asic in range(8):
        even = asic in (0, 3, 4, 7)
        for plane in "UVX" if even else "XVU":
            count = 12 if plane == "X" else 10
            first = count * (asic // 2)
            block = range(first, first + count)
            wires += [(plane, wire) for wire in (block[-2::-2] if even else block[1::2])]
    return wires


def _offline(femb: int, plane: str, wire: int) -> int:
    """Return the offline channel of a wire of FEMB 1 to 20 (in the order of the wires)."""
    before = femb - 1
    if plane == "U":
        return (399 - 40 * before - wire) % 800  # U runs down and around the APA
    if plane == "V":
        return 800 + 40 * before + wire
    if femb <= 10:
        return 1600 + 48 * before + wire
    return 1600 + 959 - 48 * (before - 10) - wire


def _turned(upright: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return the offline channels of an assembly that hangs upside down, from those of one that does not."""
    induction = upright < PLANE_FIRST["X"]
    first = np.where(upright < PLANE_FIRST["V"], PLANE_FIRST["U"], PLANE_FIRST["V"])
    wound = first + (_LAST_WIRE - (upright - first)) % 800
    other_face = PLANE_FIRST["X"] + (upright - PLANE_FIRST["X"] + 480) % 960
    return np.where(induction, wound, other_face).astype(np.int16)


@cache
def femb_of_streams() -> NDArray[np.int16]:
    """Return the FEMB, 1 to 20 in the order of the wires, of each stream: int16 (40,).

    >>> femb_of_streams()[:8].tolist()
    [6, 6, 5, 5, 2, 2, 1, 1]
    """
    table = np.zeros(N_STREAMS, np.int16)
    for number, (slot, link, femb_on_link) in enumerate(_FEMBS, start=1):
        for part in range(2):
            table[STREAMS.index((slot, 64 * link + 2 * femb_on_link + part))] = number
    table.setflags(write=False)
    return table


@cache
def offline_channels(crate: int = CRATE) -> NDArray[np.int16]:
    """Return the offline channel of each stream and channel of a crate: int16 (40, 64), a permutation of 0 to 2559.

    Crates 3 and 4 are those of ProtoDUNE-HD that hang upside down; any other crate is upright.
    """
    table = np.full((N_STREAMS, CHANNELS_PER_STREAM), -1, np.int16)
    for number, (slot, link, femb_on_link) in enumerate(_FEMBS, start=1):
        for channel, (plane, wire) in enumerate(femb_wires(), start=128 * femb_on_link):
            stream = STREAMS.index((slot, 64 * link + channel // CHANNELS_PER_STREAM))
            table[stream, channel % CHANNELS_PER_STREAM] = _offline(number, plane, wire)
    if crate in TURNED_CRATES:
        table = _turned(table)
    table.setflags(write=False)
    return table


def stream_name(stream: int) -> str:
    """Return how messages call a stream.

    >>> stream_name(5)
    'stream 5 (slot 0, stream_id 65)'
    """
    slot, stream_id = STREAMS[stream]
    return f"stream {stream} (slot {slot}, stream_id {stream_id})"
