"""Injected faults against the receiver: every good sample once, in order, and the counts are those of the ledger."""

from __future__ import annotations

import numpy as np
import pytest

from streams import channel_map
from streams.daq.adc_words import unpack
from streams.daq.spans import planes_of
from streams.injection.fates import HOW
from streams.injection.faults import CHANCES, Faults, Silence, Step
from streams.injection.injection import Injected
from streams.injection.ledger import CHECKED, KINDS
from streams.receiver.receive import identity, receive
from streams.receiver.report import Report
from streams.rng import key
from streams.tests.made_up_links import BEGIN, MadeUpLinks

COUNTS = ("lost", "duplicated", "reordered", "late", "truncated", "corrupted", "jumped", "flagged", "stepped")
N = 150


def received(links):
    """Return report, timestamp -> (row of samples, missing by stream) of all blocks; order is checked."""
    report, found, end = Report(), {}, 0
    for span in receive([links], identity(), report):
        assert span.timestamp >= end
        end = span.timestamp + 2048 * len(span.samples)
        for k, row in enumerate(span.samples):
            missing = np.zeros(40, bool) if span.missing is None else span.missing[k]
            assert not missing.all()
            found[span.timestamp + 2048 * k] = row, missing
    return report, found


def whole_samples(source, kept={}):  # noqa: B006
    """Return the samples of frames as they were sent, uint16 (n, 64, 2560); kept for the frames of the last call."""
    frames = source.frames
    if kept.get("frames") is not frames:
        samples = np.zeros((len(frames[0]), 64, 2560), np.uint16)
        for stream, words in frames.items():
            samples[:, :, channel_map.offline_channels()[stream]] = unpack(words)
        kept.update(frames=frames, samples=samples)
    return kept["samples"]


def sent(source, ledger, checks):
    """Return the samples of each frame as they can arrive, uint16 (n, 64, 2560), and which cannot, bool (n, 40)."""
    samples = whole_samples(source).copy()
    missing = np.zeros((len(samples), 40), bool)
    rows, table = ledger.never(checks), channel_map.offline_channels()
    missing[rows["number"], rows["stream"]] = True
    for row in rows:
        samples[row["number"]][:, table[row["stream"]]] = 0
    for row in ledger.rows:
        if not checks and KINDS[row["kind"]] in CHECKED:  # nobody can see it
            words = source.frames[row["stream"]][row["number"]].copy()
            words.view(np.uint8)[row["detail"] // 8] ^= np.uint8(1 << row["detail"] % 8)
            samples[row["number"]][:, table[row["stream"]]] = unpack(words[None])[0]
    return samples, missing


def check(source, links, checks=True):
    """Compare all that was received with all that was sent."""
    report, found = received(links)
    samples, missing = sent(source, links.ledger, checks)
    seen = links.ledger.seen(checks)
    got = {name: report.counts[name].tolist() for name in COUNTS}
    for name in COUNTS:
        differ = [(s, got[name][s], int(seen[name][s])) for s in range(40) if got[name][s] != seen[name][s]]
        assert not differ, f"{name}: (stream, got, want): {differ[:5]}: {context(links.ledger, differ[0][0])}"
    np.testing.assert_array_equal(report.counts["missing"], missing.sum(axis=0))
    np.testing.assert_array_equal(report.counts["delivered"], (~missing).sum(axis=0))
    for number in range(len(samples)):
        if missing[number].all():
            assert BEGIN + 2048 * number not in found
            continue
        row, lacks = found.pop(BEGIN + 2048 * number)
        np.testing.assert_array_equal(lacks, missing[number], err_msg=f"frame {number}")
        np.testing.assert_array_equal(np.hstack(list(planes_of(row).values())), samples[number])
    assert not found
    return report


def context(ledger, stream):
    rows = ledger.rows[ledger.rows["stream"] == stream]
    return [(int(r["number"]), KINDS[r["kind"]], int(r["detail"])) for r in rows]


@pytest.mark.parametrize("checks", [True, False])
@pytest.mark.parametrize("kind", CHANCES)
def test_one_kind_of_fault(kind, checks):
    source = MadeUpLinks(N, checked=checks)
    links = Injected(source, Faults(seed=5, **{kind: 0.02}))
    report = check(source, links, checks)
    assert links.ledger.counts.sum() > 30
    hidden = sum(links.ledger.count(name) for name in (*CHECKED, "step_of_all"))
    assert report.good == (not checks and hidden == links.ledger.counts.sum())


class Chosen(Injected):
    """Faults that are chosen, by (stream, frame), not drawn."""

    def __init__(self, links, chosen, seed=1):
        super().__init__(links, Faults(seed=seed))
        self.chosen = chosen

    def _fates(self, stream, first, count):
        names = [self.chosen.get((stream, first + k)) for k in range(count)]
        return np.array([0 if name is None else 1 + CHANCES.index(name) for name in names], np.uint8)


@pytest.mark.parametrize(
    ("apart", "checks"), [(1, False), (1, True), (2, True), (2, False), (4, True), (4, False)]
)
def test_two_faults_side_by_side(apart, checks):
    source = MadeUpLinks(N, checked=checks)
    chosen = {}
    for k, pair in enumerate((one, other) for one in CHANCES for other in CHANCES):
        stream, place = k % 40, 10 if k < 40 else 80
        chosen |= {(stream, place): pair[0], (stream, place + apart): pair[1]}
    for seed in range(2):
        source.at = dict.fromkeys(source.frames, 0)
        check(source, Chosen(source, chosen, seed), checks)


@pytest.mark.parametrize("checks", [True, False])
@pytest.mark.parametrize("place", [0, N - 2])
def test_two_faults_where_a_window_begins_and_ends(place, checks):
    pairs = [(one, other) for one in CHANCES for other in CHANCES]
    for seed, some in enumerate((pairs[:32], pairs[32:])):
        chosen = {(s, place + k): pair[k] for s, pair in enumerate(some) for k in (0, 1)}
        source = MadeUpLinks(N, checked=checks)
        check(source, Chosen(source, chosen, seed), checks)


@pytest.mark.parametrize("field", ["seq_id", "timestamp"])
@pytest.mark.parametrize("bit", range(4))
def test_a_flipped_bit_that_names_a_frame_that_was_lost(bit, field):
    source, word = MadeUpLinks(N), 40 + bit if field == "seq_id" else 64 + 11 + bit
    for lost in (50 - (1 << bit), 50 + (1 << bit)):
        hows = ((seed, int(key(seed, 5, BEGIN // 2048 + 50, HOW)) % 256) for seed in range(100_000))
        seed = next(seed for seed, how in hows if how == word)
        source.at = dict.fromkeys(source.frames, 0)
        check(source, Chosen(source, {(5, lost): "lost", (5, 50): "header"}, seed))


@pytest.mark.parametrize("checks", [True, False])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_percent_of_everything(seed, checks):
    source = MadeUpLinks(N, checked=checks, seed=seed)
    faults = Faults(seed=seed, **dict.fromkeys(CHANCES, 0.01))
    check(source, Injected(source, faults), checks)


def test_no_fault():
    source = MadeUpLinks(40)
    assert check(source, Injected(source, Faults())).good


@pytest.mark.parametrize("silence", [Silence(3), Silence(0, 40), Silence(9, 20, 70), Silence(5, 16, 16)])
def test_a_silent_link(silence):
    source = MadeUpLinks(N)
    links = Injected(source, Faults(silent=(silence,), lost=0.01))
    report = check(source, links)
    assert report.silences and {gap.stream // 4 for gap in report.silences} == {silence.link}


def test_all_links_are_silent_for_a_while():
    source = MadeUpLinks(N)
    links = Injected(source, Faults(silent=tuple(Silence(link, 33, 50) for link in range(10))))
    check(source, links)


@pytest.mark.parametrize(
    "counts",
    [2048 * 3, -2048 * 7, -2048, 1000, 2**40 + 1],
)
def test_the_clock_of_a_stream_steps_for_good(counts):
    source = MadeUpLinks(N)
    links = Injected(source, Faults(step=(Step(7, 50, counts),)))
    check(source, links)


@pytest.mark.parametrize("counts", [2048 * 3, 1000, 2**40 + 1])
def test_the_clock_of_all_streams_steps(counts):
    source = MadeUpLinks(N)
    links = Injected(source, Faults(step=(Step(-1, 50, counts),)))
    report, found = received(links)
    assert sorted(found) == [BEGIN + 2048 * n + counts * (n >= 50) for n in range(N)]
    assert not any(missing.any() for _, missing in found.values())
    assert report.stretches == 2 and not report.good
