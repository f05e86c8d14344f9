"""The quantised network: fully convolutional, integer pixels in, one score per cell out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from streams.errors import ConfigError
from trigger.frames import GUARD, ROWS
from trigger.legacy_keras import load_tf_keras

if TYPE_CHECKING:
    from trigger.config import NetworkConfig

MAX_WEIGHTS = 2500  # of one convolution: the bound of the unrolled arithmetic kernels
SCORE_BITS, SCORE_INTEGER_BITS = 12, 5  # quantized_bits of the score: -32 .. 32 in steps of 1/64
SCORE_FRACTION = SCORE_BITS - 1 - SCORE_INTEGER_BITS
BIAS_INTEGER_BITS = 5  # biases lie in [-32, 32)
FLOAT32_BITS = 24  # integers up to 2**24 are exact
PEDESTAL_COUNTS = 16  # a pixel without charge (docs/architecture.md, "The image")


def reach(config: NetworkConfig) -> int:
    """Return how many columns beside a cell its score depends on (receptive half-width), in pixels.

    >>> from trigger.config import NetworkConfig
    >>> reach(NetworkConfig(filters=(8, 12, 16), kernels=(3, 3, 5)))
    11
    """
    stride, total = 1, 0
    for index, size in enumerate(config.kernels):
        total += stride * (size // 2)
        if index < 2:  # a 2 x 2 pooling follows
            stride *= 2
    return total


def weights_per_layer(config: NetworkConfig) -> list[int]:
    """Return the number of weights (without biases) of each convolution, the 1 x 1 output included.

    >>> from trigger.config import NetworkConfig
    >>> weights_per_layer(NetworkConfig(filters=(8, 12, 16), kernels=(3, 3, 3)))
    [72, 864, 1728, 16]
    """
    channels = (1, *config.filters)
    sizes = [n * n * a * b for n, a, b in zip(config.kernels, channels[:-1], channels[1:], strict=True)]
    return [*sizes, channels[-1]]


def check(config: NetworkConfig, guard: int = GUARD) -> None:
    """Refuse a network that the firmware has no room for.

    Raises
    ------
    ConfigError : a convolution too large, an even kernel, fewer than three convolutions, a reach over the guard, or
        sums too wide for float32 (then training would not see what the firmware computes).
    """
    if len(config.filters) < 3 or len(config.filters) != len(config.kernels):
        raise ConfigError(
            f"network: got {len(config.filters)} filters and {len(config.kernels)} kernels, "
            "want as many of each, at least 3"
        )
    if any(size % 2 == 0 or size < 1 for size in config.kernels) or any(n < 1 for n in config.filters):
        raise ConfigError(
            f"network: got kernels {config.kernels}, filters {config.filters}, want odd kernels, positive filters"
        )
    worst = max(weights_per_layer(config))
    if worst > MAX_WEIGHTS:
        raise ConfigError(
            f"network: a convolution has {worst} weights, at most {MAX_WEIGHTS} are allowed: use fewer filters"
        )
    if reach(config) > guard:
        raise ConfigError(
            f"network: the reach is {reach(config)} columns, the guard only {guard}: use smaller kernels"
        )

    widest = accumulator_bits(config)
    if widest > FLOAT32_BITS:
        raise ConfigError(
            f"network: a sum can take {widest} bits, more than the {FLOAT32_BITS} that float32 holds: use fewer bits"
        )


def accumulator_bits(config: NetworkConfig) -> int:
    """Return the bits that hold the largest sum of any convolution, whatever its weights.

    >>> from trigger.config import NetworkConfig
    >>> accumulator_bits(NetworkConfig())
    18
    """
    channels = (1, *config.filters)
    fan_in = [n * n * c for n, c in zip((*config.kernels, 1), channels, strict=True)]
    largest_in = [255] + [(1 << config.relu[0]) - 1] * len(config.filters)
    fractions = [0] + [config.relu[0] - config.relu[1]] * len(config.filters)
    weight = 1 << (config.weight_bits - 1)
    bias = [(1 << BIAS_INTEGER_BITS) << (f + config.weight_bits - 1) for f in fractions]
    return max((n * x * weight + b).bit_length() for n, x, b in zip(fan_in, largest_in, bias, strict=True))


def build(config: NetworkConfig, columns: int) -> Any:
    """Return an untrained model on images of 64 rows x ``columns`` columns.

    The input is float, equal to the integer pixel 0..255; the output is the logit of a low-energy interaction on the
    grid of its quantizer, (batch, 16, columns / 4, 1).
    """
    keras_ = load_tf_keras()
    from qkeras import QActivation, QConv2D, quantized_bits, quantized_relu

    check(config)
    bits, (relu_bits, relu_integer) = config.weight_bits, config.relu

    def convolution(name: str, filters: int, size: int) -> Any:
        return QConv2D(
            filters,
            size,
            padding="same",
            name=name,
            kernel_quantizer=quantized_bits(bits, 0, alpha=1),
            bias_quantizer=quantized_bits(config.bias_bits, BIAS_INTEGER_BITS, alpha=1),
        )

    image = x = keras_.layers.Input((ROWS, columns, 1), name="pixels")
    x = QActivation(quantized_bits(8, 8, keep_negative=0), name="pixel_grid")(x)
    for index, (filters, size) in enumerate(zip(config.filters, config.kernels, strict=True)):
        x = convolution(f"conv{index + 1}", filters, size)(x)
        x = QActivation(quantized_relu(relu_bits, relu_integer), name=f"relu{index + 1}")(x)
        if index < 2:
            x = keras_.layers.MaxPooling2D(2, name=f"pool{index + 1}")(x)
    x = convolution("score", 1, 1)(x)
    x = QActivation(quantized_bits(SCORE_BITS, SCORE_INTEGER_BITS, alpha=1), name="score_grid")(x)
    return keras_.Model(image, x, name="lartrig")


def initialise(model: Any, seed: int) -> None:
    """Set weights from which training starts well on pixels 0..255 with a pedestal of 16.

    Kernels are normal with variance 2 / fan-in, the first one scaled down to bring pixels to the range of the
    activations and its bias set so that a quiet image gives 0; the score starts at "background".
    """
    random = np.random.default_rng(seed)
    for name in (layer.name for layer in model.layers if layer.weights):
        layer = model.get_layer(name)
        kernel, bias = layer.get_weights()
        fan_in = int(np.prod(kernel.shape[:3]))
        kernel = random.normal(0.0, np.sqrt(2.0 / fan_in), kernel.shape)
        bias = np.zeros_like(bias)
        if name == "conv1":
            kernel *= 0.5
            bias = -PEDESTAL_COUNTS * kernel.sum(axis=(0, 1, 2))
        if name == "score":
            kernel *= 0.3
            bias -= 3.0
        layer.set_weights([np.clip(kernel, -0.95, 0.95), bias])


def scores(model: Any, images: Any, batch: int = 16) -> Any:
    """Return the integer scores of uint8 images (n, 64, columns): int64 array, (n, 16, columns / 4).

    Exact in float32: the widest accumulator of the networks that ``check`` lets pass has at most 24 bits.
    """
    n = len(images)
    out = []
    for start in range(0, n, batch):
        part = np.asarray(images[start : start + batch], np.float32)[..., None]
        out.append(np.asarray(model(part, training=False))[..., 0])
    found = np.concatenate(out).astype(np.float64) * 2**SCORE_FRACTION
    whole = np.rint(found).astype(np.int64)
    if not np.array_equal(whole, found):
        raise AssertionError("a score is not on the grid of the output quantizer")
    return whole
