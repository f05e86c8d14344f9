"""What a file holds beside the frames; crates, maps, slices, files of a run; checks of what is beside the frames."""

from __future__ import annotations

import json
import zlib
from itertools import islice

import h5py
import numpy as np
import pytest

from streams import channel_map, channel_map_file, replay
from streams.config import FileConfig, SimulationConfig
from streams.daq import layout, spans, wibeth
from streams.errors import ConfigError
from streams.files.plan import plan_of
from streams.files.tp_file import write_tps
from streams.files.writer import Plan, write_file, write_files
from streams.recorded.config import ImportConfig, readout_config
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
    said = layout.run_attributes(1, 0, begin=62_500, end=3 * 62_500, geography={})  # milliseconds, as text
    assert (said["creation_timestamp"], said["closing_timestamp"]) == ("1", "3")


@pytest.mark.parametrize("slices", [True, False])
def test_a_plain_file_has_nothing_but_records(tmp_path, slices):
    # DUNE-DAQ/hdf5libs scripts/hdf5_dump.py @1de7a465 takes every group for a record, every dataset in it for a
    # fragment or (TR_Builder) its header
    for name, plain in (("plain.h5", True), ("run.h5", False)):
        write_file(tmp_path / name, blocks(), Plan(2, 17, slices=slices, plain=plain))
    with h5py.File(tmp_path / "plain.h5") as file, h5py.File(tmp_path / "run.h5") as other:
        assert list(file) == [
            name for name in other if name.startswith("TimeSlice" if slices else "TriggerR")
        ]
        assert dict(file.attrs) == dict(other.attrs)
        for name, record in file.items():
            assert list(record) == ["RawData"] and dict(record.attrs) == dict(other[name].attrs)
            for key, data in record["RawData"].items():
                assert data[()].tobytes() == other[name]["RawData"][key][()].tobytes()
    read = list(replay.blocks(tmp_path / "plain.h5"))
    assert len(read) == 34 and not any(len(block.events) for block in read)
    assert all(np.array_equal(a.adc, b.adc) for a, b in zip(read, blocks(), strict=False))


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
    together, alone = list(replay.blocks(tmp_path / "run")), list(replay.blocks(tmp_path / "one.h5"))
    assert len(together) == len(alone) == 10
    for got, want in zip(together, alone, strict=True):
        assert (got.first_tick, got.timestamp) == (want.first_tick, want.timestamp)
        assert all(
            np.array_equal(getattr(got, name), getattr(want, name)) for name in ("adc", "events", "charge")
        )


def test_a_run_that_ends_early_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError, match="the stream ended in window 0"):
        write_files(tmp_path / "run", islice(blocks(), 3), Plan(4, 1), file_bytes=1)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "run").mkdir()
    with pytest.raises(ConfigError, match="exists already"):
        write_files(tmp_path / "run", blocks(), Plan(1, 1), file_bytes=1)


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


@pytest.mark.parametrize("slices", [False, True])
@pytest.mark.parametrize("plain", [False, True])
def test_a_configuration_says_how_its_file_is_laid_out(slices, plain):
    asked = FileConfig(layout="slices" if slices else "records", plain=plain)
    for config in (SimulationConfig(file=asked), readout_config(ImportConfig(file=asked))):
        plan = plan_of(config)
        assert (plan.slices, plan.plain) == (slices, plain)
