"""The simulation as Links: the same frames as a file has, for any crate, in bounded memory."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from streams import channel_map
from streams.daq import wibeth
from streams.daq.adc_words import unpack
from streams.daq.live import KEPT_CHECKS, MOST_WAITING, LiveLinks, tick_of
from streams.daq.spans import frame_checks
from streams.tests.made_up import FIRST_TIMESTAMP, blocks


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
    assert tick_of(live.begin + 2048, live) == 192


def test_truth_comes_with_its_time():
    live = LiveLinks(islice(blocks(), 4))
    live.until(live.begin + 4 * 2048)
    want = list(islice(blocks(), 4))
    for number in (0, 2, 3):
        events, charge = live.truth(live.begin + 2048 * number)
        np.testing.assert_array_equal(events, want[number].events)
        np.testing.assert_array_equal(charge, want[number].charge)
    assert live.truth(live.begin + 2048) is None and live.truth(live.begin + 2048 * 9) is None


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
