"""What is counted while two files are compared; its size does not depend on theirs.

>>> log_bin(np.array([-3, 0, 1, 3, 255])).tolist()
[0, 0, 8, 16, 64]
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.block import TIMESTAMP_PER_TICK
from streams.compiled import Integers
from trigger.activities.intake import INVALID
from trigger.compare.causes import CAUSES, FIELDS, NUMBER, Flags

FIRST = 5  # examples that are shown
_KEPT = 64  # examples that are kept, for a cause that is only known in the end
PER_OCTAVE, OCTAVES = 8, 33  # of the scatter plots
WIDEST = 100  # of the histograms of differences, either way
PEAKS = 1 << 16
DRAWN = ("time_start", "time_over_threshold", "adc_integral", "adc_peak")

Example = dict[str, Any]


def log_bin(values: Integers) -> Integers:
    """Return the bin of each value on a scale of octaves above 1 + value; what is below 0 is in bin 0."""
    found = PER_OCTAVE * np.log2(1.0 + np.maximum(values, 0))
    return np.minimum(found.astype(np.int64), PER_OCTAVE * OCTAVES - 1)


def plane_of(channel: Integers) -> Integers:
    """Return the plane of offline channels: 0 U, 1 V, 2 X, 3 none."""
    inside = channel % channel_map.N_CHANNELS
    first = [channel_map.PLANE_FIRST[name] for name in ("V", "X")]
    return np.where(np.isin(channel, INVALID), 3, np.searchsorted(first, inside, side="right"))


def example(a: NDArray[np.void] | None, b: NDArray[np.void] | None) -> Example:
    """Return a pair, or a TP alone, as names and values: as they stand in the files."""
    found: Example = {}
    for name, row in (("a", a), ("b", b)):
        found[name] = row if row is None else {field: int(row[column]) for field, column in FIELDS.items()}
        if row is not None:
            found[name]["number"] = int(row["number"])
    return found


class Tally:
    """Counts of a comparison.

    Parameters
    ----------
    channels : the common channel numbers of both files, sorted.

    Attributes
    ----------
    total : TPs of a and of b; pairs; pairs that are the same in every bit but for the version.
    alone : TPs without a partner, in a and in b.
    pairs_of, alone_of : for each cause, pairs; TPs of a and of b without a partner.
    fields : pairs that differ in a field; examples of each.
    by_channel : TPs of a and of b on each channel.
    peaks : peaks of TPs alone by side, kind (single, in a run), plane and peak.
    least : the lowest peak with a partner by side and plane.
    signatures : pairs with unexplained values by the fields that differ.
    """

    def __init__(self, channels: Integers) -> None:
        planes = len(channel_map.PLANES) + 1
        self.channels = channels
        self.total = {"a": 0, "b": 0, "pairs": 0, "same": 0}
        self.alone = [0, 0]
        self.pairs_of = np.zeros(len(CAUSES), np.int64)
        self.alone_of = np.zeros((2, len(CAUSES)), np.int64)
        self.fields: Counter[str] = Counter()
        self.field_examples: dict[str, list[Example]] = {name: [] for name in FIELDS}
        self.examples: dict[str, list[Example]] = {name: [] for name in CAUSES}
        self.signatures: Counter[str] = Counter()
        self.by_channel = np.zeros((2, len(channels)), np.int64)
        self.peaks = np.zeros((2, 2, planes, PEAKS), np.int64)
        self.least = np.full((2, planes), PEAKS)
        self.kept: dict[tuple[int, int], list[Example]] = {(s, k): [] for s in (0, 1) for k in (0, 1)}
        self.apart = {name: np.zeros(2 * WIDEST + 3, np.int64) for name in DRAWN}
        self.scatter = {name: np.zeros((PER_OCTAVE * OCTAVES,) * 2, np.int64) for name in DRAWN[1:]}

    def add_rows(self, side: int, channel: Integers) -> None:
        """Count TPs of a (0) or b (1) on common channels."""
        self.total["ab"[side]] += len(channel)
        self.by_channel[side] += np.bincount(
            np.searchsorted(self.channels, channel), minlength=len(self.channels)
        )

    def add_field(self, name: str, differs: Flags, a: NDArray[np.void], b: NDArray[np.void]) -> None:
        """Count pairs (ROW arrays) that differ in a field."""
        self.fields[name] += int(differs.sum())
        self._add_examples(self.field_examples[name], np.flatnonzero(differs), a, b, FIRST)

    def add_pairs(self, cause: str, holds: Flags, a: NDArray[np.void], b: NDArray[np.void]) -> None:
        """Count pairs that differ by a cause."""
        self.pairs_of[NUMBER[cause]] += int(holds.sum())
        self._add_examples(self.examples[cause], np.flatnonzero(holds), a, b, FIRST)

    def add_alone(self, side: int, cause: str, rows: NDArray[np.void]) -> None:
        """Count TPs of a (0) or b (1) without a partner."""
        self.alone_of[side, NUMBER[cause]] += len(rows)
        self.examples[cause] += [_of_side(side, row) for row in rows[: FIRST - len(self.examples[cause])]]

    def add_undecided(self, side: int, in_run: bool, plane: Integers, rows: NDArray[np.void]) -> None:
        """Count TPs alone whose cause is known in the end only."""
        kind = int(in_run)
        np.add.at(self.peaks[side, kind], (plane, np.clip(rows["peak"], 0, PEAKS - 1).astype(np.int64)), 1)
        kept = self.kept[side, kind]
        kept += [_of_side(side, row) for row in rows[: _KEPT - len(kept)]]

    def add_signatures(self, differs: dict[str, Flags], of: Flags) -> None:
        """Count some pairs by the fields that differ."""
        sets, counts = np.unique(
            np.stack([flags[of] for flags in differs.values()]), axis=1, return_counts=True
        )
        for flags, count in zip(sets.T, counts, strict=True):
            key = ", ".join(name for name, flag in zip(differs, flags, strict=True) if flag)
            self.signatures[key] += int(count)

    def add_values(self, a: NDArray[np.void], b: NDArray[np.void], same: Flags) -> None:
        """Count pairs, ROW arrays in common form, and which of them are the same."""
        self.total["pairs"] += len(a)
        self.total["same"] += int(same.sum())
        for name in DRAWN:
            column = FIELDS[name]
            self._draw(name, a[column], b[column], TIMESTAMP_PER_TICK if name.startswith("time") else 1)
        for side, some in enumerate((a, b)):
            np.minimum.at(self.least[side], plane_of(some["channel"]), some["peak"])

    def _draw(self, name: str, a: Integers, b: Integers, step: int) -> None:
        """Add values of pairs to the histogram of their differences, in steps, and to their scatter plot."""
        apart = np.clip(np.rint((b - a) / step), -WIDEST - 1, WIDEST + 1).astype(np.int64)
        self.apart[name] += np.bincount(apart + WIDEST + 1, minlength=2 * WIDEST + 3)
        if name in self.scatter:
            np.add.at(self.scatter[name], (log_bin(a), log_bin(b)), 1)

    def _add_examples(
        self, into: list[Example], at: Integers, a: NDArray[np.void], b: NDArray[np.void], most: int
    ) -> None:
        into += [example(a[i], b[i]) for i in at[: most - len(into)]]

    def settle(self) -> None:
        """Give the TPs alone whose cause was not known theirs: a threshold, missing frames, or none.

        On a side and plane a threshold explains those below the lowest peak with a partner, if it explains every
        single one of them; where there are only runs, all of them.
        """
        for side in (0, 1):
            found = []
            for plane, least in enumerate(self.least[side]):
                single, run = (self.peaks[side, kind, plane] for kind in (0, 1))
                low, high = single[:least].sum(), single[least:].sum()
                run_low, run_high = run[:least].sum(), run[least:].sum()
                paired = least < PEAKS
                single_fits = paired and low > 0 and high == 0
                run_fits = (
                    paired
                    and run_low > 0
                    and ((single_fits and run_low >= run_high) or (run_high == 0 and not high))
                )
                found.append((single_fits, run_fits))
                counts = self.alone_of[side]
                counts[NUMBER["threshold"]] += low * single_fits + run_low * run_fits
                counts[NUMBER["alone"]] += low * (not single_fits) + high
                counts[NUMBER["missing"]] += run_low * (not run_fits) + run_high
            self._settle_examples(side, found)

    def _settle_examples(self, side: int, found: list[tuple[bool, bool]]) -> None:
        for kind, other in enumerate(("alone", "missing")):
            for one in self.kept[side, kind]:
                tp = one["ab"[side]]
                plane = int(plane_of(np.array(tp["channel"])))
                low = tp["adc_peak"] < self.least[side, plane]
                into = self.examples["threshold" if low and found[plane][kind] else other]
                if len(into) < FIRST:
                    into.append(one)


def _of_side(side: int, row: NDArray[np.void]) -> Example:
    return example(None, row) if side else example(row, None)
