from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.errors import UserError
from trigger import integer_network, network_check, network_spec
from trigger.integer_network_fast import evaluate_fast
from trigger.network_spec import (
    Conv2D,
    Dense,
    Format,
    Input,
    Layer,
    MaxPool2D,
    NetworkSpec,
    Quantize,
    Reshape,
)

PIXEL = Format(signed=False, width=8, fraction=0)


def conv(
    shape: tuple[int, ...], rng: np.random.Generator, bits: int, *, same: bool, in_bits: int = 8
) -> Conv2D:
    kernel = (int(rng.integers(1, min(7, shape[0]) + 1)), int(rng.integers(1, min(7, shape[1]) + 1)))
    stride = (int(rng.integers(1, 3)), int(rng.integers(1, 3)))
    padding = (
        (kernel[0] // 2, (kernel[0] - 1) // 2, (kernel[1] - 1) // 2, kernel[1] // 2) if same else (0,) * 4
    )
    rows = (shape[0] + padding[0] + padding[1] - kernel[0]) // stride[0] + 1
    columns = (shape[1] + padding[2] + padding[3] - kernel[1]) // stride[1] + 1
    filters = int(rng.integers(1, 5))
    weight = Format(signed=True, width=bits, fraction=bits - 1)
    return Conv2D(
        name=f"conv{shape}",
        input_shape=shape,
        output_shape=(rows, columns, filters),
        output=Format(signed=True, width=bits + in_bits + 10, fraction=bits - 1),
        kernel=kernel,
        stride=stride,
        padding=padding,
        weight=weight,
        weights=rng.integers(
            weight.min_int, weight.max_int + 1, kernel[0] * kernel[1] * shape[2] * filters
        ).tolist(),
        bias=rng.integers(-500, 500, filters).tolist(),
    )


def network(seed: int, bits: int, *, same: bool) -> NetworkSpec:
    rng = np.random.default_rng(seed)
    first = conv((9, 11, 2), rng, bits, same=same)
    shape = first.output_shape
    relu = Quantize(
        name="q", input_shape=shape, output_shape=shape, output=Format(signed=False, width=5, fraction=2)
    )
    pad = (1, 0, 0, 1) if same else (0, 0, 0, 0)
    rows, columns = shape[0] + sum(pad[:2]) - 1, (shape[1] + sum(pad[2:]) - 2) // 2 + 1
    pool = MaxPool2D(
        name="pool",
        input_shape=shape,
        output_shape=(rows, columns, shape[2]),
        output=relu.output,
        pool=(2, 2),
        stride=(1, 2),
        padding=pad,
    )
    features = rows * columns * shape[2]
    flat = Reshape(name="flat", input_shape=pool.output_shape, output_shape=(features,), output=relu.output)
    weight = Format(signed=True, width=bits, fraction=0)
    dense = Dense(
        name="dense",
        input_shape=(features,),
        output_shape=(3,),
        output=Format(signed=True, width=bits + 16, fraction=2),
        weight=weight,
        weights=rng.integers(weight.min_int, weight.max_int + 1, features * 3).tolist(),
        bias=rng.integers(-500, 500, 3).tolist(),
    )
    last = Quantize(
        name="last",
        input_shape=(3,),
        output_shape=(3,),
        output=Format(signed=True, width=9, fraction=-1),
        overflow="SAT_SYM",
    )
    layers: list[Layer] = [first, relu] + ([pool, flat, dense, last] if rows > 0 and columns > 0 else [])
    return NetworkSpec(name="random", inputs=(Input(shape=(9, 11, 2), number=PIXEL),), layers=layers)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), bits=st.sampled_from([2, 5, 12, 16]), same=st.booleans())
def test_fast_equals_reference(seed: int, bits: int, same: bool) -> None:
    spec = network(seed, bits, same=same)
    network_check.check(spec)
    images = np.random.default_rng(seed).integers(0, 256, (3, 9, 11, 2))
    np.testing.assert_array_equal(evaluate_fast(spec, images), integer_network.evaluate(spec, images))


def test_convolution_equals_its_definition() -> None:
    rng = np.random.default_rng(4)
    layer = conv((7, 6, 3), rng, 6, same=True)
    spec = NetworkSpec(name="one", inputs=(Input(shape=(7, 6, 3), number=PIXEL),), layers=[layer])
    image = rng.integers(0, 256, (1, 7, 6, 3))
    got = integer_network.evaluate(spec, image)[0]
    weights = np.array(layer.weights).reshape(*layer.kernel, 3, -1)
    for (row, column, f), value in np.ndenumerate(got):
        want = layer.bias[f]
        for i, j, c in np.ndindex(*layer.kernel, 3):
            y = row * layer.stride[0] + i - layer.padding[0]
            x = column * layer.stride[1] + j - layer.padding[2]
            if 0 <= y < 7 and 0 <= x < 6:
                want += int(image[0, y, x, c]) * int(weights[i, j, c, f])
        assert value == want, (row, column, f)


@pytest.mark.parametrize(
    ("overflow", "want"),
    [("SAT", [-4, -4, 0, 0, 2, 2, 3]), ("SAT_SYM", [-3, -3, 0, 0, 2, 2, 3])],
    ids=["sat", "sat_sym"],
)
def test_rounds_half_to_even_then_saturates(overflow: str, want: list[int]) -> None:
    shape = (1, 7, 1)
    layer = Quantize(
        name="q",
        input_shape=shape,
        output_shape=shape,
        output=Format(signed=True, width=3, fraction=0),
        overflow=overflow,
    )
    spec = NetworkSpec(
        name="q",
        inputs=(Input(shape=shape, number=Format(signed=True, width=16, fraction=1)),),
        layers=[layer],
    )
    halves = np.array([-99, -8, -1, 1, 3, 5, 99]).reshape(1, 1, 7, 1)
    for version in (integer_network.evaluate, evaluate_fast):
        assert version(spec, halves).ravel().tolist() == want


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (np.zeros((1, 9, 10, 2), int), r"\(9, 10, 2\), want \(9, 11, 2\)"),
        (np.full((1, 9, 11, 2), 256), "256..256, want 0..255"),
        (np.zeros((1, 9, 11, 2)), "float64"),
    ],
    ids=["shape", "range", "type"],
)
def test_refuses_other_images(images: np.ndarray, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        integer_network.evaluate(network(1, 5, same=True), images)


def test_file_round_trip_and_bad_files(tmp_path) -> None:
    spec, path = network(3, 5, same=False), tmp_path / "network.json"
    network_spec.write(spec, path)
    assert network_spec.read(path) == spec
    text = path.read_text()
    for bad, sentence in [
        (text[: len(text) // 2], "network.json"),
        (text.replace('"version": 2', '"version": 1'), "version 1, want 2"),
        (text.replace('"kind": "conv2d"', '"kind": "conv9d"', 1), "conv9d"),
        (re.sub(r'("input_shape": \[\s*)9,', r"\g<1>8,", text, count=1), "is given"),
    ]:
        path.write_text(bad)
        with pytest.raises(UserError, match=sentence):
            network_spec.read(path)
