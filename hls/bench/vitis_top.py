"""The top that Vitis HLS makes of an hls4ml project (``io_stream``), and a wrapper with our ports around it.

Vitis itself was never run for this; Verilog that Vitis HLS 2023.2 made of a public hls4ml project was simulated by
hand, and equal. What is assumed (2022.2 to 2024.1), and where it is stated:

- Ports: ``<argument>_TDATA`` of each argument in their order, ``ap_clk``, ``ap_rst_n`` (active low), ``_TVALID`` and
  ``_TREADY`` of each, ``ap_start``, ``ap_done``, ``ap_ready``, ``ap_idle``; no ``TLAST``. So in the Verilog that Vitis
  HLS 2023.2 made of an hls4ml project (github abdennour-GUESSOUM/Lenet5-hls4ml, ``syn/verilog/myproject.v``), with
  10 numbers of 8 bits in 80 bits. Its tables are ``*.dat`` files, looked for in the folder of the run.
- ``ap_start`` is high from the first beat of a frame until ``ap_ready``, and falls if no other frame has begun (UG1399,
  "Block-Level Control Protocols"): while it is high, the last frame stays in pipelines that wait for the next one.
- The first number of an ``nnet::array`` lies in the lowest bits (UG1399, "Structs on the Interface").
- ``TDATA`` is never packed to the bit: structs on AXI ports are padded (same place), each number to a power of two of
  at least 8 bits (UG1391, "Data Layout for Arbitrary Precision Types"). Which padding it is, is taken from the width of
  the port: a power of two, else whole bytes (they part at numbers of 17 to 24 bits).

>>> stream = Stream(name="x", prefix="s_axis", rows=4, columns=4, channels=3, width=20, signed=True)
>>> [padded(stream, bits)[1] for bits in (3 * 32, 3 * 24)]
[32, 24]
>>> parsed = ports("module top (a_TDATA, ap_clk);\\ninput [15:0] a_TDATA;\\ninput ap_clk;\\nendmodule")
>>> parsed["top"]["a_TDATA"]
('input', 16)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .errors import BenchError
from .vectors import Stream

MODULE = "suite_top"
_CONTROL = {"ap_clk", "ap_rst_n", "ap_start", "ap_continue"}
_MODULE = re.compile(r"^\s*module\s+(\w+)\s*(?:#\s*\(.*?\)\s*)?\((.*?)\)\s*;(.*?)^\s*endmodule", re.M | re.S)
_PORT = re.compile(r"\b(input|output)\b(?:\s+(?:wire|reg|logic))?\s*(?:\[\s*(\d+)\s*:\s*0\s*\])?\s*(\w+)")
Ports = dict[str, tuple[str, int]]  # direction and bits, by name, in order


@dataclass(frozen=True)
class Top:
    """Vitis's top.

    Attributes
    ----------
    module : its name.
    ports : all of them.
    inputs, outputs : names of its streams, in the order of the function's arguments.
    files : all sources.
    """

    module: str
    ports: Ports
    inputs: list[str]
    outputs: list[str]
    files: list[Path]


def read(folder: Path) -> Top:
    """Find the top among the Verilog in ``folder``.

    Raises
    ------
    BenchError : there is none, or one with ports that are not known.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix in (".v", ".sv"))
    found = {
        name: each
        for path in files
        for name, each in ports(path.read_text(errors="replace")).items()
        if {"ap_clk", "ap_rst_n"} <= set(each) and any(port.endswith("_TDATA") for port in each)
    }
    if len(found) != 1:
        raise BenchError(
            f"{folder}: {len(found)} modules with ap_clk, ap_rst_n and streams (_TDATA), want one: set RTL to the"
            " folder syn/verilog of an io_stream project that Vitis HLS synthesised"
        )
    [(module, its)] = found.items()
    streams = _arguments(folder, module, [name[:-6] for name in its if name.endswith("_TDATA")])
    known = {f"{name}_{end}" for name in streams for end in ("TDATA", "TVALID", "TREADY")} | _CONTROL
    odd = [name for name, (way, _) in its.items() if way == "input" and name not in known]
    if odd:
        raise BenchError(
            f"module {module} in {folder}: input {odd[0]} is not known, want streams and ap_ctrl_hs only"
        )
    ways = {name: its[f"{name}_TDATA"][0] for name in streams}
    inputs, outputs = ([name for name in streams if ways[name] == way] for way in ("input", "output"))
    return Top(module, its, inputs, outputs, files)


def ports(text: str) -> dict[str, Ports]:
    """Return the ports of each module in a Verilog text."""
    text = re.sub(r"//.*|/\*.*?\*/", "", text)
    found = {}
    for module, header, body in _MODULE.findall(text):
        named = re.findall(r"\w+", header)
        declared = {name: (way, int(high or 0) + 1) for way, high, name in _PORT.findall(f"{header}\n{body}")}
        found[module] = {name: declared[name] for name in named if name in declared}
    return found


def _arguments(folder: Path, module: str, streams: list[str]) -> list[str]:
    """Return the streams in the order of the function's arguments: of hls4ml's header, or else of the Verilog."""
    places = folder.resolve().parents
    header = places[3] / "firmware" / f"{module}.h" if len(places) > 3 else Path()
    if not header.is_file():
        return streams
    named = re.findall(r"hls::stream<[^>]*>\s*&\s*(\w+)", header.read_text())
    if set(named) != set(streams):
        raise BenchError(
            f"{folder}: module {module} has streams {', '.join(streams)}, but {header} has {', '.join(named)}:"
            " synthesise the project again"
        )
    return named


def padded(stream: Stream, bits: int) -> tuple[Stream, int]:
    """Return how numbers lie in a port of ``bits``: the stream with so many numbers per beat, and bits for each.

    hls4ml may send what a Reshape makes in other beats than our RTL; the order of the numbers is the same.

    Raises
    ------
    BenchError : they cannot lie in it.
    """
    power, whole = 1 << max(3, (stream.width - 1).bit_length()), -(-stream.width // 8) * 8
    for pitch in (power, whole):
        if pitch * stream.channels == bits:
            return stream, pitch
    count, total = bits // power, stream.beats * stream.channels
    if bits % power or not count or total % count:
        raise BenchError(
            f"stream {stream.name} of {stream.channels} numbers of {stream.width} bits: Vitis's TDATA has {bits} bits,"
            f" want {power * stream.channels}: synthesise the project of the same network"
        )
    return replace(stream, rows=1, columns=total // count, channels=count), power


def wrapper(top: Top, inputs: Mapping[str, Stream], outputs: Mapping[str, Stream]) -> str:
    """Return module ``suite_top``: the ports of our networks around Vitis's top.

    Parameters
    ----------
    inputs, outputs : by the top's streams; what ``padded`` returned.
    """
    declared, inside = ["input wire clk", "input wire rst"], []
    wired = [".ap_clk(clk)", ".ap_rst_n(~rst)"]
    if "ap_start" in top.ports:
        inside += _start(next(iter(inputs.values())))
        wired += [".ap_start(start)", ".ap_ready(ready)"]
    wired += [".ap_continue(1'b1)"] if "ap_continue" in top.ports else []
    for name, stream in (*inputs.items(), *outputs.items()):
        bits, us, way = top.ports[f"{name}_TDATA"][1], stream.prefix, name in inputs
        ahead, back, user = ("input", "output", 1) if way else ("output", "input", 2)
        declared += [f"{ahead} wire [{stream.bits - 1}:0] {us}_tdata", f"{ahead} wire {us}_tlast"]
        declared += [f"{ahead} wire [{user - 1}:0] {us}_tuser", f"{ahead} wire {us}_tvalid"]
        declared += [f"{back} wire {us}_tready"]
        inside += [f"wire [{bits - 1}:0] {us}_padded;", *_packing(stream, bits // stream.channels, way)]
        inside += [] if way else _last(stream)
        wired += [f".{name}_TDATA({us}_padded)"]
        wired += [f".{name}_{end}({us}_{end.lower()})" for end in ("TVALID", "TREADY")]
    wired += [f".{name}()" for name in ("ap_done", "ap_idle") if name in top.ports]
    head, end = ",\n    ".join(declared), ",\n    ".join(wired)
    return (
        f"// {MODULE}: ports of the cocotb suite around Vitis's {top.module}; beats are counted for tlast.\n"
        f"`default_nettype none\nmodule {MODULE} (\n    {head}\n);\n  "
        + "\n  ".join(inside)
        + f"\n  {top.module} vitis (\n    {end}\n  );\nendmodule\n`default_nettype wire\n"
    )


def _packing(stream: Stream, pitch: int, way: bool) -> list[str]:
    us, width, lines = stream.prefix, stream.width, []
    for c in range(stream.channels):
        ours, theirs = f"{us}_tdata[{c * width} +: {width}]", f"{us}_padded[{c * pitch} +: {width}]"
        lines.append(f"assign {theirs} = {ours};" if way else f"assign {ours} = {theirs};")
        if way and pitch > width:
            sign = f"{us}_tdata[{(c + 1) * width - 1}]" if stream.signed else "1'b0"
            lines.append(
                f"assign {us}_padded[{c * pitch + width} +: {pitch - width}] = {{{pitch - width}{{{sign}}}}};"
            )
    return lines


def _last(stream: Stream) -> list[str]:
    us = stream.prefix
    return [f"assign {us}_tlast = {us}_end;", f"assign {us}_tuser = 0;", *_beat(stream)]


def _beat(stream: Stream) -> list[str]:
    us = stream.prefix
    return [
        f"reg [31:0] {us}_beat;",
        f"wire {us}_end = {us}_beat == {stream.beats - 1};",
        f"always @(posedge clk) if (rst) {us}_beat <= 0;",
        f"  else if ({us}_tvalid & {us}_tready) {us}_beat <= {us}_end ? 0 : {us}_beat + 1;",
    ]


def _start(stream: Stream) -> list[str]:
    """Return the lines that start the top once for each frame of its first input."""
    us = stream.prefix
    return [
        *_beat(stream),
        "reg [31:0] whole, started;  // frames: taken, and those whose ap_ready came",
        "wire ready;",
        f"wire [31:0] begun = whole + ({us}_tvalid | {us}_beat != 0);",
        "wire start = ~rst & begun != started;",
        "always @(posedge clk) begin",
        f"  whole <= rst ? 0 : whole + ({us}_tvalid & {us}_tready & {us}_end);",
        "  started <= rst ? 0 : started + (start & ready);",
        "end",
    ]
