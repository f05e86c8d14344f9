"""Spans of all streams at once give what streams one by one do: the same samples, gaps, counts and first fault."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from streams.daq import spans
from streams.receiver.receive import receive
from streams.receiver.report import Report
from streams.receiver.together import Bundle
from streams.tests.frames_in_memory import FRAME, HERE, Memory, window
from streams.tests.test_receive import ONE

STREAM = 7


@dataclass
class AtOnce(Memory):
    """``Memory`` that gives all streams at once too, always from the same room."""

    bundles: list[int] = field(default_factory=list)
    room: np.ndarray = field(default_factory=lambda: np.zeros((40, 16 * FRAME + 16 + 40), np.uint8))

    def take_all(self, frames):
        left = [len(data) - at for data, at in zip(self.data, self.at, strict=True)]
        size = min(frames, min(left) // FRAME) * FRAME
        more = {min(n - size, 16) for n in left}
        if not size or len(more) > 1 or 0 < max(more) < 16:
            return None
        starts = np.arange(40)
        for row, low, data, at in zip(self.room, starts, self.data, self.at, strict=True):
            piece = data[at : at + size + 16]
            row[:] = 255
            row[low : low + len(piece)] = np.frombuffer(piece, np.uint8)
        self.at = [at + size for at in self.at]
        self.bundles.append(size // FRAME)
        return Bundle(self.room, starts, size, max(more) > 0)

    def give_back(self, stream, count):
        self.at[stream] -= count

    def checks_all(self, timestamp, count):
        return np.array([self.checks(stream, timestamp, count) for stream in range(40)])


def rows_of(memory):
    """Return (samples and missing streams by timestamp, report)."""
    report, rows = Report(), {}
    for span in receive([memory], HERE, report):
        missing = np.zeros((len(span.samples), 40), bool) if span.missing is None else span.missing
        for k, row in enumerate(span.samples):
            assert span.timestamp + 2048 * k not in rows
            rows[span.timestamp + 2048 * k] = row.tobytes(), missing[k].tolist()
    assert list(rows) == sorted(rows)
    return rows, report


def both(blocks, checked, change=None):
    """Return how the frames came at once, and the report; what is received must not depend on it."""
    one = window(blocks, checked, change, piece=90000)
    many = AtOnce(one.data, one.table)
    (rows, report), (wanted, other) = rows_of(many), rows_of(one)
    assert rows == wanted
    assert (report.counts == other.counts).all() and sorted(report.gaps) == sorted(other.gaps)
    assert (report.first, report.blocks, report.good) == (other.first, other.blocks, other.good)
    return many.bundles, report


@pytest.mark.parametrize("checked", [True, False], ids=["checks", "no checks"])
@pytest.mark.parametrize(("blocks", "bundles"), [(1, [1, 1]), (16, [16]), (40, [16, 16, 8])])
def test_good(blocks, bundles, checked):
    seen, report = both(blocks, checked)
    assert seen == bundles and report.good
    assert report.total("delivered") == 40 * blocks


FEW = [
    (kind, place, checked)
    for kind in ("lost", "late", "cut")
    for place in (0, 31)
    for checked in (True, False)
]


@pytest.mark.parametrize(("kind", "place", "checked"), [*FEW, *((kind, 20, True) for kind in ONE)])
def test_one_fault(kind, place, checked):
    change, wanted = ONE[kind]
    seen, report = both(100, checked, lambda stream, f: change(f, place) if stream == STREAM else f)
    assert report.total("missing") == wanted.get("missing", 0)
    assert sum(seen) > 48  # it goes on at once after the fault


def test_a_stream_that_ends_early_and_one_without_frames():
    for keep in (50, 0):
        _, report = both(60, True, lambda stream, f: f[:keep] if stream == STREAM else f)  # noqa: B023
        assert report.counts["lost"][STREAM] == 60 - keep


def test_flags_are_counted_once():
    def flagged(stream, f):
        frame = bytearray(f[33])
        frame[20] |= 2
        return [*f[:33], bytes(frame), *f[34:]] if stream == STREAM else f

    seen, report = both(60, False, flagged)
    assert seen == [16, 16, 16, 12] and report.counts["flagged"][STREAM] == 1 == report.total("flagged")


def test_rows_that_do_not_fit_are_refused():
    word0, none, samples = HERE.word0, np.zeros((0, 0), np.uint64), np.zeros((2, 163_840), np.uint16)
    room = np.zeros((40, 2 * FRAME), np.uint8)
    for starts, frames in ((np.ones(40, np.int64), 2), (np.full(40, -1), 1), (np.zeros(39, np.int64), 2)):
        with pytest.raises(ValueError, match="open_rows"):
            spans.open_rows(spans.Rows(room, starts, frames), word0, 0, none, HERE.places, samples)
