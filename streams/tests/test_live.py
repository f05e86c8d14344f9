"""The simulation as Links: the same frames as a file has, for any crate, in bounded memory."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from streams import channel_map, replay
from streams.config import SimulationConfig
from streams.daq import wibeth
from streams.daq.adc_words import unpack
from streams.daq.spans import frame_checks
from streams.errors import ConfigError, UserError
from streams.files.writer import Plan, write_file
from streams.injection.faults import parse
from streams.injection.injection import Ledger, injected
from streams.live import KEPT_CHECKS, MOST_WAITING, LiveLinks, blocks_of, live_blocks
from streams.receiver.receive import identity, receive
from streams.receiver.report import Report
from streams.simulate import stream as simulated
from streams.tests.made_up import FIRST_TIMESTAMP, blocks

COUNTS = ("lost", "duplicated", "reordered", "late", "truncated", "corrupted", "jumped", "flagged", "stepped")


def frames_of(live, stream, n):
    parts = []
    while len(part := live.take(stream, 5)):
        parts.append(part)
    words = np.concatenate(parts).view("<u8").reshape(-1, 900)
    assert len(words) == n
    return words


@pytest.mark.parametrize("crate", [1, 4, 1023])
def test_frames_of_a_crate(crate):
    live = LiveLinks(islice(blocks(first_tick=128), 20), crate=crate)
    assert (live.begin, live.first_tick) == (FIRST_TIMESTAMP + 32 * 128, 128)
    assert live.until(live.begin + 1) and not live.until(live.begin + 21 * 2048)
    want = list(islice(blocks(first_tick=128), 20))
    table = channel_map.offline_channels(crate)
    for stream in (0, 21, 39):
        words = frames_of(live, stream, 20)
        assert (wibeth.get_field(words, "crate_id") == crate).all()
        assert (wibeth.get_field(words, "seq_id") == 2 + np.arange(20)).all()
        assert (words[:, 1] == live.begin + 2048 * np.arange(20, dtype=np.uint64)).all()
        slot, stream_id = channel_map.STREAMS[stream]
        assert int(wibeth.get_field(words, "slot_id")[0]) == slot
        assert int(wibeth.get_field(words, "stream_id")[0]) == stream_id
        samples = np.stack([np.hstack([b.induction["U"], b.induction["V"], b.adc]) for b in want])
        np.testing.assert_array_equal(unpack(words), samples[:, :, table[stream]])
        np.testing.assert_array_equal(live.checks(stream, live.begin, 20), frame_checks(words))


def test_truth_comes_with_its_time():
    live = LiveLinks(islice(blocks(), 4))
    live.until(live.begin + 4 * 2048)
    want = list(islice(blocks(), 4))
    for number in (0, 2, 3):
        events, charge = live.truth(live.begin + 2048 * number)
        np.testing.assert_array_equal(events, want[number].events)
        np.testing.assert_array_equal(charge, want[number].charge)
    assert [len(part) for when in (1, 9) for part in live.truth(live.begin + 2048 * when)] == [0, 0, 0, 0]


def test_a_stream_that_nobody_reads_does_not_fill_the_memory():
    one = next(blocks())
    live = LiveLinks(
        type(one)(64 * n, FIRST_TIMESTAMP + 2048 * n, one.adc, induction=one.induction) for n in range(320)
    )
    for n in range(0, 320, 16):
        live.until(live.begin + 2048 * (n + 16))
        for stream in range(39):
            assert len(live.take(stream, 16)) == 16 * 7200
        assert sum(frames.shape[1] for _, frames in live._waiting) <= MOST_WAITING + 16
    assert live.overflowed == 320 - MOST_WAITING
    words = live.take(39, 16).view("<u8").reshape(-1, 900)
    assert int(words[0, 1]) == live.begin + 2048 * (320 - MOST_WAITING)


def test_checks_of_frames_that_are_not_there_are_none():
    live = LiveLinks(islice(blocks(), 3))
    live.until(live.begin + 3 * 2048)
    assert live.checks(0, live.begin - 2048, 5).astype(bool).tolist() == [False, True, True, True, False]
    assert live.checks(0, live.begin + 2048 * KEPT_CHECKS, 1).tolist() == [0]
    assert LiveLinks(islice(blocks(), 1), checked=False).checks(0, 0, 1).size == 0


def test_blocks_that_do_not_follow_each_other():
    made = list(islice(blocks(), 3))
    live = LiveLinks([made[0], made[2]])
    with pytest.raises(ValueError, match=r"block at \(tick, timestamp\) \(128, \d+\), want \(64, \d+\)"):
        live.until(live.begin + 10000)
    with pytest.raises(ValueError, match="live: got no block"):
        LiveLinks([])


def same(one, other):
    """Compare two blocks, all that is in them."""
    assert (one.first_tick, one.timestamp) == (other.first_tick, other.timestamp)
    np.testing.assert_array_equal(one.adc, other.adc)
    np.testing.assert_array_equal(one.events, other.events)
    np.testing.assert_array_equal(one.charge, other.charge)
    for name in ("induction", "missing"):
        ours, theirs = getattr(one, name), getattr(other, name)
        assert list(ours) == list(theirs)
        for plane, values in ours.items():
            np.testing.assert_array_equal(values, theirs[plane])


@pytest.mark.parametrize("crate", [1, 3])
@pytest.mark.parametrize(
    "text", ["", "lost=0.02,duplicated=0.02,reordered=0.02,flipped=0.02,truncated=0.02,silent=3@30+20"]
)
def test_file_and_live_give_equal_blocks(tmp_path, text, crate):
    n, path = 90, tmp_path / "run.h5"
    write_file(path, islice(blocks(first_tick=640), n), Plan(1, n, crate=crate))
    faults, reports, ledgers = parse(text), (Report(), Report()), (Ledger(), Ledger())
    from_file = replay.blocks(path, report=reports[0], through=lambda w: injected(w, faults, ledgers[0]))
    live = LiveLinks(islice(blocks(first_tick=640), n), crate=crate)
    spans = receive(injected([live], faults, ledgers[1]), identity(crate), reports[1])
    count = 0
    sent = blocks(first_tick=640)
    for one, other in zip(from_file, blocks_of(live, spans, reports[1]), strict=True):
        same(one, other)
        was = next(sent)  # in order, each once; no block is missing in all streams
        for plane, samples in {"X": one.adc, **one.induction}.items():
            lost = one.missing.get(plane, np.zeros(samples.shape[1], bool))
            want = np.where(lost, 0, was.adc if plane == "X" else was.induction[plane])
            np.testing.assert_array_equal(samples, want)
        count += 1
    np.testing.assert_array_equal(reports[0].counts, reports[1].counts)
    np.testing.assert_array_equal(ledgers[0].rows, ledgers[1].rows)
    seen = ledgers[0].seen(checks=True)
    assert all((reports[0].counts[name] == seen[name]).all() for name in COUNTS)
    assert (count, reports[0].good) == (n, not text)


def test_a_simulation_through_the_reader_is_the_simulation():
    config, report = SimulationConfig(seed=4), Report()
    for block, want in islice(zip(live_blocks(config, report), simulated(config), strict=False), 40):
        same(block, want)
    assert report.good
    faults, ledger = parse("lost=0.05"), Ledger()
    with pytest.raises(UserError, match=r"^simulation: stream \d+ .*is missing"):
        list(
            islice(
                live_blocks(config, Report(), through=lambda w: injected(w, faults, ledger), strict=True), 40
            )
        )
    with pytest.raises(ConfigError, match="fd1-hd-apa"):
        next(live_blocks(SimulationConfig(detector="fd2-vd-bottom"), Report()))


def test_checks_are_kept_for_a_while(monkeypatch):
    monkeypatch.setattr("streams.live.KEPT_CHECKS", 4)
    live = LiveLinks(islice(blocks(), 6))
    live.until(live.begin + 6 * 2048)
    assert live.checks(0, live.begin, 8).astype(bool).tolist() == [False] * 2 + [True] * 4 + [False] * 2
