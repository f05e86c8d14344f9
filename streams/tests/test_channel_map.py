from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from streams import channel_map

UPSTREAM = Path(__file__).parents[3] / "shared/data/detector/PD2HDChannelMap_v6.txt"


def test_is_a_permutation_of_all_channels():
    table = channel_map.offline_channels()
    assert table.shape == (40, 64)
    assert sorted(table.ravel().tolist()) == list(range(2560))


def test_each_femb_reads_40_u_40_v_48_x():
    pairs = channel_map.offline_channels().reshape(20, 128)  # two streams are one FEMB
    for femb in pairs:
        assert Counter(channel_map.plane_of(int(c)) for c in femb) == {"U": 40, "V": 40, "X": 48}
        x = femb[femb >= 1600]
        assert x.max() - x.min() == 47  # adjacent wires, so one face
        assert (x.max() < 2080) == (x.min() < 2080)


@pytest.mark.parametrize(
    ("slot", "stream_id", "channel", "offline"),
    [
        (0, 66, 20, 1609),
        (0, 66, 4, 399),
        (0, 67, 47, 360),
        (0, 66, 38, 811),
        (3, 66, 20, 2550),
        (4, 1, 63, 2091),
    ],
)
def test_single_channels(slot, stream_id, channel, offline):
    stream = channel_map.STREAMS.index((slot, stream_id))
    assert channel_map.offline_channels()[stream, channel] == offline


@pytest.mark.skipif(not UPSTREAM.exists(), reason=f"{UPSTREAM} is absent")
@pytest.mark.parametrize(("crate", "apa"), [("1", 0), ("2", 2)])
def test_equals_protodune_hd(crate, apa):
    rows = [line.split() for line in UPSTREAM.read_text().splitlines()]
    table = channel_map.offline_channels()
    want = np.full_like(table, -1)
    for offline, row_crate, _, wib, link, *_, wibframechan in rows:
        if row_crate == crate:
            chan = int(wibframechan)
            stream = channel_map.STREAMS.index((int(wib) - 1, 64 * int(link) + chan // 64))
            want[stream, chan % 64] = int(offline) - 2560 * apa
    assert np.array_equal(table, want)
