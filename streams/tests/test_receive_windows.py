"""Windows as a whole: where they begin, live sources, silence, steps of the clock, flags, memory."""

from __future__ import annotations

import numpy as np
import pytest

from streams.daq import spans
from streams.receiver.receive import identity, receive
from streams.receiver.report import Report
from streams.tests.frames_in_memory import BEGIN, FRAME, HERE, Memory, flip, frames, set_words, window
from streams.tests.test_receive_faults import make

BLOCKS = 40


def places(memory, report):
    """Return which frames are delivered: bool (place, stream) by timestamp from BEGIN."""
    found = {}
    for span in receive([memory], HERE, report):
        missing = np.zeros((len(span.samples), 40), bool) if span.missing is None else span.missing
        found |= {span.timestamp - BEGIN + 2048 * k: ~row for k, row in enumerate(missing)}
    return found


class Live(Memory):
    """Frames come only as the time goes on, in pieces that are no frames; a source may use its memory again."""

    def __init__(self, data, table, blocks):
        super().__init__(data, table)
        self.blocks, self.scratch, self.times = blocks, np.zeros((40, 20 * FRAME), np.uint8), []

    def until(self, timestamp):
        self.asked = max(self.asked, timestamp)
        self.times.append(timestamp)
        return self.asked < BEGIN + 2048 * self.blocks

    def take(self, stream, frames):
        come = FRAME * max(0, -((BEGIN - self.asked) // 2048))  # frames that begin before the time
        low = self.at[stream]
        high = min(low + frames * FRAME, low + self.piece, len(self.data[stream]), come)
        self.at[stream] = max(low, high)
        piece = self.scratch[stream, : max(0, high - low)]
        self.scratch[stream] = 0xFF
        piece[:] = np.frombuffer(self.data[stream][low : max(low, high)], np.uint8)
        return piece


@pytest.mark.parametrize("checked", [True, False], ids=["checks", "no checks"])
def test_live_is_as_from_memory(checked):
    words = frames(BLOCKS)
    faults = {
        3: {5: ("lost", 0), 20: ("delayed", 9)},
        9: {0: ("flipped", 70), 39: ("jumped", 99)},
        12: {7: ("copied", 3)},
    }
    data = [make(stream, words[stream], faults.get(stream, {})) for stream in range(40)]
    table = spans.frame_checks(words) if checked else None
    results = []
    for piece in (0, 7200, 50_000):
        memory = Live(data, table, BLOCKS) if piece else Memory(data, table)
        memory.piece = piece or memory.piece
        report = Report()
        got = {t: row.tolist() for t, row in places(memory, report).items()}
        results.append((got, report.counts.tolist(), report.gaps, report.first))
    assert results[0] == results[1] == results[2]
    assert memory.times[-1] >= BEGIN + 2048 * BLOCKS


def test_a_live_source_is_asked_for_no_more_than_is_needed():
    words = frames(BLOCKS)
    memory = Live([words[s].tobytes() for s in range(40)], spans.frame_checks(words), BLOCKS)
    for span in receive([memory], HERE, Report()):
        end = span.timestamp + 2048 * len(span.samples)
        wanted = end + 2048 * (1 if len(span.samples) == 16 else 100)
        assert memory.asked <= wanted, "the source went on further than the span and one frame"


def test_memory_does_not_grow():
    words = frames(BLOCKS)
    faults = {s: {2: ("lost", 0)} for s in range(20)} | {25: dict.fromkeys(range(30), ("lost", 0))}
    data = [make(stream, words[stream], faults.get(stream, {})) for stream in range(40)]
    memory = Memory(data, spans.frame_checks(words))
    span = next(receive([memory], HERE, Report()))
    assert len(span.samples) == 16
    assert max(memory.at) <= (16 + 16 + 16 + 1) * FRAME  # the span, what is waited for, one taking ahead


def test_the_first_frames_of_a_window_are_put_to_the_vote():
    def change(stream, f):
        if stream % 3 == 0:
            return [set_words(f[0], timestamp=BEGIN ^ 1 << 40), *f[1:]]
        return [flip(f[0], 45), *f[1:]] if stream % 3 == 1 else f

    report = Report()
    found = places(window(BLOCKS, change=change, begin=BEGIN + 999), report)
    assert sorted(found) == [2048 * k for k in range(BLOCKS)]
    assert report.total("corrupted") == 27 and report.total("missing") == 27


def test_frames_are_believed_not_the_source():
    for begin in (BEGIN - 2048 * 40, BEGIN + 2048 * 7, 0):
        report = Report()
        assert min(places(window(4, begin=begin, checked=False), report)) == 0 and report.good


def test_the_source_is_believed_if_all_first_frames_are_lost():
    report = Report()
    found = places(window(20, change=lambda stream, f: f[2:]), report)
    assert min(found) == 2 * 2048 and report.blocks == 20 and report.total("lost") == 80


def test_another_seq_id_in_each_stream():
    report = Report()
    words = frames(BLOCKS)

    def change(stream, f):
        return [set_words(frame, seq_id=(100 * stream + k) % 4096) for k, frame in enumerate(f)]

    assert len(places(window(BLOCKS, False, change), report)) == len(words[0]) and report.good


@pytest.mark.parametrize("blocks", [2, 3])
def test_another_seq_id_in_one_stream(blocks):
    def change(stream, f):
        return [set_words(frame, seq_id=100 + k) for k, frame in enumerate(f)] if stream == 7 else f

    report = Report()
    assert len(places(window(blocks, False, change), report)) == blocks and report.good


def test_a_silent_stream_and_one_that_comes_back_much_later():
    words = frames(60)
    data = [words[s].tobytes() for s in range(40)]
    data[4] = b""
    data[5] = words[5, :3].tobytes() + words[5, 50:].tobytes()
    report = Report()
    found = places(Memory(data, spans.frame_checks(words)), report)
    assert [sorted(t // 2048 for t, row in found.items() if row[s]) for s in (4, 5)] == [
        [],
        [0, 1, 2, *range(50, 60)],
    ]
    assert [(gap.stream, gap.blocks) for gap in report.silences] == [(4, 60), (5, 47)]


def test_all_are_silent_for_longer_than_seq_id_counts():
    words, later = frames(20), frames(20, seq0=(4090 + 20 + 9000) % 4096, begin=BEGIN + 2048 * 9020)
    data = [words[s].tobytes() + later[s].tobytes() for s in range(40)]
    report = Report()
    found = places(Memory(data), report)
    assert sorted(t // 2048 for t in found) == [*range(20), *range(9020, 9040)]
    assert report.blocks == 9040 and report.total("lost") == 40 * 9000 and report.total("stepped") == 0


def test_seq_id_starts_anew():
    def change(stream, f):
        return (
            [*f[:20], *(set_words(frame, seq_id=2000 + k) for k, frame in enumerate(f[20:]))]
            if stream == 6
            else f
        )

    report = Report()
    found = places(window(BLOCKS, False, change), report)
    assert all(row.all() for row in found.values()) and len(found) == BLOCKS
    assert report.total("stepped") == 1 and not report.good and report.total("missing") == 0


@pytest.mark.parametrize("counts", [777, 2048 * 5, 2048 * 100_000 + 32])
def test_most_clocks_step(counts):
    def change(stream, f):
        step = 17 if stream < 38 else 99  # two streams go on as before
        return [
            set_words(frame, timestamp=BEGIN + 2048 * k + counts * (k >= step)) for k, frame in enumerate(f)
        ]

    report = Report()
    found = places(window(BLOCKS, False, change), report)
    assert sorted(found) == [2048 * k + counts * (k >= 17) for k in range(BLOCKS)]
    assert report.stretches == 2 and report.total("jumped") == report.total("missing") == 2 * (BLOCKS - 17)
    assert all(row[:38].all() for row in found.values())


def test_one_clock_steps_and_comes_back():
    def change(stream, f):
        wrong = range(10, 30) if stream == 8 else ()
        return [set_words(x, timestamp=BEGIN + 2048 * k - 333) if k in wrong else x for k, x in enumerate(f)]

    report = Report()
    found = places(window(BLOCKS, False, change), report)
    assert sorted(t // 2048 for t, row in found.items() if row[8]) == [*range(10), *range(30, 40)]
    assert report.total("jumped") == report.total("missing") == 20 and report.stretches == 1


@pytest.mark.parametrize("checked", [True, False], ids=["checks", "no checks"])
def test_flags_are_counted_and_no_fault(checked):
    words = frames(BLOCKS).copy()
    words[3, 5, 2] |= np.uint64(1 << 33)
    words[3, 15, 2] |= np.uint64(1 << 34)
    words[9, 39, 2] |= np.uint64(1 << 37)
    words[10, 7, 2] |= np.uint64(1 << 36 | 1 << 38)  # link_valid and wib_sync: neighbours of lol
    memory = Memory([words[s].tobytes() for s in range(40)], spans.frame_checks(words) if checked else None)
    report = Report()
    assert len(places(memory, report)) == BLOCKS
    assert (
        report.good
        and report.counts["flagged"].nonzero()[0].tolist() == [3, 9]
        and report.total("flagged") == 3
    )


def test_another_crate_is_refused():
    report = Report()
    assert list(receive([window(20)], identity(crate=2), report)) == []
    assert report.first == "memory: got no frame of crate 2, want at least one" and not report.good
    assert report.total("resync_bytes") == 40 * 20 * FRAME


def test_nothing_at_all():
    report = Report()
    assert list(receive([Memory([b""] * 40)], HERE, report)) == [] and report.windows == 1


def test_garbage():
    rng = np.random.default_rng(1)
    data = [rng.bytes(100_000) for _ in range(40)]
    report = Report()
    assert list(receive([Memory(data)], HERE, report)) == [] and not report.good


@pytest.mark.parametrize("checked", [True, False], ids=["checks", "no checks"])
def test_garbage_on_the_way(checked):
    """Without checks the frame before a long stretch of garbage is refused: nothing shows that it is whole."""
    rng, words = np.random.default_rng(1), frames(BLOCKS)
    data = [words[s].tobytes() for s in range(40)]
    data[7] = words[7, :9].tobytes() + rng.bytes(50_001) + words[7, 16:].tobytes()
    report = Report()
    found = places(Memory(data, spans.frame_checks(words) if checked else None), report)
    assert sorted(t // 2048 for t, row in found.items() if not row[7]) == list(range(8 + checked, 16))
    assert report.counts["resync_bytes"][7] == 50_001


def test_two_windows_and_a_merged_report():
    first, second = Report(), Report()
    both = Report()
    list(receive([window(5, change=lambda s, f: f[:3]), window(5)], HERE, both))
    list(receive([window(5, change=lambda s, f: f[:3])], HERE, first))
    list(receive([window(5)], HERE, second))
    first.merge(second)
    assert (first.counts == both.counts).all() and first.windows == 2 and first.first == both.first
    assert first.rows() == both.rows()
