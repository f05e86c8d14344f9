"""Streaming SystemVerilog of a NetworkSpec: one file per layer around hand-written shells, and ``network.sv``.

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

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hls import cycles, layer_text
from hls.blocks import Block, cut
from hls.kernels import emit, rom
from hls.kernels.program import Program, max_program
from hls.kernels.shift_add import shift_add
from hls.plan import LayerPlan, Plan
from trigger.network_spec import Conv2D, Dense, NetworkSpec

RTL = Path(__file__).parent / "rtl"
_QUANTIZE_STAGES = 2  # registers of net_quantize


def write_rtl(spec: NetworkSpec, folder: Path, kernels: Mapping[str, str] | None = None) -> Plan:
    """Write the network's SystemVerilog into ``folder`` (made where absent), with ``network.f``; return its plan.

    Parameters
    ----------
    kernels : convolution's name -> ``shift_add`` or ``mac``, where the choice by size
        (``hls.blocks.MAX_UNROLLED_WEIGHTS``) is not wanted.

    Raises
    ------
    UserError : a network that cannot be built, or a wrong choice in ``kernels``.
    """
    blocks = cut(spec, kernels or {})
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, str] = {name: (RTL / f"{name}.sv").read_text() for name in shells(blocks)}
    stages: list[int] = []
    layers: list[LayerPlan] = []
    for number, block in enumerate(blocks):
        program = _program(block)
        stages.append(_stages(block, program))
        files |= _files(number, block, program, stages[-1])
        layers.append(_layer_plan(block, program, stages[-1], math.prod(spec.input_shape[:-1])))
    names = [layer_name(number, block) for number, block in enumerate(blocks)]
    files["network"] = layer_text.network(spec, blocks, names)
    for name, text in files.items():
        (folder / f"{name}.sv").write_text(text)
    (folder / "network.f").write_text("".join(f"{name}.sv\n" for name in files))
    rows, columns = (spec.input_shape[0], spec.input_shape[1]) if len(spec.input_shape) == 3 else (1, 1)
    timing = cycles.timing(blocks, stages, rows, columns)
    return Plan(network=spec.name, pixels_per_frame=rows * columns, layers=layers, **timing._asdict())


def shells(blocks: Sequence[Block]) -> list[str]:
    """Return the hand-written modules that ``blocks`` are built on; they are copied beside the generated ones."""
    found = ["net_fifo", "net_guard", "net_tail"]
    if any(block.window for block in blocks):
        found.append("net_window")
    if any(block.mac for block in blocks):
        found.append("net_mac")
    if any(block.quantizers for block in blocks):
        found.append("net_quantize")
    if any(block.quantizers or not block.mac for block in blocks):
        found.append("net_enable")
    return found


def layer_name(number: int, block: Block) -> str:
    """Return the name of a block's module: its number, and its first layer as far as Verilog allows."""
    return f"layer{number}_{re.sub(r'[^A-Za-z0-9_]', '_', block.name.split('+')[0])}"


def _program(block: Block) -> Program | None:
    """Return the arithmetic of an unrolled block; None where the block has none."""
    core, low, high = block.core, block.source.number.min_int, block.source.number.max_int
    channels = block.source.channels
    if block.kernel == "shift_add":
        assert isinstance(core, Conv2D)
        weights = np.array(core.weights, np.int64).reshape(-1, core.output_shape[-1])
        return shift_add(weights, core.bias, low, high)
    if block.kernel == "max":
        assert block.window is not None
        places = math.prod(block.window)
        return max_program([[p * channels + c for p in range(places)] for c in range(channels)], low, high)
    return None


def _stages(block: Block, program: Program | None) -> int:
    return (program.n_stages if program else 0) + _QUANTIZE_STAGES * len(block.quantizers)


def _files(number: int, block: Block, program: Program | None, stages: int) -> dict[str, str]:
    """Return the generated modules of one block, by name."""
    name = layer_name(number, block)
    files: dict[str, str] = {}
    if program:
        kernel = name.replace("layer", "kernel", 1)
        widths = {"in_width": block.source.number.width, "out_width": block.middle.number.width}
        files[kernel] = emit.emit(program, kernel, reference="trigger/integer_network.py:evaluate", **widths)
    elif block.mac:
        assert isinstance(block.core, Conv2D | Dense)
        memory = name.replace("layer", "rom", 1)
        words = np.array(block.core.weights, np.int64).reshape(-1, block.core.output_shape[-1]).tolist()
        files[memory] = rom.emit(words, memory, width=layer_text.weight_width(block.core))
    files[name] = layer_text.layer(block, name, stages, program.n_stages if program else 0)
    return files


def _layer_plan(block: Block, program: Program | None, stages: int, pixels: int) -> LayerPlan:
    core, source = block.core, block.source
    weights = len(core.weights) if isinstance(core, Conv2D | Dense) else 0
    line = (block.window[0] - 1) * source.columns * (source.width + 1) if block.window else 0
    memory = weights * layer_text.weight_width(core) if block.mac and isinstance(core, Conv2D | Dense) else 0
    asked = source.beats if isinstance(core, Dense) else block.middle.beats
    kinds = {Conv2D: "conv2d", Dense: "dense", type(None): "quantize"}
    return LayerPlan(
        name=block.name,
        kind=kinds.get(type(core), "maxpool2d"),
        kernel=block.kernel,
        weights=weights,
        rate=asked / pixels,
        interval=block.mac[0] if block.mac else 1,
        stages=stages,
        adder_bits=program.adder_bits() if program else 0,
        multipliers=block.middle.channels if block.mac else 0,
        memory_bits=line + memory,
    )
