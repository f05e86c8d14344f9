"""Runs in a process of its own: let HDF5 read the structure of files, so that a crash ends no one else.

A line of standard input is a path. A fork reads that file and ends as a program ends, since damage shows at times only
when HDF5 cleans up. The answer is a line: ``done``, or ``died`` with the exit code; before it ``bad`` with a sentence
of HDF5 if the structure is damaged, and ``more`` now and then.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable

import h5py

_SMALL_BYTES = 1 << 26  # datasets up to this size are read whole if they are not in one piece
_BEAT_S = 1.0
#: Of the processor without a beat: HDF5 hangs; a slow disk or a stopped process does not count.
_PATIENCE_S = 25.0
_OPEN = (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError)  # what h5py raises on damage


def visit(group: h5py.h5g.GroupID, beat: Callable[[], None]) -> None:
    """Read attributes, names, shapes and places of all that is in a group; what is in several pieces is read."""
    dict(h5py.Group(group).attrs)
    for name in list(group):
        beat()
        if group.links.get_info(name).type != h5py.h5l.TYPE_HARD:
            continue
        thing = h5py.h5o.open(group, name)
        if isinstance(thing, h5py.h5g.GroupID):
            visit(thing, beat)
        elif isinstance(thing, h5py.h5d.DatasetID):
            _visit_dataset(thing)


def _visit_dataset(dataset: h5py.h5d.DatasetID) -> None:
    size = max(dataset.get_type().get_size(), 1)
    count = dataset.get_space().get_simple_extent_npoints()
    scattered = dataset.get_offset() is None and count * size < _SMALL_BYTES
    if not scattered and not isinstance(dataset.get_type(), h5py.h5t.TypeCompoundID):
        return
    try:  # damaged values, or a filter that is not here: told to the one who asks for them
        rows = h5py.Dataset(dataset)
        rows[()] if scattered or not rows.shape else rows[: _SMALL_BYTES // size]
    except _OPEN:
        pass


def _answer(word: str) -> None:
    os.write(1, f"{word}\n".encode(errors="replace"))


def read(path: str) -> None:
    """Read a file and end this process."""
    signal.setitimer(signal.ITIMER_PROF, _PATIENCE_S)
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last > _BEAT_S:
            last = time.monotonic()
            signal.setitimer(signal.ITIMER_PROF, _PATIENCE_S)
            _answer("more")

    try:
        file = h5py.File(path, "r")
    except _OPEN:  # it will say so again to the one who asks
        file = None
    if file is not None:
        try:
            with file:
                visit(file.id, beat)
        except _OPEN as error:
            _answer("bad " + (str(error) or type(error).__name__).splitlines()[0])
    ctypes.CDLL(None).exit(0)  # HDF5 cleans up, Python need not


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        number = os.fork()
        if not number:
            read(line.rstrip("\n"))
        code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
        _answer(f"died {code}" if code else "done")


if __name__ == "__main__":
    main()
