"""Energy deposits made elsewhere: segments in HDF5, as edep-sim's converted files and larnd-sim have them.

A segment is a straight piece of a track: ends in cm, time in microseconds, energy in MeV. It is cut into pieces of at
most a millimetre; recombination follows from dE / length. Events are read one after the other: memory does not grow
with the file.

>>> from streams.detector import load_detector
>>> from streams.signals import SegmentsSignal
>>> open_segments(SegmentsSignal("absent.h5"), load_detector("fd1-hd-apa"))
Traceback (most recent call last):
streams.errors.UserError: cannot read segments absent.h5: no such file
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from streams.compiled import Floats, Integers, compiled
from streams.detector import Detector
from streams.errors import UserError
from streams.files.probe import try_out
from streams.signals import SegmentsSignal
from streams.transport.walk import Volume, inside, recombination, volume_of

_PIECE_MM = 1.0  # longest piece of a segment that is drifted as a point
_LONGEST_MM = 2e4  # of a segment: no detector is longer between two steps of a track
_MOST_MEV = 1e6  # of a segment
_MOST_US = 4e14  # ten years: ticks of the truth have 51 bits
_EVENT = ("event_id", "eventID", "spillID")  # names in use, newest first (larnd-sim, edep-sim converters)
_TIME = ("t0_start", "t_start", "t0", "t")
_ENDS = tuple(f"{axis}_{end}" for end in ("start", "end") for axis in "xyz")
_ROWS = 1 << 16  # rows looked at in one go
_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError)  # what h5py raises on damage


class Layout(NamedTuple):
    """Where a file has what, and how its axes lie here."""

    signal: SegmentsSignal
    event: str  # names of columns
    time: str
    volume: Volume
    axis: NDArray[np.int64]  # (3,), which of the file's axes is x, y, z here
    sign: Floats


class Segments(NamedTuple):
    """A file whose rows have been looked at and whose events have been counted."""

    layout: Layout
    first_row: NDArray[np.int64]  # (events + 1,)
    time_ns: Floats  # (events,), of each event, from the start of the run
    zero_us: Floats  # (events,), the file's time that is the event's time: its earliest


class Event(NamedTuple):
    """One event: deposits (float64, (n, 6): x, y, z mm, MeV, electrons, delay ns), and what was dropped."""

    deposits: Floats
    dropped: int


def _fail(signal: SegmentsSignal, why: str) -> UserError:
    return UserError(f"segments {signal.path}: {why}")


def open_segments(signal: SegmentsSignal, detector: Detector, position: str = "central") -> Segments:
    """Find the columns and the events of a file, and look at every row once.

    Raises
    ------
    UserError : the file is absent, no HDF5, lacks the dataset or a column; a number is not finite or out of range, a
        deposit lies outside the active argon (unless dropped), or the rows are out of order.
    """
    path = Path(signal.path)
    if not path.is_file():
        raise UserError(f"cannot read segments {path}: no such file")
    try_out(path)
    with _opened(path) as file:
        if not isinstance(file.get(signal.dataset or " "), h5py.Dataset):
            raise _fail(signal, f"no dataset {signal.dataset!r}, it has {', '.join(file) or 'none'}")
        rows = file[signal.dataset]
        return _index(_layout(signal, rows, volume_of(detector, position)), rows)


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """Open a file; whatever HDF5 finds wrong, then or later, becomes a ``UserError``."""
    try:
        with h5py.File(path, "r") as file:
            yield file
    except _DAMAGE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(f"cannot read segments {path}: {reason}") from error


def _layout(signal: SegmentsSignal, rows: Any, volume: Volume) -> Layout:
    names = rows.dtype.names or ()
    missing = [name for name in (*_ENDS, "dE") if name not in names]
    if missing:
        raise _fail(signal, f"column {missing[0]} is missing, want {', '.join((*_ENDS, 'dE'))}")
    event, time = (_one_of(signal, names, wanted) for wanted in (_EVENT, _TIME))
    for name, kinds in ((event, "iu"), *((name, "iuf") for name in (*_ENDS, "dE", time))):
        if rows.ndim != 1 or rows.dtype[name].shape or rows.dtype[name].kind not in kinds:
            wanted_ = "integers" if name == event else "numbers"
            raise _fail(signal, f"column {name} has {rows.dtype[name]}, want one row of {wanted_}")
    axis = np.array(["xyz".index(name[-1]) for name in signal.axes])
    sign = np.array([-1.0 if name.startswith("-") else 1.0 for name in signal.axes])
    return Layout(signal, event, time, volume, axis, sign)


def _one_of(signal: SegmentsSignal, names: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    for name in wanted:
        if name in names:
            return name
    raise _fail(signal, f"column {wanted[0]} is missing (nor is there {', '.join(wanted[1:])})")


def _numbers(layout: Layout, rows: NDArray[np.void], first: int) -> tuple[Floats, Floats, Floats]:
    """Return ends (n, 2, 3) [mm], energies [MeV] and times [us] of ``rows``, the first of which is row ``first``."""
    signal = layout.signal
    table = np.column_stack([rows[name].astype(np.float64) for name in (*_ENDS, "dE", layout.time)])
    energy, time_us = table[:, 6], table[:, 7]
    good = np.isfinite(table).all(axis=1) & (energy >= 0) & (energy <= _MOST_MEV) & (abs(time_us) <= _MOST_US)
    if not good.all():
        raise _fail(
            signal,
            f"row {first + np.argmin(good)}: got a number that is not finite, an energy that is not "
            f"0 to {_MOST_MEV:g} MeV or a time beyond {_MOST_US:g} us",
        )
    ends = table[:, :6].reshape(-1, 2, 3)[:, :, layout.axis] * layout.sign * 10 + signal.origin_mm
    long = np.flatnonzero(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1) > _LONGEST_MM)
    if len(long):
        raise _fail(
            signal, f"row {first + long[0]}: got a segment of more than {_LONGEST_MM:g} mm: is it in cm?"
        )
    if signal.outside == "refuse":
        outside = np.flatnonzero(~_within(layout.volume, ends.reshape(-1, 3)))
        if len(outside):
            x, y, z = ends.reshape(-1, 3)[outside[0]]
            raise _fail(
                signal,
                f"row {first + outside[0] // 2}: ({x:.0f}, {y:.0f}, {z:.0f}) mm lies outside the active argon: "
                "set origin_mm and axes, or outside = 'drop'",
            )
    return ends, energy, time_us


def _index(layout: Layout, rows: Any) -> Segments:
    """Look at all rows, a part after the other; an event may go on from part to part."""
    signal = layout.signal
    numbers, firsts, earliest = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for low in range(0, len(rows), _ROWS):
        part = rows[low : low + _ROWS]
        _, _, time_us = _numbers(layout, part, low)
        number = part[layout.event].astype(np.int64)
        starts = np.flatnonzero(np.diff(number, prepend=number[0] - 1))
        numbers.append(number[starts])
        firsts.append(low + starts)
        earliest.append(np.minimum.reduceat(time_us, starts))
    number, first_row = np.concatenate(numbers), np.concatenate(firsts)
    if not len(number):
        raise _fail(signal, "has no rows")
    begins = np.flatnonzero(np.diff(number, prepend=number[0] - 1))
    zero_us, first_row = np.minimum.reduceat(np.concatenate(earliest), begins), first_row[begins]
    _check_order(layout, number[begins], first_row)
    time_ns = (signal.start_ms * 1e3 + _starts_us(signal, zero_us)) * 1e3
    return Segments(layout, np.append(first_row, len(rows)), time_ns, zero_us)


def _check_order(layout: Layout, number: Integers, first_row: Integers) -> None:
    """Refuse an event whose rows are in more than one place."""
    order = np.argsort(number, kind="stable")
    again = order[1:][np.diff(number[order]) == 0]
    if len(again):
        row, name = first_row[again.min()], f"{layout.event} {number[again.min()]}"
        raise _fail(
            layout.signal, f"row {row}: {name} was there before, others since: sort the rows by event"
        )


def _starts_us(signal: SegmentsSignal, zero_us: Floats) -> Floats:
    """Return when each event begins, after the first one."""
    if signal.spacing_ms:
        return np.asarray(np.arange(len(zero_us)) * signal.spacing_ms * 1e3)
    start_us = zero_us - zero_us[0]
    back = np.flatnonzero(np.diff(start_us) < 0)
    if len(back):
        raise _fail(
            signal,
            f"event number {back[0] + 1} begins at {zero_us[back[0] + 1]:g} us, before the one that it follows: "
            "sort the file by time, or give spacing_ms",
        )
    return np.asarray(start_us)


def read_event(segments: Segments, number: int) -> Event:
    """Return the deposits of the event ``number``; those outside the active argon are dropped and counted."""
    layout = segments.layout
    low, high = segments.first_row[number], segments.first_row[number + 1]
    with _opened(Path(layout.signal.path)) as file:
        rows = file[layout.signal.dataset][low:high]
    ends, energy, time_us = _numbers(layout, rows, int(low))
    deposits = _pieces(layout.volume, ends, energy, (time_us - segments.zero_us[number]) * 1e3)
    within = _within(layout.volume, deposits)
    return Event(deposits[within], int((~within).sum()))


@compiled
def _within(volume: Volume, deposits: Floats) -> NDArray[np.bool_]:
    found = np.zeros(len(deposits), np.bool_)
    for i in range(len(deposits)):
        found[i] = inside(volume, deposits[i, :3])
    return found


@compiled
def _pieces(volume: Volume, place: Floats, energy: Floats, delay_ns: Floats) -> Floats:
    """Cut segments (place: (n, 2, 3) mm) into point deposits."""
    counts = np.zeros(len(place), np.int64)
    length = np.zeros(len(place))
    for i in range(len(place)):
        length[i] = np.sqrt(((place[i, 1] - place[i, 0]) ** 2).sum())
        counts[i] = max(int(np.ceil(length[i] / _PIECE_MM)), 1)
    out = np.zeros((counts.sum(), 6))
    row = 0
    for i in range(len(place)):
        rate = energy[i] / max(length[i], 1e-3)  # MeV/mm; a point counts as a micrometre
        electrons = 0.0
        if energy[i] > 0:
            electrons = energy[i] * volume.electrons_per_mev * recombination(volume, rate)
        for k in range(counts[i]):
            share = (k + 0.5) / counts[i]
            out[row, :3] = place[i, 0] + share * (place[i, 1] - place[i, 0])
            out[row, 3], out[row, 4] = energy[i] / counts[i], electrons / counts[i]
            out[row, 5] = delay_ns[i]
            row += 1
    return out
