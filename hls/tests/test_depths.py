"""Depths of FIFOs: enough, the least, and where they come from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hls import cycles
from hls.blocks import cut
from hls.cycles_units import EAGER, LAZY
from hls.depths import Demand, depths, fitted, policies, with_depth
from hls.netlist import Netlist, Window
from hls.random_specs import random_spec
from hls.short_frames import shortened
from hls.tests import graphs
from streams.errors import UserError
from trigger.network_spec import NetworkSpec

GRAPHS = {
    "residual": cut(graphs.residual(8, 11, [3])),
    "residual_of_two": cut(graphs.residual(8, 11, [3, 3])),
    "slow_residual": cut(graphs.residual(6, 7, [3]), {"conv0_sum": "mac"}),
    "pooled_and_enlarged": cut(graphs.pooled(8, 12)),
    "branches": cut(graphs.branches(7, 10)),
    "two_outputs": cut(graphs.two_outputs(8, 12)),
    "behind_a_pooling": cut(graphs.pooled_then_slow(8, 64), {"slow_sum": "mac"}),
    "long_row": cut(graphs.residual(6, 90, [3])),
}


def deep(netlist: Netlist) -> dict[str, int]:
    """Return the depths above 2 by ``producer -> consumer``."""
    return {f"{e.producer} -> {e.consumer}": e.depth for e in netlist.edges if e.depth > 2}


def skip(netlist: Netlist) -> int:
    """Return the number of the edge from the input into a join."""
    (number,) = (k for k, e in enumerate(netlist.edges) if e.producer == "s_axis" and e.port == 1)
    return number


@pytest.mark.parametrize("name", GRAPHS)
def test_one_word_less_is_slower_or_stands_still(name: str) -> None:
    netlist = GRAPHS[name]
    search, found = Demand(netlist), fitted(netlist)
    assert search.interval(found) == search.wanted and search.met(found)
    assert deep(found)
    for number, edge in enumerate(found.edges):
        if edge.depth > 2:
            less = with_depth(found, number, edge.depth - 1)
            assert not search.met(less), f"{edge.producer} -> {edge.consumer}"


def test_full_rate_is_a_pixel_per_clock() -> None:
    for name in ("residual", "branches", "two_outputs", "behind_a_pooling", "pooled_and_enlarged"):
        netlist = fitted(GRAPHS[name])
        assert cycles.timing(netlist).clocks_per_frame == netlist.inputs[0].stream.beats


def test_the_skip_connection_holds_a_window_and_its_latency() -> None:
    found, columns = fitted(GRAPHS["residual"]), 11
    # The pixels up to the one that completes the first window, and those that come while its sum is on the way: the
    # window's FIFO, two registers, the arithmetic, the FIFO behind it, and the clock in which room shows.
    assert found.edges[skip(found)].depth == (columns + 1 + 1) + 1 + 2 + found.blocks[0].stages + 1


def test_too_shallow_a_skip_connection_stands_still_and_is_named() -> None:
    netlist = GRAPHS["residual"]
    number = skip(netlist)
    bound = 11 + 2  # the pixels that the first window needs
    cycles.run(with_depth(netlist, number, bound), frames=2)
    why = (
        r"network add stands still after 0 of 176 output beats: the FIFO s_axis -> layer1_add \(8 words\) is full"
        r" while layer1_add waits for layer0_conv0_sum: make that FIFO deeper"
    )
    with pytest.raises(UserError, match=why):
        cycles.run(with_depth(netlist, number, 8), frames=2)


def test_token_bound_of_the_untimed_graph_is_counted_by_hand() -> None:
    netlist = GRAPHS["residual"]
    number = skip(netlist)
    for flush in (LAZY, EAGER):
        policy = {"layer0_conv0_sum": flush}
        cycles.run(with_depth(netlist, number, 11 + 2), frames=3, untimed=policy)
        with pytest.raises(UserError, match="stands still"):
            cycles.run(with_depth(netlist, number, 11 + 1), frames=3, untimed=policy)


def test_a_branch_that_flushed_beside_one_that_did_not_needs_more() -> None:
    graph = graphs.Graph(9, 8)
    quick = graph.conv("quick", "pixels", 7)
    slow = graph.conv("slow_b", graph.conv("slow_a", "pixels", 5), 5)
    graph.sum("add", quick, slow)
    netlist = cut(graph.spec(), {"slow_a_sum": "mac"})
    found = fitted(netlist)
    assert {label for policy in policies(netlist) for label in policy} == {
        block.label for block in netlist.blocks if any(isinstance(front, Window) for front in block.fronts)
    }
    (number,) = (k for k, e in enumerate(found.edges) if (e.producer, e.consumer[:6]) == ("s_axis", "layer0"))
    less = with_depth(found, number, found.edges[number].depth - 1)
    search = Demand(netlist)
    assert search.interval(less) == search.wanted  # full rate alone would not ask for it
    windows = {"layer0_quick_sum": EAGER, "layer1_slow_a_sum": LAZY, "layer2_slow_b_sum": LAZY}
    with pytest.raises(UserError, match="stands still"):
        cycles.run(less, frames=search.untimed_frames, untimed=windows)


def test_without_a_join_everything_is_a_small_fifo() -> None:
    netlist = cut(random_spec(3))
    assert policies(netlist) == []
    assert set(depths(netlist).values()) == {0, 2}


def test_flags_of_short_frames_do_not_hold_the_network_back() -> None:
    netlist = fitted(cut(graphs.residual(1, 2, [1] * 8)))
    assert netlist.flag_depth > 16
    assert cycles.timing(netlist).clocks_per_frame == 2


@pytest.mark.parametrize("seed", range(100, 112))
def test_no_traffic_stops_a_random_network(seed: int) -> None:
    netlist = fitted(cut(random_spec(seed, rows=(4, 9), columns=(4, 9))))
    for way in range(6):
        rng = np.random.default_rng([seed, way])
        beats = netlist.inputs[0].stream.beats
        gaps = rng.integers(0, rng.choice([1, 3, 30]) + 1, 5 * beats)
        gaps[::beats] = rng.integers(0, rng.choice([1, 20, 300]) + 1, 5)  # between frames
        valid = np.zeros(int(gaps.sum()) + len(gaps), np.bool_)
        valid[np.cumsum(gaps + 1) - 1] = True
        ready = {port.label: rng.random(2000) < rng.choice([0.2, 0.8, 1.0]) for port in netlist.outputs}
        label = str(rng.choice([port.label for port in netlist.inputs]))
        run = cycles.run(netlist, frames=5, valid={label: valid}, ready=ready)
        for edge, words in run.occupancy.items():
            assert words <= edge.depth


@pytest.mark.parametrize("kind", [graphs.pooled, graphs.branches, graphs.two_outputs])
def test_frames_of_fewer_rows_tell_the_same(kind: Callable[[int, int], NetworkSpec]) -> None:
    netlist = cut(kind(60, 12))
    assert shortened(netlist).inputs[0].stream.rows < 30
    search, found = Demand(netlist), fitted(netlist)
    assert search.met(found) and deep(found)
    for number, edge in enumerate(found.edges):
        if edge.depth > 2:
            assert not search.met(with_depth(found, number, edge.depth - 1))
