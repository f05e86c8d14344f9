"""What a file holds beside the frames; crates, maps, slices, files of a run; a disk that fills up at any byte."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import zlib
from itertools import islice

import h5py
import numpy as np
import pytest

from streams import channel_map, channel_map_file
from streams.daq import layout, spans, wibeth
from streams.daq.disk import Part, hdf5_file, new_group
from streams.daq.tp_file import write_tps
from streams.daq.writer import Plan, write_file, write_files
from streams.errors import ConfigError, UserError
from streams.tests.made_up import FIRST_TIMESTAMP, blocks
from streams.tests.test_tp_file import batches


def test_frame_checks_and_channel_map(tmp_path):
    write_file(tmp_path / "run.h5", blocks(), Plan(windows=2, window_blocks=17, slices=True))
    with h5py.File(tmp_path / "run.h5") as file:
        assert sorted(file) == [
            "ChannelMap",
            "FrameChecks",
            "TimeSlice000001",
            "TimeSlice000002",
            "Truth",
        ]
        for name in ("TimeSlice000001", "TimeSlice000002"):
            checks = file[f"FrameChecks/{name}"]
            assert checks.dtype == "<u8" and checks.shape == (40, 17)
            raw = [file[name]["RawData"][layout.fragment_name(100 + n)][72:].tobytes() for n in range(40)]
            frames = np.frombuffer(b"".join(raw), "<u8").reshape(40, 17, 900)
            assert np.array_equal(checks[:], spans.frame_checks(frames))
        table = file["ChannelMap"]
        assert table.dtype == "<i2" and np.array_equal(table, channel_map.offline_channels())
        assert table.fletcher32 and all(file[f"Truth/{name}"].fletcher32 for name in file["Truth"])
        assert file["Truth"].attrs["first_timestamp"] == FIRST_TIMESTAMP
        assert file["Truth"].attrs["first_tick"] == 0


@pytest.mark.parametrize("crate", [0, 3, 150, 1023])
def test_a_crate_is_in_headers_sources_geography_and_map(tmp_path, crate):
    write_file(tmp_path / "run.h5", blocks(), Plan(1, 1, crate=crate))
    with h5py.File(tmp_path / "run.h5") as file:
        names = sorted(file["TriggerRecord000001.0000/RawData"])[:40]
        first = 100 + 40 * (crate - 1)
        assert names == [f"Detector_Readout_0x{first + n:08x}_WIBEth" for n in range(40)]
        geo = json.loads(file.attrs["source_id_geo_id_map"])["map_entries"]
        assert [entry["id"] for entry in geo] == [first + n for n in range(40)]
        assert {entry["geoids"][0] >> 16 & 0xFFFF for entry in geo} == {crate}
        words = np.frombuffer(file["TriggerRecord000001.0000/RawData"][names[7]][72:80].tobytes(), "<u8")
        assert wibeth.get_field(words, "crate_id") == crate
        assert np.array_equal(file["ChannelMap"], channel_map.offline_channels(crate))


def test_no_two_crates_of_a_module_share_a_source():
    sources = [source for crate in range(1, 151) for source in layout.sources(crate)]
    assert len(set(sources)) == 150 * 40


@pytest.mark.parametrize("crate", [-1, 1024])
def test_a_crate_that_no_header_holds_is_refused(tmp_path, crate):
    with pytest.raises(ConfigError, match=f"^crate: got {crate}, want 0 to 1023"):
        write_file(tmp_path / "run.h5", blocks(), Plan(1, 1, crate=crate))
    assert list(tmp_path.iterdir()) == []


def test_a_map_that_lacks_a_channel_is_refused(tmp_path):
    table = channel_map.offline_channels().copy()
    table[3, 5] = table[3, 6]
    with pytest.raises(ValueError, match="1 of 2560 channels are missing"):
        write_file(tmp_path / "run.h5", blocks(), Plan(1, 1, offline=table))
    assert list(tmp_path.iterdir()) == []


def test_dunes_own_map_goes_into_the_file(tmp_path, request):
    path = request.config.rootpath.parent / "shared" / "data" / "detector" / "PD2HDChannelMap_v6.txt"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    table = channel_map_file.read(path)[3].offline
    write_file(tmp_path / "run.h5", blocks(), Plan(1, 1, crate=3, offline=table))
    with h5py.File(tmp_path / "run.h5") as file:
        assert np.array_equal(file["ChannelMap"], channel_map.offline_channels(3))


def test_attributes_are_json_as_dunes_library_writes_it(tmp_path):
    write_file(tmp_path / "run.h5", blocks(), Plan(1, 1, slices=True, file_index=4))
    with h5py.File(tmp_path / "run.h5") as file:
        # nlohmann::json sorts keys and leaves no spaces (DUNE-DAQ/hdf5libs HDF5SourceIDHandler.cpp)
        assert file.attrs["filelayout_params"] == (
            '{"digits_for_record_number":6,"digits_for_sequence_number":0,"path_param_list":[],'
            '"raw_data_group_name":"RawData","record_header_dataset_name":"TimeSliceHeader",'
            '"record_name_prefix":"TimeSlice","view_group_name":"Views"}'
        )
        assert file.attrs["source_id_geo_id_map"].startswith(
            '{"map_entries":[{"geoids":[65539],"id":100,"subsys":1},{"geoids":[281474976776195],"id":101,"subsys":1}'
        )
        record = file["TimeSlice000001"].attrs
        assert record["record_header_source_id"] == '{"id":0,"subsys":4}'
        paths = json.loads(record["source_id_path_map"])["map_entries"]
        assert [(one["subsys"], one["id"]) for one in paths] == [*((1, 100 + n) for n in range(40)), (4, 0)]
        ids = [{"id": 100 + n, "subsys": 1} for n in range(40)]
        assert json.loads(record["fragment_type_source_id_map"]) == {
            "map_entries": [{"fragment_type": 12, "sourceids": ids}]
        }
        assert json.loads(record["subdetector_source_id_map"]) == {
            "map_entries": [{"sourceids": ids, "subdetector": 3}]
        }
        assert file.attrs["config_crc32"] == zlib.crc32(file.attrs["config"].encode())
        kinds = {"run_number": np.uint32, "file_index": np.uint64, "recorded_size": np.uint64}
        assert {name: type(file.attrs[name]) for name in kinds} == kinds
        assert type(file.attrs["filelayout_version"]) is np.uint32 and file.attrs["file_index"] == 4
        assert all(isinstance(file.attrs[f"{name}_timestamp"], str) for name in ("creation", "closing"))


def test_a_run_in_several_files_is_the_run_in_one(tmp_path):
    plan = Plan(windows=5, window_blocks=2, run_number=3)
    one_record = 2 * 40 * 7200
    paths = write_files(tmp_path / "run", blocks(), plan, file_bytes=2 * one_record + 1)
    assert [path.name for path in paths] == [f"lartrig_run000003_{n:04d}_crate0001.hdf5" for n in range(3)]
    write_file(tmp_path / "one.h5", blocks(), plan)
    number = 0
    with h5py.File(tmp_path / "one.h5") as one:
        for index, path in enumerate(paths):
            with h5py.File(path) as part:
                assert part.attrs["file_index"] == index
                for name in (name for name in part if name.startswith("TriggerRecord")):
                    number += 1
                    assert name == f"TriggerRecord{number:06d}.0000"
                    for key, dataset in part[name]["RawData"].items():
                        assert dataset[()].tobytes() == one[name]["RawData"][key][()].tobytes()
                assert part["Truth"].attrs["first_tick"] == 64 * 4 * index
    assert number == 5


def test_a_run_that_ends_early_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError, match="the stream ended in window 0"):
        write_files(tmp_path / "run", islice(blocks(), 3), Plan(4, 1), file_bytes=1)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "run").mkdir()
    with pytest.raises(ConfigError, match="exists already"):
        write_files(tmp_path / "run", blocks(), Plan(1, 1), file_bytes=1)


def filling_up(room: int, real=os.pwrite):
    """Return a pwrite for a disk that has room for some bytes; the last write is cut short, as Linux does."""
    left = [room]

    def pwrite(descriptor, data, offset):
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = real(descriptor, data[: left[0]], offset)
        left[0] -= done
        return done

    return pwrite


@pytest.mark.parametrize("room", [0, 1, 50, 3000, 100_000, 1_500_000, 5_830_000])
def test_a_disk_that_fills_up_ends_in_one_sentence(monkeypatch, tmp_path, room):
    monkeypatch.setattr("streams.daq.disk.os.pwrite", filling_up(room))
    with pytest.raises(UserError) as caught:
        write_file(tmp_path / "run.h5", blocks(), Plan(4, 5))
    sentence = f"cannot write {tmp_path}/run.h5: No space left on device: nothing is left of it"
    assert str(caught.value) == sentence and list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_at_the_last_byte(monkeypatch, tmp_path):
    write_file(tmp_path / "want.h5", blocks(), Plan(1, 1))
    written = []

    def counting(descriptor, data, offset, real=os.pwrite):
        written.append(len(data))
        return real(descriptor, data, offset)

    monkeypatch.setattr("streams.daq.disk.os.pwrite", counting)
    write_file(tmp_path / "run.h5", blocks(), Plan(1, 1))
    total = sum(written)
    for room in (total - 1, total):
        (tmp_path / "run.h5").unlink()
        (tmp_path / "run.h5.manifest.json").unlink()
        monkeypatch.setattr("streams.daq.disk.os.pwrite", filling_up(room))
        if room < total:
            with pytest.raises(UserError, match="No space left on device"):
                write_file(tmp_path / "run.h5", blocks(), Plan(1, 1))
            (tmp_path / "run.h5").touch()
            (tmp_path / "run.h5.manifest.json").touch()
        else:
            write_file(tmp_path / "run.h5", blocks(), Plan(1, 1))
            assert (tmp_path / "run.h5").read_bytes() == (tmp_path / "want.h5").read_bytes()


@pytest.mark.parametrize("room", [0, 1000, 6000, 9000])
def test_a_disk_that_fills_up_under_a_file_of_tps(monkeypatch, tmp_path, room):
    monkeypatch.setattr("streams.daq.disk.os.pwrite", filling_up(room))
    with pytest.raises(UserError, match=r"^cannot write .*tps\.hdf5: No space left on device"):
        write_tps(tmp_path / "tps.hdf5", batches())
    assert list(tmp_path.iterdir()) == []


CHILD = """
import resource, sys
from pathlib import Path
from streams.daq.writer import Plan, write_file
from streams.errors import UserError
from streams.tests.made_up import blocks
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    write_file(Path(sys.argv[1]), blocks(), Plan(2, 5))
except UserError as error:
    sys.exit(str(error))
"""


def test_a_process_that_may_not_write_more_ends_in_one_sentence(tmp_path):
    path = tmp_path / "run.h5"
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), "2000000"], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"cannot write {path}: File too large: nothing is left of it\n"
    assert list(tmp_path.iterdir()) == []


def test_what_the_disk_refused_is_still_there_for_hdf5(monkeypatch, tmp_path):
    # HDF5 reads back its own structures while it closes: those that the disk refused come from memory
    real = os.pwrite
    full = []

    def pwrite(descriptor, data, offset):
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data, offset)

    monkeypatch.setattr("streams.daq.disk.os.pwrite", pwrite)
    with (
        pytest.raises(OSError, match="No space left on device"),
        hdf5_file(tmp_path / "x.h5") as file,
    ):
        for number in range(300):
            full += [1] * (number == 100)
            group = new_group(file, f"group{number}")
            group.create_dataset("data", data=np.full(2000, number), chunks=(100,), fletcher32=True)
            file.flush()
        seen = [int(file[f"group{number}/data"][7]) for number in range(300)]
    assert seen == list(range(300))


def test_bytes_that_the_disk_refused_are_read_back(monkeypatch, tmp_path):
    part = Part(tmp_path / "x")
    part.write(b"abcdef")
    monkeypatch.setattr("streams.daq.disk.os.pwrite", filling_up(2))
    part.seek(3)
    part.write(b"12345")  # the disk takes 12
    part.put(0, b"X")
    assert part.seek(0, os.SEEK_END) == 8
    read = bytearray(10)
    part.seek(0)
    assert part.readinto(read) == 10 and bytes(read) == b"Xbc12345\0\0"
    with pytest.raises(OSError, match="No space left"):
        part.check()
    part.close()


def test_the_structures_of_a_file_carry_checksums(tmp_path):
    write_file(tmp_path / "run.h5", blocks(), Plan(1, 1))
    write_tps(tmp_path / "tps.hdf5", batches())
    for name in ("run.h5", "tps.hdf5"):
        raw = (tmp_path / name).read_bytes()
        assert raw[8] == 3  # version of the superblock; version 3 and what belongs to it are checked by HDF5
        assert b"OHDR" in raw and b"TREE" not in raw and b"SNOD" not in raw  # no structure of the old kind


def test_a_flipped_bit_in_map_or_truth_is_seen(tmp_path):
    path = tmp_path / "run.h5"
    write_file(path, blocks(), Plan(2, 5))
    whole = path.read_bytes()
    with h5py.File(path) as file:
        places = {}
        for name in ("ChannelMap", "Truth/events", "Truth/charge", "Truth/blocks"):
            chunk = file[name].id.get_chunk_info(0)
            places[name] = (chunk.byte_offset, file[name].nbytes)
    rng = np.random.default_rng(1)
    for name, (offset, size) in places.items():
        for bit in rng.integers(0, 8 * size, 10).tolist():
            damaged = bytearray(whole)
            damaged[offset + bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            with h5py.File(path) as file, pytest.raises(OSError, match=r"checksum|filter"):
                file[name][:]
