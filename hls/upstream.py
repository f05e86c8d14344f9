"""What hls4ml 1.3.0 alone gets wrong on exact stream networks: each fault with the smallest model that shows it.

``page`` renders the list as ``docs/upstream.md``; ``hls/tests/test_mend.py`` runs each case through hls4ml alone, and
through this backend.

>>> case("two quantizers in a row").seen
'differs'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

#: ``differs``: other numbers, silently. ``dies``: the C simulation aborts. ``refuses``: the conversion ends in an error
#: that names no layer.
Seen = Literal["differs", "dies", "refuses"]


@dataclass(frozen=True)
class Case:
    """One fault.

    Attributes
    ----------
    layers : Python text of the layers between an input of (8, 9, 2) and the output; ``keras``, ``qkeras``, ``act``,
        ``bits`` and ``conv`` are as in ``PREAMBLE``.
    seen : what hls4ml alone does; ``message`` is part of what it says, where it says something.
    fault : the cause, in words; ``here`` how this backend avoids it.
    off_grid : the images are not on the grid of the input's quantizer, and leave its range.
    """

    name: str
    layers: str
    seen: Seen
    fault: str
    here: str
    message: str = ""
    off_grid: bool = False


PREAMBLE = """\
import hls4ml, qkeras, tf_keras as keras   # with TF_USE_LEGACY_KERAS=1 and sys.modules["keras"] = keras
act, bits = qkeras.QActivation, qkeras.quantized_bits
weights = {"kernel_quantizer": bits(6, 0, alpha=1), "bias_quantizer": bits(6, 0, alpha=1)}

def conv(kernel=3, filters=2, **options):
    return qkeras.QConv2D(filters, kernel, **weights, **options)

layers = [...]                             # see the cases
model = keras.Sequential([keras.layers.Input((8, 9, 2)), *layers])
hls_model = hls4ml.converters.convert_from_keras_model(
    model, hls_config=hls4ml.utils.config_from_keras_model(model, granularity="name"),
    backend="Vitis", io_type="io_stream", bit_exact=True, output_dir="project")
hls_model.compile()
hls_model.predict(images)                  # compare with model.predict(images), evaluated in float64
"""

_GRID, _OUT = 'act("quantized_bits(8,3)")', 'act("quantized_bits(12,6)")'
_CAST = "`fixed<W,I,RND_CONV,SAT>`, never hls4ml's integer types"

CASES = (
    Case(
        "two quantizers in a row",
        f'{_GRID}, conv(), act("quantized_relu(3,1)"), act("quantized_bits(8,3)")',
        "differs",
        "A quantizer behind a quantizer is taken for a linear activation and merged into the node before it; the first "
        "one's format and saturation are lost.",
        "Every quantizer is a node of its own.",
    ),
    Case(
        "input quantizer without fraction bits",
        f'act("quantized_bits(4,3)"), conv(), {_OUT}',
        "differs",
        "`quantized_bits(4, 3)` becomes `int<4>`, which truncates and wraps instead of rounding and saturating.",
        f"The input's own type is {_CAST}.",
        off_grid=True,
    ),
    Case(
        "relu without fraction bits",
        f'{_GRID}, conv(), act("quantized_relu(3,3)"), conv(2, 1, use_bias=False)',
        "differs",
        "`quantized_relu(3, 3)` becomes `uint<3>`, and the layer before is cut to as few bits.",
        f"The quantizer is {_CAST}; the accumulator is as wide as its sums.",
    ),
    Case(
        "kernel of height 1, vertical stride",
        f"{_GRID}, conv((1, 5), strides=(2, 2)), {_OUT}",
        "differs",
        "`conv_2d_buffer_latency_cl` (nnet_conv2d_stream.h) uses the one-row code for kernels of height 1, which has "
        "no vertical stride: every row gives an output, so later rows are read in place of the ones wanted.",
        "The kernel gets a second row of zeros on top, under one more row of padding.",
    ),
    Case(
        "depthwise kernel of height 1, vertical stride",
        f"{_GRID}, qkeras.QDepthwiseConv2D((1, 3), strides=(2, 2), depthwise_quantizer=bits(6, 0, alpha=1), "
        f"bias_quantizer=bits(6, 0, alpha=1)), {_OUT}",
        "differs",
        "The same in `depthwise_conv_2d_buffer_cl` (nnet_sepconv2d_stream.h).",
        "The same second row.",
    ),
    Case(
        "depthwise convolution with a multiplier",
        f"{_GRID}, qkeras.QDepthwiseConv2D(3, depth_multiplier=2, depthwise_quantizer=bits(6, 0, alpha=1), "
        f"bias_quantizer=bits(6, 0, alpha=1)), {_OUT}",
        "refuses",
        "`bit_exact` adds a bias of `depth_multiplier` times the channels to an array of the channels. (The "
        "stream code, `compute_depthwise_output_buffer_2d`, also keeps results of `n_chan` filters and writes "
        "`n_filt` of them.)",
        "A plain convolution whose weights outside the own channel are 0.",
        "could not be broadcast",
    ),
    Case(
        "max pooling with padding",
        f'{_GRID}, keras.layers.MaxPooling2D(2, padding="same"), conv(), {_OUT}',
        "dies",
        "`pooling2d_cl` asserts that there is no padding, and so does `pooling1d_cl`.",
        "Own stream code: padded places hold the lowest number.",
    ),
    Case(
        "max pooling, stride not the pool",
        f"{_GRID}, keras.layers.MaxPooling2D(3, strides=2), conv(1), {_OUT}",
        "dies",
        "`pooling2d_cl` asserts that the stride is the pool.",
        "The same own code.",
    ),
    Case(
        "quantizer after Flatten",
        f'{_GRID}, conv(), keras.layers.Flatten(), act("quantized_relu(4,2)"), qkeras.QDense(2, **weights)',
        "differs",
        "`inplace_stream_flatten` leaves the stream in beats of one pixel, the activation reads beats of the whole "
        "vector.",
        "Layers that take each number by itself keep the beats of the image; others get a repacking node.",
    ),
    Case(
        "QDense on every pixel",
        f"{_GRID}, qkeras.QDense(3, **weights), {_OUT}",
        "differs",
        "`ReplaceMultidimensionalDenseWithConv` (multi_dense.py) makes a convolution of it without the attributes "
        "`weight_quantizer` and `bias_quantizer`: the weights are not quantised.",
        "A convolution with the quantised weights.",
    ),
    Case(
        "up-sampling",
        f"{_GRID}, keras.layers.UpSampling2D(2), {_OUT}",
        "refuses",
        "`bit_exact` has no rule for `Resize` (`No implementation of produce_kif`).",
        "hls4ml's own stream code, with the type of its input.",
        "produce_kif",
    ),
    Case(
        "zero padding",
        f"{_GRID}, keras.layers.ZeroPadding2D(1), {_OUT}",
        "refuses",
        "`bit_exact` has no rule for `ZeroPadding2D`.",
        "hls4ml's own stream code.",
        "produce_kif",
    ),
    Case(
        "quantized_relu with a negative slope",
        f"{_GRID}, conv(1), act(qkeras.quantized_relu(6, 2, negative_slope=0.25))",
        "refuses",
        "The parser keeps the slope as an array, which `bit_exact` cannot index with.",
        "A leaky ReLU with the exact slope, then the rounding.",
        "integer scalar",
    ),
    Case(
        "power-of-two scales",
        f'{_GRID}, qkeras.QConv2D(2, 3, kernel_quantizer=bits(4, 0, alpha="auto_po2"), '
        f"bias_quantizer=bits(6, 0, alpha=1)), {_OUT}",
        "refuses",
        "QKeras's `auto_po2` is evaluated with `np.product`, which NumPy 2 has not; on NumPy 1 the scale becomes an "
        "`ApplyAlpha` node, for which `bit_exact` has no rule.",
        "The quantizer is evaluated once in float64; the weights are integers on one grid.",
        "product",
    ),
    Case(
        "quantized_po2 weights",
        f"{_GRID}, qkeras.QConv2D(2, 3, kernel_quantizer=qkeras.quantized_po2(4, 1), use_bias=False), {_OUT}",
        "refuses",
        "Its weights are evaluated with `np.product`, which NumPy 2 has not.",
        "The quantizer is evaluated once in float64; the weights are integers on one grid.",
        "product",
    ),
    Case(
        "binary weights",
        f"{_GRID}, qkeras.QConv2D(2, 3, kernel_quantizer=qkeras.binary(alpha=1), use_bias=False), {_OUT}",
        "differs",
        "`BinaryQuantizer` codes the weights -1 and 1 as 0 and 1; `bit_exact` takes the codes for the weights.",
        "The weights are the numbers -1 and 1, of 2 bits.",
    ),
    Case(
        "QConv2DBatchnorm",
        f"{_GRID}, qkeras.QConv2DBatchnorm(2, 3, **weights), {_OUT}",
        "refuses",
        "`bit_exact` knows the class Conv2D by name, not Conv2DBatchnorm.",
        "Folded as QKeras folds it, then a plain convolution.",
        "Conv2DBatchnorm",
    ),
)


def case(name: str) -> Case:
    """Return the case of that name."""
    return next(entry for entry in CASES if entry.name == name)


def model(layers: str) -> Any:
    """Return the model of a case, with seeded random weights."""
    import numpy as np

    from hls.keras_alias import legacy_keras
    from hls.random_networks import fill_weights

    with legacy_keras() as keras:
        import qkeras

        bits = qkeras.quantized_bits
        weights = {"kernel_quantizer": bits(6, 0, alpha=1), "bias_quantizer": bits(6, 0, alpha=1)}

        def conv(kernel: Any = 3, filters: int = 2, **options: Any) -> Any:
            return qkeras.QConv2D(filters, kernel, **weights, **options)

        names = {"keras": keras, "qkeras": qkeras, "act": qkeras.QActivation, "bits": bits, "conv": conv}
        made = eval(f"[{layers}]", {**names, "weights": weights})
        built = keras.Sequential([keras.layers.Input((8, 9, 2)), *made])
    fill_weights(built, np.random.default_rng(5))
    return built


_SEEN = {
    "differs": "other numbers, without a word",
    "dies": "the C simulation aborts",
    "refuses": "the conversion ends in an error",
}


def page() -> str:
    """Return the cases as a page of documentation."""
    lines = [
        "# What hls4ml 1.3.0 alone gets wrong",
        "",
        "Faults that exact stream networks meet, each with the smallest model that shows it, ready to be",
        "reported.",
        "The page is written by `hls/upstream.py`; `hls/tests/test_mend.py` runs every case through hls4ml alone",
        "(which must fail as stated: a case that is mended there is noticed) and through this backend (which must",
        "be equal).",
        "",
        "Each case is the list `layers` of this program:",
        "",
        "```text",
        PREAMBLE.rstrip(),
        "```",
        "",
    ]
    for number, entry in enumerate(CASES, 1):
        said = f": `{entry.message}`" if entry.message else ""
        images = " Images off the input's grid show it." if entry.off_grid else ""
        lines += [
            f"## {number}. {entry.name[0].upper()}{entry.name[1:]}",
            "",
            "```text",
            f"layers = [{entry.layers}]",
            "```",
            "",
            f"- **Seen:** {_SEEN[entry.seen]}{said}.{images}",
            "- **Wanted:** the numbers of the QKeras model in float64.",
            f"- **Cause:** {entry.fault}",
            f"- **Here:** {entry.here}",
            "",
        ]
    return "\n".join(lines)
