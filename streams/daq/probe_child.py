"""Runs in a process of its own: let HDF5 read the structure of files, so that a crash ends this process only.

A line of standard input is a path; the answer is a line ``done``; ``more`` says that it is still at work.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import h5py

_SMALL_BYTES = 1 << 26  # datasets up to this size are read whole if they are not in one piece
_BEAT_S = 1.0


def visit(group: h5py.h5g.GroupID, beat: Callable[[], None]) -> None:
    """Read names, shapes and places of all that is in a group; what is in several pieces is read."""
    for name in list(group):
        beat()
        thing = h5py.h5o.open(group, name)
        if isinstance(thing, h5py.h5g.GroupID):
            visit(thing, beat)
        elif isinstance(thing, h5py.h5d.DatasetID):
            thing.get_type().get_size()
            if thing.get_offset() is None and thing.get_space().get_simple_extent_npoints() < _SMALL_BYTES:
                h5py.Dataset(thing)[()]


def _answer(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def main() -> None:
    """Answer until the input ends."""
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last > _BEAT_S:
            last = time.monotonic()
            _answer("more")

    for line in sys.stdin:
        try:
            with h5py.File(line.rstrip("\n"), "r") as file:
                for group in (file, *(file[name] for name in ("Truth",) if name in file)):
                    dict(group.attrs)
                visit(file.id, beat)
        except Exception:  # whatever h5py says, it will say again to the one who asks
            pass
        _answer("done")


if __name__ == "__main__":
    main()
