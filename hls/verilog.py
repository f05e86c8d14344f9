"""Small pieces of SystemVerilog text: instances and the wires between them.

>>> print(instance("net_enable", "enable", {"Stages": 2}, {"en": "en"}, clocked=False), end="")
  net_enable #(
      .Stages(2)
  ) enable (
      .en(en)
  );
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hls.netlist import Stream

#: Characters of a name.
MAX_NAME = 48
ENDS = ("valid", "ready", "data")


class Link(NamedTuple):
    """The names of the three signals of a stream."""

    valid: str
    ready: str
    data: str

    def ports(self, prefix: str) -> dict[str, str]:
        """Return the connections of a module's ports ``<prefix>_valid``, ``_ready`` and ``_data``."""
        return {f"{prefix}_{end}": name for end, name in zip(ENDS, self, strict=True)}


def link(prefix: str) -> Link:
    """Return the signals ``<prefix>_valid``, ``_ready`` and ``_data``."""
    return Link(*(f"{prefix}_{end}" for end in ENDS))


def wires(prefix: str, width: int) -> str:
    """Return the declaration of a stream's signals."""
    return f"  wire {prefix}_valid, {prefix}_ready;\n  wire [{width - 1}:0] {prefix}_data;\n"


def instance(
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


def both(signals: list[str]) -> str:
    """Return the conjunction of signals."""
    return " && ".join(signals)


def identifier(name: str) -> str:
    """Return a name as Verilog, and a file system, takes it."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)[:MAX_NAME]


def labels(prefix: str, names: Sequence[str]) -> list[str]:
    """Return the prefix of each port: with several ports their names are in it.

    >>> labels("s_axis", ["a"]), labels("s_axis", ["a/b", "a b"])
    (['s_axis'], ['s_axis_a_b', 's_axis_a_b_1'])
    """
    if len(names) == 1:
        return [prefix]
    found: list[str] = []
    for name in names:
        label = f"{prefix}_{identifier(name)}"
        while label in found:
            label = f"{label}_{len(found)}"
        found.append(label)
    return found


def plain(name: str) -> str:
    """Return a name as it can stand in a comment.

    >>> plain("a\\nb")
    'a b'
    """
    return " ".join("".join(c if c.isascii() and c.isprintable() else " " for c in name).split())


def told(stream: Stream) -> str:
    """Return what a comment says about a stream."""
    sign = "signed" if stream.number.signed else "unsigned"
    numbers = f"{stream.channels} {sign} numbers of {stream.number.width} bits"
    return f"{stream.rows} x {stream.columns} beats of {numbers} (fraction {stream.number.fraction})"
