"""Compare two files of TPs, piece by piece in the order of time: memory does not grow with the run.

>>> import tempfile
>>> from streams.daq.tp import TP
>>> from streams.files.tp_file import TpPlan, write_tps
>>> tps = np.zeros(2, TP)
>>> tps["channel"], tps["time_start"], tps["samples_over_threshold"] = [5, 6], [320, 640], 3
>>> tps["adc_integral"] = 70_000, 900
>>> with tempfile.TemporaryDirectory() as folder:
...     a, b = (Path(folder) / name for name in ("a.h5", "b.h5"))
...     _ = write_tps(a, [tps])
...     tps["adc_integral"][0] -= 65_536
...     _ = write_tps(b, [tps], TpPlan(version=1))
...     found = compare(a, b)
>>> found.tally.total, found.equal, [(cause.name, cause.number) for cause in found.causes()]
({'a': 2, 'b': 2, 'pairs': 2, 'same': 1}, False, [('wrapped', 1)])
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from streams.console import progress
from trigger.compare import alignment, causes, facts, rows
from trigger.compare.alignment import Numbering
from trigger.compare.facts import Facts
from trigger.compare.feed import Feed
from trigger.compare.tally import Tally
from trigger.compare.work import Setting, Work


class Cause(NamedTuple):
    """A cause, and how many pairs and TPs without a partner have it."""

    name: str
    pairs: int
    only_a: int
    only_b: int

    @property
    def number(self) -> int:
        """Pairs and TPs in all."""
        return self.pairs + self.only_a + self.only_b


@dataclass
class Comparison:
    """What was found.

    Attributes
    ----------
    a, b : the files as a whole.
    match : how TPs were paired: by the overlap of their times, or exactly the same start.
    shift : by how much TPs of b start later, which pairing takes out [62.5 MHz counts].
    numbering : how channels of the two are the same.
    tally : the counts.
    """

    a: Facts
    b: Facts
    match: str
    shift: int
    numbering: Numbering
    tally: Tally

    @property
    def equal(self) -> bool:
        """True if both files have the same TPs in the same order."""
        return not any(cause.number for cause in self.causes())

    def causes(self) -> list[Cause]:
        """Return the causes that something has."""
        tally = self.tally
        found = [
            Cause(name, int(tally.pairs_of[k]), *(int(side[k]) for side in tally.alone_of))
            for k, name in enumerate(causes.CAUSES)
        ]
        return [cause for cause in found if cause.number]


def compare(
    a: Path,
    b: Path,
    match: Literal["overlap", "exact"] = "overlap",
    shift: int | None = None,
    shown: str = "",
) -> Comparison:
    """Compare two files of TPs, or folders with those of a run.

    Parameters
    ----------
    a, b : files in DUNE's layout, TP version 1 or 2.
    match : pair TPs of a channel whose times overlap, or only those of the same start.
    shift : by how much TPs of b start later [62.5 MHz counts]; None: found from the first TPs.
    shown : label of a progress bar on stderr; without it nothing is shown.

    Raises
    ------
    UserError : a file that cannot be read, or TPs in it that are damaged.
    """
    whole = [facts.look(rows.read(path)) for path in (a, b)]
    rule = alignment.numbering(*(one.channels for one in whole))
    if shift is None:
        shift = _shift(a, b, whole, rule)
    common = [rule.common(one.channels, of_b=bool(side)) for side, one in enumerate(whole)]
    tally = Tally(np.union1d(*common))
    found = Comparison(whole[0], whole[1], match, shift, rule, tally)
    read = [rows.read(a), rows.read(b)]
    if shown:
        read[0] = progress(read[0], shown)
    feeds = [Feed(batches, one.late) for batches, one in zip(read, whole, strict=True)]
    Work(Setting((whole[0], whole[1]), shift, rule, match == "exact"), tally).run(feeds)
    tally.settle()
    return found


def _shift(a: Path, b: Path, whole: list[Facts], rule: Numbering) -> int:
    """Return the constant between the starts of b and a, from TPs of the time that both files have."""
    begin, end = max(one.first for one in whole), min(one.last for one in whole)
    if begin > end:  # no such time: the shift may be longer than the files
        begin, end = min(one.first for one in whole), max(one.last for one in whole)
    heads = [alignment.head(rows.read(path), begin, end) for path in (a, b)]
    for side, some in enumerate(heads):
        some["channel"] = rule.common(some["channel"], of_b=bool(side))
    return alignment.shift_of(*heads)
