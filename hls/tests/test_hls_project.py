"""NetworkSpec -> HLS project: the C simulation of every kind of layer, in graphs, equals the integer network."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np

from hls import csim
from hls.hls_project import write
from hls.images import random_inputs
from hls.mends.walk import MOST_COPIES, nodes
from hls.random_specs import random_spec
from trigger import integer_network
from trigger.exact_formats import exact, fit
from trigger.network_check import check
from trigger.network_spec import (
    Concatenate,
    Conv2D,
    Dense,
    Format,
    Input,
    Layer,
    MaxPool2D,
    Merge,
    NetworkSpec,
    Overflow,
    Quantize,
    Reshape,
    Rounding,
    Scale,
)
from trigger.network_spec import Layer as AnyLayer

BYTE = Format(signed=True, width=8, fraction=4)


def same_as_integers(spec: NetworkSpec, folder: Path, images: dict[str, Any]) -> int:
    """Compare all outputs and every layer's trace; return the number of values compared."""
    check(spec)
    write(spec, folder)
    csim.build(folder, "-O0")
    want = integer_network.trace(spec, images)
    traced = csim.trace(folder, spec, images)
    assert set(traced) == {layer.name for layer in spec.layers if not isinstance(layer, Reshape)}
    for name, values in traced.items():
        assert np.array_equal(values, want[name]), name
    for name, values in csim.outputs(folder, spec, images).items():
        assert np.array_equal(values, want[name]), name
    return sum(values.size for values in traced.values())


def test_all_rounding_and_overflow_modes(tmp_path: Path) -> None:
    """Each mode on every number of 8 bits: one network with an output per mode, so clones of clones too."""
    shape = (16, 16, 1)
    layers: list[Layer] = []
    for place, (rounding, overflow) in enumerate(
        (r, o) for r in get_args(Rounding) for o in get_args(Overflow)
    ):
        signed, fraction = place % 3 != 0, (2, -1, 6, -7)[(place + place // 4) % 4]
        number = Format(signed=signed, width=4, fraction=fraction)
        layers.append(
            Quantize(name=f"{rounding}_{overflow}", sources=["pixels"], input_shape=shape, output_shape=shape,
                     output=number, rounding=rounding, overflow=overflow)
        )  # fmt: skip
    narrow = next(layer for layer in layers if layer.name == "RND_ZERO_SAT").output
    assert narrow == Format(
        signed=True, width=4, fraction=6
    )  # -1 does not fit: its lowest number is no cast of -1
    layers.append(
        MaxPool2D(name="pool", sources=["RND_ZERO_SAT"], input_shape=shape, output_shape=shape, output=narrow,
                  pool=(3, 3), stride=(1, 1), padding=(1, 1, 1, 1))
    )  # fmt: skip
    spec = NetworkSpec(name="modes", inputs=(Input(shape=shape, number=BYTE),), layers=layers,
                       outputs=[layer.name for layer in layers])  # fmt: skip
    assert sum(node.kind == "Clone" for node in nodes(spec)[0]) > len(layers) // MOST_COPIES
    every = np.arange(-128, 128).reshape(1, *shape)
    assert same_as_integers(spec, tmp_path / "p", {"pixels": every}) == 29 * 256


class _Network:
    """A network in the making: each layer in the format that it needs."""

    def __init__(self, **inputs: tuple[int, ...]) -> None:
        self.inputs = [Input(name=name, shape=shape, number=BYTE) for name, shape in inputs.items()]
        self.known: dict[str, Any] = {
            node.name: ("", node.shape, node.number, node.shape) for node in self.inputs
        }
        self.layers: list[Layer] = []

    def add(self, kind: Any, name: str, sources: str, shape: tuple[int, ...], **fields: Any) -> None:
        given = [self.known[source] for source in sources.split()]
        numbers = [number for _, _, number, _ in given]
        head = {"name": name, "sources": sources.split(), "input_shape": given[0][1], "output_shape": shape}
        draft = kind(**head, output=numbers[0], **fields)
        layer = kind(**head, output=fit(*exact(draft, numbers)), **fields)
        self.layers.append(layer)
        self.known[name] = (name, shape, layer.output, shape)

    def spec(self, *outputs: str) -> NetworkSpec:
        return NetworkSpec(name="graph", inputs=self.inputs, layers=self.layers, outputs=outputs)


def _weights(rng: np.random.Generator, count: int, outputs: int) -> dict[str, Any]:
    number = Format(signed=True, width=5, fraction=3)
    bias = rng.integers(-200, 200, outputs).tolist()
    return {"weight": number, "weights": rng.integers(-16, 16, count).tolist(), "bias": bias}


def test_vectors_keep_the_beats_of_their_images_until_a_layer_needs_more(tmp_path: Path) -> None:
    """Flattened images that are scaled, joined, used twice, made images again, and leave as they came."""
    rng, net = np.random.default_rng(3), _Network(a=(3, 4, 2), b=(4, 2, 3), v=(6,))
    net.add(Reshape, "flat_a", "a", (24,))
    net.add(Reshape, "flat_b", "b", (24,))
    net.add(Merge, "sum", "flat_a flat_b", (24,), op="add")
    net.add(Merge, "square", "sum sum", (24,), op="multiply")
    net.add(Scale, "scale", "flat_a", (24,), **_weights(rng, 24, 24))
    net.add(Concatenate, "joined", "scale v flat_b", (54,))
    net.add(Dense, "dense", "flat_b", (3,), **_weights(rng, 72, 3))
    net.add(Dense, "long", "joined", (2,), **_weights(rng, 108, 2))
    net.add(Reshape, "image", "scale", (4, 3, 2))
    net.add(Conv2D, "conv", "image", (4, 3, 4), kernel=(3, 1), stride=(1, 1), padding=(1, 1, 0, 0), groups=2,
            **_weights(rng, 12, 4))  # fmt: skip
    spec = net.spec("square", "dense", "long", "conv", "flat_a", "joined")
    assert same_as_integers(spec, tmp_path / "p", random_inputs(spec, 0, 8, 1)) > 1000


SEEDS = (48, 40, 25, 34)


def test_seeds_have_every_kind_of_layer() -> None:
    found = {type(layer).__name__ for seed in SEEDS for layer in random_spec(seed).layers}
    assert found | {"Dense"} == {kind.__name__ for kind in get_args(AnyLayer)}  # dense: in the test above


def _joined(specs: list[NetworkSpec]) -> NetworkSpec:
    """Return several networks side by side as one, which compiles in the time of one."""
    inputs, layers, outputs = [], [], []
    for place, spec in enumerate(specs):
        for node in spec.inputs:
            inputs.append(msgspec.structs.replace(node, name=f"{place} {node.name}"))
        for layer in spec.layers:
            sources = [f"{place} {source}" for source in layer.sources]
            layers.append(msgspec.structs.replace(layer, name=f"{place} {layer.name}", sources=sources))
        outputs += [f"{place} {name}" for name in spec.outputs]
    return NetworkSpec(name="joined", inputs=inputs, layers=layers, outputs=outputs)


def test_random_graphs(tmp_path: Path) -> None:
    spec = _joined([random_spec(seed) for seed in SEEDS])
    assert same_as_integers(spec, tmp_path / "p", random_inputs(spec, 0, 6, 1)) > 10_000
