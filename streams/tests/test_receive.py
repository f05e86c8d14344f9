"""The receiver delivers every good frame once and in order, and counts the rest exactly."""

from __future__ import annotations

import numpy as np
import pytest

from streams.receiver.receive import receive
from streams.receiver.report import Report
from streams.tests.frames_in_memory import BEGIN, HERE, flip, samples, set_words, window

STREAM = 7


def read(*windows):
    """Return (places got, report): every sample is compared with what was sent, by its timestamp."""
    report = Report()
    got = {}
    last = -1
    for span in receive(windows, HERE, report):
        assert span.timestamp > last
        missing = np.zeros((len(span.samples), 40), bool) if span.missing is None else span.missing
        for k, row in enumerate(span.samples):
            last = span.timestamp + 2048 * k
            got[last] = (row.copy(), ~missing[k])
    return got, report


def compare(got, blocks):
    """Return the missing places (stream, place); samples are those that were sent, or 0 where missing."""
    sent = samples(blocks)
    lacks = set()
    for place in range(blocks):
        row, there = got.get(BEGIN + 2048 * place, (None, np.zeros(40, bool)))
        lacks |= {(int(stream), place) for stream in np.flatnonzero(~there)}
        if row is not None:
            want = sent[place].copy()
            for stream in np.flatnonzero(~there):
                spot = HERE.places.first[stream] + np.arange(64)[:, None] * HERE.places.step[stream]
                want[spot] = 0
            assert (row == want).all()
    assert len(got) == len([t for t in got if 0 <= (t - BEGIN) // 2048 < blocks])
    return lacks


def counts(report):
    return {n: report.total(n) for n in report.counts.dtype.names if report.total(n) and n != "resync_bytes"}


@pytest.mark.parametrize("checked", [True, False], ids=["checks", "no checks"])
@pytest.mark.parametrize("blocks", [1, 2, 16, 17, 40])
@pytest.mark.parametrize("piece", [1 << 60, 7200, 5000])
def test_good(blocks, checked, piece):
    got, report = read(window(blocks, checked, piece=piece))
    assert compare(got, blocks) == set()
    assert report.good and report.blocks == blocks and counts(report) == {"delivered": 40 * blocks}


ONE = {
    "lost": (lambda f, k: f[:k] + f[k + 1 :], {"missing": 1, "lost": 1}),
    "duplicated": (lambda f, k: f[: k + 1] + f[k:], {"duplicated": 1}),
    "duplicated later": (lambda f, k: [*f[: k + 4], f[k], *f[k + 4 :]], {"duplicated": 1}),
    "reordered": (lambda f, k: f[:k] + f[k + 1 : k + 5] + [f[k]] + f[k + 5 :], {"reordered": 1}),
    "swapped": (lambda f, k: [*f[:k], f[k + 1], f[k], *f[k + 2 :]], {"reordered": 1}),
    "as late as can be": (lambda f, k: f[:k] + f[k + 1 : k + 17] + [f[k]] + f[k + 17 :], {"reordered": 1}),
    "late": (lambda f, k: f[:k] + f[k + 1 : k + 18] + [f[k]] + f[k + 18 :], {"missing": 1, "late": 1}),
    "very late": (lambda f, k: f[:k] + f[k + 1 : k + 35] + [f[k]] + f[k + 35 :], {"missing": 1, "late": 1}),
    "cut": (lambda f, k: [*f[:k], f[k][:3001], *f[k + 1 :]], {"missing": 1, "truncated": 1}),
    "cut by a byte": (lambda f, k: [*f[:k], f[k][:7199], *f[k + 1 :]], {"missing": 1, "truncated": 1}),
    "cut after a byte": (lambda f, k: [*f[:k], f[k][:1], *f[k + 1 :]], {"missing": 1, "truncated": 1}),
    "cut in the header": (lambda f, k: [*f[:k], f[k][:11], *f[k + 1 :]], {"missing": 1, "truncated": 1}),
    "crate": (lambda f, k: [*f[:k], flip(f[k], 13), *f[k + 1 :]], {"missing": 1, "corrupted": 1}),
    "block length": (lambda f, k: [*f[:k], flip(f[k], 60), *f[k + 1 :]], {"missing": 1, "corrupted": 1}),
    "seq_id bit 0": (lambda f, k: [*f[:k], flip(f[k], 40), *f[k + 1 :]], {"missing": 1, "corrupted": 1}),
    "seq_id bit 11": (lambda f, k: [*f[:k], flip(f[k], 51), *f[k + 1 :]], {"missing": 1, "corrupted": 1}),
    "timestamp bit 0": (lambda f, k: [*f[:k], flip(f[k], 64), *f[k + 1 :]], {"missing": 1, "corrupted": 1}),
    "timestamp bit 11": (lambda f, k: [*f[:k], flip(f[k], 75), *f[k + 1 :]], {"missing": 1, "corrupted": 1}),
    "timestamp bit 23": (lambda f, k: [*f[:k], flip(f[k], 87), *f[k + 1 :]], {"missing": 1, "corrupted": 1}),
    "timestamp bit 63": (lambda f, k: [*f[:k], flip(f[k], 127), *f[k + 1 :]], {"missing": 1, "corrupted": 1}),
    "sample": (lambda f, k: [*f[:k], flip(f[k], 9999), *f[k + 1 :]], {"missing": 1, "corrupted": 1}),
    "jump": (
        lambda f, k: [*f[:k], set_words(f[k], timestamp=BEGIN + 2048 * k + 3333), *f[k + 1 :]],
        {"missing": 1, "jumped": 1},
    ),
}


LAST = 34  # of the window; spans are 0 to 15, 16 to 31 and the rest


def single_faults():
    for kind in ONE:
        for place in (0, 15, 16, LAST):
            behind = {"reordered": 4, "swapped": 1, "as late as can be": 16, "late": 17, "very late": 34}
            if place + behind.get(kind, 0) > LAST:
                continue  # no frame comes after it
            yield kind, place, True
            if kind != "sample":  # seen by the frame check only
                yield kind, place, False


@pytest.mark.parametrize(("kind", "place", "checked"), list(single_faults()))
def test_one_fault(kind, place, checked):
    change, wanted = ONE[kind]
    blocks = LAST + 1
    memory = window(
        blocks, checked, lambda stream, f: change(f, place) if stream == STREAM else f, piece=90000
    )
    got, report = read(memory)
    lacks = {(STREAM, place)} if "missing" in wanted else set()
    assert compare(got, blocks) == lacks
    assert counts(report) == {"delivered": 40 * blocks - len(lacks), **wanted}
    assert not report.good and report.first is not None and report.blocks == blocks
    assert len(report.gaps) == len(lacks)
