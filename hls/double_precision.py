"""Keras and QKeras in float64.

float32 holds 24 bits, which a sum of products soon passes. ``set_floatx("float64")`` is not enough:
``quantized_relu`` of QKeras 0.9 casts to float32 by name, so the module's casts are widened too while a model is
evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hls.keras_alias import legacy_keras


class _Widened:
    """A module whose ``float32`` is ``float64``, by attribute and as an argument of ``cast``."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, "float64" if name == "float32" else name)

    def cast(self, x: Any, dtype: Any) -> Any:
        """Cast, to float64 where float32 is asked for."""
        return self._module.cast(
            x, "float64" if dtype in ("float32", self._module.__dict__.get("float32")) else dtype
        )

    def pow(self, x: Any, y: Any) -> Any:
        """Raise to a power; a Python number takes the other argument's float64."""
        return self._module.pow(_wide(x), _wide(y))

    def where(self, condition: Any, x: Any = None, y: Any = None) -> Any:
        """Choose; a Python number takes the other argument's float64."""
        return self._module.where(condition, _wide(x), _wide(y))


def _wide(value: Any) -> Any:
    """Return a Python float as float64, which TensorFlow would make float32; anything else as it is."""
    import numpy as np

    return np.float64(value) if isinstance(value, float) else value


@contextmanager
def double_precision() -> Iterator[Any]:
    """Let Keras and QKeras compute in float64 inside; yield Keras."""
    with legacy_keras() as keras:
        from qkeras import quantizers

        before = keras.backend.floatx(), quantizers.K, quantizers.tf
        keras.backend.set_floatx("float64")
        quantizers.K, quantizers.tf = _Widened(before[1]), _Widened(before[2])
        try:
            yield keras
        finally:
            keras.backend.set_floatx(before[0])
            quantizers.K, quantizers.tf = before[1:]
