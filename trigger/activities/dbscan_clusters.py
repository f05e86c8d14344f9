"""Incremental DBSCAN as upstream's: hits come in time order, clusters go when no later hit can reach them.

Source: DUNE-DAQ/triggeralgs @ab71739b src/dbscan/dbscan.cpp, Hit.cpp; what each step does is said in ``dbscan.py``.

>>> clusters = Clusters(eps=10, min_pts=2)
>>> [[hit.channel for hit in one] for t in (100, 200, 9000) for one in clusters.add(t, t // 100, np.zeros(1)[0])]
[[1, 2]]
"""

from __future__ import annotations

import numpy as np

from streams.errors import UserError

POOL = 10_000  # hits that are kept before they are used again (TAMakerDBSCANAlgorithm.cpp)
PER_UNIT = 1e-2  # units of time per count of the clock (dbscan.cpp)
KEPT = 10  # eps before the first cluster for which hits are kept (dbscan.cpp, trim_hits)
NO_CLUSTER = -1
SAFE = 46_341  # channels, from which on the square wraps
_single = np.float32


class Hit:
    """A TP in units of a distance; ``time`` is the value of a 32-bit float."""

    __slots__ = ("channel", "cluster", "near", "time", "tp")

    def __init__(self) -> None:
        self.set(0.0, 0, None)

    def set(self, time: float, channel: int, tp: np.void | None) -> None:
        """Make it a new hit, which is in no cluster."""
        self.time, self.channel, self.tp = time, channel, tp
        self.cluster = NO_CLUSTER
        self.near: list[Hit] = []


def insert(hits: list[Hit], hit: Hit) -> None:
    """Put a hit before those of its time or later, unless it is among them."""
    at = len(hits)
    while at and hits[at - 1].time >= hit.time:
        if hits[at - 1] is hit:
            return
        at -= 1
    hits.insert(at, hit)


class Cluster:
    """The hits of a cluster in time order, the latest time of one; merged into another it has no hits."""

    __slots__ = ("hits", "latest", "number")

    def __init__(self, number: int) -> None:
        self.number, self.latest = number, 0.0
        self.hits: list[Hit] = []

    def add(self, hit: Hit) -> None:
        """Add a hit; a cluster that it was in before keeps it too."""
        insert(self.hits, hit)
        hit.cluster = self.number
        self.latest = max(self.latest, hit.time)


class Clusters:
    """The clusters that are not finished, and the hits that may still be neighbours."""

    def __init__(self, eps: int, min_pts: int) -> None:
        self.eps, self.min_pts = float(eps), min_pts
        self.square = float(_single(eps) * _single(eps))
        self.pool = [Hit() for _ in range(POOL)]
        self.used = 0
        self.hits: list[Hit] = []
        self.now = 0.0
        self.first = 0
        self.clusters: dict[int, Cluster] = {}  # in the order of their numbers
        self.made = 0

    def add(self, start: int, channel: int, tp: np.void) -> list[list[Hit]]:
        """Add a TP that starts at ``start`` [62.5 MHz counts]; return the hits of each cluster that is finished."""
        if self.first == 0:
            self.first = start
        hit = self.pool[self.used]
        hit.set(float(_single(PER_UNIT * float((start - self.first) % (1 << 64)))), channel, tp)
        self.used = (self.used + 1) % POOL
        self.hits.append(hit)
        self.now = hit.time
        self._find_neighbours(hit)
        self._join(hit)
        self._start_at_neighbours(hit)
        finished = self._finished()
        self._trim()
        return finished

    def _core(self, hit: Hit) -> bool:
        return len(hit.near) + 1 >= self.min_pts

    def _find_neighbours(self, hit: Hit) -> None:
        time, channel, far = _single(hit.time), hit.channel, self.eps + 1
        low, high = float(time - _single(self.eps)), float(time + _single(self.eps))
        for other in reversed(self.hits):
            if other.time > high:
                continue
            if other.time < low:
                break
            apart = abs(other.channel - channel)
            if far <= apart < SAFE or other is hit:  # too far without the time; most are
                continue
            if _square(hit, other) < self.square:
                insert(hit.near, other)
                insert(other.near, hit)

    def _join(self, hit: Hit) -> None:
        """Put a hit into the first cluster that has a core hit near it and merge the others, or start one."""
        if not hit.near and self.min_pts > 1:
            return
        near = sorted({o.cluster for o in hit.near if o.cluster != NO_CLUSTER and self._core(o)})
        if not near:
            if self._core(hit):
                self._start(hit)
            return
        cluster = self._cluster(near[0])
        cluster.add(hit)
        for other in hit.near:
            if other.cluster == NO_CLUSTER:
                cluster.add(other)
            if len(other.near) + 1 == self.min_pts:
                for one in other.near:
                    cluster.add(one)
        for number in near[1:]:
            merged = self._cluster(number)
            for one in merged.hits:
                cluster.add(one)
            merged.hits = []

    def _cluster(self, number: int) -> Cluster:
        if number not in self.clusters:
            raise UserError(
                "dbscan: a TP out of time order is near a cluster that is finished already, where DUNE's code ends: "
                "sort the TPs by their start"
            )
        return self.clusters[number]

    def _start_at_neighbours(self, hit: Hit) -> None:
        for other in hit.near:
            if self._core(other) and other.cluster == NO_CLUSTER and hit.cluster == NO_CLUSTER:
                self._start(other)

    def _start(self, seed: Hit) -> None:
        """Start a cluster with a hit and all that core hits reach from it."""
        cluster = self.clusters[self.made] = Cluster(self.made)
        self.made += 1
        cluster.add(seed)
        left = list(seed.near)
        while left:
            hit = left.pop()
            if hit.cluster != NO_CLUSTER:
                continue
            cluster.add(hit)
            if self._core(hit):
                left += hit.near

    def _finished(self) -> list[list[Hit]]:
        if not self.clusters:
            return []
        limit = float(_single(self.now) - _single(self.eps))
        gone = [one for one in self.clusters.values() if not one.hits or one.latest < limit]
        for one in gone:
            del self.clusters[one.number]
        return [one.hits for one in gone if one.hits]

    def _trim(self) -> None:
        """Forget hits long before the first cluster, by upstream's binary search."""
        first = min((one.hits[0].time for one in self.clusters.values()), default=self.now)
        limit = float(_single(first) - _single(KEPT) * _single(self.eps))
        low, left = 0, len(self.hits)
        while left:
            half = left // 2
            if self.hits[low + half].time < limit:
                low += half + 1
                left -= half + 1
            else:
                left = half
        del self.hits[:low]


def _square(a: Hit, b: Hit) -> float:
    """Return the square of the distance as 32-bit floats give it."""
    time = _single(a.time - b.time)
    channels = (a.channel - b.channel) ** 2
    channels = (channels + (1 << 31)) % (1 << 32) - (1 << 31)  # a product of 32-bit integers
    return float(time * time + _single(channels))
