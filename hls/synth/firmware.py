"""Synthesis of a firmware folder: each module of ``network.sv`` alone, then added up.

Flattening a whole network takes Yosys too long; between two modules lies a FIFO with registered handshake, so
nothing is lost by it but the optimisation across ports.

>>> text = "  net_fifo #(\\n      .Width(8),\\n      .Depth(2)\\n  ) flags (\\n      .clk(clk)\\n  );\\n"
>>> instances(text + "  layer0_a layer0 (\\n      .clk(clk)\\n  );\\n")
[('flags', 'net_fifo', {'Width': '8', 'Depth': '2'}), ('layer0', 'layer0_a', {})]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

import msgspec

from hls.synth import nextpnr, yosys
from hls.synth.resources import Family, Resources
from streams.errors import UserError

_INSTANCE = re.compile(r"^  (\w+) (?:#\(\n((?:(?!\n  \) ).)*)\n  \) )?(\w+) \($", re.MULTILINE | re.DOTALL)
_PARAMETER = re.compile(r"^\s*\.(\w+)\((.*)\),?$", re.MULTILINE)


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One module of the network.

    Attributes
    ----------
    instance, module : its names in ``network.sv``.
    estimate : what the plan expects; None for a module that is no layer.
    found : what the synthesis needs.
    levels : cells on the longest path between registers or ports.
    fmax_mhz : after place and route; None where only synthesised.
    """

    instance: str
    module: str
    estimate: Resources | None
    found: Resources
    levels: int
    fmax_mhz: float | None


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``synth.json``: the modules of a network, and their sum."""

    tool: str
    rows: list[Row]
    total: Resources
    levels: int
    fmax_mhz: float | None


@dataclass(frozen=True)
class Module:
    """A module of ``network.sv``, with everything that its synthesis needs."""

    instance: str
    top: str
    parameters: dict[str, str]
    files: list[Path]


def synthesise_firmware(
    firmware: Path,
    family: Family = "xcup",
    cache: Path | None = None,
    tell: Callable[[Sequence[Module]], Iterable[Module]] = iter,
) -> Report:
    """Synthesise every module of ``firmware/rtl``, for ``ecp5`` also place and route; write ``firmware/synth.json``.

    Parameters
    ----------
    cache : as of ``yosys.synthesise``.
    tell : wraps the list of modules where a person wants to see the progress.

    Raises
    ------
    UserError : no RTL in the folder, a file of it is missing, or a tool fails.
    """
    estimates = _estimates(firmware / "plan.json")
    rows = []
    for module in tell(modules(firmware / "rtl")):
        made = yosys.synthesise(module.files, module.top, family, module.parameters, cache)
        placed = (
            nextpnr.place(module.files, module.top, module.parameters, cache) if family == "ecp5" else None
        )
        row = Row(
            instance=module.instance,
            module=module.top,
            estimate=estimates.get(module.top),
            found=made.resources,
            levels=made.levels,
            fmax_mhz=placed.fmax_mhz if placed else None,
        )
        rows.append(row)
    speeds = [row.fmax_mhz for row in rows if row.fmax_mhz]
    report = Report(
        tool=f"Yosys {yosys.version()}, {family}",
        rows=rows,
        total=reduce(add, (row.found for row in rows), Resources()),
        levels=max(row.levels for row in rows),
        fmax_mhz=min(speeds) if speeds else None,
    )
    yosys.keep(firmware / "synth.json", msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    return report


def modules(rtl: Path) -> list[Module]:
    """Return the modules that ``network.sv`` is made of, in order.

    Raises
    ------
    UserError : the folder has no ``network.f`` or ``network.sv``, or a file that it names is missing.
    """
    try:
        files = [rtl / name for name in (rtl / "network.f").read_text().split()]
        texts = {file.stem: file.read_text() for file in files}
    except OSError as error:
        raise UserError(f"cannot read {error.filename}: {error.strerror}: convert the model again") from error
    found = instances(texts.get("network", ""))
    if not found:
        raise UserError(f"{rtl / 'network.sv'}: no layers found in it: convert the model again")
    by_name = {file.stem: file for file in files}
    return [
        Module(name, top, parameters, [by_name[part] for part in _inside(top, texts)])
        for name, top, parameters in found
    ]


def instances(text: str) -> list[tuple[str, str, dict[str, str]]]:
    """Return (instance, module, parameters) of a generated module that only wires."""
    return [
        (name, module, dict(_PARAMETER.findall(parameters or "")))
        for module, parameters, name in _INSTANCE.findall(text)
        if module != "module"
    ]


class _Layer(msgspec.Struct):
    module: str = ""
    estimate: Resources | None = None


class _Plan(msgspec.Struct):
    layers: list[_Layer] = []


def _inside(top: str, texts: dict[str, str]) -> list[str]:
    """Return ``top`` and the modules that it is made of, sorted.

    >>> _inside("a", {"a": "module a; b one();", "b": "module b;", "c": "module c; b two();"})
    ['a', 'b']
    """
    found, new = {top}, [top]
    while new:
        words = set(re.findall(r"\w+", re.sub(r"//.*", "", texts.get(new.pop(), ""))))
        more = (words & texts.keys()) - found
        found |= more
        new += more
    return sorted(found & texts.keys())


def _estimates(plan: Path) -> dict[str, Resources]:
    """Return the plan's estimate of each module; of a plan without them, none."""
    try:
        read = msgspec.json.decode(plan.read_bytes(), type=_Plan)
    except OSError as error:
        raise UserError(f"cannot read plan {plan}: {error.strerror}: convert the model again") from error
    except msgspec.DecodeError as error:
        raise UserError(f"plan {plan}: {error}: convert the model again") from error
    return {layer.module: layer.estimate for layer in read.layers if layer.estimate}
