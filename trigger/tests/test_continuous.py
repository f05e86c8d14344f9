from __future__ import annotations

import msgspec
import numpy as np
import pytest

from streams.errors import UserError
from trigger.continuous import Field, fields, with_rows
from trigger.exact_formats import exact, fit
from trigger.integer_network import evaluate
from trigger.network_check import check
from trigger.network_spec import (
    Conv2D,
    Format,
    GlobalPool2D,
    Input,
    MaxPool2D,
    Merge,
    NetworkSpec,
    Reshape,
    Upsample2D,
    ZeroPad2D,
)  # fmt: skip

PIXEL, WEIGHT = Format(signed=False, width=4, fraction=0), Format(signed=True, width=4, fraction=0)


def conv(
    name: str, shape: tuple[int, ...], kernel: tuple[int, int], stride: tuple[int, int], **more
) -> Conv2D:
    rng = np.random.default_rng(len(name))
    out = (
        (shape[0] - kernel[0]) // stride[0] + 1,
        (shape[1] + kernel[1] - 1 - kernel[1]) // stride[1] + 1,
        2,
    )
    weights = rng.integers(-8, 8, kernel[0] * kernel[1] * shape[2] * 2).tolist()
    return Conv2D(
        name=name, input_shape=shape, output_shape=out, kernel=kernel, stride=stride,
        padding=(0, 0, (kernel[1] - 1) // 2, kernel[1] // 2), weight=WEIGHT, weights=weights, bias=[3, -1],
        output=PIXEL, **more,
    )  # fmt: skip


def exactly(spec: NetworkSpec) -> NetworkSpec:
    """The same network with every format as its layer needs it."""
    numbers = {node.name: node.number for node in spec.inputs}
    layers = []
    for layer in spec.layers:
        numbers[layer.name] = fit(*exact(layer, [numbers[s] for s in layer.sources]))
        layers.append(msgspec.structs.replace(layer, output=numbers[layer.name]))
    return msgspec.structs.replace(spec, layers=layers)


def network(rows: int = 20) -> NetworkSpec:
    first = conv("first", (rows, 7, 1), (3, 3), (1, 1))
    shape = first.output_shape
    pool = MaxPool2D(
        name="pool", input_shape=shape, output_shape=(shape[0] // 2, shape[1] // 2, 2), pool=(2, 2), stride=(2, 2),
        padding=(0, 0, 0, 0), output=PIXEL,
    )  # fmt: skip
    last = conv("last", pool.output_shape, (2, 3), (3, 1))
    spec = exactly(
        NetworkSpec(name="n", inputs=[Input(shape=(rows, 7, 1), number=PIXEL)], layers=[first, pool, last])
    )
    check(spec)
    return spec


def test_endless_equals_overlapping_frames() -> None:
    spec = network()
    field = fields(spec)["last"]
    assert field == Field(6, 6)
    image = np.random.default_rng(1).integers(0, 16, (1, 60, 7, 1))
    endless = evaluate(with_rows(spec, 60), image)[0]
    assert len(endless) == (60 - field.rows) // field.stride + 1
    for count in (1, 3):  # frames that give one, or three rows
        frame = with_rows(spec, field.rows + (count - 1) * field.stride)
        for start in range(len(endless) - count + 1):
            top = start * field.stride
            rows = image[:, top : top + frame.input_shape[0]]
            np.testing.assert_array_equal(evaluate(frame, rows)[0], endless[start : start + count])
    check(with_rows(spec, 31))


HEAD = {"input_shape": (8, 7, 1), "output": PIXEL}


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (
            msgspec.structs.replace(conv("c", (8, 7, 1), (3, 3), (1, 1)), padding=(1, 1, 1, 1)),
            "layer c: .*pads 2 rows",
        ),
        (ZeroPad2D(name="z", **HEAD, output_shape=(9, 7, 1), padding=(0, 1, 0, 0)), "layer z: .*pads 1 rows"),
        (Upsample2D(name="u", **HEAD, output_shape=(16, 7, 1), size=(2, 1)), "layer u: .*rows"),
        (GlobalPool2D(name="g", **HEAD, output_shape=(1,), op="max"), "layer g: .*frame"),
        (Reshape(name="r", **HEAD, output_shape=(56,)), "layer r: .*flattens"),
    ],
    ids=["same", "zeros", "upsampling", "global", "flatten"],
)
def test_what_needs_a_frame_is_refused_by_name(layer, sentence: str) -> None:
    spec = NetworkSpec(name="n", inputs=[Input(shape=(8, 7, 1), number=PIXEL)], layers=[layer])
    with pytest.raises(UserError, match=sentence):
        fields(spec)


def test_branches_must_see_the_same_rows() -> None:
    one_row = conv("one", (8, 7, 1), (1, 3), (1, 1))
    three = conv("three", (8, 7, 1), (3, 3), (1, 1), sources=["pixels"])
    add = Merge(
        name="add",
        sources=["one", "three"],
        input_shape=(8, 7, 2),
        output_shape=(8, 7, 2),
        op="add",
        output=PIXEL,
    )
    spec = NetworkSpec(name="n", inputs=[Input(shape=(8, 7, 1), number=PIXEL)], layers=[one_row, three, add])
    with pytest.raises(UserError, match=r"layer add: .*see \[1, 3\] rows"):
        fields(spec)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(UserError, match="got 5 rows, want at least 6"):
        with_rows(network(), 5)
