"""Seeded random networks over the whole layer table, as data: which Keras layers, with which options, on what.

Nothing of Keras is loaded here; ``random_networks`` makes the model.

>>> drawn = plan(3)
>>> drawn == plan(3), len(drawn.steps) > 2
(True, True)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hls import random_kinds, random_weighted
from hls.random_draws import Bits, Draw, Shape
from hls.random_kinds import MERGES, merged
from hls.random_weighted import MOST_NUMBERS, Made, Value

_MAKERS = {**random_weighted.MAKERS, **random_kinds.MAKERS}
#: Every kind of layer that is drawn: the rows of the support table name them.
KINDS = (*_MAKERS, *MERGES, "three sources", "precision")
_WIDEST = 26  # bits that a layer may give without a quantizer behind it
_MOST_BITS = 48  # beyond, float64 soon ends
_RANKS = {"1d": 2, "2d": 3}
_WHOLE_VECTOR = 24  # features of a vector that a layer may want in one clock
_AT_ONCE = (
    "quantized_sigmoid", "hard_sigmoid", "relu layer", "binary", "one bit", "batch norm", "softmax", "argmax"
)  # fmt: skip
_MODES = ("RND_CONV", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "TRN", "TRN_ZERO")
_OVERFLOWS = ("SAT", "SAT_SYM", "SAT_ZERO", "WRAP")


@dataclass(frozen=True)
class Step:
    """One layer: its kind in ``KINDS``, Keras class, name, options, sources and what it gives."""

    kind: str
    name: str
    made: Made

    @property
    def text(self) -> str:
        """Return the layer as one would write it."""
        options = ", ".join(f"{key}={value!r}" for key, value in self.made.options.items())
        return (
            f"{self.name} = {self.made.layer}({options})({', '.join(self.made.sources)}) -> {self.made.shape}"
        )


@dataclass(frozen=True)
class Plan:
    """A whole network."""

    seed: int
    inputs: dict[str, Shape]
    steps: list[Step]
    outputs: list[str]
    hls_config: dict[str, Any] = field(default_factory=dict)

    @property
    def kinds(self) -> list[str]:
        """Kinds of layers, with repetition; the layers that a precision is stated for count as 'precision' too."""
        by_name = self.hls_config.get("LayerName", {})
        stated = [name for name, options in by_name.items() if "Precision" in options]
        return [step.kind for step in self.steps] + ["precision"] * len(stated)


def plan(seed: int, *, rows: tuple[int, int] = (3, 25), columns: tuple[int, int] = (1, 25)) -> Plan:
    """Return a network of three to about ten layers, with branches, several inputs and outputs.

    One kind is wanted of each seed in turn, so that no kind is missing in many seeds.

    Parameters
    ----------
    rows, columns : ranges of the image size (end excluded).
    """
    wanted = KINDS[seed % len(KINDS)]
    builder = _Builder(np.random.default_rng([2025, seed]), wanted, rows, columns)
    place = builder.draw.between(0, 2)
    for number in range(builder.draw.between(3, 7)):
        kinds = [wanted] if number == place else [builder.draw.pick(*KINDS) for _ in range(8)]
        next((True for kind in kinds for _ in range(25 if number == place else 1) if builder.add(kind)), None)
    return builder.finish(seed)


class _Builder:
    """Adds layers to values that exist; a value that nobody uses in the end is an output."""

    def __init__(
        self, rng: np.random.Generator, wanted: str, rows: tuple[int, int], columns: tuple[int, int]
    ) -> None:
        self.draw = Draw(rng)
        self.steps: list[Step] = []
        self.values: dict[str, Value] = {}
        self.used: set[str] = set()
        self.closed: set[str] = set()
        rank = next(
            (rank for key, rank in _RANKS.items() if key in wanted), self.draw.pick(3, 3, 3, 3, 2, 2, 1)
        )
        if wanted in ("depthwise", "dense per pixel") or "quantized" in wanted:
            rank = max(rank, 3)
        rank = 1 if wanted == "dense" else rank
        sizes = min(int(rng.integers(*rows)), int(rng.integers(*rows))), int(rng.integers(*columns))
        shape = (*sizes[: rank - 1], self.draw.between(1, 3)) if rank > 1 else (self.draw.between(2, 12),)
        self.inputs = {"pixels": shape}
        if self.draw.chance(0.2):
            self.inputs["others"] = (*shape[:-1], self.draw.between(1, 3)) if self.draw.chance(0.5) else shape
        for name, size in self.inputs.items():
            grid = self.draw.grid()
            made = Made("QActivation", {"activation": grid.text}, size, grid.bits, sources=(name,))
            self._append("quantized_bits" if "bits" in grid.text else "quantized_relu", f"grid_{name}", made)

    def _append(self, kind: str, name: str, made: Made) -> None:
        self.steps.append(Step(kind, name, made))
        self.values[name] = Value(name, made.shape, made.bits)
        self.used.update(made.sources)
        if made.last:
            self.closed.add(name)

    def add(self, kind: str) -> bool:
        """Append a layer of that kind to a random value, if one fits; then perhaps a quantizer."""
        value = self._source()
        if value is None or kind == "precision":
            return False
        if kind in _AT_ONCE and len(value.shape) == 1 and value.shape[0] > _WHOLE_VECTOR:
            return False
        made = (
            self._merge(kind, value)
            if kind in (*MERGES, "three sources")
            else _MAKERS[kind](self.draw, value)
        )
        if made is None or math.prod(made.shape) > MOST_NUMBERS or min(made.shape) < 1:
            return False
        if made.bits.width > _MOST_BITS:
            return False
        made = made if made.sources else _with_source(made, value.name)
        name = f"{kind.replace(' ', '_').replace('-', '')}_{len(self.steps)}"
        self._append(kind, name, made)
        quantised = made.layer == "QActivation" or "activation" in made.options
        chance = 0.1 if quantised else 0.55
        if not made.last and (made.bits.width > _WIDEST or self.draw.chance(chance)):
            self._quantize(name)
        return True

    def _source(self) -> Value | None:
        open_values = [value for name, value in self.values.items() if name not in self.closed]
        fresh = [value for value in open_values if value.name not in self.used]
        if fresh and self.draw.chance(0.85):
            return fresh[int(self.draw.rng.integers(len(fresh)))]
        return self.draw.pick(*open_values) if open_values else None

    def _quantize(self, source: str) -> str:
        found = self.draw.activation(self.values[source].bits)
        name = f"act_{len(self.steps)}"
        kind = "quantized_relu" if "relu" in found.text else "quantized_bits"
        shape = self.values[source].shape
        self._append(
            kind, name, Made("QActivation", {"activation": found.text}, shape, found.bits, (source,))
        )
        return name

    def _merge(self, kind: str, value: Value) -> Made:
        operation = MERGES.get(kind) or self.draw.pick("Add", "Concatenate")
        values = [value]
        for _ in range(2 if kind == "three sources" else 1):
            values.append(self._partner(value, operation))
        if self.draw.chance(0.5):
            values.reverse()
        return merged(self.draw, values, operation)

    def _partner(self, value: Value, operation: str) -> Value:
        """Return another value of a fitting shape: one that exists, or the same one through a new layer."""
        same = slice(None, -1) if operation == "Concatenate" else slice(None)
        fits = [
            other for name, other in self.values.items()
            if name not in self.closed and name != value.name
            and len(other.shape) == len(value.shape) and other.shape[same] == value.shape[same]
        ]  # fmt: skip
        if fits and self.draw.chance(0.6):
            return fits[int(self.draw.rng.integers(len(fits)))]
        return self.values[self._quantize(value.name)]

    def finish(self, seed: int) -> Plan:
        """Return the plan; every value that is not used is an output."""
        outputs = [name for name in self.values if name not in self.used]
        between = [step.name for step in self.steps[1:] if step.name in self.used]
        if between and self.draw.chance(0.15):
            outputs.append(self.draw.pick(*between))  # an output that is also a source
        config = {step.name: dict(step.made.config) for step in self.steps if step.made.config}
        if KINDS[seed % len(KINDS)] == "precision" or self.draw.chance(0.08):
            name = outputs[0]
            if name not in config and "activation" not in self._step(name).made.options:
                config[name] = {"Precision": {"result": self._precision(self.values[name].bits)}}
        return Plan(seed, self.inputs, self.steps, outputs, {"LayerName": config} if config else {})

    def _step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)

    def _precision(self, bits: Bits) -> str:
        width = self.draw.between(2, 10)
        whole = bits.whole + 1 - self.draw.between(0, 2)
        sign = self.draw.pick("", "", "u")
        return f"{sign}fixed<{width},{whole},{self.draw.pick(*_MODES)},{self.draw.pick(*_OVERFLOWS)}>"


def _with_source(made: Made, name: str) -> Made:
    return Made(made.layer, made.options, made.shape, made.bits, (name,), made.config, made.last)
