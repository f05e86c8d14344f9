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

from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from streams.compiled import Floats, compiled
from streams.detector import Detector
from streams.errors import UserError
from streams.signals import SegmentsSignal
from streams.transport.walk import Volume, inside, recombination, volume_of

_PIECE_MM = 1.0  # longest piece of a segment that is drifted as a point
_EVENT = ("event_id", "eventID", "spillID")  # names in use, newest first (larnd-sim, edep-sim converters)
_TIME = ("t0_start", "t_start", "t0", "t")
_ENDS = tuple(f"{axis}_{end}" for end in ("start", "end") for axis in "xyz")
_ROWS = 1 << 16  # rows looked at in one go


class Segments(NamedTuple):
    """A file whose columns have been found and whose events have been counted."""

    signal: SegmentsSignal
    time_field: str
    volume: Volume
    axis: NDArray[np.int64]  # (3,), which of the file's axes is x, y, z here
    sign: Floats
    first_row: NDArray[np.int64]  # (events + 1,)
    time_ns: Floats  # (events,), of each event, from the start of the run
    zero_us: Floats  # (events,), the file's time that is the event's time


class Event(NamedTuple):
    """One event: deposits (float64, (n, 6): x, y, z mm, MeV, electrons, delay ns), and what was dropped."""

    deposits: Floats
    dropped: int


def _fail(signal: SegmentsSignal, why: str) -> UserError:
    return UserError(f"segments {signal.path}: {why}")


def open_segments(signal: SegmentsSignal, detector: Detector) -> Segments:
    """Find the columns and the events of a file.

    Raises
    ------
    UserError : the file is absent, no HDF5, lacks the dataset or a column, or its times run backwards.
    """
    path = Path(signal.path)
    if not path.is_file():
        raise UserError(f"cannot read segments {path}: no such file")
    try:
        with h5py.File(path) as file:
            if not isinstance(file.get(signal.dataset), h5py.Dataset):
                raise _fail(signal, f"no dataset {signal.dataset!r}, it has {', '.join(file) or 'none'}")
            return _index(signal, file[signal.dataset], detector)
    except OSError as error:
        raise UserError(f"cannot read segments {path}: {str(error).splitlines()[0]}") from error


def _index(signal: SegmentsSignal, rows: Any, detector: Detector) -> Segments:
    names = rows.dtype.names or ()
    missing = [name for name in (*_ENDS, "dE") if name not in names]
    if missing:
        raise _fail(signal, f"column {missing[0]} is missing, want {', '.join((*_ENDS, 'dE'))}")
    event, time = (_one_of(signal, names, wanted) for wanted in (_EVENT, _TIME))
    firsts, times, last = [], [], None
    for low in range(0, len(rows), _ROWS):
        part = rows[low : low + _ROWS]
        number = part[event].astype(np.int64)
        new = np.flatnonzero(np.diff(number, prepend=number[0] - 1 if last is None else last))
        last = number[-1]
        firsts += (low + new).tolist()
        times += part[time][new].astype(np.float64).tolist()
    if not firsts:
        raise _fail(signal, "has no rows")
    zero_us = np.array(times)
    if signal.spacing_ms:
        start_us = np.arange(len(firsts)) * signal.spacing_ms * 1e3
    else:
        start_us = zero_us - zero_us[0]
        back = np.flatnonzero(np.diff(start_us) < 0)
        if len(back):
            raise _fail(
                signal,
                f"event number {back[0] + 1} begins at {zero_us[back[0] + 1]:g} us, before the one that it follows: "
                "sort the file by time, or give spacing_ms",
            )
    axis = np.array(["xyz".index(name[-1]) for name in signal.axes])
    sign = np.array([-1.0 if name.startswith("-") else 1.0 for name in signal.axes])
    return Segments(
        signal, time, volume_of(detector), axis, sign, np.array([*firsts, len(rows)]),
        np.asarray((signal.start_ms * 1e3 + start_us) * 1e3, np.float64), zero_us,
    )  # fmt: skip


def _one_of(signal: SegmentsSignal, names: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    for name in wanted:
        if name in names:
            return name
    raise _fail(signal, f"column {wanted[0]} is missing (nor is there {', '.join(wanted[1:])})")


def read_event(segments: Segments, number: int) -> Event:
    """Return the deposits of the event ``number``.

    Raises
    ------
    UserError : a number is not finite, an energy negative, or a deposit lies outside the active argon (unless dropped).
    """
    signal = segments.signal
    low, high = segments.first_row[number], segments.first_row[number + 1]
    try:
        with h5py.File(signal.path) as file:
            rows = file[signal.dataset][low:high]
    except OSError as error:
        raise UserError(f"cannot read segments {signal.path}: {str(error).splitlines()[0]}") from error
    table = np.column_stack([rows[name].astype(np.float64) for name in (*_ENDS, "dE", segments.time_field)])
    bad = np.flatnonzero(~np.isfinite(table).all(axis=1) | (table[:, 6] < 0))
    if len(bad):
        raise _fail(signal, f"row {low + bad[0]}: got a number that is not finite or an energy below 0")
    place = table[:, :6].reshape(-1, 2, 3)[:, :, segments.axis] * segments.sign * 10 + signal.origin_mm
    delay_ns = (table[:, 7] - segments.zero_us[number]) * 1e3
    deposits = _pieces(segments.volume, place, table[:, 6], delay_ns)
    within = _within(segments.volume, deposits)
    dropped = int((~within).sum())
    if dropped and signal.outside == "refuse":
        x, y, z = deposits[~within][0, :3]
        raise _fail(
            signal,
            f"event number {number} has {dropped} of {len(deposits)} deposits outside the active argon, the first at "
            f"({x:.0f}, {y:.0f}, {z:.0f}) mm: set origin_mm and axes, or outside = 'drop'",
        )
    return Event(deposits[within], dropped)


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
