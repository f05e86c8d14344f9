"""Archives of frames: what is wrong with them is one sentence that names the file, and nothing is left behind."""

from __future__ import annotations

import bz2
import io
import tarfile
import warnings

import numpy as np
import pytest

from streams.errors import ConfigError, UserError
from streams.recorded.archive import read_frame
from streams.recorded.config import ElectronsConfig, ImportConfig
from streams.recorded.imported import import_file
from streams.tests.made_up_frames import electrons, members, npy, write

NUMBERS = np.arange(100, 140)
CONFIG = ImportConfig(others="missing", electrons=ElectronsConfig(planes={"X": (100, 140)}))


def parts(**changed):
    """Return the members of a good archive with some replaced (None: left out)."""
    good = members(electrons(40, 300), NUMBERS, bad=((103, 0, 300),))
    for key, value in changed.items():
        name = next(name for name in good if name.startswith(key))
        if value is None:
            del good[name]
        else:
            good[name] = value
    return good


def with_value(value):
    values = electrons(40, 300)
    values[7, 11] = value
    return npy(values)


def twice(tag):
    return {**parts(), **members(electrons(40, 300), NUMBERS, tag=tag)}


BAD = {
    "no frame": (parts(frame=None), "no frame_TAG_NUMBER.npy"),
    "no channels": (parts(channels=None), "channels_gauss1_7.npy is missing"),
    "no clock": (parts(tickinfo=None), "tickinfo_gauss1_7.npy is missing"),
    "no such tag": ({k.replace("gauss", "wiener"): v for k, v in parts().items()}, "0 frames are called 'gauss'"),
    "two frames": (twice("gauss2"), "2 frames are called 'gauss', there are gauss1_7, gauss2_7"),
    "not an array": (parts(frame=b"frame"), "frame_gauss1_7: not an array"),
    "a short array": (parts(frame=npy(electrons(40, 300))[:-4]), "frame_gauss1_7: truncated"),
    "future version": (parts(frame=b"\x93NUMPY\x07\x00" + bytes(200)), r"numpy format 7\.0"),
    "fewer channels": (parts(channels=npy(NUMBERS[1:])), r"got the shape \(40, 300\) for 39 channels"),
    "a channel twice": (parts(channels=npy(np.r_[NUMBERS[1:], 110])), "a channel is there twice"),
    "half a channel": (parts(channels=npy(NUMBERS + 0.5)), r"got 100\.5, want whole numbers"),
    "channels of no number": (parts(channels=npy(np.full(40, np.nan))), "got nan, want whole numbers"),
    "foreign channels": (parts(channels=npy(NUMBERS + 5)), "channel 140 is in 0 of the planes"),
    "one axis": (parts(frame=npy(np.zeros(40))), r"got the shape \(40,\)"),
    "no ticks": (parts(frame=npy(np.zeros((40, 0)))), "shape"),
    "NaN": (parts(frame=with_value(np.nan)), "channel 107, tick 11: got nan, want electrons"),
    "infinite": (parts(frame=with_value(-np.inf)), "channel 107, tick 11: got -inf"),
    "too much charge": (parts(frame=with_value(1e30)), r"got 1e\+30 electrons in one tick"),
    "no tick": (parts(tickinfo=npy(np.array([0, np.nan, 0]))), "tickinfo_gauss1_7: got"),
    "half a tick": (parts(tickinfo=npy(np.array([0, 500.5, 0]))), "whole ns"),
    "clock of two": (parts(tickinfo=npy(np.array([0.0, 500]))), "tickinfo_gauss1_7: got"),
    "a slow clock": (parts(tickinfo=npy(np.array([0.0, 1e6, 0]))), "got a tick of 1000000 ns, want 100 to 5000"),
    "a mask of two columns": (parts(chanmask=npy(np.zeros((3, 2), int))), "chanmask_bad_7: got the shape"),
    "a mask of NaN": (parts(chanmask=npy(np.full((1, 3), np.nan))), "chanmask_bad_7: got nan"),
}  # fmt: skip


def refused(path, sentence):
    with pytest.raises(UserError, match=sentence) as error:
        import_file(path, path.with_name("run.h5"), CONFIG)
    assert path.name in str(error.value) and "\n" not in str(error.value)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_archive_is_one_sentence(tmp_path, name):
    refused(write(tmp_path / "frames.tar.bz2", BAD[name][0]), BAD[name][1])


@pytest.mark.parametrize("packing", ["", "bz2", "gz"])
def test_a_good_archive_of_any_packing(tmp_path, packing):
    path = write(tmp_path / "frames", {"README.txt": b"passed over", **parts()}, packing)
    frame = read_frame(path.read_bytes(), "gauss", path)
    assert (frame.name, frame.tick_ns) == ("gauss1_7", 500)
    np.testing.assert_array_equal(frame.values, electrons(40, 300))
    np.testing.assert_array_equal(frame.channels, NUMBERS)
    np.testing.assert_array_equal(frame.masks["bad"], [[103, 0, 300]])
    for name in ("gauss1", "gauss1_7"):
        assert read_frame(path.read_bytes(), name, path).name == "gauss1_7"


def test_one_packed_stream_after_the_other(tmp_path):
    path = write(tmp_path / "frames.tar", parts(), "")
    data = path.read_bytes()
    packed = bz2.compress(data[:9000]) + bz2.compress(data[9000:])
    np.testing.assert_array_equal(read_frame(packed, "gauss", path).values, electrons(40, 300))
    path.write_bytes(packed + b"more")
    refused(path, "damaged: Invalid data stream|damaged")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"BZh9", "truncated: the packed archive"),
        (bz2.compress(b""), "no frame_TAG_NUMBER|damaged"),
        (bz2.compress(b"text " * 1000), "damaged archive"),
        (b"\x1f\x8b\x08\x00", "truncated"),
        (b"\x1f\x8b" + bytes(100), "damaged"),
        (b"root\x00\x00" + bytes(1000), "neither counts"),
    ],
)
def test_other_formats(tmp_path, data, sentence):
    path = tmp_path / "frames.tar.bz2"
    path.write_bytes(data)
    refused(path, sentence)


def test_counts_are_not_electrons(tmp_path):
    path = write(tmp_path / "frames.tar", members(electrons(40, 300), NUMBERS, tag="raw1"), "")
    with pytest.raises(ConfigError, match="frame raw1 has ADC counts, want electrons"):
        read_frame(path.read_bytes(), "raw", path)


def test_links_and_folders_are_passed_over(tmp_path):
    path = tmp_path / "frames.tar"
    with tarfile.open(path, "w") as archive:
        for name, content in parts(frame=None).items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("frame_gauss1_7.npy")
        link.type, link.linkname = tarfile.SYMTYPE, "../../etc/passwd"
        archive.addfile(link)
    refused(path, "truncated in frame_gauss1_7.npy")


@pytest.mark.parametrize("packing", ["bz2", "gz"])
def test_damage_anywhere_is_refused_or_changes_nothing(tmp_path, packing):
    path = write(tmp_path / "frames.tar", parts(), packing)
    data = path.read_bytes()
    rng = np.random.default_rng(5)
    refusals = 0
    cuts = [data[: int(n)] for n in rng.integers(1, len(data), 50)]
    flips = []
    for bit in rng.integers(0, 8 * len(data), 200):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << (bit % 8)
        flips.append(bytes(flipped))
    for damaged in cuts + flips:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                frame = read_frame(damaged, "gauss", path)
            except UserError as error:
                assert "\n" not in str(error) and "frames.tar" in str(error)
                refusals += 1
                continue
        np.testing.assert_array_equal(frame.values, electrons(40, 300))
        np.testing.assert_array_equal(frame.channels, NUMBERS)
    assert refusals > 240
