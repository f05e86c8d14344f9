"""Trigger primitives of a run in several files: read in the order of the run, or refused in a sentence."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from streams.daq.tp import TP
from streams.errors import UserError
from streams.files.run_files import run_files
from streams.files.tp_file import TpPlan, read_records, read_tps, write_tps


def batch(*starts):
    tps = np.zeros(len(starts), TP)
    tps["time_start"] = starts
    return tps


@pytest.fixture
def folder(tmp_path):
    """Two files; by name the later one comes first."""
    run = tmp_path / "run"
    run.mkdir()
    write_tps(run / "b.h5", [batch(32, 64), batch(96)], TpPlan(run_number=7, file_index=0))
    write_tps(run / "a.h5", [batch(128)], TpPlan(run_number=7, file_index=1))
    return run


def test_files_follow_each_other_as_their_numbers_say(folder):
    assert [one.path.name for one in run_files(folder)] == ["b.h5", "a.h5"]
    assert [tps["time_start"].tolist() for tps in read_tps(folder)] == [[32, 64], [96], [128]]
    assert len(list(read_records(folder))) == 3


def test_a_file_without_tps_is_an_empty_record_but_a_folder_without_files_a_sentence(folder, tmp_path):
    write_tps(folder / "c.h5", [], TpPlan(run_number=7, file_index=2))
    assert [len(tps) for tps in read_tps(folder)] == [2, 1, 1, 0]
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match=r"empty: got no file \*\.h5"):
        list(read_tps(empty))
    (folder / "c.h5").rename(empty / "c.h5")
    assert [len(tps) for tps in read_tps(empty)] == [0]


def test_what_is_no_run_is_a_sentence(folder):
    write_tps(folder / "c.h5", [batch(32)], TpPlan(run_number=7, file_index=1))
    with pytest.raises(UserError, match=r"a\.h5 and c\.h5 are both file 1 of run 7"):
        list(read_tps(folder))
    with h5py.File(folder / "c.h5", "a") as file:
        file.attrs["file_index"] = 2
        file.attrs["run_number"] = 8
    with pytest.raises(UserError, match="two runs in one folder"):
        list(read_tps(folder))
    with h5py.File(folder / "c.h5", "a") as file:
        file.attrs["run_number"] = "eight"
    with pytest.raises(UserError, match="attribute run_number: got 'eight', want a whole number"):
        list(read_tps(folder))


def test_a_file_that_is_still_written_is_not_left_out_silently(folder):
    (folder / "c.hdf5.writing").touch()
    with pytest.raises(UserError, match=r"still being written: it is left out: wait"):
        list(read_tps(folder))
