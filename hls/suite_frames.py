"""The frames of a suite: images, what a short frame is completed to, and what every layer makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls.bench.vectors import Stream
from hls.suite_wires import Wires
from trigger.integer_network import trace
from trigger.network_spec import NetworkSpec

Images = dict[str, NDArray[np.int64]]


def images(spec: NetworkSpec, count: int, rng: np.random.Generator) -> Images:
    """Return random images of each input; every third one has many smallest and largest pixels."""
    found = {}
    for node in spec.inputs:
        low, high = node.number.min_int, node.number.max_int
        drawn = rng.integers(low, high + 1, (count, *node.shape))
        corners = rng.choice([low, 0, high], drawn.shape)
        drawn[::3] = np.where(rng.random(drawn[::3].shape) < 0.5, corners[::3], drawn[::3])
        found[node.name] = drawn
    return found


def arrays(spec: NetworkSpec, wires: Wires, whole: Images, wrong: list[list[int]]) -> dict[str, NDArray[Any]]:
    """Return the arrays ``in``, ``out`` and ``tap`` of a suite: the whole images, then those of wrong lengths.

    Parameters
    ----------
    wrong : for each input, the beats sent of each frame; the frame is completed with zeros, or cut.
    """
    sent = {}
    for stream, lengths in zip(wires.inputs, wrong, strict=True):
        good = whole[stream.name].reshape(-1, stream.beats, stream.channels)
        chosen = good[np.arange(len(lengths)) % len(good)]
        kept = np.arange(stream.beats)[None, :, None] < np.array(lengths)[:, None, None]
        sent[stream.name] = np.concatenate([good, np.where(kept, chosen, 0)])
    shapes = {node.name: node.shape for node in spec.inputs}
    values = trace(spec, {name: frames.reshape(-1, *shapes[name]) for name, frames in sent.items()})
    found = {f"in.{s.prefix}": small(sent[s.name], s) for s in wires.inputs}
    found |= {f"out.{s.prefix}": small(values[s.name], s) for s in wires.outputs}
    return found | {f"tap.{s.prefix}": small(values[layer], s) for s, layer in wires.taps}


def small(values: NDArray[Any], stream: Stream) -> NDArray[Any]:
    """Return (frames, beats, channels) in the smallest integers that hold the stream's numbers."""
    bits = next(bits for bits in (8, 16, 32, 64) if stream.width <= bits)
    kind = f"int{bits}" if stream.signed else f"uint{bits}"
    return values.reshape(len(values), stream.beats, stream.channels).astype(kind)
