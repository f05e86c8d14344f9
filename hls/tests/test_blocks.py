"""How a graph is cut into blocks: what is fused, forked, merged, repacked and refused; that it is right is in RTL."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from hls.block_limits import MAX_BEAT_BITS
from hls.blocks import cut
from hls.netlist import Global, Mac, Netlist, Repack, Resize, Window
from hls.rates import rates
from hls.rtl_sources import sources
from streams.errors import UserError
from trigger.exact_formats import exact, fit
from trigger.network_check import output_shape
from trigger.network_spec import (
    Concatenate,
    Conv2D,
    Dense,
    Format,
    GlobalPool2D,
    Input,
    Layer,
    MaxPool2D,
    Merge,
    NetworkSpec,
    Quantize,
    Reshape,
    Scale,
    Shape,
    ZeroPad2D,
)

PIXEL, WEIGHT = Format(signed=False, width=4, fraction=0), Format(signed=True, width=4, fraction=0)


def network(
    *layers: tuple[type[Any], str, list[str], dict[str, Any]],
    shape: Shape = (6, 8, 2),
    outputs: tuple[str, ...] = (),
) -> NetworkSpec:
    """Return a network of layers (kind, name, sources, other fields); shapes and formats follow."""
    values: dict[str, tuple[Shape, Format]] = {"in": (shape, PIXEL)}
    made: list[Layer] = []
    for kind, name, sources_, fields in layers:
        shapes, numbers = [values[s][0] for s in sources_], [values[s][1] for s in sources_]
        head = {"name": name, "sources": sources_, "input_shape": shapes[0], **fields}
        out = head.pop("output_shape", None)
        draft = kind(**{"output": numbers[0], **head}, output_shape=out or shapes[0])
        out = out or output_shape(draft, shapes)
        form = fields.get("output") or fit(*exact(draft, numbers))
        made.append(kind(**{**head, "output": form}, output_shape=out))
        values[name] = (out, form)
    inputs = (Input(name="in", shape=shape, number=PIXEL),)
    return NetworkSpec(name="net", inputs=inputs, layers=made, outputs=outputs)


def conv(name: str, source: str, *, channels: int = 2, filters: int = 2, size: int = 3, pad: int = 1) -> Any:
    weights = [k % 7 - 3 for k in range(size * size * channels * filters)]
    fields = {
        "kernel": (size, size),
        "stride": (1, 1),
        "padding": (pad,) * 4,
        "weight": WEIGHT,
        "weights": weights,
    }
    return Conv2D, name, [source], {**fields, "bias": [0] * filters}


def relu(name: str, source: str) -> Any:
    return Quantize, name, [source], {"output": PIXEL}


def pool(name: str, source: str) -> Any:
    return MaxPool2D, name, [source], {"pool": (2, 2), "stride": (2, 2), "padding": (0, 0, 0, 0)}


def named(netlist: Netlist) -> list[str]:
    return [block.name for block in netlist.blocks]


def test_layers_without_state_are_fused_where_nothing_else_takes_their_source() -> None:
    chain = network(conv("a", "in"), relu("b", "a"), relu("c", "b"), pool("d", "c"))
    assert named(cut(chain)) == ["a+b+c", "d"]
    fork = network(conv("a", "in"), relu("b", "a"), relu("c", "a"), (Merge, "d", ["b", "c"], {"op": "add"}))
    assert named(cut(fork)) == ["a", "b", "c", "d"]
    shown = network(conv("a", "in"), relu("b", "a"), outputs=("a", "b"))
    assert named(cut(shown)) == ["a", "b"]


def test_a_fork_has_one_fifo_per_consumer_and_an_input_wires_to_a_single_one() -> None:
    spec = network(
        conv("a", "in"), relu("b", "a"), (Merge, "c", ["a", "b"], {"op": "add"}), outputs=("c", "a")
    )
    netlist = cut(spec)
    told = [(e.producer, e.consumer, e.port, e.depth) for e in netlist.edges]
    assert told == [
        ("s_axis", "layer0_a", 0, 0),
        ("layer0_a", "layer1_b", 0, 2),
        ("layer0_a", "layer2_c", 0, 2),
        ("layer1_b", "layer2_c", 1, 2),
        ("layer2_c", "m_axis_c", 0, 2),
        ("layer0_a", "m_axis_a", 0, 2),
    ]
    twice = cut(network((Merge, "m", ["in", "in"], {"op": "multiply"})))
    assert [(e.producer, e.port, e.depth) for e in twice.edges] == [
        ("s_axis", 0, 2),
        ("s_axis", 1, 2),
        ("layer0_m", 0, 2),
    ]


def test_zero_padding_merges_into_the_window_that_can_mask_it() -> None:
    pad = (ZeroPad2D, "pad", ["in"], {"padding": (1, 1, 0, 2)})
    merged = cut(network(pad, conv("a", "pad", pad=0)))
    assert named(merged) == ["pad+a"]
    window = merged.blocks[0].fronts[0]
    assert isinstance(window, Window) and (window.padding, window.rows, window.columns) == ((1, 0), 6, 8)
    for others in (
        [conv("a", "pad", size=2, pad=0)],
        [pool("a", "pad")],
        [conv("a", "pad", pad=0), relu("b", "pad")],
    ):
        kept = cut(network(pad, *others, outputs=tuple(other[1] for other in others)))
        front = kept.blocks[0].fronts[0]
        assert kept.blocks[0].name.startswith("pad") and isinstance(front, Resize)
        assert front.padding == (1, 1, 0, 2)


def test_beats_are_repacked_where_the_packing_matters_only() -> None:
    flat = (Reshape, "flat", ["in"], {"output_shape": (96,)})
    dense = (Dense, "a", ["flat"], {"output_shape": (1,), "weight": WEIGHT, "weights": [1] * 96, "bias": [0]})
    netlist = cut(network(flat, relu("q", "flat"), (*dense[:2], ["q"], dense[3])))
    assert named(netlist) == ["q", "a"]
    mac = netlist.blocks[1].fronts[0]
    assert isinstance(mac, Mac) and (mac.turns, mac.beats) == (1, 48), "a beat per clock"
    norm = {"weight": WEIGHT, "weights": [1] * 96, "bias": [0] * 96}
    repacked = cut(network(flat, (Scale, "a", ["flat"], norm)))
    front = repacked.blocks[0].fronts[0]
    assert isinstance(front, Repack) and (front.source.channels, front.sink.channels) == (2, 96)
    assert repacked.blocks[0].layers == ("a",), "the scale is fused behind the block that repacks"
    image = cut(network((Reshape, "r", ["in"], {"output_shape": (4, 12, 2)}), conv("a", "r")))
    assert [type(front) for front in image.blocks[0].fronts] == [Window], "as many channels: no hardware"


def test_a_vector_too_wide_for_a_beat_is_refused_by_name() -> None:
    shape = (64, 64, 2)
    layers = [
        (Reshape, "flat", ["in"], {"output_shape": (8192,)}),
        (Concatenate, "join", ["flat", "flat"], {}),
    ]
    want = (
        f"layer join needs the 8192 numbers of flat in one beat of 32768 bits, want at most {MAX_BEAT_BITS}"
    )
    with pytest.raises(UserError, match=want):
        cut(network(*layers, shape=shape))
    with pytest.raises(
        UserError, match="layer a: frames of 4096 beats of 70560 bits: want at most 16777216 beats of 65536"
    ):
        cut(network(conv("a", "in", channels=360, filters=1, size=7, pad=3), shape=(64, 64, 360)))


def test_rates_fall_behind_strides_and_whole_images() -> None:
    spec = network(
        conv("a", "in"), pool("b", "a"), conv("c", "b"), pool("d", "c"), (GlobalPool2D, "e", ["d"], {"op": "max"}),
        shape=(8, 16, 2),
    )  # fmt: skip
    netlist = cut(spec)
    found = [tuple(rate) for rate in rates(netlist).values()]
    quarter = Fraction(1, 4)
    of_image = Fraction(1, 128), Fraction(1, 32)
    assert found == [(1, 1), (quarter, 2 * quarter), (quarter, 2 * quarter), (quarter**2, quarter), of_image]
    assert isinstance(netlist.blocks[-1].fronts[0], Global)


def test_reuse_factor_decides_the_clocks_per_window() -> None:
    for reuse, turns, parallel in ((18, 18, 1), (9, 9, 2), (4, 4, 5), (100, 18, 1)):
        block = cut(network(conv("a", "in")), reuse={"a": reuse}).blocks[0]
        mac = block.fronts[-1]
        assert isinstance(mac, Mac) and (mac.turns, mac.parallel) == (turns, parallel)
    assert cut(network(conv("a", "in")), reuse={"a": 1}).blocks[0].kernel == "shift_add"
    with pytest.raises(UserError, match=r"reuse factor 0 for layer 'a': want at least 1, for one of \['a'\]"):
        cut(network(conv("a", "in")), reuse={"a": 0})


def test_wide_weights_are_not_unrolled() -> None:
    kind, name, source, fields = conv("a", "in")
    wide = {**fields, "weight": Format(signed=True, width=40, fraction=0)}
    spec = network((kind, name, source, {**wide, "weights": [w << 33 for w in fields["weights"]]}))
    assert cut(spec).blocks[0].kernel == "mac"
    for choice in ({"kernels": {"a": "shift_add"}}, {"reuse": {"a": 1}}):
        with pytest.raises(
            UserError, match="layer a: weights of 40 bits cannot be unrolled, want at most 32"
        ):
            cut(spec, **choice)


def test_names_cannot_break_the_text() -> None:
    wild = "a\n*/ endmodule \\ ü" + "x" * 300
    spec = network(relu(wild, "in"), relu("b/c", "in"), relu("b c", "in"), outputs=(wild, "b/c", "b c"))
    netlist = cut(spec)
    assert [port.label for port in netlist.outputs][1:] == ["m_axis_b_c", "m_axis_b_c_2"]
    for name, text in sources(netlist).items():
        assert len(name) < 80 and text.isascii()
        assert all(line.startswith("//") for line in text.splitlines() if "*/" in line)
