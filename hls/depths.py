"""How deep each FIFO of a network must be: for full rate, and so that no order of movements stops it for ever.

The least depth of an edge is the larger of two. (a) At full rate (frames back to back, outputs always ready) the
network must be as fast as with FIFOs that have room always. (b) In the untimed graph, where any movement may be late,
nothing may stand still: what a skip connection must hold until the branch beside it gives its first beat.

For (b) a pipeline is only sure to hold one beat, and at the end of each frame a window either gives its last beats
before the next frame begins (``EAGER``) or only with its pixels (``LAZY``). What stops a network is a branch that has
flushed beside one that has not, so windows between a fork and a join are tried in both ways.

>>> from hls.blocks import cut
>>> from hls.random_specs import random_spec
>>> netlist = cut(random_spec(3))
>>> sorted(set(depths(netlist).values()))
[0, 2]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, product

from hls.cycles import Clocks, run, steady_frames
from hls.cycles_units import EAGER, LAZY
from hls.netlist import FIFO_DEPTH, Block, Edge, Netlist, Port, Window
from hls.short_frames import shortened
from streams.errors import UserError

#: Windows between forks and joins of which all choices of flushing are tried; with more, those by join.
_ALL_CHOICES = 4

Policy = Mapping[str, int]


def depths(netlist: Netlist) -> dict[Edge, int]:
    """Return the least depth of the FIFO of each edge, given those of the others; see ``fitted``."""
    return {edge: new.depth for edge, new in zip(netlist.edges, fitted(netlist).edges, strict=True)}


def fitted(netlist: Netlist) -> Netlist:
    """Return the netlist with FIFOs, those of the flags too, as deep as they need to be.

    Each depth is the least one, given the others: with one word less the network is slower or may stand still.
    The widest edges are made small first. Of large frames the depths are found on frames of fewer rows; whether the
    network is as fast as it can be with them is then seen on whole frames.
    """
    short = shortened(netlist)
    if short is netlist:
        return _fitted(netlist)
    found = netlist.deepened([edge.depth for edge in _fitted(short).edges])
    search = Demand(netlist)
    return found if search.fast(found) else _fitted(netlist)


def _fitted(netlist: Netlist) -> Netlist:
    search = Demand(netlist)
    found = search.timed()
    found = found if search.met(found) else search.roomy()
    by_width = sorted(range(len(found.edges)), key=lambda e: -netlist.edges[e].stream.width)
    before = None
    while found != before:  # once more only where a deep FIFO, a clock slower, became a small one
        before = found
        for number in by_width:
            if found.edges[number].depth > FIFO_DEPTH:
                found = _least(search, found, number)
    while search.interval(found) > search.wanted:  # the flags of short frames
        found = replace(found, flag_depth=2 * found.flag_depth)
    return found


def with_depth(netlist: Netlist, number: int, depth: int) -> Netlist:
    """Return the netlist with another depth of edge ``number``."""
    return netlist.deepened([depth if k == number else edge.depth for k, edge in enumerate(netlist.edges)])


def _least(search: Demand, found: Netlist, number: int) -> Netlist:
    """Return ``found``, which is good, with the least depth of edge ``number`` that is."""
    bad, good = FIFO_DEPTH - 1, found.edges[number].depth
    tries = iter((good - 1, FIFO_DEPTH))  # most often one of these decides
    while good - bad > 1:
        depth = next(tries, (bad + good) // 2)
        if not bad < depth < good:
            continue
        tried = with_depth(found, number, depth)
        if search.met(tried):
            found, good = tried, depth
        else:
            bad = depth
    return found


class Demand:
    """What a netlist's FIFOs must allow.

    Attributes
    ----------
    wanted : clocks of the frames that are measured, with FIFOs that have room always.
    """

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.frames = steady_frames(netlist)
        self.policies = policies(netlist)
        windows = [f for b in netlist.blocks for f in b.fronts if isinstance(f, Window)]
        self.untimed_frames = 3 + sum(-(-window.delay // window.source.beats) for window in windows) // 2
        self.wanted = self.interval(netlist, unbounded=True)

    def timed(self) -> Netlist:
        """Return the netlist with FIFOs in which nothing waits for room at full rate."""
        return self._deep_enough(())

    def roomy(self) -> Netlist:
        """Return the netlist with FIFOs in which nothing ever waits for room."""
        return self._deep_enough(self.policies)

    def _deep_enough(self, policies: Sequence[Policy]) -> Netlist:
        found = self.netlist
        while True:  # a deep FIFO is a clock slower, so others may have to hold more
            runs = [run(found, frames=self.frames, unbounded=True)]
            runs += [
                run(found, frames=self.untimed_frames, unbounded=True, untimed=policy) for policy in policies
            ]
            needed = [max(each.needed[edge] for each in runs) for edge in found.edges]
            deeper = [edge.depth and max(edge.depth, n) for edge, n in zip(found.edges, needed, strict=True)]
            if deeper == [edge.depth for edge in found.edges]:
                return found
            found = found.deepened(deeper)

    def interval(self, netlist: Netlist, *, unbounded: bool = False) -> int:
        """Return the clocks that some of the last frames take to come out, the last one not counted."""
        clocks = run(netlist, frames=self.frames, unbounded=unbounded)
        ends = [self._ends(port, clocks.given[port.label]) for port in netlist.outputs]
        first = self.frames - 2 - max(1, (self.frames - 3) // 2)
        return max(int(end[-2] - end[first]) for end in ends)

    def _ends(self, port: Port, given: Clocks) -> Clocks:
        """Return the clocks in which the last beat of each frame came; in continuous mode the last one's and back."""
        beats = self.netlist.beats(port, self.frames) - self.netlist.beats(port, self.frames - 1)
        return given[(len(given) - 1) % beats :: beats]

    def fast(self, netlist: Netlist) -> bool:
        """Return whether the network is as fast as it can be; flags do not count."""
        try:
            each = 1 if netlist.mode == "frames" else netlist.inputs[0].stream.rows
            plenty = replace(netlist, flag_depth=max(netlist.flag_depth, self.frames * each))
            return self.interval(plenty) <= self.wanted
        except UserError:  # it stands still
            return False

    def met(self, netlist: Netlist) -> bool:
        """Return whether the network is as fast as it can be, and never stands still."""
        if not self.fast(netlist):
            return False
        try:
            for policy in self.policies:
                run(netlist, frames=self.untimed_frames, untimed=policy)
        except UserError:  # it stands still
            return False
        return True


def policies(netlist: Netlist) -> list[Policy]:
    """Return the ways of flushing to be tried; none where no two branches of a fork meet again."""
    branches = list(_branches(netlist))
    if not branches:
        return []
    chosen = sorted(frozenset().union(*branches))
    if len(chosen) <= _ALL_CHOICES:
        return [dict(zip(chosen, way, strict=True)) for way in product((LAZY, EAGER), repeat=len(chosen))]
    ways = {frozenset[str](), frozenset(chosen), *branches}
    return [{label: EAGER if label in way else LAZY for label in chosen} for way in sorted(ways, key=sorted)]


def _branches(netlist: Netlist) -> Iterator[frozenset[str]]:
    """Yield for each two branches that part and meet again the blocks with a window in each alone."""
    above: dict[str, frozenset[str]] = {port.label: frozenset([port.label]) for port in netlist.inputs}
    windows = {block.label for block in netlist.blocks if _has_window(block)}
    for block in netlist.blocks:
        above[block.label] = frozenset([block.label]).union(*(above[source] for source in block.sources))
        for one, other in combinations(_each_above(above, block.sources), 2):
            if one & other:
                yield (one - other) & windows
                yield (other - one) & windows


def _each_above(above: Mapping[str, frozenset[str]], sources: Iterable[str]) -> list[frozenset[str]]:
    return [above[source] for source in sources]


def _has_window(block: Block) -> bool:
    return any(isinstance(front, Window) for front in block.fronts)
