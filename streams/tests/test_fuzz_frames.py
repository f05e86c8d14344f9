"""Any bytes at all into the receiver: it ends, counts add up, and whatever it delivers is what was sent.

Streams are cut, filled up, turned round, repeated and flipped anywhere, in pieces of any size. With frame checks no
wrong sample may pass; without them the headers are all there is, and only the book-keeping is looked at.
"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.daq import spans
from streams.receiver.receive import receive
from streams.receiver.report import CAUSES, Report
from streams.tests.damage import FULL
from streams.tests.frames_in_memory import BEGIN, FRAME, HERE, Memory, frames, samples

BLOCKS = 6
EXAMPLES = 1500 if FULL else 40
ALL = 40 * BLOCKS * FRAME


class Source(Memory):
    """As a file has them: the check of a frame beyond the window is 0, which no frame has."""

    def checks(self, stream: int, timestamp: int, count: int) -> np.ndarray:
        if self.table is None:
            return np.zeros(0, np.uint64)
        found = np.zeros(count, np.uint64)
        row, rest = divmod(timestamp - BEGIN, 2048)
        low, high = max(row, 0), min(row + count, self.table.shape[1])
        if not rest and low < high:
            found[low - row : high - row] = self.table[stream, low:high]
        return found


def changes():
    """Return a strategy of changes to the bytes of a stream: (what, where, how much)."""
    place = st.integers(0, BLOCKS * FRAME - 1) | st.integers(0, BLOCKS - 1).map(lambda k: k * FRAME)
    header = st.tuples(st.integers(0, BLOCKS - 1), st.integers(0, 31)).map(lambda t: t[0] * FRAME + t[1])
    size = st.integers(1, 3 * FRAME) | st.sampled_from([1, 8, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME])
    kinds = st.sampled_from(["cut out", "random", "zeros", "repeat", "end", "turn round", "ones"])
    flips = st.tuples(st.just("flip"), place | header, st.integers(0, 7))
    return st.lists(st.tuples(kinds, place, size) | flips, min_size=1, max_size=5)


def changed(data: bytes, how, seed: int) -> bytes:
    """Return the bytes of a stream after some changes."""
    rng = np.random.default_rng(seed)
    for what, at, size in how:
        at, end = min(at, len(data)), min(at + size, len(data))
        middle = data[at:end]
        if what == "flip" and at < len(data):
            data = data[:at] + bytes([data[at] ^ 1 << size]) + data[at + 1 :]
            continue
        middle = {"cut out": b"", "random": rng.bytes(size), "zeros": bytes(size), "ones": b"\xff" * size,
                  "repeat": middle * 2, "end": b"", "turn round": middle[::-1], "flip": b""}[what]  # fmt: skip
        data = data[:at] + middle + (b"" if what == "end" else data[end:])
    return data


def played(data: list[bytes], checked: bool, piece: int) -> None:
    """Receive the streams, and compare all that comes out."""
    table = spans.frame_checks(frames(BLOCKS)) if checked else None
    report, sent, last = Report(), samples(BLOCKS), -1
    for span in receive([Source(data, table, piece=piece)], HERE, report):
        assert span.timestamp > last
        assert 0 < len(span.samples) <= 16
        last = span.timestamp + 2048 * (len(span.samples) - 1)
        for k, row in enumerate(span.samples):
            block, rest = divmod(span.timestamp - BEGIN, 2048)
            lacks = np.zeros(40, bool) if span.missing is None else span.missing[k]
            assert not lacks.all()
            if not checked:
                continue
            assert rest == 0 and 0 <= block + k < BLOCKS
            want = sent[block + k].copy()
            for stream in np.flatnonzero(lacks):
                want[HERE.places.first[stream] + np.arange(64)[:, None] * HERE.places.step[stream]] = 0
            assert np.array_equal(row, want)
    counts = report.counts
    assert (counts["delivered"] + counts["missing"] == report.blocks).all()
    assert (sum(counts[name] for name in CAUSES) == counts["missing"]).all()
    assert all((counts[name] >= 0).all() for name in counts.dtype.names)
    if all(stream == good for stream, good in zip(data, GOOD, strict=True)):
        assert report.good
    elif report.good and checked:  # nobody can know of what all streams lack at the end
        assert all(stream == good[: len(data[0])] for stream, good in zip(data, GOOD, strict=True))
        assert len(data[0]) == report.blocks * FRAME
    assert (report.first is None) == report.good
    assert report.first is None or "\n" not in report.first


GOOD = [frames(BLOCKS)[stream].tobytes() for stream in range(40)]
PIECES = st.sampled_from([1 << 60, FRAME, FRAME - 1, 1000, 3 * FRAME + 5])


@settings(max_examples=EXAMPLES, deadline=None, derandomize=not FULL)
@given(
    st.dictionaries(st.integers(0, 39), changes(), min_size=1, max_size=4),
    st.booleans(),
    PIECES,
    st.integers(0, 99),
)
def test_damaged_streams(streams, checked, piece, seed):
    data = [changed(good, streams.get(n, ()), seed + n) for n, good in enumerate(GOOD)]
    played(data, checked, piece)


@settings(max_examples=EXAMPLES // 4, deadline=None, derandomize=not FULL)
@given(changes(), st.booleans(), PIECES)
def test_all_streams_damaged_alike(how, checked, piece):
    played([changed(good, how, 1) for good in GOOD], checked, piece)


@settings(max_examples=EXAMPLES // 4, deadline=None, derandomize=not FULL)
@given(st.integers(0, 2**32), st.integers(0, 40), PIECES, st.sampled_from([0, 1, 7199, 7200, 20000]))
def test_noise_instead_of_frames(seed, count, piece, size):
    """Streams of random bytes: nothing of them is delivered."""
    rng = np.random.default_rng(seed)
    data = [rng.bytes(size) if n < count else good for n, good in enumerate(GOOD)]
    played(data, True, piece)
