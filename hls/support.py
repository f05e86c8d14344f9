"""What a model may be made of, as data: the table in ``docs/convert.md`` is printed from it.

>>> markdown().splitlines()[0]
'| Keras layer | options | in the NetworkSpec | from level | continuous |'
"""

from __future__ import annotations

from dataclasses import dataclass

MARKERS = ("<!-- support table -->", "<!-- end -->")


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes
    ----------
    layers : Keras classes.
    options : which of their options, and what is stated where a constant is rounded.
    spec : layers of the NetworkSpec that they become, in order.
    level : first level of the ladder that they are on.
    continuous : 'yes', 'no', or on what it depends.
    kinds : kinds of ``random_plans.KINDS`` that ``make fuzz`` draws of it.
    """

    layers: tuple[str, ...]
    options: str
    spec: str
    level: str
    continuous: str
    kinds: tuple[str, ...]


_PLAIN = "not 'same' in time"
_WEIGHTS = tuple(f"weights {kind}" for kind in ("binary", "ternary", "po2", "auto_po2", "alpha"))
_STATED = "0, with the stated constants"
ROWS = (
    Row(("QConv2D", "QConv1D"), "valid, same; kernel, strides, bias, `activation=`", "Conv2D", "0", _PLAIN,
        ("conv2d valid", "conv2d same", "conv1d valid", "conv1d same", "activation inside", *_WEIGHTS)),
    Row(("QDepthwiseConv2D",), "valid, same", "Conv2D, one group per channel", "0", _PLAIN, ("depthwise",)),
    Row(("QSeparableConv2D", "QSeparableConv1D"), "valid, same", "Conv2D depthwise, Conv2D 1x1", "0", _PLAIN,
        ("separable 2d", "separable 1d")),
    Row(("QDense",), "on a vector, or on every pixel", "Dense, or Conv2D 1x1", "0", "every pixel: yes; vector: no",
        ("dense", "dense per pixel")),
    Row(("BatchNormalization",), "scale and offset on 18-bit grids", "Scale", _STATED, "yes", ("batch norm",)),
    Row(("QConv2DBatchnorm",), "folded as QKeras folds it", "Conv2D", "0", _PLAIN, ("conv2d batch norm",)),
    Row(("QActivation",), "`quantized_relu`, `quantized_bits`, hard `quantized_tanh`", "Quantize", "0", "yes",
        ("quantized_relu", "quantized_bits", "quantized_tanh")),
    Row(("QActivation",), "hard `quantized_sigmoid`", "Scale, Quantize", "0", "yes", ("quantized_sigmoid",)),
    Row(("QActivation",), "`quantized_relu(negative_slope=2**-k)`", "Quantize, Leaky, Quantize", "0", "yes",
        ("quantized_relu leaky",)),
    Row(("QActivation",), "`binary`, `quantized_bits(1)`, alpha 1", "Quantize, Scale", "0", "yes",
        ("binary", "one bit")),
    Row(("QActivation",), "`ternary`, alpha 1", "Quantize, Lookup", "0", "yes", ("ternary",)),
    Row(("QActivation",), "`quantized_tanh`, `quantized_sigmoid` of the real function: index of at most 10 bits, "
        "-8 to 8", "Quantize, Lookup", _STATED, "yes", ("quantized_tanh real", "quantized_sigmoid real")),
    Row(("Activation",), "`tanh`, `sigmoid`: the same index, 16 fraction bits", "Quantize, Lookup", _STATED, "yes",
        ("tanh", "sigmoid")),
    Row(("Activation",), "`hard_sigmoid`: 0.2 with 16 significant bits", "Scale, Quantize", _STATED, "yes",
        ("hard_sigmoid",)),
    Row(("Activation", "ReLU"), "`relu`; `max_value` on a binary grid", "Quantize, or Scale and Quantize", "0", "yes",
        ("relu", "relu layer")),
    Row(("ReLU", "LeakyReLU"), "slope with 12 significant bits", "Leaky", _STATED, "yes",
        ("relu slope", "leaky relu")),
    Row(("Softmax", "Activation"), "`softmax` over the last axis: steps of 1/64, 16 fraction bits",
        "Softmax, Quantize", "1, with its tables", "yes", ("softmax",)),
    Row(("Softmax", "Activation"), "`softmax` with `Implementation: argmax` in `hls_config`", "Argmax", "1", "yes",
        ("argmax",)),
    Row(("MaxPooling2D", "MaxPooling1D"), "valid, same, any stride", "MaxPool2D", "0", _PLAIN,
        ("max pool 2d valid", "max pool 2d same", "max pool 1d valid", "max pool 1d same")),
    Row(("AveragePooling2D", "AveragePooling1D", "QAveragePooling2D"), "valid, same, any stride; 1/n with 17 "
        "significant bits where n is not a power of two", "AveragePool2D", _STATED, _PLAIN,
        ("average pool 2d valid", "average pool 2d same", "average pool 1d valid", "average pool 1d same",
         "quantized average pool")),
    Row(("GlobalMaxPooling2D", "GlobalMaxPooling1D"), "`keepdims` too", "GlobalPool2D", "0", "no",
        ("global max 2d", "global max 1d")),
    Row(("GlobalAveragePooling2D", "GlobalAveragePooling1D", "QGlobalAveragePooling2D"), "`keepdims` too; 1/n as above",
        "GlobalPool2D", _STATED, "no", ("global average 2d", "global average 1d", "quantized global average")),
    Row(("ZeroPadding2D", "ZeroPadding1D"), "any", "ZeroPad2D", "0", "on columns", ("zero pad 2d", "zero pad 1d")),
    Row(("UpSampling2D", "UpSampling1D"), "nearest", "Upsample2D", "0", "on columns", ("up-sample 2d", "up-sample 1d")),
    Row(("Add", "Subtract", "Multiply"), "equal shapes", "Merge", "0", "yes",
        ("add", "subtract", "multiply", "three sources")),
    Row(("Concatenate",), "last axis", "Concatenate", "0", "yes", ("concatenate",)),
    Row(("Flatten", "Reshape"), "to images, sequences, vectors", "Reshape", "0", "no", ("flatten", "reshape")),
    Row(("Dropout",), "does nothing", "-", "0", "yes", ("dropout",)),
    Row(("any layer",), "`Precision: result` in `hls_config`: every rounding and saturation mode", "Quantize behind it",
        "1", "yes", ("precision",)),
)  # fmt: skip


def markdown() -> str:
    """Return the table."""
    lines = [
        "| Keras layer | options | in the NetworkSpec | from level | continuous |",
        "|---|---|---|---|---|",
    ]
    for row in ROWS:
        names = ", ".join(name if " " in name else f"`{name}`" for name in row.layers)
        lines.append(f"| {names} | {row.options} | {row.spec} | {row.level} | {row.continuous} |")
    return "\n".join(lines)


def filled(text: str) -> str:
    """Return a document with the table between its markers.

    >>> print(filled("a\\n<!-- support table -->\\nold\\n<!-- end -->\\n").splitlines()[1])
    <!-- support table -->
    """
    before, _, rest = text.partition(MARKERS[0])
    _, _, after = rest.partition(MARKERS[1])
    return f"{before}{MARKERS[0]}\n{markdown()}\n{MARKERS[1]}{after}"
