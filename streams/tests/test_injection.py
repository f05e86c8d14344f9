"""Injected faults: the bytes are those that the ledger says, however they are asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.daq.spans import frame_checks
from streams.errors import ConfigError
from streams.injection.fates import edges, fates
from streams.injection.faults import CHANCES, Faults, Silence, Step, parse
from streams.injection.injection import Injected
from streams.injection.ledger import KINDS, Ledger, kind_of_bit
from streams.tests.made_up_links import BEGIN, MadeUpLinks

ALL = {**dict.fromkeys(CHANCES, 0.03), "header": 0.1}


def everything(links, stream, frames=16):
    """Take all bytes of a stream, in pieces of at most so many frames."""
    links.until(2**63)
    parts = []
    while len(part := links.take(stream, frames)):
        assert len(part) <= frames * 7200
        parts.append(part.copy())
    assert not len(links.take(stream, frames))
    return np.concatenate(parts) if parts else np.zeros(0, np.uint8)


def told(frames, rows):
    """Return the bytes that the ledger's rows make of the frames: slow, and nothing in common with the injector."""
    out = [(n, 0, n, frames[n].tobytes()) for n in range(len(frames))]  # (behind, order, number, bytes)
    for row in rows:
        kind, n, detail = KINDS[row["kind"]], int(row["number"]), int(row["detail"])
        data = bytearray(frames[n].tobytes())
        if kind == "duplicated":
            out.append((n + detail, 1, n, bytes(data)))
            continue
        out.remove((n, 0, n, bytes(data)))
        if kind in ("reordered", "late"):
            out.append((n + detail, 1, n, bytes(data)))
        elif kind == "truncated":
            out.append((n, 0, n, bytes(data[:detail])))
        elif kind.startswith("flipped"):
            data[detail // 8] ^= 1 << detail % 8
            out.append((n, 0, n, bytes(data)))
        elif kind == "jump":
            data[8:16] = ((int.from_bytes(data[8:16], "little") + detail) % 2**64).to_bytes(8, "little")
            out.append((n, 0, n, bytes(data)))
        else:
            assert kind in ("lost", "silent")
    return b"".join(data for *_, data in sorted(out, key=lambda entry: entry[:3]))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_bytes_are_those_of_the_ledger(seed):
    source = MadeUpLinks(600, streams=[0, 13, 39])
    faults = Faults(seed=seed, **ALL, silent=(Silence(3, 200, 20), Silence(9, 590)))
    links = Injected(source, faults)
    for stream in source.frames:
        got = everything(links, stream)
        rows = links.ledger.rows[links.ledger.rows["stream"] == stream]
        assert got.tobytes() == told(source.frames[stream], rows)
    counts = {kind: links.ledger.count(kind) for kind in KINDS}
    assert all(counts[kind] for kind in KINDS if kind not in ("step", "step_of_all", "flipped_flags")), counts
    numbers = links.ledger.rows[["stream", "number"]]
    assert len(np.unique(numbers)) == len(numbers) == sum(counts.values())  # each frame at most once


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(60, 5000), st.integers(0, 2**63 - 1))
def test_any_pieces_give_the_same_bytes(frames, pieces, seed):
    faults = Faults(seed=seed, **ALL, silent=(Silence(0, 30, 5),), step=(Step(2, 40, -77),))
    whole = Injected(MadeUpLinks(90, streams=[2]), faults)
    parts = Injected(MadeUpLinks(90, streams=[2], pieces=pieces * 7), faults)
    assert everything(whole, 2, 90).tobytes() == everything(parts, 2, frames).tobytes()
    np.testing.assert_array_equal(whole.ledger.rows, parts.ledger.rows)
    np.testing.assert_array_equal(whole.ledger.counts, parts.ledger.counts)


def test_no_fault_changes_nothing_and_copies_nothing():
    source = MadeUpLinks(20, streams=[7])
    links = Injected(source, Faults())
    part = links.take(7, 20)
    assert part.tobytes() == source.frames[7].tobytes() and np.shares_memory(part, source.frames[7])
    assert (links.name, links.begin, links.ledger.table()) == ("made up", BEGIN, {})


def test_the_chances_are_those_that_were_asked_for():
    chances = {name: 0.01 * (k + 1) for k, name in enumerate(CHANCES)}
    found = fates(1, 5, 10**9, 100_000, edges(Faults(**chances)))
    for k, (name, chance) in enumerate(chances.items(), start=1):
        count, sigma = int((found == k).sum()), (100_000 * chance * (1 - chance)) ** 0.5
        assert abs(count - 100_000 * chance) < 5 * sigma, name
    assert not np.array_equal(found, fates(2, 5, 10**9, 100_000, edges(Faults(**chances))))
    assert not np.array_equal(found, fates(1, 6, 10**9, 100_000, edges(Faults(**chances))))
    assert fates(1, 5, 0, 1000, edges(Faults(lost=0.75, jump=0.25))).min() == 1  # a sum of 1 is no rounding


def test_windows_of_a_run_go_on_where_the_one_before_ended():
    faults = Faults(lost=0.1, header=0.1, silent=(Silence(1, 30, 40),))
    whole, ledger = Injected(MadeUpLinks(100, streams=[5]), faults), Ledger()
    everything(whole, 5)
    for first in (0, 50):
        part = MadeUpLinks(50, streams=[5], begin=BEGIN + 2048 * first)
        everything(Injected(part, faults, ledger), 5)
    np.testing.assert_array_equal(whole.ledger.rows, ledger.rows)


def test_a_clock_that_steps():
    source = MadeUpLinks(30, streams=[4])
    links = Injected(source, Faults(step=(Step(4, 10, 640),)))
    words = everything(links, 4).view("<u8").reshape(-1, 900)
    want = source.frames[4].copy()
    want[10:, 1] += np.uint64(640)
    np.testing.assert_array_equal(words, want)
    assert links.ledger.rows.tolist() == [(4, n, KINDS.index("step"), 640) for n in range(10, 30)]
    np.testing.assert_array_equal(links.checks(4, BEGIN, 5), frame_checks(want[:5]))


def test_a_clock_of_all_streams_that_steps():
    source = MadeUpLinks(30, streams=[4])
    links = Injected(source, Faults(lost=0.1, step=(Step(-1, 10, 4096), Step(-1, 20, -1000))))
    words = everything(links, 4, 7).view("<u8").reshape(-1, 900)
    want = source.frames[4].copy()
    want[10:, 1] += np.uint64(4096)
    want[20:, 1] -= np.uint64(1000)
    rows = links.ledger.rows
    steps = rows[rows["kind"] == KINDS.index("step_of_all")]
    assert steps[["number", "detail"]].tolist() == [(10, 4096), (20, -1000)]
    lost = rows["number"][rows["kind"] == KINDS.index("lost")]
    np.testing.assert_array_equal(words, np.delete(want, lost, axis=0))
    assert len(lost) and len(links.ledger.never(checks=True)) == len(lost)
    np.testing.assert_array_equal(links.checks(4, int(want[10, 1]), 5), frame_checks(want[10:15]))


def test_what_comes_too_late_after_the_end_is_lost_and_what_is_in_order_is_left_alone():
    links = Injected(MadeUpLinks(10, streams=[1]), Faults(late=0.2, reordered=0.3, seed=3))
    data = everything(links, 1).view("<u8").reshape(-1, 900)
    seen, ledger = links.ledger.seen(checks=True), links.ledger
    assert ledger.count("late") == 0 and ledger.count("lost") == 10 - len(data) > 0
    seq = ((data[:, 0] >> np.uint64(40)) & np.uint64(4095)).astype(int)
    earlier = [n for k, n in enumerate(seq) if k and n < max(seq[:k])]
    assert len(earlier) == ledger.count("reordered") == seen["reordered"].sum()


def test_memory_does_not_grow():
    source = MadeUpLinks(2000, streams=[0])
    links = Injected(source, Faults(duplicated=0.2, late=0.2, reordered=0.2))
    for _ in range(1000):
        links.take(0, 1)
        state = links._streams[0]
        assert len(state.later) <= 64 and sum(map(len, state.ready)) <= 64 * 7200
    assert Ledger().rows.nbytes < 1 << 16


def test_rows_are_bounded_and_counts_are_not(monkeypatch):
    monkeypatch.setattr("streams.injection.ledger.MOST_ROWS", 2048)
    ledger = Ledger()
    for n in range(5000):
        ledger.note(1, n, "lost")
    assert (len(ledger.rows), ledger.count("lost")) == (2048, 5000)


def test_what_can_be_seen_without_checks_and_with():
    ledger = Ledger()
    for n, kind in enumerate(KINDS):
        ledger.note(2, n, kind)
    for checks, corrupted, flagged, never in ((False, 3, 1, 9), (True, 6, 0, 12)):
        seen = {name: int(counts[2]) for name, counts in ledger.seen(checks).items()}
        one = dict.fromkeys(("duplicated", "reordered", "late", "truncated", "stepped"), 1)
        assert seen == {**one, "lost": 2, "jumped": 2, "corrupted": corrupted, "flagged": flagged}
        assert len(ledger.never(checks)) == never
    assert ledger.table()["injected flipped_seq"] == 1


def test_bits_of_a_frame():
    kinds = [kind_of_bit(bit) for bit in range(300)]
    assert [kinds.count(f"flipped_{name}") for name in ("seq", "time", "identity", "flags", "header")] == [
        12,
        64,
        52,
        3,
        125,
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("loss=0.1", "got 'loss', want one of seed, lost"),
        ("lost=1 %", "lost: got '1 %', want a chance per frame, such as 0.01"),
        ("lost", "lost: got '', want a chance"),
        ("lost=1.5", "lost: got 1.5, want 0 to 1"),
        ("lost=nan", "lost: got nan, want 0 to 1"),
        ("lost=0.6,late=0.6", "chances of 1.2 together, want at most 1"),
        ("lost=0.1,lost=0.2", "got lost twice"),
        ("seed=1.5", "seed: got '1.5', want a whole number"),
        ("seed=-1", "seed: got -1, want 0 to"),
        ("silent=x", "silent: got 'x', want LINK, LINK@FIRST or"),
        ("silent=10", "silent: link: got 10, want 0 to 9"),
        ("step=5", "step: got '5', want STREAM@FIRST"),
        ("step=40@1+1", "step: stream: got 40, want -1 to 39"),
        ("step=4@1+0", "step: got 0 counts, want some"),
        (f"silent=1@{10**30}", "silent: frames: got 1000"),
        ("none.toml", "cannot read configuration none.toml"),
    ],
)
def test_texts_that_cannot_be_used(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        parse(text)


def test_text_and_file_say_the_same(tmp_path):
    path = tmp_path / "faults.toml"
    path.write_text("lost = 0.5\nseed = 3\nsilent = [{link = 3}, {link = 1, first = 2, frames = 9}]\n")
    want = Faults(seed=3, lost=0.5, silent=(Silence(3), Silence(1, 2, 9)))
    assert parse(str(path)) == parse("lost=0.5,seed=3,silent=3,silent=1@2+9") == want
    assert parse("step=all@7+2").step == (Step(-1, 7, 2),)
    assert parse("") == Faults() and parse("step=4@7-64").step == (Step(4, 7, -64),)
