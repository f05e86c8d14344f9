"""A comparison under way: one piece of time of both files after the other.

>>> setting = Setting((Facts(), Facts()), shift=0, numbering=Numbering(), exact=False)
>>> Work(setting, Tally(np.array([5]))).begin
0
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.compiled import Integers
from trigger.activities.intake import INVALID
from trigger.compare import causes, facts, matching, rows, runs
from trigger.compare.alignment import Numbering
from trigger.compare.causes import Clusters, Flags
from trigger.compare.facts import Facts
from trigger.compare.feed import Feed
from trigger.compare.matching import Matched
from trigger.compare.tally import Tally, plane_of

STEP = 1 << 21  # of time that is compared at once [62.5 MHz counts], 34 ms
_NEVER = np.iinfo(np.int64).max
_Rows = NDArray[np.void]


class Setting(NamedTuple):
    """Both files as a whole, what sets them apart, and whether only TPs of the same start are paired."""

    files: tuple[Facts, Facts]
    shift: int
    numbering: Numbering
    exact: bool


class Piece(NamedTuple):
    """TPs of one file, as in the file (``raw``) and as they are compared: channel, start and length in common form."""

    raw: _Rows
    rows: _Rows

    def at(self, which: NDArray[np.generic]) -> Piece:
        """Return some of them."""
        return Piece(self.raw[which], self.rows[which])


class Work:
    """Compares; ``tally`` has what was found."""

    def __init__(self, setting: Setting, tally: Tally) -> None:
        self.setting, self.tally = setting, tally
        self.streams = np.unique(runs.stream_of(tally.channels))
        self.runs = runs.Runs(len(self.streams))
        self.agreed = np.full(len(tally.channels), _NEVER)
        self.first_close = int(_NEVER)
        shifts = (0, setting.shift)
        self.firsts = [one.first - by for one, by in zip(setting.files, shifts, strict=True)]
        self.lasts = [one.last - by for one, by in zip(setting.files, shifts, strict=True)]
        self.begin = min(
            [s for s, one in zip(self.firsts, setting.files, strict=True) if one.count], default=0
        )
        self.last_pair = np.zeros((2, 0), np.int64)
        a, b = (setting.numbering.common(setting.files[k].channels, of_b=bool(k)) for k in (0, 1))
        self.in_common = not np.isin(np.intersect1d(a, b), INVALID).all()  # some channel is

    def run(self, feeds: list[Feed]) -> None:
        """Compare all that the feeds of both files give."""
        waiting = [self._piece(side, np.zeros(0, rows.ROW)) for side in (0, 1)]
        shifts = (0, self.setting.shift)
        while True:
            coming = [feed.next_start for feed in feeds]
            starts = [s - by for s, by in zip(coming, shifts, strict=True) if s is not None]
            end = max(min(starts, default=0) + STEP, self.begin + causes.WARM)
            for side, feed in enumerate(feeds):
                new = self._piece(side, feed.before(end + shifts[side]))
                self.tally.add_rows(side, new.rows["channel"])
                waiting[side] = Piece(
                    *(np.concatenate(both) for both in zip(waiting[side], new, strict=True))
                )
            waiting = self._compare(waiting, end if starts else None)
            if not starts:
                return

    def _piece(self, side: int, raw: _Rows) -> Piece:
        one = self.setting.files[side]
        made = raw.copy()
        made["channel"] = self.setting.numbering.common(raw["channel"], of_b=bool(side))
        made["length"] = rows.in_counts(raw, one.unit)
        made["detid"][raw["detid"] == rows.NO_DETECTOR.get(one.version, -1)] = -1
        if side:
            made["start"] -= self.setting.shift
        return Piece(raw, made)

    def _spans(self, some: _Rows) -> matching.Spans:
        start = some["start"].copy()
        length = 0 if self.setting.exact else np.clip(some["length"], 1, facts.LONGEST)
        return matching.Spans(some["channel"].copy(), start, start + length)

    def _compare(self, pieces: list[Piece], end: int | None) -> list[Piece]:
        """Count what is complete before ``end`` (None: all there is); return the rest."""
        a, b = pieces
        matched = matching.match(self._spans(a.rows), self._spans(b.rows))
        complete = self._complete(matched, end)
        held = causes.clusters(a.rows, b.rows, matched)
        at = np.flatnonzero((matched.partner_a >= 0) & complete[matched.cluster_a])
        pair = a.at(at), b.at(matched.partner_a[at])
        self._agree(pair[0].rows, pair[1].rows)
        self._warm(a.rows, b.rows, matched)
        held = held._replace(endless=self._starting(pieces, matched, held))
        self._pairs(*pair, Clusters(*(flags[matched.cluster_a[at]] for flags in held)))
        kept = self._alone(pieces, matched, complete, held, end is None)
        return [piece.at(some) for piece, some in zip(pieces, kept, strict=True)]

    def _complete(self, matched: Matched, end: int | None) -> Flags:
        """Say which clusters nothing can be added to, nor come before on their stream, by TPs from ``end`` on."""
        if end is None:
            return np.ones(len(matched.end), np.bool_)
        stream = np.searchsorted(self.streams, runs.stream_of(matched.channel))
        complete, before = matched.end < end, -1
        while before != complete.sum():
            before = complete.sum()
            horizon = np.full(len(self.streams), _NEVER)
            np.minimum.at(horizon, stream[~complete], matched.begin[~complete])
            complete &= matched.last < horizon[stream]
        return complete

    def _agree(self, a: _Rows, b: _Rows) -> None:
        """Take down when both files have the same values for the first time on a channel."""
        same = np.logical_and.reduce([a[column] == b[column] for column in causes.VALUES])
        channel = np.searchsorted(self.tally.channels, a["channel"][same])
        np.minimum.at(self.agreed, channel, a["start"][same])

    def _warm(self, a: _Rows, b: _Rows, matched: Matched) -> None:
        """Take down when both files see the same pulse for the first time."""
        at = np.flatnonzero(matched.partner_a >= 0)
        a, b = a[at], b[matched.partner_a[at]]
        close = np.abs(a["start"] - b["start"]) < causes.CLOSE
        close &= (a["length"] < causes.ENDLESS) & (b["length"] < causes.ENDLESS)
        self.first_close = min(self.first_close, int(a["start"][close].min(initial=_NEVER)))

    def _starting(self, pieces: list[Piece], matched: Matched, held: Clusters) -> Flags:
        """Say which clusters have a TP of the start-up of a pedestal."""
        found = np.zeros(len(held.endless), np.bool_)
        late = not self.in_common or max(self.firsts) > self.begin + causes.START_UP
        if late or self.first_close < self.begin + causes.WARM:
            return found
        for piece, cluster in zip(pieces, (matched.cluster_a, matched.cluster_b), strict=True):
            early = piece.rows["start"] < self.begin + causes.START_UP
            channel = np.searchsorted(self.tally.channels, piece.rows["channel"])
            before = piece.rows["start"] < self.agreed[channel]
            found[cluster[early & (before | held.endless[cluster])]] = True
        return found

    def _pairs(self, pair_a: Piece, pair_b: Piece, held: Clusters) -> None:
        a, b = pair_a.rows, pair_b.rows
        one, other = self.setting.files
        raw, differs = {}, {}
        for name, column in causes.FIELDS.items():
            compared = one.version == other.version == 1 or name not in ("type", "algorithm")
            differs[name] = (a[column] != b[column]) & compared
            changed = (pair_a.raw[column] != pair_b.raw[column]) & compared
            raw[name] = differs[name] if column == "detid" else changed
            self.tally.add_field(name, raw[name], pair_a.raw, pair_b.raw)
        whole = {
            "shift": ("time_start", self.setting.shift != 0),
            "unit": ("time_over_threshold", one.unit != other.unit),
            "channel": ("channel", self.setting.numbering != Numbering()),
        }
        for name, (field, holds) in whole.items():
            self.tally.add_pairs(name, raw[field] & holds, pair_a.raw, pair_b.raw)
        cause = causes.of_pairs(differs, a, b, held)
        for number in np.unique(cause[cause >= 0]):
            self.tally.add_pairs(causes.CAUSES[number], cause == number, pair_a.raw, pair_b.raw)
        self.tally.add_signatures(differs, cause == causes.NUMBER["values"])
        self.tally.add_values(a, b, ~np.logical_or.reduce(list(raw.values())))
        self._order(pair_a.raw, pair_b.raw)

    def _order(self, a: _Rows, b: _Rows) -> None:
        """Count pairs that in b come before the pair that is before them in a."""
        order = np.argsort(a["number"])
        numbers = np.stack([a["number"][order], b["number"][order]])
        known = self.last_pair.shape[1]
        numbers = np.concatenate([self.last_pair, numbers], axis=1)
        back = (np.diff(numbers[1]) < 0) & (np.diff(numbers[0]) > 0)
        holds = np.zeros(len(a), np.bool_)
        holds[order[np.flatnonzero(back) + 1 - known]] = True
        self.tally.add_pairs("order", holds, a, b)
        self.last_pair = numbers[:, -1:]

    def _alone(
        self, pieces: list[Piece], matched: Matched, complete: Flags, held: Clusters, final: bool
    ) -> list[Flags]:
        """Count TPs without a partner; return which TPs of each file are to be looked at again."""
        kept, seen = [], []
        of = zip((matched.partner_a, matched.partner_b), (matched.cluster_a, matched.cluster_b), strict=True)
        for side, (piece, (partner, cluster)) in enumerate(zip(pieces, of, strict=True)):
            done, start = complete[cluster], piece.rows["start"]
            outside = (start < self.firsts[1 - side]) | (start > self.lasts[1 - side])
            cause = causes.of_alone(piece.rows, Clusters(*(flags[cluster] for flags in held)), outside)
            for number in np.unique(cause[done & (partner < 0) & (cause >= 0)]):
                some = done & (partner < 0) & (cause == number)
                self.tally.add_alone(side, causes.CAUSES[number], piece.raw[some])
            status = np.where(partner < 0, side + 1, runs.PAIRED)
            at = np.flatnonzero(done & ((partner >= 0) | (cause < 0)))
            seen.append((np.full(len(at), side), at, status[at], piece.rows["channel"][at], start[at]))
            kept.append(~done)
        self._in_runs(pieces, kept, [np.concatenate(column) for column in zip(*seen, strict=True)], final)
        return kept

    def _in_runs(self, pieces: list[Piece], kept: list[Flags], seen: list[Integers], final: bool) -> None:
        """Count the TPs that only their neighbours in time explain; mark in ``kept`` those that nothing follows yet.

        ``seen``: side, place in the piece, status, channel and start of all TPs whose cause is not known.
        """
        stream = np.searchsorted(self.streams, runs.stream_of(seen[3]))
        order = np.lexsort((seen[4], stream))
        side, at, status, channel, _ = (column[order] for column in seen)
        kind = self.runs.classify(stream[order], status, final)
        plane = plane_of(channel)
        for s, piece in enumerate(pieces):
            kept[s][at[(side == s) & (kind == runs.UNDECIDED)]] = True
            for in_run, number in ((False, runs.SINGLE), (True, runs.MISSING)):
                some = (side == s) & (kind == number)
                self.tally.add_undecided(s, in_run, plane[some], piece.raw[at[some]])
