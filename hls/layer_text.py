"""The text of the generated modules that only wire: one per layer, and the top ``network``.

>>> from trigger.network_spec import Dense, Format
>>> weight, total = Format(signed=False, width=3, fraction=0), Format(signed=True, width=9, fraction=0)
>>> dense = Dense(name="dense", input_shape=(1,), output_shape=(1,), output=total, weight=weight, weights=[7], bias=[0])
>>> weight_width(dense)  # a sign bit more
4
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hls.blocks import Block, Stream
from hls.cycles import FIFO_DEPTH, FLAG_DEPTH
from trigger.network_spec import Conv2D, Dense, Format, MaxPool2D, NetworkSpec, Quantize


def weight_width(layer: Conv2D | Dense) -> int:
    """Return the bits of a weight as two's complement."""
    return layer.weight.width + (not layer.weight.signed)


def layer(block: Block, name: str, stages: int, kernel_stages: int) -> str:
    """Return the module ``name`` of one block; ``kernel_stages`` of its ``stages`` are the kernel's."""
    parts, link = [], _Link("s_valid", "s_ready", "s_data")
    if block.window:
        parts.append(_window(block, link))
        link = _Link("w_valid", "w_ready", "w_data")
    if block.mac:
        parts.append(_mac(block, name, link))
        link = _Link("a_valid", "a_ready", "a_data")
    if stages:
        parts.append(_pipeline(block, name, link, stages, kernel_stages))
        link = _Link("p_valid", "p_ready", f"q{len(block.quantizers)}")
    ports = {"s_valid": link.valid, "s_ready": link.ready, "s_data": link.data}
    ports |= {"m_valid": "m_valid", "m_ready": "m_ready", "m_data": "m_data"}
    parts.append(_instance("net_fifo", "fifo", {"Width": block.sink.width, "Depth": FIFO_DEPTH}, ports))
    return _LAYER.format(
        name=name,
        title=block.name,
        kernel=block.kernel,
        source=_told(block.source),
        sink=_told(block.sink),
        stages=stages,
        interval=block.mac[0] if block.mac else 1,
        s_top=block.source.width - 1,
        m_top=block.sink.width - 1,
        body="\n".join(parts),
    )


class _Link:
    def __init__(self, valid: str, ready: str, data: str) -> None:
        self.valid, self.ready, self.data = valid, ready, data


def _told(stream: Stream) -> str:
    sign = "signed" if stream.number.signed else "unsigned"
    numbers = f"{stream.channels} {sign} numbers of {stream.number.width} bits"
    return f"{stream.rows} x {stream.columns} beats of {numbers} (fraction {stream.number.fraction})"


def _window(block: Block, link: _Link) -> str:
    core = block.core
    assert isinstance(core, Conv2D | MaxPool2D) and block.window
    number = block.source.number
    # Padding is zero for a sum; for a maximum the smallest number, which never wins over a real one.
    pad = number.min_int % (1 << number.width) if isinstance(core, MaxPool2D) else 0
    width = block.window[0] * block.window[1] * block.source.width
    parameters = {
        "Rows": block.source.rows,
        "Columns": block.source.columns,
        "Channels": block.source.channels,
        "Width": number.width,
        "KernelRows": block.window[0],
        "KernelCols": block.window[1],
        "StrideRows": core.stride[0],
        "StrideCols": core.stride[1],
        "PadTop": core.padding[0],
        "PadLeft": core.padding[2],
        "OutRows": block.middle.rows,
        "OutCols": block.middle.columns,
        "PadValue": f"{number.width}'h{pad:x}",
    }
    return _stream("w", width) + _instance("net_window", "window", parameters, _ports(link, "w"))


def _mac(block: Block, name: str, link: _Link) -> str:
    core = block.core
    assert isinstance(core, Conv2D | Dense) and block.mac
    (inputs, beats), filters, out = block.mac, block.middle.channels, block.middle.number.width
    bias = sum((b % (1 << out)) << (f * out) for f, b in enumerate(core.bias))
    parameters = {
        "Inputs": inputs,
        "Beats": beats,
        "Filters": filters,
        "Width": block.source.number.width,
        "Signed": f"1'b{int(block.source.number.signed)}",
        "WeightWidth": weight_width(core),
        "OutWidth": out,
        "Bias": f"{filters * out}'h{bias:x}",
    }
    address = max((max(inputs * beats, 2) - 1).bit_length(), 1)
    wires = f"  wire [{address - 1}:0] weight_address;\n"
    wires += f"  wire [{filters * weight_width(core) - 1}:0] weight_data;\n"
    memory = {"clk": "clk", "address": "weight_address", "data": "weight_data"}
    weights = {"weight_address": "weight_address", "weight_data": "weight_data"}
    mac = _instance("net_mac", "mac", parameters, {**_ports(link, "a"), **weights})
    rom = _instance(name.replace("layer", "rom", 1), "weights", {}, memory, clocked=False)
    return wires + _stream("a", filters * out) + rom + mac


def _pipeline(block: Block, name: str, link: _Link, stages: int, kernel_stages: int) -> str:
    """Return the arithmetic under one enable: the unrolled kernel, if any, then the quantizers."""
    ports = {
        "s_valid": link.valid,
        "s_ready": link.ready,
        "m_valid": "p_valid",
        "m_ready": "p_ready",
        "en": "en",
    }
    text = "  wire p_valid, p_ready, en;\n" + _instance("net_enable", "enable", {"Stages": stages}, ports)
    text += f"  wire [{block.middle.width - 1}:0] q0;\n"
    if kernel_stages:
        kernel = {"clk": "clk", "en": "en", "x": link.data, "y": "q0"}
        text += _instance(name.replace("layer", "kernel", 1), "kernel", {}, kernel, clocked=False)
    else:
        text += f"  assign q0 = {link.data};\n"
    for step, (quantizer, number) in enumerate(block.quantizers):
        text += _quantize(block, step, quantizer, number)
    return text


def _quantize(block: Block, step: int, quantizer: Quantize, number: Format) -> str:
    count, out = block.middle.channels, quantizer.output
    parameters = {
        "Count": count,
        "InWidth": number.width,
        "InSigned": f"1'b{int(number.signed)}",
        "OutWidth": out.width,
        "OutSigned": f"1'b{int(out.signed)}",
        "Symmetric": f"1'b{int(quantizer.overflow == 'SAT_SYM')}",
        "Shift": number.fraction - out.fraction,
    }
    ports = {"clk": "clk", "en": "en", "x": f"q{step}", "y": f"q{step + 1}"}
    wire = f"  wire [{count * out.width - 1}:0] q{step + 1};\n"
    return wire + _instance("net_quantize", f"quantize{step}", parameters, ports, clocked=False)


def _stream(prefix: str, width: int) -> str:
    return f"  wire {prefix}_valid, {prefix}_ready;\n  wire [{width - 1}:0] {prefix}_data;\n"


def _ports(link: _Link, prefix: str) -> dict[str, str]:
    source = {"s_valid": link.valid, "s_ready": link.ready, "s_data": link.data}
    return source | {f"m_{end}": f"{prefix}_{end}" for end in ("valid", "ready", "data")}


def _instance(
    module: str,
    name: str,
    parameters: Mapping[str, object],
    ports: Mapping[str, str],
    *,
    clocked: bool = True,
) -> str:
    """Return an instance; ``clocked``: it has ``clk`` and ``rst``."""
    all_ports = {"clk": "clk", "rst": "rst", **ports} if clocked else ports
    given = ",\n".join(f"      .{key}({value})" for key, value in parameters.items())
    wired = ",\n".join(f"      .{key}({value})" for key, value in all_ports.items())
    head = f"  {module} #(\n{given}\n  ) {name} (" if parameters else f"  {module} {name} ("
    return f"{head}\n{wired}\n  );\n"


def network(spec: NetworkSpec, blocks: Sequence[Block], names: Sequence[str]) -> str:
    """Return the top module: frame guard, the layers, and the tail that puts the frame's flags back."""
    in_width, pixels = spec.input_shape[-1] * spec.input.width, 1
    for size in spec.input_shape[:-1]:
        pixels *= size
    out_width, cells = (blocks[-1].sink.width, blocks[-1].sink.beats) if blocks else (in_width, pixels)
    guard = {key: key for key in _GUARD_PORTS} | {
        f"m_{end}": f"s0_{end}" for end in ("valid", "ready", "data")
    }
    flags = {f"flag_{end}": f"flag_{end}" for end in ("valid", "ready", "data")}
    parts = [_stream("s0", in_width)]
    parts.append(_instance("net_guard", "guard", {"Width": in_width, "Pixels": pixels}, guard | flags))
    for number, (block, name) in enumerate(zip(blocks, names, strict=True)):
        ends = _ports(_Link(*(f"s{number}_{end}" for end in ("valid", "ready", "data"))), f"s{number + 1}")
        parts += [_stream(f"s{number + 1}", block.sink.width), _instance(name, f"layer{number}", {}, ends)]
    fifo = {f"s_{end}": f"flag_{end}" for end in ("valid", "ready", "data")}
    fifo |= {f"m_{end}": f"kept_{end}" for end in ("valid", "ready", "data")}
    parts.append(_instance("net_fifo", "flags", {"Width": 2, "Depth": FLAG_DEPTH}, fifo))
    tail = {f"s_{end}": f"s{len(blocks)}_{end}" for end in ("valid", "ready", "data")}
    tail |= {f"flag_{end}": f"kept_{end}" for end in ("valid", "ready", "data")}
    tail |= {f"m_axis_{end}": f"m_axis_{end}" for end in ("tdata", "tvalid", "tready", "tlast", "tuser")}
    parts.append(_instance("net_tail", "tail", {"Width": out_width, "Cells": cells}, tail))
    sizes = {"in_top": in_width - 1, "out_top": out_width - 1, "pixels": pixels, "cells": cells}
    return _NETWORK.format(name=spec.name, body="\n".join(parts), **sizes)


_GUARD_PORTS = (
    *(f"s_axis_{end}" for end in ("tdata", "tvalid", "tready", "tlast", "tuser")),
    "frames_short",
    "frames_long",
)

_LAYER = """// {name}: generated layer {title}, kernel {kernel}.
//
// Contract
//   in   s_*   frames of {source}
//   out  m_*   frames of {sink}
//   latency      see plan.json; arithmetic {stages} stages
//   throughput   one beat per {interval} clocks
//   reset        synchronous, active high: the next beat is the first of a frame
//   reference    trigger/integer_network.py:evaluate, equal bit for bit
`default_nettype none
module {name} (
    input  wire clk,
    input  wire rst,
    input  wire s_valid,
    output wire s_ready,
    input  wire [{s_top}:0] s_data,
    output wire m_valid,
    input  wire m_ready,
    output wire [{m_top}:0] m_data
);
{body}endmodule
`default_nettype wire
"""

_NETWORK = """// network: generated network {name}.
//
// Contract
//   in   s_axis   frames of {pixels} pixels, row by row (channel c in the c-th bits from below); tuser of the last
//                 beat is handed through
//   out  m_axis   frames of {cells} cells; tuser of the last beat: bit 0 handed through, bit 1 = the frame was too
//                 short (completed with zeros) or too long (cut)
//   out  frames_short, frames_long   counters of such frames
//   latency, throughput   see plan.json
//   reset        synchronous, active high: the next beat is the first pixel of a frame
//   reference    trigger/integer_network.py:evaluate, equal bit for bit
`default_nettype none
module network (
    input  wire clk,
    input  wire rst,
    input  wire [{in_top}:0] s_axis_tdata,
    input  wire s_axis_tvalid,
    output wire s_axis_tready,
    input  wire s_axis_tlast,
    input  wire [0:0] s_axis_tuser,
    output wire [{out_top}:0] m_axis_tdata,
    output wire m_axis_tvalid,
    input  wire m_axis_tready,
    output wire m_axis_tlast,
    output wire [1:0] m_axis_tuser,
    output wire [31:0] frames_short,
    output wire [31:0] frames_long
);
  wire flag_valid, flag_ready, kept_valid, kept_ready;
  wire [1:0] flag_data, kept_data;
{body}endmodule
`default_nettype wire
"""
