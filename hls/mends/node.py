"""One node of an hls4ml graph as plain data, before hls4ml is asked to make it.

>>> from trigger.network_spec import Format
>>> byte = Format(signed=False, width=8, fraction=0)
>>> Node(kind="Input", name="pixels", shape=(8, 9, 1), number=byte).outputs
('pixels',)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trigger.network_spec import Format

EXACT = "ExactStream"  # the layer of ours, whose C++ is in nnet_exact_stream.h


@dataclass(frozen=True)
class Weights:
    """Integers on a grid: value = integer * 2**-number.fraction."""

    integers: NDArray[np.int64]
    number: Format

    @property
    def values(self) -> NDArray[np.float64]:
        """Real values."""
        values: NDArray[np.float64] = np.ldexp(self.integers.astype(np.float64), -self.number.fraction)
        return values


@dataclass(frozen=True)
class Node:
    """A node of the graph.

    Attributes
    ----------
    kind : hls4ml's name of the layer class, or ``EXACT``.
    sources : names of tensors; ``outputs`` of other nodes.
    shape : shape of the stream that leaves; the last axis is what one beat carries.
    number, rounding, overflow : type of what leaves.
    weights : by hls4ml's role (weight, bias, scale).
    types : other types by hls4ml's role (accum, param).
    traced : its output is a layer's of the NetworkSpec, under the same name.
    outputs : names of the tensors that leave; only a Clone has several.
    """

    kind: str
    name: str
    shape: Sequence[int]
    number: Format
    sources: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    rounding: str = "TRN"
    overflow: str = "WRAP"
    weights: Mapping[str, Weights] = field(default_factory=dict)
    types: Mapping[str, Format] = field(default_factory=dict)
    traced: bool = False
    outputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Name the only output as the node."""
        if not self.outputs:
            object.__setattr__(self, "outputs", (self.name,))
