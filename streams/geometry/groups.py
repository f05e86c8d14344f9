"""Which front-end board (FEMB) and which amplifier chip (ASIC) reads each channel: they share noise.

``pd2hd`` is the rule of ``streams.channel_map``. ``even`` shares the channels of each plane, in their order, evenly
by the FEMBs and then by the ASICs of a FEMB: an assumption, for detectors whose map is not here.

>>> from streams.detector import load_detector
>>> x = groups(load_detector("fd1-hd-apa"))["X"]
>>> x.femb[[0, 47, 48, 480, 959]].tolist(), x.asic[[0, 1, 47]].tolist()
([0, 0, 1, 19, 10], [0, 1, 6])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from streams.compiled import Integers

if TYPE_CHECKING:
    from streams.detector import Detector


class Groups(NamedTuple):
    """Of each channel of one plane: int64 (channels,)."""

    femb: Integers  # 0 to fembs - 1
    asic: Integers  # 0 to asics_per_femb - 1, on its FEMB


def groups(detector: Detector) -> dict[str, Groups]:
    """Return the groups of each plane."""
    if detector.channel_map == "pd2hd":
        return _by_map()
    return {
        name: _even(plane.channels, detector.fembs, detector.asics_per_femb)
        for name, plane in detector.planes.items()
    }


def _by_map() -> dict[str, Groups]:
    """Return the groups of the horizontal drift."""
    from streams import channel_map

    found = {name: Groups(*np.zeros((2, n), np.int64)) for name, n in channel_map.PLANE_CHANNELS.items()}
    offline = channel_map.offline_channels()
    for stream in range(channel_map.N_STREAMS):
        femb = channel_map.femb_of_streams()[stream] - 1
        for channel in range(channel_map.CHANNELS_PER_STREAM):
            number = int(offline[stream, channel])
            plane = channel_map.plane_of(number)
            place = number - channel_map.PLANE_FIRST[plane]
            found[plane].femb[place] = femb
            found[plane].asic[place] = (stream % 2 * channel_map.CHANNELS_PER_STREAM + channel) // 16
    return found


def _even(channels: int, fembs: int, asics: int) -> Groups:
    """Return groups of as equal a size as can be."""
    asic = np.arange(channels) * fembs * asics // channels
    return Groups(asic // asics, asic % asics)
