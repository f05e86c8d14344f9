"""What random networks are drawn from: quantizers, weights, windows; as options of Keras layers.

The draws are meant to be nasty: saturating weights, formats without or with negative fraction bits, strides larger than
the kernel, kernels of height or width 1, windows that see mostly padding.

>>> draw = Draw(np.random.default_rng(3))
>>> draw.activation(Bits(4, 4, size=3.0)).text
'quantized_bits(8,3,keep_negative=0)'
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Bits:
    """At most so many whole and fraction bits; both may be negative. ``size``: log2 of a typical number."""

    whole: int
    fraction: int
    size: float = 0.0

    @property
    def width(self) -> int:
        """Bits of a number, its sign included."""
        return 1 + self.whole + self.fraction

    def joined(self, other: Bits) -> Bits:
        """Return what holds numbers of both."""
        size = max(self.size, other.size)
        return Bits(max(self.whole, other.whole), max(self.fraction, other.fraction), size)

    def plus(self, whole: int, fraction: int = 0, size: float = 0.0) -> Bits:
        """Return so many bits more, of numbers that are larger by 2**size."""
        return Bits(self.whole + whole, self.fraction + fraction, self.size + size)


@dataclass(frozen=True)
class Drawn:
    """A quantizer as QKeras reads it, and the bits of what it gives."""

    text: str
    bits: Bits


class Draw:
    """Draws from one random generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def chance(self, probability: float) -> bool:
        """Return True so often."""
        return bool(self.rng.random() < probability)

    def pick(self, *values: Any) -> Any:
        """Return one of ``values``."""
        return values[int(self.rng.integers(len(values)))]

    def between(self, least: int, most: int) -> int:
        """Return a whole number, both ends included."""
        return int(self.rng.integers(least, most + 1))

    def activation(self, given: Bits) -> Drawn:
        """Return a quantizer that only rounds and saturates, mostly where something is left of the numbers."""
        bits = self.pick(1, 2, 3, 4, 4, 6, 6, 8, 8, 10)
        integer = self.between(0, min(bits, 5) + 1)
        if self.chance(0.9):
            integer = max(0, round(given.size) + self.pick(0, 1, 1, 2))
        size = min(given.size, integer - 1.0)
        kind = self.rng.random()
        if kind < 0.5:
            return Drawn(f"quantized_relu({bits},{integer})", Bits(integer, bits - integer, size))
        if kind < 0.6:
            text = f"quantized_bits({bits},{integer},keep_negative=0)"
            return Drawn(text, Bits(integer, bits - integer, size))
        bits, symmetric = max(2, bits), int(self.chance(0.3))
        text = f"quantized_bits({bits},{integer},{symmetric})"
        return Drawn(text, Bits(integer, bits - 1 - integer, size))

    def grid(self) -> Drawn:
        """Return the quantizer of an input."""
        bits = self.pick(1, 2, 4, 6, 8, 8)
        integer, symmetric = self.between(0, min(bits, 4)), int(self.chance(0.2))
        if bits == 1 or self.chance(0.4):
            return Drawn(f"quantized_relu({bits},{integer})", Bits(integer, bits - integer, integer - 1.0))
        text = f"quantized_bits({bits},{integer},{symmetric})"
        return Drawn(text, Bits(integer, bits - 1 - integer, integer - 1.0))

    def weights(self, kind: str = "bits") -> Drawn:
        """Return a weight quantizer: 'bits', 'binary', 'ternary', 'po2', 'auto_po2' or 'alpha'."""
        if kind == "binary":
            return Drawn(self.pick("binary(alpha=1)", "binary(alpha=0.5)"), Bits(1, 1))
        if kind == "ternary":
            return Drawn(self.pick("ternary(alpha=1)", "ternary(alpha=1,threshold=0.6)"), Bits(1, 0))
        if kind == "po2":
            return Drawn(
                self.pick("quantized_po2(3,1)", "quantized_po2(4,1)", "quantized_po2(3,2)"), Bits(2, 8)
            )
        bits = self.between(2, 8)
        integer = self.between(0, min(2, bits - 2))
        if kind == "auto_po2":
            return Drawn(f"quantized_bits({bits},{integer},1,alpha='auto_po2')", Bits(3, bits + 4))
        if kind == "alpha":
            shift = self.pick(-2, -1, 1)
            text = f"quantized_bits({bits},{integer},alpha={2.0**shift})"
            return Drawn(text, Bits(integer + shift, bits - 1 - integer - shift))
        if self.chance(0.1):
            return Drawn(
                f"quantized_bits({bits},{integer},keep_negative=0,alpha=1)", Bits(integer, bits - integer)
            )
        symmetric = int(self.chance(0.3))
        return Drawn(
            f"quantized_bits({bits},{integer},{symmetric},alpha=1)", Bits(integer, bits - 1 - integer)
        )

    def window(self, image: Shape, padding: str, *, equal_strides: bool = False) -> dict[str, Any] | None:
        """Return size, strides, padding and the output's size of a window on ``image``; None where it does not fit."""
        sizes = tuple(self.pick(1, 2, 2, 3, 3, self.between(1, 5)) for _ in image)
        strides = tuple(self.pick(1, 1, 1, 2, 3) for _ in image)
        if equal_strides:
            strides = strides[:1] * len(image)
        if padding == "valid" and any(k > n for k, n in zip(sizes, image, strict=True)):
            return None
        lost = sizes if padding == "valid" else (1,) * len(image)
        out = tuple((n - k) // s + 1 for n, k, s in zip(image, lost, strides, strict=True))
        return {"size": sizes, "strides": strides, "padding": padding, "out": out}


def log2_ceil(count: int) -> int:
    """Return the bits that a sum of ``count`` numbers grows by.

    >>> log2_ceil(9)
    4
    """
    return math.ceil(math.log2(count)) if count > 1 else 0
