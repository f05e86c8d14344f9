"""Files of several assemblies joined into one: every frame is there, each crate replays as from its own file."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from streams import replay
from streams.errors import ConfigError, UserError
from streams.files.joined import join, join_crates
from streams.files.writer import Plan, write_file, write_files
from streams.tests.made_up import blocks

CRATES = (1, 3, 150)


@pytest.fixture(scope="module", params=[False, True], ids=["records", "slices"])
def joined(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("joined")
    paths = [folder / f"{crate}.h5" for crate in CRATES]
    for crate, path in zip(CRATES, paths, strict=True):
        write_file(path, blocks(seed=crate), Plan(2, 3, crate=crate, slices=request.param, run_number=5))
    assert join_crates(list(reversed(paths)), folder / "all.hdf5") == 2
    return folder / "all.hdf5", paths


def test_a_record_has_the_fragments_of_all_crates(joined):
    path, paths = joined
    with h5py.File(path) as file:
        names = sorted(file)
        assert len(names) == 2 and set(names[0][:5]) <= set("TriggerTimeSlice")
        assert len(json.loads(file.attrs["source_id_geo_id_map"])["map_entries"]) == 120
        assert file.attrs["run_number"] == 5
        for name in names:
            raw = file[name]["RawData"]
            assert len(raw) == 121
            entries = json.loads(file[name].attrs["source_id_path_map"])["map_entries"]
            ids = [(entry["subsys"], entry["id"]) for entry in entries]
            assert ids == sorted(ids) and all(entry["path"] in file for entry in entries)
            for one in paths:
                with h5py.File(one) as own:
                    for key, data in own[name]["RawData"].items():
                        if key.endswith("WIBEth"):
                            assert np.array_equal(raw[key], data)
        assert file.attrs["recorded_size"] == sum(
            data.size for name in names for data in file[name]["RawData"].values()
        )


def test_each_crate_replays_as_from_its_own_file(joined):
    path, paths = joined
    for crate, one in zip(CRATES, paths, strict=True):
        got, want = list(replay.blocks(path, crate=crate)), list(replay.blocks(one))
        assert len(got) == len(want) == 6
        for have, block in zip(got, want, strict=True):
            assert have.timestamp == block.timestamp and np.array_equal(have.adc, block.adc)
            assert all(np.array_equal(have.induction[p], block.induction[p]) for p in "UV")
    with pytest.raises(UserError, match=r"1, 3, 150"):
        list(replay.blocks(path))


def flip(path, record, at):
    with h5py.File(path, "r+") as file:
        file[record]["RawData/Detector_Readout_0x0000008c_WIBEth"][at, 0] ^= np.int8(4)


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    plans = {
        "a": Plan(2, 1),
        "twice": Plan(2, 1),
        "run": Plan(2, 1, crate=2, run_number=2),
        "fewer": Plan(1, 1, crate=2),
        "longer": Plan(2, 2, crate=2),
        "slices": Plan(2, 1, crate=2, slices=True),
    }
    for name, plan in plans.items():
        write_file(tmp_path / f"{name}.h5", blocks(), plan)
    before = sorted(tmp_path.iterdir())
    for name, sentence in {
        "twice": "its source is in .* too: join files of different crates",
        "run": "got another run number than .*a.h5: 2, not 1",
        "fewer": "got another set of records than .*: 1 of them, not 2 of them",
        "longer": r"got Span\(.*, want Span\(",
        "slices": "got another set of records than",
        "absent": "no such file",
    }.items():
        with pytest.raises(UserError, match=sentence):
            join_crates([tmp_path / "a.h5", tmp_path / f"{name}.h5"], tmp_path / "all.h5")
        assert sorted(tmp_path.iterdir()) == before
    flip(tmp_path / "longer.h5", "TriggerRecord000002.0000", 72 + 7200 + 99)
    with pytest.raises(
        UserError, match=r"TriggerRecord000002.*_0x0000008c_WIBEth: frame 1 does not fit its check"
    ):
        join_crates([tmp_path / "longer.h5"], tmp_path / "all.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["TriggerRecord000001.0000/RawData/Detector_Readout_0x00000064_WIBEth"][52] = 2
    with pytest.raises(UserError, match="_0x00000064_WIBEth: got error_bits 2, want 0: it is not whole"):
        join_crates([tmp_path / "a.h5"], tmp_path / "all.h5")
    assert sorted(tmp_path.iterdir()) == before
    with pytest.raises(ConfigError, match="exists already"):
        join_crates([tmp_path / "a.h5"], tmp_path / "run.h5")


@pytest.fixture
def run(tmp_path):
    """A folder with two crates of two files each."""
    folder = tmp_path / "run"
    folder.mkdir()
    for crate in (1, 2):
        for path in write_files(
            tmp_path / f"{crate}", blocks(seed=crate), Plan(2, 3, crate=crate, run_number=5), 1
        ):
            path.rename(folder / path.name)
    return folder


def test_a_folder_becomes_a_folder_with_a_file_for_each_span_of_time(run, tmp_path):
    rows = join([run], tmp_path / "all")
    assert (rows["files"], rows["records"]) == ("4 into 2, 2 crates in each", 2)
    names = sorted(path.name for path in (tmp_path / "all").glob("*.hdf5"))
    assert names == ["lartrig_run000005_0000.hdf5", "lartrig_run000005_0001.hdf5"]
    for number, name in enumerate(names):
        with h5py.File(tmp_path / "all" / name) as file:
            assert file.attrs["file_index"] == number
    for crate in (1, 2):
        got, want = (list(replay.blocks(source, crate=crate)) for source in (tmp_path / "all", run))
        assert len(got) == len(want) == 6
        assert all(np.array_equal(a.adc, b.adc) for a, b in zip(got, want, strict=True))


def test_a_folder_that_lacks_a_crate_for_some_time_is_refused(run, tmp_path):
    next(run.glob("*_0001_crate0002.hdf5")).unlink()
    with pytest.raises(UserError, match=r"got 1 files for lartrig_run000005_0001\.hdf5, want 2 as for"):
        join([run], tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_files_become_a_file(run, tmp_path):
    files = sorted(run.glob("*_0000_*.hdf5"))
    rows = join(files, tmp_path / "all.hdf5", shown="join")
    assert (rows["files"], rows["records"]) == ("2 into 1", 1)
