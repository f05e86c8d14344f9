"""The hls4ml layer ``ExactStream``: a call of one of the functions of ``nnet_exact_stream.h``, configured by data.

>>> print(config_text(7, {"n_in": 4}, {"accum_t": "ap_fixed<9,3>"}, {"table": [0, 5]}))
struct config7 {
    static const unsigned n_in = 4;
    typedef ap_fixed<9,3> accum_t;
    static ap_int<4> table(unsigned index) {
        #pragma HLS INLINE
        static const ap_int<4> entries[2] = {0, 5};
        return entries[index];
    }
};
<BLANKLINE>
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hls.mends.node import EXACT
from trigger.network_spec import Format

HEADER = "nnet_utils/nnet_exact_stream.h"


def register_exact_layer(backend: Any) -> None:
    """Register the layer and its two templates with ``backend``."""
    from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
    from hls4ml.model.layers import Layer, layer_map, register_layer

    if EXACT in layer_map:  # registered before: hls4ml's registry is global
        layer = layer_map[EXACT]
    else:
        layer = type(EXACT, (Layer,), {"initialize": _initialize})
        register_layer(EXACT, layer)

    class ExactConfig(LayerConfigTemplate):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(layer)

        def format(self, node: Any) -> str:
            numbers = {name: _type_text(number) for name, number in node.get_attr("numbers", {}).items()}
            return config_text(node.index, node.get_attr("constants"), numbers, node.get_attr("tables", {}))

    class ExactCall(FunctionCallTemplate):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(layer, include_header=[HEADER])

        def format(self, node: Any) -> str:
            text = "nnet::{call}<{input_t}, {output_t}, {config}>({input}, {output});"
            return text.format(**self._default_function_params(node))

    backend.register_template(ExactConfig)
    backend.register_template(ExactCall)


def _initialize(node: Any) -> None:
    node.add_output_variable(node.attributes["out_shape"])


def _type_text(number: Format) -> str:
    """Return the C++ type of a number."""
    return f"ap_{'' if number.signed else 'u'}fixed<{number.width},{number.width - number.fraction}>"


def config_text(
    index: int, constants: Mapping[str, int], numbers: Mapping[str, str], tables: Mapping[str, Sequence[int]]
) -> str:
    """Return the C++ struct that configures one call."""
    lines = [f"struct config{index} {{"]
    lines += [f"    static const unsigned {name} = {value};" for name, value in constants.items()]
    lines += [f"    typedef {text} {name};" for name, text in numbers.items()]
    for name, entries in tables.items():
        width = 1 + max(1, *(abs(entry).bit_length() for entry in entries))
        kind, suffix = f"ap_int<{width}>", "LL" if width > 31 else ""
        listed = ", ".join(f"{entry}{suffix}" for entry in entries)
        lines += [
            f"    static {kind} {name}(unsigned index) {{",
            "        #pragma HLS INLINE",
            f"        static const {kind} entries[{len(entries)}] = {{{listed}}};",
            "        return entries[index];",
            "    }",
        ]
    return "\n".join([*lines, "};", ""])
