"""The text of every module of a netlist: generated ones, and the hand-written shells that they are built on.

>>> from hls.blocks import cut
>>> from trigger.network_spec import Format, Input, NetworkSpec, Quantize
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(2, 2, 1), output_shape=(2, 2, 1), output=pixel)
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(2, 2, 1), number=pixel),), layers=[relu])
>>> list(sources(cut(spec)))
['net_enable', 'net_fifo', 'net_guard', 'net_quantize', 'net_tail', 'layer0_relu', 'network']
"""

from __future__ import annotations

from pathlib import Path

from hls import layer_text, network_text
from hls.arithmetic import block_matrix, weight_width
from hls.kernels import emit, rom
from hls.kernels.pixelwise import widths
from hls.netlist import Block, Front, Global, Mac, Netlist, Repack, Resize, Window

RTL = Path(__file__).parent / "rtl"
_SHELLS: dict[type[Front], tuple[str, ...]] = {
    Window: ("net_window",),
    Mac: ("net_mac", "net_fifo"),
    Global: ("net_global",),
    Resize: ("net_resize",),
    Repack: ("net_repack",),
}
_REFERENCE = "trigger/integer_network.py:evaluate"


def sources(netlist: Netlist) -> dict[str, str]:
    """Return the text of every module by name, in an order in which what is used comes first."""
    files = {name: (RTL / f"{name}.sv").read_text() for name in shells(netlist)}
    for block in netlist.blocks:
        files |= _files(block)
    files["network"] = network_text.network(netlist)
    return files


def shells(netlist: Netlist) -> list[str]:
    """Return the hand-written modules that a network is built on; they are copied beside the generated ones."""
    ends = ("guard", "tail") if netlist.mode == "frames" else ("row_guard", "row_tail")
    found = {"net_fifo", *(f"net_{end}" for end in ends)}
    for block in netlist.blocks:
        for front in block.fronts:
            endless = isinstance(front, Window) and front.endless
            found.update(("net_row_window",) if endless else _SHELLS[type(front)])
        found.update(["net_enable"] if block.stages else [])
        found.update("net_quantize" for step in block.steps if step.program is None)
    found.update("net_deep_fifo" for edge in netlist.edges if edge.kind == "deep")
    return sorted(found)


def _files(block: Block) -> dict[str, str]:
    """Return the generated modules of one block, by name."""
    files: dict[str, str] = {}
    for number, step in enumerate(block.steps):
        if step.program is not None:
            name = layer_text.kernel_name(block, number)
            given, out = widths(step.numbers, step.channels), step.output.width
            files[name] = emit.emit(step.program, name, in_width=given, out_width=out, reference=_REFERENCE)
    for front in block.fronts:
        if isinstance(front, Mac):
            name, matrix = layer_text.memory_name(block), block_matrix(front.layer)
            words = rom.turns_of(matrix, front.source.channels, front.parallel, front.groups, front.run)
            files[name] = rom.emit(words, name, width=weight_width(front.layer))
    files[block.label] = layer_text.layer(block)
    return files
