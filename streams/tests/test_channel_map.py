from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from streams import channel_map, channel_map_file
from streams.detector import load_detector, presets
from streams.errors import UserError
from streams.geometry.groups import groups

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


@pytest.fixture(scope="module")
def upstream():
    if not UPSTREAM.exists():
        pytest.skip(f"{UPSTREAM} is absent")
    return channel_map_file.read(UPSTREAM)


@pytest.mark.parametrize(("crate", "assembly"), [(1, 0), (2, 2), (3, 1), (4, 3)])
def test_equals_protodune_hd(upstream, crate, assembly):
    found = upstream[crate]
    assert found.assembly == assembly
    assert np.array_equal(found.offline, channel_map.offline_channels(crate))
    assert np.array_equal(found.femb, np.repeat(channel_map.femb_of_streams()[:, None], 64, axis=1))
    asic = (np.arange(40)[:, None] % 2 * 64 + np.arange(64)) // 16
    assert np.array_equal(found.asic, asic)


#: crate, WIB, link, frame channel, FEMB, offline: re-typed from PD2HDChannelMap_v6.txt (DUNE-DAQ/detchannelmaps).
ROWS = [
    (1, 1, 1, 148, 1, 1609),
    (1, 1, 0, 0, 6, 191),
    (1, 1, 0, 5, 6, 1008),
    (3, 1, 0, 0, 6, 2560 + 556),
    (3, 1, 1, 148, 1, 2560 + 2089),
    (4, 1, 0, 0, 6, 7680 + 556),
]


@pytest.mark.parametrize(("crate", "wib", "link", "channel", "femb", "offline"), ROWS)
def test_rows_of_protodune_hd(crate, wib, link, channel, femb, offline):
    stream = channel_map.STREAMS.index((wib - 1, 64 * link + channel // 64))
    assert channel_map.offline_channels(crate)[stream, channel % 64] == offline % 2560
    assert channel_map.femb_of_streams()[stream] == femb


def text_of_map(assembly=0, crate=1):
    """Return what the file would say of an assembly, by the built-in rule."""
    lines = []
    for number, (slot, stream_id) in enumerate(channel_map.STREAMS):
        for channel, offline in enumerate(channel_map.offline_channels(crate)[number].tolist()):
            link, part = divmod(stream_id, 64)
            plane = "UVX".index(channel_map.plane_of(offline))
            femb = channel_map.femb_of_streams()[number]
            on_femb = part % 2 * 64 + channel
            place = (
                slot + 1,
                link,
                part // 2,
                on_femb,
                plane,
                0,
                femb,
                on_femb // 16,
                on_femb % 16,
                part * 64 + channel,
            )
            lines.append("\t".join(str(v) for v in (offline + 2560 * assembly, crate, "APA_X", *place)))
    return lines


def read_lines(tmp_path, lines):
    path = tmp_path / "map.txt"
    path.write_text("\n".join(lines))
    return channel_map_file.read(path)


def test_reads_back_the_rule(tmp_path):
    found = read_lines(tmp_path, text_of_map() + text_of_map(3, 4))
    assert sorted(found) == [1, 4]
    assert (found[4].assembly, found[4].name) == (3, "APA_X")
    for crate in found:
        assert np.array_equal(found[crate].offline, channel_map.offline_channels(crate))


def swapped(lines, place, column, value):
    words = lines[place].split()
    words[column] = value
    return [*lines[:place], " ".join(words), *lines[place + 1 :]]


DAMAGE = {
    "empty": (lambda lines: [], "got no rows"),
    "missing": (
        lambda lines: lines[:100] + lines[101:],
        "crate 1 has 2559 channels, want 2560: offline channel .* missing",
    ),
    "cut line": (lambda lines: [*lines[:-1], lines[-1][:14]], "line 2560: got .* want the 13 columns"),
    "cut file": (lambda lines: lines[:1000], "crate 1 has 1000 channels"),
    "twice": (lambda lines: [*lines, lines[7]], "line 2561: .* is in line 8 already"),
    "same place": (
        lambda lines: swapped(lines, 9, 12, lines[8].split()[12]),
        "line 10: stream 0 .* line 9 already",
    ),
    "word": (lambda lines: swapped(lines, 5, 0, "x"), "line 6: got 'x 1 "),
    "plane": (lambda lines: swapped(lines, 5, 7, "2"), "line 6: got plane 2"),
    "link": (lambda lines: swapped(lines, 5, 4, "2"), "line 6: got WIB 1, link 2"),
    "channel": (lambda lines: swapped(lines, 5, 12, "-3"), "frame channel -3"),
    "other assembly": (
        lambda lines: swapped(lines, 5, 0, "9999"),
        "line 6: got offline channel 9999, want 0 to 2559",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_are_refused(tmp_path, damage):
    change, sentence = DAMAGE[damage]
    with pytest.raises(UserError, match=sentence) as refused:
        read_lines(tmp_path, change(text_of_map()))
    assert "map.txt" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_binary_file_is_refused(tmp_path):
    (tmp_path / "map.txt").write_bytes(bytes(range(256)))
    with pytest.raises(UserError, match="not a text file"):
        channel_map_file.read(tmp_path / "map.txt")


@pytest.mark.parametrize("name", presets())
def test_groups_have_equal_sizes(name):
    detector = load_detector(name)
    found = groups(detector)
    assert list(found) == ["U", "V", "X"]
    for plane, each in found.items():
        n = detector.planes[plane].channels
        assert each.femb.shape == each.asic.shape == (n,)
        sizes = np.bincount(each.femb, minlength=detector.fembs)
        assert (sizes.min(), sizes.max()) == (n // detector.fembs, -(-n // detector.fembs))
        assert set(each.asic.tolist()) == set(range(detector.asics_per_femb))
    if detector.channel_map == "pd2hd":
        femb, asic = (np.concatenate([each[i] for each in found.values()]) for i in range(2))
        assert np.array_equal(np.bincount(femb * 8 + asic), np.full(160, 16))


def test_groups_are_those_of_protodune_hd(upstream):
    femb, asic = (
        np.concatenate([each[i] for each in groups(load_detector("fd1-hd-apa")).values()]) for i in range(2)
    )
    assert np.array_equal(femb[upstream[1].offline], upstream[1].femb - 1)
    assert np.array_equal(asic[upstream[1].offline], upstream[1].asic)
