"""What sets two whole files apart: a constant between the starts, another numbering of channels.

>>> from trigger.compare.rows import ROW
>>> a, b = np.zeros(3, ROW), np.zeros(3, ROW)
>>> a["start"], b["start"] = [0, 640, 5_120], [32, 672, 9_999]
>>> shift_of(a, b)
32
>>> a["channel"], b["channel"] = [39_990, 40_000, 40_000], [-25_546, -25_536, -25_536]
>>> rule = numbering(np.unique(a["channel"]), np.unique(b["channel"]))
>>> rule, rule.common(a["channel"], of_b=False).tolist()
(Numbering(wrapped=True, offset=0), [-25546, -25536, -25536])
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.channel_map import N_CHANNELS
from streams.compiled import Integers
from trigger.activities.intake import INVALID
from trigger.compare.rows import ROW

SAMPLE = 50_000  # TPs of each file that are looked at for a shift
_BY_CHANNEL = 64  # of them on a channel
_CHANNELS = 2_000  # channels
_SHARE = 0.5  # of the TPs that have to be shifted by the same


class Numbering(NamedTuple):
    """How channel numbers of two files become the same.

    Attributes
    ----------
    wrapped : one file has 16-bit signed numbers (tpglibs 28e50e5, reference 1.8b.13): both are taken so.
    offset : numbers of b less those of a: whole assemblies of 2 560.
    """

    wrapped: bool = False
    offset: int = 0

    def common(self, channel: Integers, of_b: bool) -> Integers:
        """Return the numbers that both files share: int64, (n,); the invalid ones stay."""
        same = channel - self.offset if of_b and self.offset else channel
        same = same.astype(np.int16).astype(np.int64) if self.wrapped else same
        return np.where(np.isin(channel, INVALID), channel, same)


def numbering(a: Integers, b: Integers) -> Numbering:
    """Return the numbering of the channels (sorted, each once) of two files.

    Numbers below 0 in one file only are 16-bit ones. Files that share no channel, and of which each has one assembly
    only, are taken to number the same assembly differently (0 to 2 559, or offline).
    """
    a, b = (some[~np.isin(some, INVALID)] for some in (a, b))
    if not len(a) or not len(b):
        return Numbering()
    if (a[0] < 0) != (b[0] < 0):
        return Numbering(wrapped=True)
    of_a, of_b = (sorted({int(c) for c in channels // N_CHANNELS}) for channels in (a, b))
    if len(of_a) == len(of_b) == 1 and of_a != of_b:
        offset = N_CHANNELS * (of_b[0] - of_a[0])
        if len(np.intersect1d(a, b - offset)):
            return Numbering(offset=offset)
    return Numbering()


def head(batches: Iterable[NDArray[np.void]], begin: int, end: int) -> NDArray[np.void]:
    """Return the first ``SAMPLE`` TPs that start in [begin, end]: ROW array."""
    parts, count = [np.zeros(0, ROW)], 0
    for rows in batches:
        inside = rows[(rows["start"] >= begin) & (rows["start"] <= end)]
        parts.append(inside)
        count += len(inside)
        if count >= SAMPLE:
            break
    return np.concatenate(parts)[:SAMPLE]


def shift_of(a: NDArray[np.void], b: NDArray[np.void]) -> int:
    """Return by how much TPs of b start later than those of a [62.5 MHz counts]; 0 if there is no such constant.

    Parameters
    ----------
    a, b : ROW arrays, of channels that are numbered alike.
    """
    by_channel = [_split(rows) for rows in (a, b)]
    both = sorted(set(by_channel[0]) & set(by_channel[1]))[:_CHANNELS]
    if not both:
        return 0
    of_a, of_b = ([some[c] for c in both] for some in by_channel)
    apart = np.concatenate([np.subtract.outer(y, x).ravel() for x, y in zip(of_a, of_b, strict=True)])
    shifts, counts = np.unique(apart, return_counts=True)
    enough = _SHARE * sum(min(len(x), len(y)) for x, y in zip(of_a, of_b, strict=True))
    most = int(counts.argmax())
    unshifted = counts[shifts == 0].sum()
    return int(shifts[most]) if counts[most] >= enough and counts[most] > unshifted else 0


def _split(rows: NDArray[np.void]) -> dict[int, Integers]:
    """Return the first starts on each channel."""
    if not len(rows):
        return {}
    order = np.argsort(rows["channel"], kind="stable")
    channels, first = np.unique(rows["channel"][order], return_index=True)
    starts = np.split(rows["start"][order], first[1:])
    return {int(c): some[:_BY_CHANNEL] for c, some in zip(channels, starts, strict=True)}
