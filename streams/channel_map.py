"""The channel map of one APA: which wire each of the 64 channels of its 40 streams reads.

An APA's 2 560 channels are numbered as offline software does: U 0 to 799, V 800 to 1599, X (collection)
1600 to 2559. Collection channel k of this project (0 to 959) is offline channel 1600 + k: 0 to 479 is face 0,
480 to 959 face 1. On both faces the position along the pitch grows with the channel (ProtoDUNE-HD wires,
protodunehd-wires-larsoft-v1: offline 1600 at z = 5 mm and 2079 at 2 300 mm, 2080 at 5 mm and 2559 at
2 300 mm), so no face has to be turned round.

The rule gives the map that ProtoDUNE-HD used for crate 1 (and 2): PD2HDChannelMap_v6.txt in
DUNE-DAQ/detchannelmaps; how a stream number splits into link and part: PD2HDChannelMapSPPluginBase.hpp there.
The APAs of crates 3 and 4 are mounted differently and have another rule, which is not here.

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


@cache
def offline_channels() -> NDArray[np.int16]:
    """Return the offline channel of each stream and channel: int16 (40, 64), a permutation of 0 to 2559."""
    table = np.full((N_STREAMS, CHANNELS_PER_STREAM), -1, np.int16)
    for number, (slot, link, femb_on_link) in enumerate(_FEMBS, start=1):
        for channel, (plane, wire) in enumerate(femb_wires(), start=128 * femb_on_link):
            stream = STREAMS.index((slot, 64 * link + channel // CHANNELS_PER_STREAM))
            table[stream, channel % CHANNELS_PER_STREAM] = _offline(number, plane, wire)
    table.setflags(write=False)
    return table


def stream_name(stream: int) -> str:
    """Return how messages call a stream.

    >>> stream_name(5)
    'stream 5 (slot 0, stream_id 65)'
    """
    slot, stream_id = STREAMS[stream]
    return f"stream {stream} (slot {slot}, stream_id {stream_id})"
