"""Seeded random QKeras networks of every supported kind, to try the conversion on.

The draws are meant to be nasty: saturating weights, formats without or with negative fraction bits, two quantizers in
a row, strides larger than the kernel, kernels of height or width 1, pooling with padding, images one pixel wide.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hls.keras_alias import legacy_keras

Rng = np.random.Generator


def random_network(seed: int, *, rows: tuple[int, int] = (8, 17), columns: tuple[int, int] = (8, 19)) -> Any:
    """Return a tf_keras Sequential model; ``rows`` and ``columns`` are ranges of the image size (end excluded).

    >>> type(random_network(3).layers[0]).__name__
    'QActivation'
    """
    rng = np.random.default_rng([2024, seed])
    shape = (int(rng.integers(*rows)), int(rng.integers(*columns)), int(rng.integers(1, 4)))
    with legacy_keras() as keras:
        import qkeras

        model = keras.Sequential(
            [keras.layers.Input(shape), qkeras.QActivation(_quantizer(rng), name="grid")]
        )
        for number in range(int(rng.integers(1, 4))):
            _add_convolution(rng, keras, qkeras, model, number)
            if rng.random() < 0.5:
                model.add(_pooling(rng, keras, number, model.output_shape[1:3]))
        if rng.random() < 0.4:
            _add_dense(rng, keras, qkeras, model)
        if rng.random() < 0.7:
            model.add(qkeras.QActivation(_quantizer(rng), name="output"))
    fill_weights(model, rng)
    return model


def fill_weights(model: Any, rng: Rng) -> None:
    """Fill the weights with normal numbers, wide enough for some to saturate."""
    arrays = [rng.normal(0, rng.choice([0.3, 0.7, 1.5]), array.shape) for array in model.get_weights()]
    model.set_weights([np.where(rng.random(a.shape) < 0.1, 0, a) for a in arrays])


def _quantizer(rng: Rng) -> str:
    """Return an activation quantizer as the string that QKeras reads."""
    bits = int(rng.choice([1, 2, 3, 4, 6, 8, 8, 10, 12]))
    integer = int(rng.integers(0, min(bits, 6) + 2))
    kind = rng.random()
    if kind < 0.5:
        return f"quantized_relu({bits},{integer})"
    if kind < 0.65:
        return f"quantized_bits({bits},{integer},keep_negative=0)"
    symmetric = int(rng.random() < 0.3)
    return f"quantized_bits({max(2, bits)},{integer},{symmetric})"


def _weight_quantizer(rng: Rng, qkeras: Any) -> Any:
    bits = int(rng.integers(2, 17))
    kept = bool(rng.random() < 0.9)
    symmetric = int(kept and rng.random() < 0.3)
    return qkeras.quantized_bits(bits, int(rng.integers(0, 3)), symmetric, keep_negative=kept, alpha=1)


def _add_convolution(rng: Rng, keras: Any, qkeras: Any, model: Any, number: int) -> None:
    rows, columns, _ = model.output_shape[1:]
    padding = str(rng.choice(["valid", "same"]))
    most = (7, 7) if padding == "same" else (min(7, rows), min(7, columns))
    kernel = tuple(
        int(rng.choice([1, min(2, m), min(3, m), min(3, m), int(rng.integers(1, m + 1))])) for m in most
    )
    stride = tuple(int(rng.choice([1, 1, 2])) for _ in range(2))
    bias = bool(rng.random() < 0.7)
    options = {"activation": _quantizer(rng)} if rng.random() < 0.4 else {}
    model.add(
        qkeras.QConv2D(
            int(rng.integers(1, 5)), kernel, strides=stride, padding=padding, use_bias=bias, name=f"conv{number}",
            kernel_quantizer=_weight_quantizer(rng, qkeras),
            bias_quantizer=_weight_quantizer(rng, qkeras) if bias else None, **options,
        )
    )  # fmt: skip
    for extra in range(0 if options else 1 + int(rng.random() < 0.3)):
        model.add(qkeras.QActivation(_quantizer(rng), name=f"act{number}_{extra}"))


def _pooling(rng: Rng, keras: Any, number: int, image: tuple[int, int]) -> Any:
    kind = rng.random()
    pool = tuple(int(rng.integers(1, 4)) for _ in range(2)) if kind > 0.4 else (2, 2)
    stride = tuple(int(rng.integers(1, 4)) for _ in range(2)) if kind > 0.7 else pool
    fits = pool[0] <= image[0] and pool[1] <= image[1]
    padding = "valid" if fits and rng.random() < 0.5 else "same"
    return keras.layers.MaxPooling2D(pool, stride, padding=padding, name=f"pool{number}")


def _add_dense(rng: Rng, keras: Any, qkeras: Any, model: Any) -> None:
    model.add(keras.layers.Flatten(name="flat"))
    if rng.random() < 0.4:
        model.add(qkeras.QActivation(_quantizer(rng), name="act_flat"))
    for number in range(int(rng.integers(1, 3))):
        if number:
            model.add(qkeras.QActivation(_quantizer(rng), name=f"act_dense{number}"))
        model.add(
            qkeras.QDense(
                int(rng.integers(1, 5)), kernel_quantizer=_weight_quantizer(rng, qkeras), name=f"dense{number}",
                bias_quantizer=_weight_quantizer(rng, qkeras),
            )
        )  # fmt: skip
