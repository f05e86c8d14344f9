"""A disk that fills up at any byte ends the writing in one sentence, and nothing is left."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import numpy as np
import pytest

from streams.errors import UserError
from streams.files.disk import Part, hdf5_file, new_group
from streams.files.tp_file import write_tps
from streams.files.writer import Plan, write_file
from streams.tests.made_up import blocks
from streams.tests.test_tp_file import batches


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
    monkeypatch.setattr("streams.files.disk.os.pwrite", filling_up(room))
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

    monkeypatch.setattr("streams.files.disk.os.pwrite", counting)
    write_file(tmp_path / "run.h5", blocks(), Plan(1, 1))
    total = sum(written)
    for room in (total - 1, total):
        (tmp_path / "run.h5").unlink()
        (tmp_path / "run.h5.manifest.json").unlink()
        monkeypatch.setattr("streams.files.disk.os.pwrite", filling_up(room))
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
    monkeypatch.setattr("streams.files.disk.os.pwrite", filling_up(room))
    with pytest.raises(UserError, match=r"^cannot write .*tps\.hdf5: No space left on device"):
        write_tps(tmp_path / "tps.hdf5", batches())
    assert list(tmp_path.iterdir()) == []


CHILD = """
import resource, sys
from pathlib import Path
from streams.files.writer import Plan, write_file
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

    monkeypatch.setattr("streams.files.disk.os.pwrite", pwrite)
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
    monkeypatch.setattr("streams.files.disk.os.pwrite", filling_up(2))
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
