"""The text of the generated module of one block: it wires its fronts and its pipeline.

>>> from hls.blocks import cut
>>> from trigger.network_spec import Format, Input, NetworkSpec, Quantize
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(2, 2, 1), output_shape=(2, 2, 1), output=pixel)
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(2, 2, 1), number=pixel),), layers=[relu])
>>> "net_quantize" in layer(cut(spec).blocks[0])
True
"""

from __future__ import annotations

from typing import get_args

from hls.arithmetic import weight_width
from hls.netlist import Block, Global, Mac, Repack, Resize, Step, Window
from hls.verilog import Link, both, instance, link, plain, told, wires
from trigger.network_spec import Format, Overflow, Quantize, Rounding


def layer(block: Block) -> str:
    """Return the module of one block."""
    parts: list[str] = []
    at = link("s")
    if len(block.sources) > 1:
        parts.append(_join(block))
        at = link("j")
    for number in range(len(block.fronts)):
        parts.append(_front(block, number, at))
        at = link(f"f{number}")
    if block.stages:
        parts.append(_pipeline(block, at))
        at = Link("p_valid", "p_ready", f"q{len(block.steps)}")
    parts.append(
        f"  assign m_valid = {at.valid};\n  assign {at.ready} = m_ready;\n  assign m_data = {at.data};\n"
    )
    return _LAYER.format(
        name=block.label,
        title=plain(block.name),
        kernel=block.kernel,
        source="".join(
            f"\n//   in   {s:<6} frames of {told(t)}"
            for s, t in zip(_sources(block), block.streams, strict=True)
        ),
        sink=told(block.sink),
        stages=block.stages,
        ports="".join(
            _PORTS.format(s=s, top=t.width - 1) for s, t in zip(_sources(block), block.streams, strict=True)
        ),
        m_top=block.sink.width - 1,
        body="\n".join(parts),
    )


def kernel_name(block: Block, number: int) -> str:
    """Return the name of the module that carries out step ``number`` of a block's pipeline."""
    name = block.label.replace("layer", "kernel", 1)
    return name if number == 0 else f"{name}_{number}"


def memory_name(block: Block) -> str:
    """Return the name of the module with a block's weights."""
    return block.label.replace("layer", "rom", 1)


def _sources(block: Block) -> list[str]:
    """Return the prefixes of a block's input ports."""
    return ["s"] if len(block.sources) == 1 else [f"s{k}" for k in range(len(block.sources))]


def _join(block: Block) -> str:
    """Return what takes a beat of every source together; source 0 has the lowest bits."""
    prefixes = _sources(block)
    text = wires("j", sum(stream.width for stream in block.streams))
    text += f"  assign j_valid = {both([f'{s}_valid' for s in prefixes])};\n"
    text += f"  assign j_data = {{{', '.join(f'{s}_data' for s in reversed(prefixes))}}};\n"
    for s in prefixes:
        text += f"  assign {s}_ready = j_ready && j_valid;\n"
    return text


def _front(block: Block, number: int, at: Link) -> str:
    front, prefix = block.fronts[number], f"f{number}"
    ports = at.ports("s") | link(prefix).ports("m")
    if isinstance(front, Window):
        module, sizes = ("net_row_window" if front.endless else "net_window"), _window(front)
        return wires(prefix, front.width) + instance(module, "window", sizes, ports)
    if isinstance(front, Mac):
        return _mac(block, front, prefix, ports)
    text = wires(prefix, front.sink.width)
    if isinstance(front, Global):
        return text + instance("net_global", "whole", _global(front), ports)
    if isinstance(front, Resize):
        return text + instance("net_resize", "resize", _resize(front), ports)
    return text + instance("net_repack", "repack", _repack(front), ports)


def _window(front: Window) -> dict[str, object]:
    source = front.source
    frame = {"Rows": source.rows, "OutRows": front.rows, "PadTop": front.padding[0]}
    return ({} if front.endless else frame) | {
        "Columns": source.columns,
        "Channels": source.channels,
        "Width": source.number.width,
        "KernelRows": front.kernel[0],
        "KernelCols": front.kernel[1],
        "StrideRows": front.stride[0],
        "StrideCols": front.stride[1],
        "PadLeft": front.padding[1],
        "OutCols": front.columns,
        "PadValue": f"{source.number.width}'h{front.pad_value % (1 << source.number.width):x}",
        "Marks": f"1'b{int(front.marks)}",
    }


def _global(front: Global) -> dict[str, object]:
    return {
        "Count": front.source.channels,
        "Width": front.source.number.width,
        "Signed": f"1'b{int(front.source.number.signed)}",
        "OutWidth": front.sink.number.width,
        "Sum": f"1'b{int(front.op == 'sum')}",
        "Beats": front.source.beats,
    }


def _resize(front: Resize) -> dict[str, object]:
    top, bottom, left, right = front.padding
    return {
        "Rows": 1 if front.by_row else front.source.rows,
        "Columns": front.source.columns,
        "Width": front.source.width,
        "SizeRows": front.size[0],
        "SizeCols": front.size[1],
        "PadTop": top,
        "PadBottom": bottom,
        "PadLeft": left,
        "PadRight": right,
    }


def _repack(front: Repack) -> dict[str, object]:
    return {
        "Width": front.source.number.width,
        "Numbers": front.source.numbers,
        "InCount": front.source.channels,
        "OutCount": front.sink.channels,
    }


def _mac(block: Block, front: Mac, prefix: str, ports: dict[str, str]) -> str:
    core, inputs, filters, out = (
        front.layer,
        front.source.channels,
        front.sink.channels,
        front.sink.number.width,
    )
    core_width = weight_width(core)
    bias = sum((b % (1 << out)) << (f * out) for f, b in enumerate(core.bias))
    parameters = {
        "Inputs": inputs,
        "Beats": front.beats,
        "Filters": filters,
        "Width": front.source.number.width,
        "Signed": f"1'b{int(front.source.number.signed)}",
        "WeightWidth": core_width,
        "OutWidth": out,
        "Bias": f"{filters * out}'h{bias:x}",
        "Parallel": front.parallel,
        "Groups": front.groups,
        "Run": front.run,
        "UseDsp": f"1'b{int(front.dsp)}",
    }
    address = max((max(front.turns * front.beats, 2) - 1).bit_length(), 1)
    text = f"  wire [{address - 1}:0] weight_address;\n"
    text += f"  wire [{filters * front.parallel * core_width - 1}:0] weight_data;\n"
    memory = {"clk": "clk", "address": "weight_address", "data": "weight_data"}
    weights = {"weight_address": "weight_address", "weight_data": "weight_data"}
    rom = instance(memory_name(block), "weights", {}, memory, clocked=False)
    return (
        text
        + wires(prefix, filters * out)
        + rom
        + instance("net_mac", "mac", parameters, {**ports, **weights})
    )


def _pipeline(block: Block, at: Link) -> str:
    """Return the arithmetic under one enable: programs and quantizers."""
    ports = {
        "s_valid": at.valid,
        "s_ready": at.ready,
        "m_valid": "p_valid",
        "m_ready": "p_ready",
        "en": "en",
    }
    text = "  wire p_valid, p_ready, en;\n" + instance(
        "net_enable", "enable", {"Stages": block.stages}, ports
    )
    data = at.data
    for number, step in enumerate(block.steps):
        text += f"  wire [{step.count * step.output.width - 1}:0] q{number + 1};\n"
        ends = {"clk": "clk", "en": "en", "x": data, "y": f"q{number + 1}"}
        if step.program is not None:
            text += instance(kernel_name(block, number), f"kernel{number}", {}, ends, clocked=False)
        else:
            text += instance("net_quantize", f"quantize{number}", _quantize(step), ends, clocked=False)
        data = f"q{number + 1}"
    return text


def _quantize(step: Step) -> dict[str, object]:
    quantizer, out = step.layer, step.output
    number: Format = step.numbers[0]
    assert isinstance(quantizer, Quantize)
    return {
        "Count": step.count,
        "InWidth": number.width,
        "InSigned": f"1'b{int(number.signed)}",
        "OutWidth": out.width,
        "OutSigned": f"1'b{int(out.signed)}",
        "Rounding": get_args(Rounding).index(quantizer.rounding),
        "Overflow": get_args(Overflow).index(quantizer.overflow),
        "Shift": number.fraction - out.fraction,
    }


_PORTS = """    input  wire {s}_valid,
    output wire {s}_ready,
    input  wire [{top}:0] {s}_data,
"""

_LAYER = """// {name}: generated layer {title}, kernel {kernel}.
//
// Contract{source}
//   out  m_*    frames of {sink}
//   latency      see plan.json; arithmetic {stages} stages
//   throughput   see plan.json
//   reset        synchronous, active high: the next beat is the first of a frame
//   reference    trigger/integer_network.py:evaluate, equal bit for bit
`default_nettype none
module {name} (
    input  wire clk,
    input  wire rst,
{ports}    output wire m_valid,
    input  wire m_ready,
    output wire [{m_top}:0] m_data
);
{body}endmodule
`default_nettype wire
"""
