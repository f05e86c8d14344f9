"""Level 0 of the ladder of truth: the QKeras model itself, evaluated in float64.

float32 holds 24 bits, which a sum of products soon passes. ``set_floatx("float64")`` is not enough:
``quantized_relu`` of QKeras 0.9 casts to float32 by name, so the module's casts are widened too while a model is
evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls.formats import double_bits
from hls.keras_alias import legacy_keras
from hls.keras_model import layers, rebuilt
from streams.errors import UserError
from trigger.network_spec import NetworkSpec

DOUBLE_BITS = 53


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


@contextmanager
def double_precision() -> Iterator[None]:
    """Let Keras and QKeras compute in float64 inside."""
    with legacy_keras() as keras:
        from qkeras import quantizers

        before = keras.backend.floatx(), quantizers.K, quantizers.tf
        keras.backend.set_floatx("float64")
        quantizers.K, quantizers.tf = _Widened(before[1]), _Widened(before[2])
        try:
            yield
        finally:
            keras.backend.set_floatx(before[0])
            quantizers.K, quantizers.tf = before[1:]


class Level0:
    """A QKeras model in float64, fed and read in integers of the NetworkSpec."""

    def __init__(self, model: Any, spec: NetworkSpec) -> None:
        bits = double_bits(spec)
        if bits > DOUBLE_BITS:
            raise UserError(
                f"network {spec.name}: its widest sum needs {bits} bits, float64 has {DOUBLE_BITS}: "
                "QKeras cannot be evaluated exactly, use narrower formats"
            )
        self._spec = spec
        with double_precision():
            self._model = rebuilt(model, spec.input_shape, "float64")

    def run(self, images: NDArray[Any]) -> NDArray[np.float64]:
        """Return outputs in units of the output format's last bit: float64, (n, *spec.output_shape)."""
        with double_precision():
            output = self._model(self._real(images), training=False)
        return np.asarray(output, np.float64) * 2.0**self._spec.output.fraction

    def trace(self, images: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        """Return the outputs of every Keras layer, under the name that its last step has in the spec."""
        known = {layer.name: layer for layer in self._spec.layers}
        found = {}
        with double_precision():
            value = self._real(images)
            for layer in layers(self._model):
                value = layer(value, training=False) if "training" in _arguments(layer) else layer(value)
                name = next((n for n in known if n.startswith(f"{layer.name}_quantized_")), layer.name)
                if name in known:
                    found[name] = np.asarray(value, np.float64) * 2.0 ** known[name].output.fraction
        return found

    def _real(self, images: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(images, np.float64) * 2.0**-self._spec.input.fraction


def _arguments(layer: Any) -> tuple[str, ...]:
    import inspect

    return tuple(inspect.signature(layer.call).parameters)
