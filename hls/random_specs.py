"""Seeded random NetworkSpecs over every kind of layer: hardware and cycle model are tried on them without Keras.

>>> spec = random_spec(3)
>>> spec == random_spec(3), len(spec.layers) > 1
(True, True)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from hls.random_layers import MAKERS, OVERFLOWS, ROUNDINGS, Draw
from streams.errors import UserError
from trigger.continuous import fields
from trigger.exact_formats import exact, fit
from trigger.network_check import check
from trigger.network_spec import Format, Input, Layer, NetworkSpec, Quantize

KINDS = tuple(MAKERS)
_MOST_NUMBERS = 1200  # of a tensor: simulations stay short
_WIDE = 22  # bits from which a number is always quantised


def random_spec(
    seed: int,
    *,
    kinds: Sequence[str] | None = None,
    rows: tuple[int, int] = (4, 17),
    columns: tuple[int, int] = (4, 19),
    endless: bool = False,
) -> NetworkSpec:
    """Return a network of up to about ten layers with branches, several inputs and outputs.

    Parameters
    ----------
    kinds : of ``KINDS``, which layers may occur; default: all (quantizers always do).
    rows, columns : ranges of the image size (end excluded).
    endless : a network that continuous mode takes.
    """
    if endless:
        return _endless(seed)
    builder = _Builder(np.random.default_rng([77, seed]), rows, columns)
    return _built(builder, list(kinds or KINDS), f"random{seed}")


def _endless(seed: int) -> NetworkSpec:
    allowed = [kind for kind in KINDS if kind not in ("dense", "globalpool2d", "reshape")]
    for attempt in range(100):
        rng = np.random.default_rng([78, seed, attempt])
        builder = _Builder(rng, (16, 24), (4, 19), endless=True)
        spec = _built(builder, allowed, f"endless{seed}")
        with suppress(UserError):  # branches that see different rows
            fields(spec)
            return spec
    raise AssertionError(f"seed {seed} gives no network for continuous mode")


def _built(builder: _Builder, allowed: list[str], name: str) -> NetworkSpec:
    for _ in range(int(builder.rng.integers(2, 9))):
        for _attempt in range(12):
            if builder.try_to_add(str(builder.rng.choice(allowed))):
                break
    spec = builder.finish(name)
    check(spec)
    return spec


class _Builder(Draw):
    """Appends layers to values that exist; a value that nobody uses in the end becomes an output."""

    def __init__(
        self,
        rng: np.random.Generator,
        rows: tuple[int, int],
        columns: tuple[int, int],
        *,
        endless: bool = False,
    ) -> None:
        super().__init__(rng, endless)
        shape = (int(rng.integers(*rows)), int(rng.integers(*columns)), int(rng.integers(1, 4)))
        if rng.random() < 0.15:
            shape = (shape[0] * 2, 1, shape[2])  # a sequence
        self.inputs = [Input(name="pixels", shape=shape, number=self.format(8))]
        if rng.random() < 0.2 and not endless:
            other = (*shape[:2], int(rng.integers(1, 3)))
            self.inputs.append(Input(name="more pixels", shape=other, number=self.format(6)))
        self.values = {n.name: (n.shape, n.number) for n in self.inputs}
        self.layers: list[Layer] = []
        self.used: set[str] = set()

    def try_to_add(self, kind: str) -> bool:
        """Append a layer of that kind to a random value, if one fits."""
        fresh = [name for name in self.values if name not in self.used]
        source = str(self.rng.choice(fresh if fresh and self.rng.random() < 0.85 else list(self.values)))
        fields = MAKERS[kind](self, source)
        if fields is None:
            return False
        layer_type, values = fields
        sources = values.pop("sources", [source])
        given = [self.values[name][1] for name in sources]
        name = f"{kind}_{len(self.layers)}"
        head = {"name": name, "sources": sources, "input_shape": self.values[sources[0]][0]}
        output = values.pop("output", None)
        draft = layer_type(**head, **values, output=output or given[0])
        if output is None:
            output = fit(*exact(draft, given))
        if output.width > 50 or math.prod(values["output_shape"]) > _MOST_NUMBERS:
            return False
        self._append(layer_type(**head, **values, output=output))
        if layer_type is not Quantize and (output.width > _WIDE or self.rng.random() < 0.6):
            self.quantize(name)
        return True

    def _append(self, layer: Layer) -> None:
        self.layers.append(layer)
        self.values[layer.name] = (layer.output_shape, layer.output)
        self.used.update(layer.sources)

    def quantize(self, source: str, number: Format | None = None) -> str:
        """Append a quantizer, with modes of any kind, on a grid where something is left of the numbers."""
        shape, given = self.values[source]
        width = int(self.rng.integers(1, 9))
        top = given.width - given.fraction - int(self.rng.integers(0, 4))  # whole bits that are kept
        sign = given.signed and width > 1 and bool(self.rng.random() < 0.7)
        made = number or Format(signed=sign, width=width, fraction=width - top)
        plain = self.rng.random() < 0.5
        name = f"quantize_{len(self.layers)}"
        self._append(
            Quantize(
                name=name,
                sources=[source],
                input_shape=shape,
                output_shape=shape,
                output=made,
                rounding="RND_CONV" if plain else str(self.rng.choice(ROUNDINGS)),  # type: ignore[arg-type]
                overflow="SAT" if plain else str(self.rng.choice(OVERFLOWS)),  # type: ignore[arg-type]
            )
        )
        return name

    def finish(self, name: str) -> NetworkSpec:
        """Return the network; an input that nobody used gets a quantizer."""
        for node in self.inputs:
            if node.name not in self.used:
                self.quantize(node.name)
        outputs = [layer.name for layer in self.layers if layer.name not in self.used]
        if self.rng.random() < 0.15 and self.layers[0].name not in outputs:
            outputs.append(self.layers[0].name)  # an output that is also a source
        return NetworkSpec(name=name, inputs=self.inputs, layers=self.layers, outputs=outputs)
