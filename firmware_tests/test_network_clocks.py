"""Every clock of graphs' RTL against the cycle model; and what a FIFO of one word less does there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_tests.network_clocks import Traffic, check, record, traffic
from firmware_tests.simulation import sample
from hls import cycles
from hls.blocks import cut
from hls.depths import fitted, with_depth
from hls.netlist import Netlist
from hls.random_specs import random_spec
from hls.tests import graphs
from streams.errors import UserError
from trigger.network_spec import Conv2D, Dense

GRAPHS = {
    "residual": cut(graphs.residual(6, 9, [3])),
    "slow_residual_of_two": cut(graphs.residual(6, 7, [3, 3]), {"conv1_sum": "mac"}),
    "pooled_and_enlarged": cut(graphs.pooled(8, 6)),
    "branches": cut(graphs.branches(7, 10)),
    "two_outputs": cut(graphs.two_outputs(8, 8)),
    "behind_a_pooling": cut(graphs.pooled_then_slow(8, 64), {"slow_sum": "mac"}),
    "deep_fifo": cut(graphs.residual(4, 80, [3])),
}
#: Gaps and stalls: share of the clocks.
WAYS = {"always": (0.0, 0.0), "gaps": (0.5, 0.0), "stalls": (0.0, 0.6), "both": (0.4, 0.4)}


def runs(netlist: Netlist, seed: int, frames: int = 3) -> list[Traffic]:
    """Return a run for each way of traffic."""
    ports = [port.label for port in (*netlist.inputs, *netlist.outputs)]
    return [
        Traffic(name, frames, traffic(seed + k, ports, 3000, idle, stall))
        for k, (name, (idle, stall)) in enumerate(WAYS.items())
    ]


@pytest.mark.rtl
@pytest.mark.parametrize("name", GRAPHS)
def test_every_clock_of_a_graph(name: str, tmp_path: Path) -> None:
    netlist = fitted(GRAPHS[name])
    if name == "deep_fifo":  # the skip connection's is; the others show its latency
        assert any(edge.kind == "deep" for edge in netlist.edges)
        netlist = netlist.deepened([edge.depth and max(edge.depth, 65) for edge in netlist.edges])
    beats = check(netlist, runs(netlist, 5), tmp_path / "run", name)
    assert beats >= 4 * 3 * 2 * 20


@pytest.mark.rtl
@pytest.mark.parametrize("seed", sample(range(200, 204)))
def test_every_clock_of_a_random_network(seed: int, tmp_path: Path) -> None:
    spec, rng = random_spec(seed), np.random.default_rng(seed)
    kinds = {layer.name: "mac" for layer in spec.layers if isinstance(layer, Conv2D | Dense)}
    netlist = fitted(cut(spec, {name: kind for name, kind in kinds.items() if rng.random() < 0.5}))
    # FIFOs deeper than they must be, some of them in block RAM: the clocks follow.
    more = [edge.depth and max(edge.depth, int(rng.choice([2, 3, 70]))) for edge in netlist.edges]
    netlist = netlist.deepened(more)
    assert check(netlist, runs(netlist, seed), tmp_path / "run", f"random{seed}") > 100


@pytest.mark.rtl
def test_one_word_less_costs_clocks_in_the_rtl_too(tmp_path: Path) -> None:
    netlist = fitted(GRAPHS["residual"])
    (number,) = (k for k, edge in enumerate(netlist.edges) if edge.depth > 2)
    run = [Traffic("always", 5, {})]
    beats, ends = netlist.outputs[0].stream.beats, []
    for depth in (netlist.edges[number].depth, netlist.edges[number].depth - 1):
        changed = with_depth(netlist, number, depth)
        seen = record(changed, run, tmp_path / str(depth), f"depth{depth}")["always.m_axis"]
        np.testing.assert_array_equal(seen, cycles.run(changed, frames=5).given["m_axis"])
        ends.append(np.diff(seen[beats - 1 :: beats]))
    assert (ends[0][:-1] == beats).all()
    assert (ends[1][:-1] > beats).all()


@pytest.mark.rtl
def test_the_rtl_stands_still_where_the_model_does(tmp_path: Path) -> None:
    netlist = GRAPHS["residual"]  # all FIFOs of 2 words
    with pytest.raises(UserError, match="stands still after 0 of"):
        cycles.run(netlist, frames=1)
    seen = record(netlist, [Traffic("always", 1, {}, clocks=600)], tmp_path / "run", "still")
    assert len(seen["always.m_axis"]) == 0
    assert len(seen["always.s_axis"]) == 3  # a pixel in the guard, two in the FIFO that is full
