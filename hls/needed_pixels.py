"""Which pixels an output beat depends on: through windows, strides, padding, joins, beat by beat.

>>> from hls.blocks import cut
>>> from trigger.network_spec import Format, Input, MaxPool2D, NetworkSpec
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> pool = MaxPool2D(name="pool", input_shape=(4, 6, 1), output_shape=(2, 3, 1), output=pixel,
...     pool=(2, 2), stride=(2, 2), padding=(0, 0, 0, 0))
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(4, 6, 1), number=pixel),), layers=[pool])
>>> needed_pixels(cut(spec))["m_axis"]["s_axis"].tolist()
[7, 9, 11, 19, 21, 23]
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hls.netlist import Front, Global, Mac, Netlist, Repack, Resize, Stream, Window

#: Of each beat of a stream, the number in its frame of the last pixel that it depends on; -1: on none.
Needed: TypeAlias = NDArray[np.int64]


def needed_pixels(netlist: Netlist) -> dict[str, dict[str, Needed]]:
    """Return for each beat of each output the last pixel of each input that it depends on, by labels.

    The frame's last beat depends on the last pixels of all inputs always: its ``tuser`` does. A beat that depends
    on no pixel of an input (its frame, say, begins with padding) is said to depend on the first.
    """
    known = {port.label: {port.label: np.arange(port.stream.beats)} for port in netlist.inputs}
    for block in netlist.blocks:
        joined: dict[str, Needed] = {}
        for source in block.sources:
            for label, pixels in known[source].items():
                joined[label] = np.maximum(joined[label], pixels) if label in joined else pixels
        for front in block.fronts:
            joined = {label: _through(front, pixels) for label, pixels in joined.items()}
        known[block.label] = joined
    found = {}
    for port in netlist.outputs:
        (edge,) = netlist.into(port.label)
        inner = known[edge.producer]
        found[port.label] = {
            source.label: _ended(inner.get(source.label), port.stream, source.stream)
            for source in netlist.inputs
        }
    return found


def _ended(pixels: Needed | None, sink: Stream, source: Stream) -> Needed:
    """Return what an output's beats depend on, its flags included."""
    needed = np.zeros(sink.beats, np.int64) if pixels is None else np.maximum(pixels, 0)
    needed[-1] = source.beats - 1
    return needed


def _through(front: Front, pixels: Needed) -> Needed:
    """Return for the beats out of ``front`` what those into it say."""
    if isinstance(front, Window):
        return _windows(front, pixels)
    if isinstance(front, Mac):
        return _groups(pixels, front.beats)
    if isinstance(front, Global):
        return _groups(pixels, len(pixels))
    if isinstance(front, Resize):
        image = pixels.reshape(front.source.rows, front.source.columns)
        image = image.repeat(front.size[0], axis=0).repeat(front.size[1], axis=1)
        top, bottom, left, right = front.padding
        return np.pad(image, ((top, bottom), (left, right)), constant_values=-1).ravel()
    assert isinstance(front, Repack)
    return _groups(pixels.repeat(front.source.channels), front.sink.channels)


def _groups(pixels: Needed, size: int) -> Needed:
    """Return the largest number of each ``size`` that follow each other."""
    found: Needed = pixels.reshape(-1, size).max(axis=1)
    return found


def _windows(front: Window, pixels: Needed) -> Needed:
    """Return the largest number in each window; what lies outside the frame is none."""
    image = pixels.reshape(front.source.rows, front.source.columns)
    (rows, columns), (top, left), (down, right) = front.kernel, front.padding, front.stride
    below = (front.rows - 1) * down + rows - top - front.source.rows
    beside = (front.columns - 1) * right + columns - left - front.source.columns
    padded = np.pad(image, ((top, max(below, 0)), (left, max(beside, 0))), constant_values=-1)
    found = np.full((front.rows, front.columns), -1, np.int64)
    for i in range(rows):
        for j in range(columns):
            places = padded[i : i + (front.rows - 1) * down + 1 : down]
            places = places[:, j : j + (front.columns - 1) * right + 1 : right]
            found = np.maximum(found, places)
    return found.ravel()
