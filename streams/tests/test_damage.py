"""Every kind of damage to a file ends in one sentence that says where; nothing is passed over in silence."""

from __future__ import annotations

import re
import shutil

import h5py
import numpy as np
import pytest

from streams import replay
from streams.errors import UserError
from streams.inspection.look import look
from streams.receiver.report import Report
from streams.tests.made_up import write

FRAME = 7200
RECORD = "TriggerRecord000002.0000"
NAME = "Detector_Readout_0x00000069_WIBEth"  # stream 5: slot 0, stream 65
STREAM = r"TriggerRecord000002\.0000: stream 5 \(slot 0, stream_id 65\)"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write(tmp_path_factory.mktemp("damage") / "run.h5")


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copy(whole, tmp_path / "run.h5")


def edit(raw, change):
    """Replace the bytes of the fragment NAME by ``change(bytes)``."""
    data = change(bytearray(raw[NAME][()].tobytes()))
    del raw[NAME]
    raw[NAME] = np.frombuffer(bytes(data), np.int8)


def sized(data):
    data[8:16] = len(data).to_bytes(8, "little")
    return data


def at(frame, offset=0):
    return 72 + frame * FRAME + offset


def put(data, position, value):
    data[position : position + len(value)] = value
    return data


def drop_record_header(raw):
    del raw["TR_Builder_0x00000000_TriggerRecordHeader"]


def wrong_record_magic(raw):
    raw["TR_Builder_0x00000000_TriggerRecordHeader"][0] = 0


def drop_streams(raw):
    del raw[NAME]
    del raw["Detector_Readout_0x0000006a_WIBEth"]


def twice_the_same_stream(raw):
    data = raw["Detector_Readout_0x00000064_WIBEth"][()]
    raw[NAME][...] = data


def swap_first_word_bit(data, frame, bit):
    position = at(frame) + bit // 8
    data[position] ^= 1 << bit % 8
    return data


DAMAGE = {
    "cut in mid-frame": (
        lambda raw: edit(raw, lambda d: d[: at(3, 1000)]),
        rf"{NAME} ends in frame 3: got 1000 bytes of it, want 7200",
    ),
    "cut in the header": (
        lambda raw: edit(raw, lambda d: d[:40]),
        rf"{NAME} is cut short: got 40 bytes, want at least 72",
    ),
    "no frame": (lambda raw: edit(raw, lambda d: sized(d[:72])), rf"{NAME}: got no frame"),
    "size differs": (
        lambda raw: edit(raw, lambda d: d[: at(4)]),
        rf"{NAME}: got 28872 bytes, want the 36072",
    ),
    "wrong magic": (
        lambda raw: edit(raw, lambda d: put(d, 0, b"\0\0\0\0")),
        rf"{NAME}: got the marker 0x00000000, want 0x11112222",
    ),
    "old version": (
        lambda raw: edit(raw, lambda d: put(d, 4, b"\4")),
        rf"{NAME}: got version 4, want 5 or 6",
    ),
    "other type": (
        lambda raw: edit(raw, lambda d: put(d, 56, b"\6")),
        rf"{NAME}: got fragment_type 6, want 12",
    ),
    "error bits": (lambda raw: edit(raw, lambda d: put(d, 52, b"\2")), rf"{NAME}: got error_bits 2, want 0"),
    "other detector": (
        lambda raw: edit(raw, lambda d: put(d, 62, b"\x0a")),
        rf"{NAME}: got detector_id 10, want 3",
    ),
    "frames of another detector": (
        lambda raw: edit(raw, lambda d: swap_first_word_bit(d, 0, 6)),
        rf"{STREAM}, frame 0: got det_id 2, want 3",
    ),
    "unknown stream": (
        lambda raw: edit(raw, lambda d: swap_first_word_bit(d, 0, 28)),
        rf"{STREAM}, frame 0: got stream_id 69, want 65",
    ),
    "no record header": (
        drop_record_header,
        r"TriggerRecord000002\.0000: got 0 trigger record headers, want 1",
    ),
    "wrong record magic": (
        wrong_record_magic,
        r"TriggerRecordHeader: got the marker 0x33334400, want 0x33334444",
    ),
    "missing streams": (
        drop_streams,
        r"got 38 streams, want 40: stream 5 \(slot 0, stream_id 65\) \(and 1 more\) is missing",
    ),
    "the same stream twice": (
        twice_the_same_stream,
        rf"{STREAM}, frame 0: got stream_id 0, want 65",
    ),
    "not aligned": (
        lambda raw: edit(raw, lambda d: put(d, 33, bytes([d[33] + 8]))),
        rf"{STREAM}: got the window \(.*\), want \(.*\) as in most streams: the streams are not aligned",
    ),
    "a frame left out": (
        lambda raw: edit(raw, lambda d: sized(d[: at(2)] + d[at(3) :])),
        rf"{STREAM}, frame 2: got seq_id 8, want 7: 1 frame is missing \(a gap\)",
    ),
    "a frame put in twice": (
        lambda raw: edit(raw, lambda d: sized(d[: at(3)] + d[at(2) :])),
        rf"{STREAM}, frame 3: got seq_id 7, want 8: the frame before is repeated",
    ),
    "a frame over another": (
        lambda raw: edit(raw, lambda d: put(d, at(3), d[at(2) : at(3)])),
        rf"{STREAM}, frame 3: got seq_id 7, want 8: the frame before is repeated",
    ),
    "a gap in seq_id": (
        lambda raw: edit(raw, lambda d: put(d, at(3, 5), b"\x0b")),
        rf"{STREAM}, frame 3: got seq_id 11, want 8: the timestamp is right, so the seq_id is",
    ),
    "a jump of the timestamp": (
        lambda raw: edit(raw, lambda d: put(d, at(4, 9), bytes([d[at(4, 9)] + 1]))),
        rf"{STREAM}, frame 4: got timestamp \d+, want \d+: \+8 ticks of 512 ns",
    ),
    "the slot changes on the way": (
        lambda raw: edit(raw, lambda d: swap_first_word_bit(d, 1, 22)),
        rf"{STREAM}, frame 1: got slot_id 1, want 0",
    ),
    "the block length is wrong": (
        lambda raw: edit(raw, lambda d: swap_first_word_bit(d, 4, 52)),
        rf"{STREAM}, frame 4: got block_length 899, want 898",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_named(copy, kind):
    change, sentence = DAMAGE[kind]
    with h5py.File(copy, "a") as file:
        change(file[f"{RECORD}/RawData"])
    with pytest.raises(UserError, match=sentence) as caught:
        list(replay.blocks(copy, strict=True))
    text = str(caught.value)
    assert text.startswith(f"{copy}: {RECORD}: ") and "\n" not in text
    assert caught.value.exit_code == 1
    assert re.search(sentence, look(copy).fault)


def test_things_that_are_no_fragments(copy):
    with h5py.File(copy, "a") as file:
        raw = file[f"{RECORD}/RawData"]
        del raw[NAME]
        raw[NAME] = np.zeros((4, 72), np.int8)
    with pytest.raises(UserError, match="want a one-dimensional dataset of bytes"):
        list(replay.blocks(copy, strict=True))
    with h5py.File(copy, "a") as file:
        del file[RECORD]
        file[RECORD] = 1
    with pytest.raises(UserError, match="got no group RawData"):
        list(replay.blocks(copy, strict=True))


@pytest.mark.parametrize("text", ['{"seed":3}', '{"seed":1}\n', ""], ids=["bit", "longer", "gone"])
def test_another_config_than_was_written(copy, text):
    with h5py.File(copy, "a") as file:
        if text:
            file.attrs["config"] = text
        else:
            del file.attrs["config"]
    with pytest.raises(
        UserError, match="attribute config: its text does not fit config_crc32: it is damaged"
    ):
        list(replay.blocks(copy, strict=True))
    report = Report()
    assert list(replay.blocks(copy, report=report)) and report.first is not None and not report.good


def test_a_record_left_out(tmp_path):
    path = write(tmp_path / "run.h5", windows=3, window_blocks=2)
    with h5py.File(path, "a") as file:
        del file[RECORD]
    with pytest.raises(
        UserError, match=r"got \d+ bytes of records, want the \d+ of the attribute recorded_size"
    ):
        list(replay.blocks(path, strict=True))


@pytest.mark.parametrize("block", [7, 9])  # in the middle, and past the end of the charge
def test_truth_that_does_not_fit(copy, block):
    with h5py.File(copy, "a") as file:
        ends = file["Truth/blocks"][()]
        ends["charge_end"][block] = 10**6
        file["Truth/blocks"][...] = ends
    with pytest.raises(UserError, match=f"/Truth/charge: does not fit /Truth/blocks at block {block}"):
        list(replay.blocks(copy, strict=True))


def test_truth_of_another_length(copy):
    with h5py.File(copy, "a") as file:
        file["Truth/blocks"].resize((9,))
    with pytest.raises(
        UserError,
        match=r"/Truth/blocks: got 9 rows, blocks from timestamp \d+ on, and none of them for the frames at",
    ):
        list(replay.blocks(copy, strict=True))


@pytest.mark.parametrize("keep", [100, 3000, 0.5, 0.999])
def test_a_truncated_file(copy, keep):
    data = copy.read_bytes()
    copy.write_bytes(data[: keep if keep > 1 else int(keep * len(data))])
    with pytest.raises(UserError, match=r"run\.h5 is damaged or cut short: HDF5 says: ") as caught:
        list(replay.blocks(copy, strict=True))
    assert "\n" not in str(caught.value)


def test_not_hdf5_and_absent(tmp_path):
    path = tmp_path / "run.h5"
    with pytest.raises(UserError, match="no such file"):
        list(replay.blocks(path, strict=True))
    path.write_text("hello")
    with pytest.raises(UserError, match="is not an HDF5 file"):
        list(replay.blocks(path, strict=True))
    path.unlink()
    with h5py.File(path, "w"):
        pass
    with pytest.raises(UserError, match="got no trigger record"):
        list(replay.blocks(path, strict=True))


#: What is counted of each kind of damage to frames when the reading goes on.
COUNTED = {
    "cut in mid-frame": {"missing": 2, "truncated": 1, "lost": 1},
    "no frame": {"missing": 5, "lost": 5},
    "size differs": {"missing": 1, "lost": 1},
    "error bits": {"missing": 0},
    "frames of another detector": {"missing": 1, "corrupted": 1},
    "missing streams": {"missing": 10, "lost": 10},
    "the same stream twice": {"missing": 5, "corrupted": 5},
    "a frame left out": {"missing": 1, "lost": 1},
    "a frame put in twice": {"missing": 0, "duplicated": 1},
    "a frame over another": {"missing": 1, "lost": 1, "duplicated": 1},
    "a gap in seq_id": {"missing": 1, "corrupted": 1},
    "a jump of the timestamp": {"missing": 1, "corrupted": 1},
    "the slot changes on the way": {"missing": 1, "corrupted": 1},
    "the block length is wrong": {"missing": 1, "corrupted": 1},
}


@pytest.mark.parametrize("kind", COUNTED)
def test_damage_is_counted_and_the_rest_is_delivered(whole, copy, kind):
    with h5py.File(copy, "a") as file:
        DAMAGE[kind][0](file[f"{RECORD}/RawData"])
    report = Report()
    got, want = list(replay.blocks(copy, report=report)), list(replay.blocks(whole))
    assert {name: report.total(name) for name in COUNTED[kind]} == COUNTED[kind] and not report.good
    assert report.total("delivered") + report.total("missing") == 400
    assert [block.timestamp for block in got] == [block.timestamp for block in want]
    for have, need in zip(got, want, strict=True):
        there = ~have.missing.get("X", np.zeros(960, bool))
        assert np.array_equal(have.adc[:, there], need.adc[:, there])
