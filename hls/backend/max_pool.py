"""Max pooling with padding and any stride, as an hls4ml layer (hls4ml's own stream code aborts on both)."""

from __future__ import annotations

from typing import Any

_HEADERS = [
    "nnet_utils/nnet_pooling.h",
    "nnet_utils/nnet_pooling_stream.h",
    "nnet_utils/nnet_masked_pooling_stream.h",
]
_CALL = "nnet::masked_max_pool2d_cl<{input_t}, {output_t}, {config}>({input}, {output});"


def register_max_pool(backend: Any) -> None:
    """Register the layer ``StreamMaxPool2D`` and its two templates with ``backend``."""
    from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
    from hls4ml.backends.vivado.passes.pooling_templates import pooling2d_config_template
    from hls4ml.model.layers import Pooling2D, layer_map, register_layer

    if "StreamMaxPool2D" in layer_map:  # registered before: hls4ml's registry is global
        layer = layer_map["StreamMaxPool2D"]
    else:
        layer = type("StreamMaxPool2D", (Pooling2D,), {"initialize": _initialize})
        register_layer("StreamMaxPool2D", layer)

    class MaxPoolConfig(LayerConfigTemplate):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(layer)

        def format(self, node: Any) -> str:
            params = self._default_config_params(node)
            params["implementation"] = "linebuffer"
            # The masked pooling counts padded rows and columns as the line buffer does.
            params["in_height"] += params["pad_top"] + params["pad_bottom"]
            params["in_width"] += params["pad_left"] + params["pad_right"]
            return str(pooling2d_config_template.format(**params))

    class MaxPoolCall(FunctionCallTemplate):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(layer, include_header=_HEADERS)

        def format(self, node: Any) -> str:
            return _CALL.format(**self._default_function_params(node))

    backend.register_template(MaxPoolConfig)
    backend.register_template(MaxPoolCall)


def _initialize(node: Any) -> None:
    node.add_output_variable([node.attributes[key] for key in ("out_height", "out_width", "n_filt")])
    node.set_attr("count_pad", False)
    node.set_attr("implementation", "linebuffer")
