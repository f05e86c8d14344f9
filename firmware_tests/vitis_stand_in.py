"""What a stand-in for Vitis HLS "synthesises": Verilog with Vitis's ports around RTL of ours, whose values are right.

The form of the top is that of ``syn/verilog/myproject.v`` of a public hls4ml project (``hls/bench/vitis_top.py``):
ports named first and declared below, a reset that is active low, ``ap_start`` and ``ap_done`` around each frame,
numbers padded to a power of two of bits, initial values behind ``#0``, and a table that is read from where the
simulator runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from hls.bench.vectors import Stream, Suite

TABLE = "network_ROM_AUTO_1R.dat"


def write(folder: Path, suite: Suite, rtl: Path, project: Path, fault: str = "") -> None:
    """Write the Verilog of ``network`` and all below it into ``folder``.

    Parameters
    ----------
    rtl : what ``write_rtl`` wrote.
    project : the hls4ml project; its header names the streams, its types say how many numbers are in a beat.
    fault : Verilog expression; the lowest bit of the last output is wrong where it holds (``beat``: number of a beat).
    """
    folder.mkdir(parents=True)
    for path in rtl.iterdir():
        if path.suffix == ".sv":
            text = re.sub(r"\bnetwork\b", "network_core", path.read_text())
            name = "network_core" if path.stem == "network" else path.stem
            (folder / f"{name}.sv").write_text(text + "`default_nettype wire\n")
        elif path.suffix == ".mem":
            raise AssertionError("choose a network without tables")
    (folder / TABLE).write_text("00\n")
    firmware = project / "firmware"
    arguments = re.findall(r"hls::stream<(\w+)>\s*&\s*(\w+)", (firmware / "network.h").read_text())
    defines = (firmware / "defines.h").read_text()
    counts = [int(re.findall(rf"> *, (\d+)\*1> {kind};", defines)[0]) for kind, _ in arguments]
    names = [name for _, name in arguments]
    first = suite.outputs[0]
    counts[len(suite.inputs)] = (
        first.beats * first.channels
    )  # one beat a frame, as hls4ml has it behind some Reshapes
    (folder / "network.v").write_text(top(suite, names, counts, fault))


def pitch(stream: Stream) -> int:
    """Return the bits that a number takes: a power of two of at least 8."""
    return next(bits for bits in (8, 16, 32, 64) if stream.width <= bits)


def top(suite: Suite, names: Sequence[str], counts: Sequence[int], fault: str) -> str:
    """Return module ``network``; ``counts`` : numbers per beat of each stream."""
    streams = [*suite.inputs, *suite.outputs]
    bits = {name: n * pitch(s) for name, n, s in zip(names, counts, streams, strict=True)}
    ways = {name: k < len(suite.inputs) for k, name in enumerate(names)}
    control = {"ap_clk": "input", "ap_rst_n": "input", "ap_start": "input"}
    control |= dict.fromkeys(("ap_done", "ap_ready", "ap_idle"), "output")
    ports = [f"{name}_TDATA" for name in names]
    ports += [*control, *(f"{name}_{end}" for name in names for end in ("TVALID", "TREADY"))]
    lines = [f"{'input' if ways[n] else 'output'}  [{bits[n] - 1}:0] {n}_TDATA;" for n in names]
    lines += [f"{way}   {name};" for name, way in control.items()]
    for name, way in ways.items():
        ahead, back = ("input", "output") if way else ("output", "input")
        lines += [f"{ahead}   {name}_TVALID;", f"{back}   {name}_TREADY;"]
    declared = len(lines)
    own = ["reg    ap_rst_n_inv;", "reg    running;", "reg [7:0] rom [0:0];", "reg [31:0] beat;"]
    own += ["reg    shown;"]
    core = [".clk(ap_clk)", ".rst(ap_rst_n_inv)"]
    for name, count, stream in zip(names, counts, streams, strict=True):
        wrong = f"({fault or 0})" if name == names[-1] else "0"
        lines += entrance(name, stream) if ways[name] else exit_(name, stream, count, bits[name], wrong)
        if name == names[-1]:  # the end of a frame waits for the next one, or for ap_start to fall
            lines += [f"wire   stuck = {name}_tlast & ap_start & ({names[0]}_n == 0) & ~shown;"]
            lines += [
                f"assign {name}_TVALID = {name}_tvalid & ~stuck, {name}_tready = {name}_TREADY & ~stuck;"
            ]
        elif not ways[name] and count == stream.channels:
            lines += [f"assign {name}_TVALID = {name}_tvalid;", f"assign {name}_tready = {name}_TREADY;"]
        ends = ("tdata", "tlast", "tvalid", "tready") + (("tuser",) if ways[name] else ())
        core += [f".{stream.prefix}_{end}({name}_{end})" for end in ends]
    port_list = ",\n        ".join(ports)
    return (
        f"`timescale 1 ns / 1 ps\n\nmodule network (\n        {port_list}\n);\n\n"
        + "\n".join([*lines[:declared], *own, *lines[declared:]])
        + f"""
// power-on initialization
initial begin
#0 running = 1'd0;
$readmemh("./{TABLE}", rom);
end
always @ (*) begin
    ap_rst_n_inv = ~ap_rst_n;
end
always @ (posedge ap_clk) begin
    running <= (running | ap_start) & ap_rst_n;
    shown <= {names[-1]}_TVALID & ~{names[-1]}_TREADY;
    beat <= ~ap_rst_n ? 0 : beat + ({names[-1]}_TVALID & {names[-1]}_TREADY);
end
assign ap_ready = {names[0]}_tlast & {names[0]}_tvalid & {names[0]}_tready;
assign ap_done = {names[-1]}_tlast & {names[-1]}_TVALID & {names[-1]}_TREADY;
assign ap_idle = ~running;
network_core core (
    {", ".join(core)}
);
endmodule //network
"""
    )


def entrance(name: str, stream: Stream) -> list[str]:
    """Return the lines that take the padding off an input, and end its frames."""
    numbers = [f"{name}_TDATA[{c * pitch(stream)} +: {stream.width}]" for c in range(stream.channels)]
    return [
        f"reg [31:0] {name}_n;",
        f"wire [{stream.bits - 1}:0] {name}_tdata = {{{', '.join(reversed(numbers))}}};",
        f"wire {name}_tlast = {name}_n == {stream.beats - 1};",
        f"wire {name}_tuser = 0;",
        f"wire {name}_tready;",
        f"wire {name}_tvalid = {name}_TVALID & running;",
        f"assign {name}_TREADY = {name}_tready & running;",
        f"always @ (posedge ap_clk) if (~ap_rst_n) {name}_n <= 0;",
        f"else if ({name}_TVALID & {name}_TREADY) {name}_n <= {name}_tlast ? 0 : {name}_n + 1;",
    ]


def exit_(name: str, stream: Stream, count: int, bits: int, wrong: str) -> list[str]:
    """Return the lines that pad an output, and gather beats where hls4ml sends more numbers in one than we do."""
    step = pitch(stream)
    low = [f"{name}_tdata[{c * stream.width} +: {stream.width}]" for c in range(stream.channels)]
    sign = [
        f"{{{step - stream.width}{{{name}_tdata[{(c + 1) * stream.width - 1}] & 1'b{int(stream.signed)}}}}}"
        for c in range(stream.channels)
    ]
    padded = [f"{s}, {n}" if step > stream.width else n for s, n in zip(sign, low, strict=True)]
    lines = [
        f"wire [{stream.bits - 1}:0] {name}_tdata;",
        f"wire {name}_tlast, {name}_tvalid, {name}_tready;",
        f"wire [{stream.channels * step - 1}:0] {name}_one = {{{', '.join(reversed(padded))}}} ^ rom[0] ^ {wrong};",
    ]
    several = count // stream.channels
    if several == 1:
        return [*lines, f"assign {name}_TDATA = {name}_one;"]
    return [
        *lines,
        f"reg [{bits - 1}:0] {name}_all; reg [31:0] {name}_n;",
        f"assign {name}_TDATA = {name}_all, {name}_TVALID = {name}_n == {several};",
        f"assign {name}_tready = ~{name}_TVALID;",
        f"always @ (posedge ap_clk) if (~ap_rst_n | ({name}_TVALID & {name}_TREADY)) {name}_n <= 0;",
        f"else if ({name}_tvalid & {name}_tready) begin",
        f"{name}_n <= {name}_n + 1; {name}_all <= {{{name}_one, {name}_all[{bits - 1}:{stream.channels * step}]}};",
        "end",
    ]
