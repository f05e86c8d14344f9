"""The text of the generated top module ``network``: guards, blocks, the FIFOs between them, tails.

>>> from hls.blocks import cut
>>> from trigger.network_spec import Format, Input, NetworkSpec, Quantize
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(2, 2, 1), output_shape=(2, 2, 1), output=pixel)
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(2, 2, 1), number=pixel),), layers=[relu])
>>> "wire layer0_relu_valid, layer0_relu_ready;" in network(cut(spec))
True
"""

from __future__ import annotations

from hls import row_text
from hls.bench.vectors import ROW_BITS
from hls.netlist import Edge, Netlist, Port
from hls.verilog import Link, both, instance, link, plain, told, wires

_COUNTERS = ("frames_short", "frames_long")
_IN = ("tdata", "tvalid", "tready", "tlast", "tuser")


def network(netlist: Netlist) -> str:
    """Return the module ``network``."""
    endless = netlist.mode == "continuous"
    user = ROW_BITS if endless else 1
    guard = row_text.guard if endless else _guard
    parts = [guard(port) for port in netlist.inputs]
    parts += [_edges(netlist, port.label) for port in netlist.inputs]
    for block in netlist.blocks:
        given = netlist.into(block.label)
        prefixes = ["s"] if len(given) == 1 else [f"s{k}" for k in range(len(given))]
        ports: dict[str, str] = {}
        for prefix, edge in zip(prefixes, given, strict=True):
            ports |= taken(netlist, edge).ports(prefix)
        ports |= link(block.label).ports("m")
        made = instance(block.label, block.label.split("_")[0], {}, ports)
        parts += [wires(block.label, block.sink.width), made, _edges(netlist, block.label)]
    if endless:
        parts.append(row_text.words(netlist.inputs[0], netlist.outputs, netlist.flag_depth))
    else:
        parts.append(_flags(netlist))
    for port in netlist.outputs:
        (edge,) = netlist.into(port.label)
        parts.append((row_text.tail if endless else _tail)(port, taken(netlist, edge)))
    return _NETWORK.format(
        name=plain(netlist.name),
        kind=_ROWS if endless else _FRAMES,
        unit="rows" if endless else "frames",
        unit_one="row" if endless else "frame",
        told="\n".join([*map(_told_in, netlist.inputs), *map(_told_out, netlist.outputs)]),
        ports="".join(
            [_S_AXIS.format(p=p.label, top=p.stream.width - 1, user=user - 1) for p in netlist.inputs]
            + [_M_AXIS.format(p=p.label, top=p.stream.width - 1, user=user) for p in netlist.outputs]
        ),
        counters=",\n".join(f"    output wire [31:0] {name}" for name in counters(netlist)),
        told_counters=", ".join(counters(netlist)),
        body="\n".join(parts),
    )


def counters(netlist: Netlist) -> list[str]:
    """Return the names of the counters of bad frames: with several inputs those of each, with its name behind."""
    ends = [port.label.removeprefix("s_axis") for port in netlist.inputs]
    names = row_text.COUNTERS if netlist.mode == "continuous" else _COUNTERS
    return [name + end for end in ends for name in names]


def taken(netlist: Netlist, edge: Edge) -> Link:
    """Return the signals on the consumer's side of an edge."""
    return link(f"{edge.producer}_out" if edge.kind == "wire" else f"e{netlist.edges.index(edge)}")


def _guard(port: Port) -> str:
    name, stream = port.label, port.stream
    inner = f"{name}_out"
    text = wires(inner, stream.width) + wires(f"{name}_flag", 2)
    ports = {f"s_axis_{end}": f"{name}_{end}" for end in _IN}
    ports |= link(inner).ports("m") | link(f"{name}_flag").ports("flag")
    ports |= {count: count + name.removeprefix("s_axis") for count in _COUNTERS}
    return text + instance(
        "net_guard", f"guard_{name}", {"Width": stream.width, "Pixels": stream.beats}, ports
    )


def _edges(netlist: Netlist, producer: str) -> str:
    """Return the FIFOs behind a block or an input: one per consumer, pushed together."""
    edges = netlist.out_of(producer)
    source = producer if producer.startswith("layer") else f"{producer}_out"
    if edges[0].kind == "wire":
        return ""
    numbers = [netlist.edges.index(edge) for edge in edges]
    rooms = [f"e{number}_room" for number in numbers]
    text = f"  wire {', '.join(rooms)};\n  assign {source}_ready = {both(rooms)};\n"
    for edge, number, room in zip(edges, numbers, rooms, strict=True):
        others = [other for other in rooms if other != room]
        module = "net_fifo" if edge.kind == "fifo" else "net_deep_fifo"
        ports = {"s_valid": both([f"{source}_valid", *others]), "s_ready": room, "s_data": f"{source}_data"}
        ports |= link(f"e{number}").ports("m")
        sizes = {"Width": edge.stream.width, "Depth": edge.depth}
        text += wires(f"e{number}", edge.stream.width) + instance(module, f"fifo{number}", sizes, ports)
    return text


def _flags(netlist: Netlist) -> str:
    """Return what brings the flags of each frame to every tail."""
    text, sources = "", [f"{port.label}_flag" for port in netlist.inputs]
    depth = {"Width": 2, "Depth": netlist.flag_depth}
    if len(sources) > 1:  # each guard may be ahead of the others: they meet behind FIFOs of their own
        for port in netlist.inputs:
            held = f"{port.label}_held"
            ports = link(f"{port.label}_flag").ports("s") | link(held).ports("m")
            text += _unread(wires(held, 2)) + instance("net_fifo", f"flags_{port.label}", depth, ports)
        sources = [f"{port.label}_held" for port in netlist.inputs]
    rooms = [f"{port.label}_room" for port in netlist.outputs]
    go = both([*(f"{source}_valid" for source in sources), *rooms])
    bad = " || ".join(f"{source}_data[1]" for source in sources)
    text += f"  wire {', '.join(rooms)};\n  wire flags_go = {go};\n"
    text += f"  wire [1:0] flags_data = {{{bad}, {sources[0]}_data[0]}};\n"
    for source in sources:
        others = [f"{other}_valid" for other in sources if other != source]
        text += f"  assign {source}_ready = {both([*others, *rooms])};\n"
    for port in netlist.outputs:
        kept = f"{port.label}_kept"
        ports = {"s_valid": "flags_go", "s_ready": f"{port.label}_room", "s_data": "flags_data"}
        ports |= link(kept).ports("m")
        text += wires(kept, 2) + instance("net_fifo", f"flags_{port.label}", depth, ports)
    return text


def _unread(text: str) -> str:
    """Return declarations of which not every bit is read: only the first input's tuser is handed through."""
    return f"  // verilator lint_off UNUSEDSIGNAL\n{text}  // verilator lint_on UNUSEDSIGNAL\n"


def _tail(port: Port, given: Link) -> str:
    ports = given.ports("s") | link(f"{port.label}_kept").ports("flag")
    ports |= {f"m_axis_{end}": f"{port.label}_{end}" for end in _IN}
    sizes = {"Width": port.stream.width, "Cells": port.stream.beats}
    return instance("net_tail", f"tail_{port.label}", sizes, ports)


def _told_in(port: Port) -> str:
    return f"//   in   {port.label} ({plain(port.name)})   frames of {told(port.stream)}"


def _told_out(port: Port) -> str:
    return _told_in(port).replace("//   in   ", "//   out  ", 1)


_S_AXIS = """    input  wire [{top}:0] {p}_tdata,
    input  wire {p}_tvalid,
    output wire {p}_tready,
    input  wire {p}_tlast,
    input  wire [{user}:0] {p}_tuser,
"""

_M_AXIS = """    output wire [{top}:0] {p}_tdata,
    output wire {p}_tvalid,
    input  wire {p}_tready,
    output wire {p}_tlast,
    output wire [{user}:0] {p}_tuser,
"""

_FRAMES = """\
//        beats row by row (number c in the c-th bits from below); tuser of a frame's last beat (of the first input) is
//        handed through as bit 0; bit 1 = a frame was too short (completed with zeros) or too long (cut)"""

_ROWS = """\
//        rows without end, tlast on the last beat of each (number c in the c-th bits from below); tuser of its first
//        beat is the row's number; tuser of an output beat: the number of the input row that completed its row, and,
//        on the last beat, in the top bit: a row that it depends on was too short (completed with zeros) or too long"""

_NETWORK = """// network: generated network {name}.
//
// Contract
{told}
{kind}
//   out  {told_counters}   counters of such {unit}
//   latency, throughput   see plan.json
//   reset        synchronous, active high: the next beat is the first of a {unit_one}
//   reference    trigger/integer_network.py:evaluate, equal bit for bit
`default_nettype none
module network (
    input  wire clk,
    input  wire rst,
{ports}{counters}
);
{body}endmodule
`default_nettype wire
"""
