"""Level 0 of the ladder of truth: the QKeras model itself, evaluated in float64.

A layer with real constants or a table is replaced by one that carries the rounded ones of the NetworkSpec.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls.carried_scale import scaled
from hls.double_precision import double_precision
from hls.formats import double_bits
from hls.keras_alias import legacy_keras
from hls.keras_check import activation_name
from hls.keras_walk import input_shapes, rebuilt, safe_name, steps
from streams.errors import UserError
from trigger.integer_network import Images, checked
from trigger.network_spec import Argmax, NetworkSpec, Quantize, Shape, Softmax

DOUBLE_BITS = 53


class Level0:
    """A QKeras model in float64, fed and read in integers of the NetworkSpec.

    Attributes
    ----------
    unsupported : which outputs it cannot give, and why: a sentence; empty where it gives all of them.
    """

    def __init__(self, model: Any, spec: NetworkSpec) -> None:
        self._spec = spec
        with legacy_keras():
            kept = {name for step in steps(model) for name in spec_names(step.layer)}
        self._foreign = _foreign(spec, kept)
        self.unsupported = _unsupported(spec, self._foreign)
        bits = double_bits(spec, {layer.name for layer in spec.layers} - set(self._foreign))
        if bits > DOUBLE_BITS:
            raise UserError(
                f"network {spec.name}: its widest sum needs {bits} bits, float64 has {DOUBLE_BITS}: "
                "QKeras cannot be evaluated exactly, use narrower formats"
            )
        shapes = {node.name: node.shape for node in spec.inputs}
        with double_precision() as keras:
            whole = rebuilt(
                model, _keras_shapes(model, shapes), "float64", rewrite=lambda x: _carried(x, spec)
            )
            tensors = {}
            for layer in whole.layers:
                name = next((n for n in spec_names(layer) if n in self._formats), None)
                if name is not None and name not in self._foreign:
                    tensors[name] = layer.output
            self._model = keras.Model(whole.inputs, tensors)

    @property
    def _formats(self) -> dict[str, Any]:
        return {layer.name: layer.output for layer in self._spec.layers}

    def run(self, images: Images) -> NDArray[np.float64]:
        """Return the first output in units of its format's last bit: float64, (n, *spec.output_shape)."""
        found = self.outputs(images)
        if self._spec.outputs[0] not in found:
            raise UserError(self.unsupported)
        return found[self._spec.outputs[0]]

    def outputs(self, images: Images) -> dict[str, NDArray[np.float64]]:
        """Return all outputs that level 0 can give, by name, as ``run`` does."""
        found = self.trace(images)
        return {name: found[name] for name in self._spec.outputs if name in found}

    def trace(self, images: Images) -> dict[str, NDArray[np.float64]]:
        """Return the outputs of every Keras layer, under the name that its last step has in the spec."""
        given = checked(self._spec, images)
        real = [
            np.asarray(given[node.name], np.float64).reshape(-1, *tensor.shape[1:])
            * 2.0**-node.number.fraction
            for node, tensor in zip(self._spec.inputs, self._model.inputs, strict=True)
        ]
        with double_precision():
            values = self._model(real if len(real) > 1 else real[0], training=False)
        return {
            name: np.asarray(values[name], np.float64).reshape(-1, *self._spec.shape(name))
            * 2.0**number.fraction
            for name, number in self._formats.items()
            if name in values
        }


def _keras_shapes(model: Any, shapes: dict[str, Shape]) -> dict[str, tuple[int | None, ...]]:
    """Return the spec's input shapes as the model counts its dimensions (a sequence has two)."""
    return {
        name: (shape[0], shape[2]) if len(own) == 2 else shape
        for (name, own), shape in zip(input_shapes(model).items(), shapes.values(), strict=True)
    }


def _carried(layer: Any, spec: NetworkSpec) -> Any:
    """Return the layer with the spec's rounded constants where ``layer`` has real ones, else None."""
    from hls.carried import carried

    return scaled(layer, spec) or carried(layer, spec)


def spec_names(layer: Any) -> list[str]:
    """Return the names that a Keras layer's result may have in the spec, the likeliest first."""
    inner = activation_name(layer)
    return [*([inner] if inner else []), safe_name(layer.name), layer.name]


def _foreign(spec: NetworkSpec, kept: set[str]) -> dict[str, str]:
    """Return the layers that depend on something that Keras does not compute as the spec does: name -> what."""
    found: dict[str, str] = {}
    for layer in spec.layers:
        if isinstance(layer, Softmax | Argmax):
            found[layer.name] = f"{layer.name} is a softmax by tables"
        elif isinstance(layer, Quantize) and layer.name.endswith("_result") and layer.name not in kept:
            found[layer.name] = f"{layer.name} is a precision of hls_config, which Keras does not know"
        for source in layer.sources:
            if source in found:
                found.setdefault(layer.name, found[source])
    return found


def _unsupported(spec: NetworkSpec, foreign: dict[str, str]) -> str:
    parts = [f"output {name} has no level 0: {foreign[name]}" for name in spec.outputs if name in foreign]
    return "; ".join(parts)
