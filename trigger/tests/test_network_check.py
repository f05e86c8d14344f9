from __future__ import annotations

import json

import msgspec
import pytest

from streams.errors import UserError
from trigger import network_spec
from trigger.network_spec import Conv2D, Format, Input, MaxPool2D, Merge, NetworkSpec, Quantize

PIXEL, FEW = Format(signed=False, width=4, fraction=0), Format(signed=True, width=5, fraction=0)


def residual() -> NetworkSpec:
    shape = {"input_shape": (6, 6, 1), "output_shape": (6, 6, 1)}
    conv = Conv2D(
        name="conv", **shape, kernel=(3, 3), stride=(1, 1), padding=(1, 1, 1, 1), weight=FEW, weights=[1] * 9, bias=[0],
        output=Format(signed=False, width=8, fraction=0),
    )  # fmt: skip
    small = Quantize(name="small", **shape, output=FEW)
    add = Merge(
        name="add",
        sources=["small", "pixels"],
        **shape,
        op="add",
        output=Format(signed=True, width=7, fraction=0),
    )
    pool = MaxPool2D(
        name="pool", input_shape=(6, 6, 1), output_shape=(3, 3, 1), pool=(2, 2), stride=(2, 2), padding=(0, 0, 0, 0),
        output=add.output,
    )  # fmt: skip
    return NetworkSpec(
        name="residual", inputs=[Input(shape=(6, 6, 1), number=PIXEL)], layers=[conv, small, add, pool]
    )


def test_a_graph_is_read_back(tmp_path) -> None:
    network_spec.write(residual(), tmp_path / "network.json")
    assert network_spec.read(tmp_path / "network.json") == residual()


@pytest.mark.parametrize(
    ("where", "value", "sentence"),
    [
        ("layers.2.sources", ["small", "pool"], "takes 'pool', which is no input and no layer before it"),
        ("layers.2.sources", ["small"], "takes shapes"),
        ("layers.1.name", "conv", "each name once"),
        ("outputs", ["add"], "'pool' is used by no layer"),
        ("outputs", ["pixels"], "want names of layers"),
        ("inputs.0.shape", [6, 0, 1], "input pixels"),
        ("inputs.0.number.width", 70, "70 bits"),
        ("layers.0.weights", [1] * 8, "8 weights and 1 biases, want 9 and 1"),
        ("layers.0.weights", [99] * 9, "outside its format"),
        ("layers.0.bias", [], "9 weights and 0 biases"),
        ("layers.0.groups", 2, "2 groups do not divide"),
        ("layers.0.stride", [0, 1], "sizes"),
        ("layers.0.kernel", [9, 9], "9 weights and 1 biases, want 81 and 1"),
        ("layers.0.padding", [-1, 1, 1, 1], "padding"),
        ("layers.0.output.width", 64, "64 bits, want 1 to 62"),
        ("layers.0.output.width", 7, "do not hold"),
        ("layers.2.output.fraction", 1, "fraction"),
        ("layers.3.padding", [2, 0, 0, 0], "gives shape"),
        ("layers.3.input_shape", [6, 5, 1], "is given"),
        ("layers.3.output_shape", [3, 4, 1], "want \\(3, 3, 1\\)"),
        ("layers.1.rounding", "UP", "UP"),
        ("layers.2.op", "divide", "divide"),
        ("layers.3.kind", "minpool", "minpool"),
        ("layers.0.speed", 3, "speed"),
        ("layers", [], "at least one input and one layer"),
        ("version", 1, "version 1, want 2"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(tmp_path, where: str, value: object, sentence: str) -> None:
    data = json.loads(msgspec.json.encode(residual()))
    *path, last = where.split(".")
    at = data
    for key in path:
        at = at[int(key)] if key.isdigit() else at[key]
    at[last] = value
    (tmp_path / "network.json").write_text(json.dumps(data))
    with pytest.raises(UserError, match=sentence) as caught:
        network_spec.read(tmp_path / "network.json")
    assert "network.json" in str(caught.value) and "\n" not in str(caught.value)
