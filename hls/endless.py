"""A netlist of frames turned into one of rows without end (continuous mode).

>>> from hls.blocks import cut
>>> from trigger.network_spec import Format, Input, MaxPool2D
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> pool = MaxPool2D(name="pool", input_shape=(8, 9, 1), output_shape=(3, 4, 1), output=pixel,
...     pool=(3, 2), stride=(2, 2), padding=(0, 0, 0, 0))
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(8, 9, 1), number=pixel),), layers=[pool])
>>> made = endless(cut(spec), spec)
>>> made.mode, made.outputs[0].field
('continuous', Field(rows=3, stride=2))
"""

from __future__ import annotations

import math
from dataclasses import replace

from hls.netlist import Block, Front, Netlist, Resize, Window
from streams.errors import UserError
from trigger.continuous import fields, with_rows
from trigger.network_spec import NetworkSpec

#: Words of the FIFOs beside the network: rows that have begun, and whose results are not out.
WORD_DEPTH = 16


def endless(netlist: Netlist, spec: NetworkSpec) -> Netlist:
    """Return ``netlist``, which was cut from ``spec``, for rows without end.

    Raises
    ------
    UserError : several inputs, or a layer that has no meaning without frames.
    """
    found = fields(spec)
    if len(spec.inputs) != 1:
        raise UserError(
            f"network {spec.name}: continuous mode takes one input, got {len(spec.inputs)}: join them as channels"
        )
    blocks = tuple(_block(block) for block in netlist.blocks)
    outputs = tuple(replace(port, field=found[port.name]) for port in netlist.outputs)
    return replace(netlist, blocks=blocks, outputs=outputs, flag_depth=WORD_DEPTH, mode="continuous")


def for_rows(spec: NetworkSpec) -> NetworkSpec:
    """Return ``spec`` on as many rows as it takes to see it in steady state; the hardware does not depend on them.

    Raises
    ------
    UserError : a layer that has no meaning without frames.
    """
    found = fields(spec).values()
    whole = math.lcm(*(field.stride for field in found))  # a repetition gives at least as many rows again
    least = max(field.rows for field in found) + 8 * max(field.stride for field in found)
    return with_rows(spec, whole * -(-least // whole))


def _block(block: Block) -> Block:
    return replace(block, fronts=tuple(_front(front) for front in block.fronts))


def _front(front: Front) -> Front:
    if isinstance(front, Window):
        return replace(front, endless=True)
    if isinstance(front, Resize):  # every row is a frame of its own
        return replace(front, by_row=True)
    return front
