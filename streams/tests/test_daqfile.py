from __future__ import annotations

import json
import shutil
import time
import tracemalloc
from dataclasses import replace
from itertools import islice
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from streams import channel_map, replay
from streams.block import Block
from streams.daq import adc_words, fragment, wibeth
from streams.errors import ConfigError, UserError
from streams.files import catalogue
from streams.files.writer import Plan, write_file
from streams.tests.made_up import FIRST_TIMESTAMP, blocks, write


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write(tmp_path_factory.mktemp("daqfile") / "run.h5")


def test_layout_and_attributes_are_dunes(run):
    with h5py.File(run) as file:
        assert sorted(name for name in file if name.startswith("T")) == [
            "TriggerRecord000001.0000",
            "TriggerRecord000002.0000",
            "Truth",
        ]
        raw = file["TriggerRecord000002.0000/RawData"]
        names = [f"Detector_Readout_0x{100 + k:08x}_WIBEth" for k in range(40)]
        assert sorted(raw) == [*names, "TR_Builder_0x00000000_TriggerRecordHeader"]
        assert all(d.dtype == np.int8 and d.shape == (d.size, 1) for d in raw.values())
        assert json.loads(file.attrs["filelayout_params"])["digits_for_record_number"] == 6
        assert file.attrs["run_number"] == 1
        assert file.attrs["recorded_size"] == 2 * (40 * (72 + 5 * 7200) + 64 + 40 * 32)
        geo = json.loads(file.attrs["source_id_geo_id_map"])["map_entries"][39]
        assert geo == {"subsys": 1, "id": 139, "geoids": [67 << 48 | 4 << 32 | 1 << 16 | 3]}
        paths = json.loads(file["TriggerRecord000002.0000"].attrs["source_id_path_map"])["map_entries"]
        assert len(paths) == 41 and all(entry["path"] in file for entry in paths)


def test_golden_fragment_header_and_frames(run):
    # marker, version 5 | size | trigger number 2 | trigger timestamp | window begin | window end | run 1, errors 0 |
    # type 12, sequence 0, detector 3 | source id version 2, subsystem 1, id 105
    begin = FIRST_TIMESTAMP + 5 * 2048
    words = [72 + 5 * 7200, 2, begin, begin, begin + 5 * 2048]
    want = bytes.fromhex("22221111 05000000") + b"".join(w.to_bytes(8, "little") for w in words)
    want += bytes.fromhex("01000000 00000000 0c000000 0000 0300 0200 0100 69000000")
    with h5py.File(run) as file:
        raw = file["TriggerRecord000002.0000/RawData/Detector_Readout_0x00000069_WIBEth"][()].tobytes()
    assert raw[:72] == want and len(want) == 72
    frames = np.frombuffer(raw[72:], "<u8").reshape(5, 900)
    assert wibeth.get_field(frames, "slot_id").tolist() == [0] * 5
    assert (
        wibeth.get_field(frames, "stream_id").tolist() == [65] * 5
    )  # source 105 is stream 5: link 1, part 1
    assert wibeth.get_field(frames, "seq_id").tolist() == [5, 6, 7, 8, 9]
    assert frames[:, 1].tolist() == [begin + 2048 * k for k in range(5)]
    samples = adc_words.unpack(frames)
    for k, block in enumerate(islice(blocks(), 5, 10)):
        channels = np.concatenate([block.induction["U"], block.induction["V"], block.adc], axis=1)
        assert np.array_equal(samples[k], channels[:, channel_map.offline_channels()[5]])


def test_golden_record_header(run):
    with h5py.File(run) as file:
        raw = file["TriggerRecord000001.0000/RawData/TR_Builder_0x00000000_TriggerRecordHeader"][()].tobytes()
    want = bytes.fromhex("44443333 04000000") + b"".join(
        w.to_bytes(8, "little") for w in (1, FIRST_TIMESTAMP, 40, 1, 16)
    )
    want += bytes.fromhex("0000 0000 ffffffff 0200 0400 00000000")
    assert raw[:64] == want and len(want) == 64
    request = np.frombuffer(raw[64:], fragment.COMPONENT)
    assert len(request) == 40 and request["component"]["id"].tolist() == list(range(100, 140))
    assert (request["window_end"] - request["window_begin"] == 5 * 2048).all()


def assert_equal(got: Block, want: Block) -> None:
    assert (got.first_tick, got.timestamp) == (want.first_tick, want.timestamp)
    assert list(got.induction) == ["U", "V"] and not got.missing
    for plane in "UV":
        assert np.array_equal(got.induction[plane], want.induction[plane])
    for name in ("adc", "events", "charge"):
        left, right = getattr(got, name), getattr(want, name)
        assert left.dtype == right.dtype and np.array_equal(left, right), name


@pytest.mark.parametrize(("windows", "window_blocks"), [(2, 5), (1, 1), (2, 17)])
def test_replay_gives_back_every_block(tmp_path, windows, window_blocks):
    path = write(tmp_path / "run.h5", windows, window_blocks, first_tick=640)
    want = list(islice(blocks(first_tick=640), windows * window_blocks))
    got = list(replay.blocks(path))
    assert len(got) == len(want)
    for have, block in zip(got, want, strict=True):
        assert_equal(have, block)
    found = replay.windows(path)
    assert [w.first_tick for w in found] == [640 + 64 * window_blocks * k for k in range(windows)]
    assert [w.n_blocks for w in found] == [window_blocks] * windows


def test_seq_id_wraps_after_4096_frames(monkeypatch, tmp_path):
    # Four frames per record and a shorter counter: the same path as 4096 frames of 12 MB.
    monkeypatch.setattr(wibeth, "SEQ_MODULO", 8)
    path = write(tmp_path / "run.h5", windows=3, window_blocks=4)
    with h5py.File(path) as file:
        name = "TriggerRecord000003.0000/RawData/Detector_Readout_0x00000064_WIBEth"
        frames = np.frombuffer(file[name][72:].tobytes(), "<u8").reshape(4, 900)
    assert wibeth.get_field(frames, "seq_id").tolist() == [0, 1, 2, 3]
    assert len(list(replay.blocks(path))) == 12


def test_same_stream_gives_the_same_bytes(tmp_path):
    first = write(tmp_path / "a.h5").read_bytes()
    time.sleep(1.1)  # HDF5 can store modification times in seconds
    assert write(tmp_path / "b.h5").read_bytes() == first


def test_a_file_without_truth_replays_without(tmp_path):
    path = write(tmp_path / "run.h5", windows=1)
    with h5py.File(path, "a") as file:
        del file["Truth"]
        del file.attrs["config"]
    file = catalogue.read(path).files[0]
    assert not file.config and file.truth is None
    blocks = list(replay.blocks(path))
    assert len(blocks) == 5 and all(len(b.events) == len(b.charge) == 0 for b in blocks)


def test_memory_does_not_grow_with_the_run(tmp_path):
    def peak(work):
        tracemalloc.start()
        work()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    paths = {windows: tmp_path / f"{windows}.h5" for windows in (1, 2, 8)}
    written = [peak(lambda n=n: write(paths[n], windows=n, window_blocks=16)) for n in paths]
    read = [peak(lambda n=n: sum(1 for _ in replay.blocks(paths[n]))) for n in paths]
    # From 2 to 8 windows a file grows by 28 MB; the first run of each kind may load code.
    assert abs(written[2] - written[1]) < 2e6
    assert abs(read[2] - read[1]) < 2e6


def test_nothing_is_left_when_writing_fails(tmp_path):
    def short():
        yield from islice(blocks(), 3)

    with pytest.raises(ValueError, match="the stream ended in window 0"):
        write_file(tmp_path / "run.h5", short(), Plan(1, 5))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_too_full_is_refused_before_anything_is_written(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=2_000_000))
    with pytest.raises(UserError, match=r"run\.h5: needs 2\.9 MB, .* has 2\.0 MB free"):
        write(tmp_path / "run.h5")
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_disk_is_one_sentence(monkeypatch, tmp_path):
    def no_space(*_):
        raise OSError(28, "No space left on device (file write failed: time = ...\n, filename = ...)")

    monkeypatch.setattr("streams.files.writer._Record.write", no_space)
    with pytest.raises(UserError) as caught:
        write(tmp_path / "run.h5")
    assert (
        str(caught.value) == f"cannot write {tmp_path}/run.h5: No space left on device: nothing is left of it"
    )
    assert list(tmp_path.iterdir()) == []


def test_blocks_that_do_not_follow_each_other_are_refused(tmp_path):
    source = blocks()
    jumping = [next(source), next(source), (next(source), next(source))[1]]
    with pytest.raises(ValueError, match="want"):
        write_file(tmp_path / "run.h5", iter(jumping), Plan(1, 3))
    assert list(tmp_path.iterdir()) == []


def test_blocks_that_lack_samples_are_refused(tmp_path):
    block = replace(next(blocks()), missing={"U": np.zeros(800, bool), "X": np.arange(960) < 3})
    with pytest.raises(UserError, match=r"^tick 0: 3 channels have no samples, .*others = \"noise\""):
        write_file(tmp_path / "run.h5", iter([block]), Plan(1, 1))
    whole = replace(block, missing={"U": np.zeros(800, bool)})
    assert write_file(tmp_path / "run.h5", iter([whole]), Plan(1, 1)).blocks == 1


def test_an_output_that_exists_is_kept(tmp_path):
    path = write(tmp_path / "run.h5", 1, 1)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="exists already"):
        write(path, 1, 2)
    assert path.read_bytes() == before
    path.unlink()
    with pytest.raises(ConfigError, match=r"run.h5.manifest.json exists already"):
        write(path, 1, 2)
    assert not path.exists()
