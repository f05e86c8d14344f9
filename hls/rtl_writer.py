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
>>> plan.clocks_per_frame
64
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hls import cycles, layer_text
from hls.arithmetic import block_matrix
from hls.blocks import cut
from hls.netlist import Block, Mac, Netlist, Stream, Window
from hls.plan import LayerPlan, Plan
from hls.rtl_sources import sources
from trigger.network_spec import Dense, NetworkSpec


def write_rtl(
    spec: NetworkSpec,
    folder: Path,
    kernels: Mapping[str, str] | None = None,
    *,
    reuse: Mapping[str, int] | None = None,
) -> Plan:
    """Write the network's SystemVerilog into ``folder`` (made where absent), with ``network.f``; return its plan.

    Parameters
    ----------
    kernels : convolution's name -> ``shift_add`` or ``mac``, where the choice by size
        (``hls.blocks.MAX_UNROLLED_WEIGHTS``) is not wanted.
    reuse : the same -> clocks per window, as hls4ml's reuse factor.

    Raises
    ------
    UserError : a network that cannot be built, or a wrong choice in ``kernels`` or ``reuse``; nothing is written.
    """
    netlist = cut(spec, kernels, reuse)
    files = sources(netlist)
    plan = _plan(netlist)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.sv").write_text(text)
    (folder / "network.f").write_text("".join(f"{name}.sv\n" for name in files))
    return plan


def _plan(netlist: Netlist) -> Plan:
    stream = netlist.inputs[0].stream
    timing = cycles.timing(netlist)
    layers = [_layer_plan(block, stream.beats) for block in netlist.blocks]
    return Plan(
        network=netlist.name,
        latency_clk=max(timing.latency_clk.values()),
        latency_first_clk=max(timing.latency_first_clk.values()),
        clocks_per_frame=timing.clocks_per_frame,
        pixels_per_frame=stream.beats,
        layers=layers,
    )


def _layer_plan(block: Block, pixels: int) -> LayerPlan:
    macs = [front for front in block.fronts if isinstance(front, Mac)]
    weights = sum(len(getattr(layer, "weights", [])) for layer in _carried(block))
    memory = sum(
        _line_bits(front.source, front.kernel[0]) for front in block.fronts if isinstance(front, Window)
    )
    memory += sum(
        len(block_matrix(mac.layer)) * mac.sink.channels * layer_text.weight_width(mac.layer) for mac in macs
    )
    dense = any(isinstance(layer, Dense) for layer in _carried(block))
    return LayerPlan(
        name=block.name,
        kind=type(_carried(block)[0]).__name__.lower() if _carried(block) else "repack",
        kernel=block.kernel,
        weights=weights,
        rate=(block.streams[0].beats if dense else block.middle.beats) / pixels,
        interval=max([mac.turns for mac in macs], default=1),
        stages=block.stages,
        adder_bits=sum(step.program.adder_bits() for step in block.steps if step.program),
        multipliers=sum(mac.sink.channels * mac.parallel for mac in macs),
        memory_bits=memory,
    )


def _carried(block: Block) -> list[object]:
    """Return the layers that a block carries out, as far as they have arithmetic."""
    return [front.layer for front in block.fronts if isinstance(front, Mac)] + [
        step.layer for step in block.steps
    ]


def _line_bits(source: Stream, rows: int) -> int:
    return (rows - 1) * source.columns * (source.width + 1)
