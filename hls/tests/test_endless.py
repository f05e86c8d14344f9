"""Rows without end: depths of FIFOs, the pace of kernels behind strides, and traffic that stops nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from hls import cycles, keras_model
from hls.blocks import cut
from hls.depths import Demand, fitted, with_depth
from hls.endless import endless, for_rows
from hls.keras_alias import legacy_keras
from hls.netlist import Mac, Netlist
from hls.random_specs import random_spec
from hls.rtl_writer import write_rtl
from hls.tests.graphs import Graph
from hls.tests.test_rtl_writer import lint
from streams.cli import app
from streams.errors import UserError
from trigger.continuous import Field, fields
from trigger.network_spec import Conv2D, Format, MaxPool2D, NetworkSpec

WEIGHT = Format(signed=True, width=8, fraction=0)


def of_rows(spec: NetworkSpec, reuse: dict[str, int] | None = None) -> Netlist:
    rows = for_rows(spec)
    strides = {name: field.stride for name, field in fields(rows).items()}
    return endless(cut(rows, reuse=reuse, strides=strides), rows)


def conv(graph: Graph, name: str, source: str, filters: int = 1, *, stride: tuple[int, int] = (1, 1)) -> str:
    """Append a convolution of 3 x 3, valid in time, with zeros beside the rows (none with a single column)."""
    rows, columns, channels = graph.shapes[source]
    wide = 3 if columns > 1 else 1
    side = (wide - 1) // 2
    shape = ((rows - 3) // stride[0] + 1, (columns + 2 * side - wide) // stride[1] + 1, filters)
    weights = np.random.default_rng(1).integers(-128, 128, 3 * wide * channels * filters).tolist()
    return graph.add(
        Conv2D, name, [source], shape, kernel=(3, wide), stride=stride, padding=(0, 0, side, side), weight=WEIGHT,
        weights=weights, bias=[0] * filters,
    )  # fmt: skip


def pool(
    graph: Graph, name: str, source: str, size: tuple[int, int], stride: tuple[int, int], side: int = 0
) -> str:
    rows, columns, channels = graph.shapes[source]
    shape = ((rows - size[0]) // stride[0] + 1, (columns + 2 * side - size[1]) // stride[1] + 1, channels)
    return graph.add(MaxPool2D, name, [source], shape, pool=size, stride=stride, padding=(0, 0, side, side))


def residual(columns: int) -> NetworkSpec:
    """A convolution beside a maximum: both see three rows."""
    graph, wide = Graph(20, columns), min(columns, 3)
    beside = pool(graph, "pool", "pixels", (3, wide), (1, 1), wide // 2)
    graph.join(
        "join",
        conv(graph, "last", conv(graph, "conv", "pixels")),
        pool(graph, "pool2", beside, (3, 1), (1, 1)),
    )
    return graph.spec()


def several_outputs() -> NetworkSpec:
    """Outputs of every row, every second and every sixth; kernels of several clocks behind the poolings."""
    graph = Graph(20, 12)
    half = pool(graph, "half", conv(graph, "conv", "pixels", 2), (2, 2), (2, 2))
    sixth = conv(graph, "sixth", half, 3, stride=(3, 1))
    return graph.spec("conv", conv(graph, "slow", half, 2), sixth)


@pytest.mark.parametrize("columns", [11, 1])
def test_one_word_less_is_slower_or_stands_still(columns: int) -> None:
    netlist = of_rows(residual(columns))
    search, found = Demand(netlist), fitted(netlist)
    assert search.interval(found) == search.wanted
    deep = [number for number, edge in enumerate(found.edges) if edge.depth > 2]
    assert deep
    for number in deep:
        assert search.met(with_depth(found, number, found.edges[number].depth))
        assert not search.met(with_depth(found, number, found.edges[number].depth - 1))


def test_the_words_of_short_rows_do_not_hold_the_network_back() -> None:
    graph, value = Graph(20, 1), "pixels"
    for number in range(6):
        value = conv(graph, f"conv{number}", value)
    found = fitted(of_rows(graph.spec()))
    assert found.flag_depth > 16
    assert (np.diff(cycles.run(found, frames=2).taken["s_axis"]) == 1).all()


def test_outputs_of_different_strides_at_a_pixel_per_clock() -> None:
    spec = several_outputs()
    assert [fields(spec)[name] for name in spec.outputs] == [Field(3, 1), Field(8, 2), Field(8, 6)]
    found = fitted(of_rows(spec, {"slow": 3, "sixth": 9}))
    assert {mac.turns for block in found.blocks for mac in block.fronts if isinstance(mac, Mac)} == {3, 9}
    assert (np.diff(cycles.run(found, frames=2).taken["s_axis"]) == 1).all()


def test_a_kernel_behind_its_own_stride_is_not_too_slow() -> None:
    """Rows that give no window take a clock per pixel all the same: 6 rows in 6 times 16 clocks, 2 of them at 16."""
    graph = Graph(40, 16, 8)
    conv(graph, "wide", pool(graph, "half", "pixels", (2, 1), (2, 1)), 40, stride=(3, 1))
    netlist = of_rows(graph.spec())
    mac = netlist.blocks[-1].fronts[-1]
    assert isinstance(mac, Mac) and mac.turns == 3
    assert (np.diff(cycles.run(fitted(netlist), frames=2).taken["s_axis"]) == 1).all()


@pytest.mark.parametrize("seed", range(100, 106))
def test_no_traffic_stops_a_random_network(seed: int) -> None:
    netlist = fitted(of_rows(random_spec(seed, endless=True)))
    (source,) = netlist.inputs
    beats = source.stream.beats
    for way in range(4):
        rng = np.random.default_rng([seed, way])
        gaps = rng.integers(0, rng.choice([1, 3, 30]) + 1, 2 * beats)
        gaps[:: source.stream.columns] = rng.integers(0, rng.choice([1, 20, 300]) + 1)  # between rows
        valid = np.zeros(int(gaps.sum()) + len(gaps), np.bool_)
        valid[np.cumsum(gaps + 1) - 1] = True
        ready = {port.label: rng.random(2000) < rng.choice([0.2, 0.8, 1.0]) for port in netlist.outputs}
        run = cycles.run(netlist, frames=2, valid={source.label: valid}, ready=ready)
        assert all(words <= edge.depth for edge, words in run.occupancy.items())


@pytest.mark.parametrize("seed", [2, 5])
def test_generated_rtl_is_lint_clean(seed: int, tmp_path: Path) -> None:
    write_rtl(random_spec(seed, endless=True), tmp_path, continuous=True)
    assert lint(tmp_path) == ""


REFUSED = {
    "same": ("conv", "pads 2 rows in time"),
    "flatten": ("flat", "flattens a frame: use convolutions alone"),
    "global": ("mean", "pools over a whole frame"),
    "rows of zeros": ("zeros", "pads 1 rows in time"),
    "larger": ("larger", r"makes rows: use size \(1, n\)"),
}


def model_of(kind: str) -> Any:
    """A model that needs frames (or two inputs), and else nothing that would be refused."""
    with legacy_keras() as keras:
        import qkeras

        weight = qkeras.quantized_bits(4, 0, alpha=1)
        options = {"kernel_quantizer": weight, "bias_quantizer": weight}
        values = pixels = [
            keras.layers.Input((6, 5, 1), name=f"pixels{n}") for n in range(1 + (kind == "inputs"))
        ]
        values = [qkeras.QActivation("quantized_bits(6,2)")(value) for value in values]
        value = keras.layers.Concatenate()(values) if len(values) > 1 else values[0]
        value = qkeras.QConv2D(1, 3, padding="same" if kind == "same" else "valid", name="conv", **options)(
            value
        )
        value = qkeras.QActivation("quantized_bits(6,2)", name="small")(value)
        more = {
            "flatten": [keras.layers.Flatten(name="flat"), qkeras.QDense(1, **options)],
            "global": [keras.layers.GlobalAveragePooling2D(name="mean")],
            "rows of zeros": [keras.layers.ZeroPadding2D(((0, 1), (0, 0)), name="zeros")],
            "larger": [keras.layers.UpSampling2D(2, name="larger")],
        }
        for layer in more.get(kind, []):
            value = layer(value)
        return keras.Model(pixels, qkeras.QActivation("quantized_bits(8,3)", name="end")(value))


@pytest.mark.parametrize("kind", [*REFUSED, "inputs"])
def test_what_needs_a_frame_is_refused_by_the_command(kind: str, tmp_path: Path) -> None:
    keras_model.save(model_of(kind), tmp_path / "model.keras")
    done = CliRunner().invoke(
        app, ["convert", str(tmp_path / "model.keras"), "-o", str(tmp_path / "firmware"), "--continuous"]
    )
    assert isinstance(done.exception, UserError) and done.exception.exit_code == 1
    want = (
        "layer {}: continuous mode: it {}".format(*REFUSED[kind])
        if kind in REFUSED
        else "takes one input, got 2"
    )
    with pytest.raises(UserError, match=want):
        raise done.exception
    assert "\n" not in str(done.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
