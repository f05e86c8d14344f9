"""The ends of a generated network in continuous mode: row guard, the words that run beside the rows, row tails.

>>> from hls.netlist import Port, Stream
>>> from trigger.network_spec import Format
>>> pixels = Stream(rows=9, columns=7, channels=1, number=Format(signed=False, width=8, fraction=0))
>>> ".Columns(7)" in guard(Port("pixels", "s_axis", pixels))
True
"""

from __future__ import annotations

from collections.abc import Sequence

from hls.bench.vectors import ROW_BITS
from hls.netlist import Port
from hls.verilog import Link, both, instance, link, wires

COUNTERS = ("rows_short", "rows_long")
_IN = ("tdata", "tvalid", "tready", "tlast", "tuser")
_WORDS = (("row", ROW_BITS), ("end", 1))


def guard(port: Port) -> str:
    """Return the row guard of the input."""
    name, stream = port.label, port.stream
    text = wires(f"{name}_out", stream.width)
    ports = {f"s_axis_{end}": f"{name}_{end}" for end in _IN} | link(f"{name}_out").ports("m")
    for word, width in _WORDS:
        text += wires(f"{name}_{word}", width)
        ports |= link(f"{name}_{word}").ports(word)
    ports |= {count: count for count in COUNTERS}
    sizes = {"Width": stream.width, "Columns": stream.columns, "UserWidth": ROW_BITS}
    return text + instance("net_row_guard", f"guard_{name}", sizes, ports)


def words(source: Port, outputs: Sequence[Port], depth: int) -> str:
    """Return the FIFOs that bring each row's number, and whether it was bad, to every tail."""
    text = ""
    for word, width in _WORDS:
        given = f"{source.label}_{word}"
        rooms = [f"{port.label}_{word}_room" for port in outputs]
        text += f"  wire {', '.join(rooms)};\n  assign {given}_ready = {both(rooms)};\n"
        for port, room in zip(outputs, rooms, strict=True):
            others = [other for other in rooms if other != room]
            kept = f"{port.label}_{word}_kept"
            ports = {"s_valid": both([f"{given}_valid", *others]), "s_ready": room, "s_data": f"{given}_data"}
            ports |= link(kept).ports("m")
            sizes = {"Width": width, "Depth": depth}
            text += wires(kept, width) + instance("net_fifo", f"{word}s_{port.label}", sizes, ports)
    return text


def tail(port: Port, given: Link) -> str:
    """Return the row tail of an output."""
    name = port.label
    ports = given.ports("s") | {f"m_axis_{end}": f"{name}_{end}" for end in _IN}
    for word, _ in _WORDS:
        ports |= link(f"{name}_{word}_kept").ports(word)
    sizes = {
        "Width": port.stream.width,
        "Columns": port.stream.columns,
        "UserWidth": ROW_BITS,
        "FieldRows": port.field.rows,
        "FieldStride": port.field.stride,
    }
    return instance("net_row_tail", f"tail_{name}", sizes, ports)
