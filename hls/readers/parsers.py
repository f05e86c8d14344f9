"""Handlers that hls4ml's Keras parser lacks: QKeras's average poolings.

>>> sorted(HANDLED)
['QAveragePooling2D', 'QGlobalAveragePooling2D']
"""

from __future__ import annotations

from typing import Any

HANDLED = {
    "QAveragePooling2D": "AveragePooling2D",
    "QGlobalAveragePooling2D": "GlobalAveragePooling2D",
}


def register_handlers() -> None:
    """Let hls4ml's Keras parser read the layers of ``HANDLED`` (once; a handler that is there already stays)."""
    from hls4ml.converters.keras_v2_to_hls import get_layer_handlers, register_keras_v2_layer_handler

    for name in HANDLED:
        if name not in get_layer_handlers():
            register_keras_v2_layer_handler(name, _handle)


def _handle(keras_layer: dict[str, Any], names: Any, shapes: Any, reader: Any) -> tuple[dict[str, Any], Any]:
    """Read the layer as the plain pooling that it extends, and keep its quantizer."""
    from hls4ml.converters.keras_v2_to_hls import get_layer_handlers

    config = dict(keras_layer["config"])
    if config.get("activation") is None:
        config.pop("activation", None)
    plain = HANDLED[keras_layer["class_name"]]
    layer, shape = get_layer_handlers()[plain](
        {**keras_layer, "class_name": plain, "config": config}, names, shapes, reader
    )
    layer["average_quantizer"] = config.get("average_quantizer")
    return layer, shape
