"""The files of a run in their order, which their attributes say: run number, and number of the file in it.

For readers of files that follow each other, such as DUNE's streams of trigger primitives; frames have ``catalogue``.

>>> run_files(Path("tps.h5"))
[RunFile(number=0, path=PosixPath('tps.h5'), run_number=0)]
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from streams.errors import UserError
from streams.files.catalogue import check_same_run, paths_of
from streams.files.hdf5 import opened
from streams.files.record_reading import Findings


class RunFile(NamedTuple):
    """A file and what its attributes say; without them it is file 0 of run 0. One alone is not asked."""

    number: int
    path: Path
    run_number: int


def run_files(source: Path) -> list[RunFile]:
    """Return the file, or the files of a folder in the order of the run.

    Raises
    ------
    UserError : a file that cannot be read or is still being written; two runs, or two files of one number.
    """
    if not source.is_dir():
        return [RunFile(0, source, 0)]
    findings = Findings()
    found = sorted(_run_file(path) for path in paths_of(source, findings))
    if findings.sentences:
        raise UserError(f"{findings.sentences[0]}: wait for its end, or take it out of the folder")
    for one, other in pairwise(found):
        check_same_run((one.path, one.run_number), (other.path, other.run_number))
        if one.number == other.number:
            raise UserError(
                f"{source}: {one.path.name} and {other.path.name} are both file {one.number} of run {one.run_number}, "
                "so they do not follow each other: give one of them, or keep one assembly's files in a folder"
            )
    return found


def run_number(source: Path) -> int:
    """Return the number of the run that a file or folder is of, 0 if it does not say.

    Raises
    ------
    UserError : as ``run_files``.
    """
    return _run_file(run_files(source)[0].path).run_number


def _run_file(path: Path) -> RunFile:
    with opened(path) as file:
        return RunFile(_whole(path, file, "file_index"), path, _whole(path, file, "run_number"))


def _whole(path: Path, file: h5py.File, name: str) -> int:
    value = file.attrs.get(name, 0)
    if not np.issubdtype(np.asarray(value).dtype, np.integer) or np.ndim(value):
        raise UserError(f"{path}: attribute {name}: got {value!r}, want a whole number: it is damaged")
    return int(value)
