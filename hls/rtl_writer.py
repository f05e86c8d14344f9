"""Streaming SystemVerilog of a NetworkSpec: one file per block around hand-written shells, and ``network.sv``.

>>> import tempfile
>>> from trigger.network_spec import Format, Input, MaxPool2D
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> pool = MaxPool2D(name="pool", input_shape=(8, 8, 1), output_shape=(4, 4, 1), output=pixel,
...     pool=(2, 2), stride=(2, 2), padding=(0, 0, 0, 0))
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(8, 8, 1), number=pixel),), layers=[pool])
>>> with tempfile.TemporaryDirectory() as folder:
...     plan = write_rtl(spec, Path(folder))
...     (Path(folder) / "network.f").read_text().split()[-3:]
['kernel0_pool.sv', 'layer0_pool.sv', 'network.sv']
>>> plan.clocks_per_frame, rebuilt(spec, plan).blocks[0].label
(64, 'layer0_pool')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hls.blocks import cut
from hls.depths import fitted
from hls.endless import endless, for_rows
from hls.netlist import Netlist
from hls.plan import Plan
from hls.plan_maker import plan_of
from hls.rtl_sources import sources
from trigger.continuous import fields
from trigger.network_spec import NetworkSpec


def write_rtl(
    spec: NetworkSpec,
    folder: Path,
    kernels: Mapping[str, str] | None = None,
    *,
    reuse: Mapping[str, int] | None = None,
    continuous: bool = False,
) -> Plan:
    """Write the network's SystemVerilog into ``folder`` (made where absent), with ``network.f``; return its plan.

    Parameters
    ----------
    kernels : name of a convolution or dense layer -> ``shift_add`` or ``mac``, where the choice by rate and size is not
        wanted.
    reuse : the same -> clocks per window, as hls4ml's reuse factor.
    continuous : rows without end instead of frames (``trigger.continuous``).

    Raises
    ------
    UserError : a network that cannot be built, or a wrong choice in ``kernels`` or ``reuse``; nothing is written.
    """
    netlist = fitted(_cut(spec, kernels, reuse, continuous))
    files = sources(netlist)
    plan = plan_of(netlist, kernels, reuse)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.sv").write_text(text)
    (folder / "network.f").write_text("".join(f"{name}.sv\n" for name in files))
    return plan


def rebuilt(spec: NetworkSpec, plan: Plan) -> Netlist:
    """Return the netlist that ``write_rtl`` made of ``spec`` when it returned ``plan``."""
    netlist = _cut(spec, plan.kernels, plan.reuse, plan.mode == "continuous")
    return replace(netlist.deepened([fifo.depth for fifo in plan.fifos]), flag_depth=plan.flag_depth)


def _cut(
    spec: NetworkSpec,
    kernels: Mapping[str, str] | None,
    reuse: Mapping[str, int] | None,
    continuous: bool,
) -> Netlist:
    if not continuous:
        return cut(spec, kernels, reuse)
    rows = for_rows(spec)
    strides = {name: field.stride for name, field in fields(rows).items()}
    return endless(cut(rows, kernels, reuse, strides=strides), rows)
