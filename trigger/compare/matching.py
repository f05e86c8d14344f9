"""Pairs of TPs of two files: same channel, times that overlap, each TP in one pair at most.

TPs of both files that overlap one another on a channel, directly or by way of others, form a cluster. In a cluster
TPs of the same start are paired first, then each TP of a with the earliest TP of b that overlaps it and is free.

>>> pieces = [(5, 0, 320), (5, 320, 400), (7, 0, 64)]
>>> a, b = (Spans(*(np.array(column) for column in zip(*some))) for some in (pieces[:1] + pieces[2:], pieces[:2]))
>>> found = match(a, b)
>>> found.partner_a.tolist(), found.partner_b.tolist(), found.cluster_a.tolist(), found.cluster_b.tolist()
([0, -1], [0, -1], [0, 1], [0, 0])
>>> found.end.tolist()
[400, 64]
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.compiled import Integers, compiled


class Spans(NamedTuple):
    """Channel, start and end (not included) of TPs: int64, (n,)."""

    channel: Integers
    start: Integers
    end: Integers


class Matched(NamedTuple):
    """For each TP the place of its partner in the other file (-1: none) and the number of its cluster.

    ``begin``, ``last``, ``end`` are the first start, the last start and the latest end in each cluster.
    """

    partner_a: Integers
    partner_b: Integers
    cluster_a: Integers
    cluster_b: Integers
    begin: Integers
    last: Integers
    end: Integers
    channel: Integers


def match(a: Spans, b: Spans) -> Matched:
    """Return the pairs of two sets of TPs; they touch if one ends where the other starts: one cluster, no pair."""
    n = len(a.start)
    channel, start, end = (np.concatenate(both) for both in zip(a, b, strict=True))
    of_b = np.arange(len(start)) >= n
    order = np.lexsort((of_b, start, channel))
    clusters, ends = _clusters(channel[order], start[order], end[order])
    partner = _partners(clusters, of_b[order], start[order], end[order])
    place = np.full(len(order), -1)
    cluster = np.empty(len(order), np.int64)
    cluster[order] = clusters
    has = partner >= 0
    place[order[has]] = order[partner[has]]
    first = np.flatnonzero(np.diff(clusters, prepend=-1))
    last = np.append(first[1:], len(order))[: len(first)] - 1
    return Matched(
        np.where(place[:n] >= 0, place[:n] - n, -1),
        place[n:],
        cluster[:n],
        cluster[n:],
        start[order[first]],
        start[order[last]],
        ends,
        channel[order[first]],
    )


@compiled
def _clusters(channel: Integers, start: Integers, end: Integers) -> tuple[Integers, Integers]:
    """Return the cluster of each TP, in the order of channel and start, and the latest end of each cluster."""
    cluster, latest = np.empty(len(start), np.int64), np.empty(len(start), np.int64)
    number = -1
    for i in range(len(start)):
        if i == 0 or channel[i] != channel[i - 1] or start[i] > latest[number]:
            number += 1
            latest[number] = end[i]
        latest[number] = max(latest[number], end[i])
        cluster[i] = number
    return cluster, latest[: number + 1].copy()


@compiled
def _partners(cluster: Integers, of_b: NDArray[np.bool_], start: Integers, end: Integers) -> Integers:
    """Return the place of the partner of each TP, -1 without one; a comes before b where starts are the same."""
    n = len(start)
    partner = np.full(n, -1, np.int64)
    for i in range(n):
        if of_b[i]:
            continue
        j = i + 1
        while j < n and cluster[j] == cluster[i] and start[j] == start[i]:
            if of_b[j] and partner[j] < 0:
                partner[i], partner[j] = j, i
                break
            j += 1
    low = 0
    for i in range(n):
        if of_b[i] or partner[i] >= 0:
            continue
        while low < n and (
            cluster[low] < cluster[i]
            or (cluster[low] == cluster[i] and (not of_b[low] or partner[low] >= 0 or end[low] <= start[i]))
        ):
            low += 1
        if (
            low < n and cluster[low] == cluster[i] and start[low] < end[i]
        ):  # it is free, and ends later than i starts
            partner[i], partner[low] = low, i
    return partner
