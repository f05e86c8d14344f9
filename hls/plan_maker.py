"""The plan of a netlist: what was decided, and what the models of clocks and area predict.

>>> from hls.blocks import cut
>>> from trigger.network_spec import Format, Input, NetworkSpec, Quantize
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(2, 2, 1), output_shape=(2, 2, 1), output=pixel)
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(2, 2, 1), number=pixel),), layers=[relu])
>>> plan = plan_of(cut(spec))
>>> plan.clocks_per_frame, plan.layers[0].kernel
(4, 'pixelwise')
"""

from __future__ import annotations

from collections.abc import Mapping

from hls import cycles
from hls.estimate import estimate, line_bits, weight_bits
from hls.netlist import Block, Mac, Netlist, Window
from hls.plan import FifoPlan, LayerPlan, OutputPlan, Plan
from hls.rates import Rate, rates
from hls.row_timing import row_timing


def plan_of(
    netlist: Netlist, kernels: Mapping[str, str] | None = None, reuse: Mapping[str, int] | None = None
) -> Plan:
    """Return the plan of ``netlist``; ``kernels`` and ``reuse`` are the choices that it was made with."""
    endless = netlist.mode == "continuous"
    timing = row_timing(netlist) if endless else cycles.timing(netlist)
    asked = rates(netlist)
    return Plan(
        network=netlist.name,
        latency_clk=max(timing.latency_clk.values()),
        latency_first_clk=max(timing.latency_first_clk.values()),
        clocks_per_frame=timing.clocks_per_frame,
        pixels_per_frame=max(p.stream.columns if endless else p.stream.beats for p in netlist.inputs),
        layers=[_layer(block, asked[block.label]) for block in netlist.blocks],
        fifos=[
            FifoPlan(
                producer=edge.producer,
                consumer=edge.consumer,
                kind=edge.kind,
                width=edge.stream.width,
                depth=edge.depth,
            )
            for edge in netlist.edges
        ],
        outputs=[
            OutputPlan(
                name=port.name,
                port=port.label,
                latency_clk=timing.latency_clk[port.label],
                latency_first_clk=timing.latency_first_clk[port.label],
            )
            for port in netlist.outputs
        ],
        flag_depth=netlist.flag_depth,
        kernels=dict(kernels or {}),
        reuse=dict(reuse or {}),
        mode=netlist.mode,
    )


def _layer(block: Block, rate: Rate) -> LayerPlan:
    macs = [unit for unit in block.fronts if isinstance(unit, Mac)]
    windows = [unit for unit in block.fronts if isinstance(unit, Window)]
    memories = [line_bits(unit) for unit in windows] + [weight_bits(unit) for unit in macs]
    carried = [*(mac.layer for mac in macs), *(step.layer for step in block.steps)]
    products = sum(len(step.program.product_bits()) for step in block.steps if step.program)
    return LayerPlan(
        name=block.name,
        module=block.label,
        kind=type(carried[0]).__name__.lower() if carried else block.kernel,
        kernel=block.kernel,
        weights=sum(len(getattr(layer, "weights", [])) for layer in carried),
        rate=float(rate.mean),
        peak=float(rate.peak),
        interval=max([mac.turns for mac in macs], default=1),
        stages=block.stages,
        multipliers=products + sum(mac.sink.channels * mac.parallel for mac in macs),
        memory_bits=sum(memories),
        estimate=estimate(block),
    )
