"""Segments made elsewhere: what comes out is what lies in the file, and what cannot be is one sentence."""

from __future__ import annotations

from pathlib import Path

import h5py
import msgspec
import numpy as np
import pytest

from streams.detector import load_detector
from streams.errors import UserError
from streams.segments import open_segments, read_event
from streams.signals import SegmentsSignal

DETECTOR = load_detector("fd1-hd-apa")
COLUMNS = [("event_id", "u4"), ("t0_start", "f8"), ("dE", "f4")] + [
    (f"{axis}_{end}", "f4") for end in ("start", "end") for axis in "xyz"
]


def written(
    path: Path, rows: list[tuple[float, ...]], columns: list[tuple[str, str]] = COLUMNS
) -> SegmentsSignal:
    with h5py.File(path, "w") as file:
        file["segments"] = np.array(rows, np.dtype(columns))
    return SegmentsSignal(str(path))


def track(event: int, time_us: float, x_cm: float = 100.0) -> tuple[float, ...]:
    """One centimetre of a minimum-ionising particle along z: 2.106 MeV."""
    return (event, time_us, 2.106, x_cm, 10.0, 50.0, x_cm, 10.0, 51.0)


def test_a_segment_is_its_energy_and_its_charge(tmp_path: Path) -> None:
    signal = written(tmp_path / "s.h5", [track(3, 5.0), track(3, 6.5, -20.0), track(8, 2.0)])
    segments = open_segments(signal, DETECTOR)
    assert segments.time_ns.tolist() == [0.0, 5e6]
    deposits, dropped = read_event(segments, 0)
    assert dropped == 0 and len(deposits) == 20
    assert deposits[:, 3].sum() == pytest.approx(2 * 2.106, rel=1e-6)
    # 0.705 of the electrons of 2.106 MeV/cm at 23.6 eV escape recombination (reference section 9.6).
    assert deposits[:, 4].sum() == pytest.approx(2 * 2.106e6 / 23.6 * 0.705, rel=2e-3)
    assert np.allclose(deposits[:10, :2], (1000, 100)) and np.allclose(
        deposits[:10, 2], 500.5 + np.arange(10)
    )
    assert np.allclose(deposits[10:, 0], -200) and np.allclose(deposits[10:, 5], 1500)


def test_axes_and_origin(tmp_path: Path) -> None:
    signal = written(tmp_path / "s.h5", [track(1, 0.0)])
    turned = msgspec.structs.replace(signal, axes=("z", "x", "-y"), origin_mm=(0.0, -500.0, 300.0))
    deposits = read_event(open_segments(turned, DETECTOR), 0).deposits
    assert np.allclose(deposits[0, :3], (500.5, 1000 - 500, -100 + 300))


def test_a_files_own_times_go_on(tmp_path: Path) -> None:
    signal = written(tmp_path / "s.h5", [track(1, 10.0), track(2, 250.0)])
    signal = msgspec.structs.replace(signal, spacing_ms=0.0, start_ms=1.0)
    assert open_segments(signal, DETECTOR).time_ns.tolist() == [1e6, 1e6 + 240e3]


def test_deposits_outside_are_refused_or_counted(tmp_path: Path) -> None:
    signal = written(tmp_path / "s.h5", [track(1, 0.0), track(1, 0.0, 400.0)])
    with pytest.raises(
        UserError, match=r"row 1: \(4000, 100, 500\) mm lies outside the active argon: set origin"
    ):
        open_segments(signal, DETECTOR)
    dropping = msgspec.structs.replace(signal, outside="drop")
    deposits, dropped = read_event(open_segments(dropping, DETECTOR), 0)
    assert (len(deposits), dropped) == (10, 10)


@pytest.mark.parametrize("column", ["dE", "x_start", "t0_start", "event_id"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    kept = [k for k, (name, _) in enumerate(COLUMNS) if name != column]
    rows = [tuple(track(1, 0.0)[k] for k in kept)]
    signal = written(tmp_path / "s.h5", rows, [COLUMNS[k] for k in kept])
    with pytest.raises(UserError, match=f"s.h5: column {column} is missing"):
        open_segments(signal, DETECTOR)


def test_bad_files_are_one_sentence(tmp_path: Path) -> None:
    text = tmp_path / "text.h5"
    text.write_text("no HDF5")
    with pytest.raises(UserError, match=r"cannot read segments .*text\.h5"):
        open_segments(SegmentsSignal(str(text)), DETECTOR)
    whole = Path(written(tmp_path / "whole.h5", [track(k, 5.0 * k) for k in range(2000)]).path).read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"cannot read segments .*cut\.h5"):
        open_segments(SegmentsSignal(str(tmp_path / "cut.h5")), DETECTOR)
    signal = written(tmp_path / "s.h5", [track(1, 10.0), track(2, 3.0)])
    with pytest.raises(UserError, match=r"event number 1 begins at 3 us, before the one that it follows"):
        open_segments(msgspec.structs.replace(signal, spacing_ms=0.0), DETECTOR)
    with pytest.raises(UserError, match="no dataset 'hits', it has segments"):
        open_segments(msgspec.structs.replace(signal, dataset="hits"), DETECTOR)
    empty = written(tmp_path / "empty.h5", [])
    with pytest.raises(UserError, match="has no rows"):
        open_segments(empty, DETECTOR)


@pytest.mark.parametrize("place", [2, 3, 8])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(tmp_path: Path, place: int, value: float) -> None:
    bad = list(track(1, 0.0))
    bad[place] = value
    signal = written(tmp_path / "s.h5", [track(1, 0.0), tuple(bad)])
    with pytest.raises(UserError, match="row 1: got a number that is not finite"):
        open_segments(signal, DETECTOR)


def with_value(column: str, value: float) -> tuple[float, ...]:
    row = list(track(1, 0.0))
    row[[name for name, _ in COLUMNS].index(column)] = value
    return tuple(row)


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("t0_start", np.nan, "row 1: got a number that is not finite"),
        ("t0_start", -1e15, "a time beyond 4e\\+14 us"),
        ("t0_start", 1e15, "a time beyond 4e\\+14 us"),
        ("dE", -1.0, "an energy that is not 0 to 1e\\+06 MeV"),
        ("dE", 2e6, "an energy that is not 0 to 1e\\+06 MeV"),
        ("z_end", 2500.0, "row 1: got a segment of more than 20000 mm: is it in cm"),
        ("y_start", 301.0, r"row 1: \(1000, 3010, 500\) mm lies outside"),
        ("y_end", -301.0, r"row 1: \(1000, -3010, 510\) mm lies outside"),
    ],
)
def test_values_out_of_range_are_refused(tmp_path: Path, column: str, value: float, sentence: str) -> None:
    signal = written(tmp_path / "s.h5", [track(1, 0.0), with_value(column, value)])
    with pytest.raises(UserError, match=sentence):
        open_segments(signal, DETECTOR)
    good = {"t0_start": 4e14, "dE": 1e6, "z_end": 99.0, "y_start": 299.0, "y_end": -299.0}[column]
    open_segments(written(tmp_path / "good.h5", [track(1, 0.0), with_value(column, good)]), DETECTOR)


@pytest.mark.parametrize(
    ("name", "kind"), [("event_id", "f8"), ("event_id", "S3"), ("dE", "S3"), ("dE", "(2,)f8"), ("x_end", "?")]
)
def test_columns_of_another_kind_are_refused(tmp_path: Path, name: str, kind: str) -> None:
    columns = [(column, kind if column == name else old) for column, old in COLUMNS]
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["segments"] = np.zeros(3, columns)
    with pytest.raises(UserError, match=f"s.h5: column {name} has .*, want one row of (integers|numbers)"):
        open_segments(SegmentsSignal(str(tmp_path / "s.h5")), DETECTOR)


@pytest.mark.parametrize("shape", [(), (3, 2)])
def test_datasets_that_are_no_column_of_rows_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["segments"] = np.zeros(shape, COLUMNS)
    with pytest.raises(UserError, match="want one row of"):
        open_segments(SegmentsSignal(str(tmp_path / "s.h5")), DETECTOR)


def test_an_event_whose_rows_are_apart_is_refused(tmp_path: Path) -> None:
    signal = written(tmp_path / "s.h5", [track(k, 0.0) for k in (3, 8, 8, 3, 8)])
    with pytest.raises(UserError, match="row 3: event_id 3 was there before, others since: sort the rows"):
        open_segments(signal, DETECTOR)


def test_an_event_begins_at_its_earliest_row(tmp_path: Path) -> None:
    signal = written(tmp_path / "s.h5", [track(1, 30.0), track(1, 10.0), track(2, 50.0), track(2, 60.0)])
    own = open_segments(msgspec.structs.replace(signal, spacing_ms=0.0, start_ms=2.0), DETECTOR)
    assert own.time_ns.tolist() == [2e6, 2e6 + 40e3]
    delay = read_event(own, 0).deposits[:, 5]
    assert np.allclose(delay, np.repeat([20e3, 0.0], 10))
    assert np.allclose(read_event(own, 1).deposits[:, 5], np.repeat([0.0, 10e3], 10))


def test_a_position_with_one_face_has_argon_on_one_side(tmp_path: Path) -> None:
    signal = written(tmp_path / "s.h5", [track(1, 0.0, -100.0)])
    open_segments(signal, DETECTOR)
    with pytest.raises(UserError, match=r"row 0: \(-1000, 100, 500\) mm lies outside the active argon"):
        open_segments(signal, DETECTOR, "outer")


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 100])
def test_events_do_not_depend_on_how_much_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    times = [[5.0], [9.0, 7.0, 8.0, 6.5], [30.0, 20.0], [41.0, 42.0, 43.0]]
    signal = written(tmp_path / "s.h5", [track(k, t) for k, own in enumerate(times) for t in own])
    monkeypatch.setattr("streams.segments._ROWS", rows)
    segments = open_segments(signal, DETECTOR)
    assert segments.first_row.tolist() == [0, 1, 5, 7, 10]
    assert segments.zero_us.tolist() == [5.0, 6.5, 20.0, 41.0]


@pytest.mark.parametrize(("mm", "pieces"), [(0.05, 1), (0.9, 1), (1.5, 2), (10.5, 11)])
def test_short_segments_ionise_as_long_ones(tmp_path: Path, mm: float, pieces: int) -> None:
    """Pieces of at most a millimetre, and the recombination of dE / length down to a micrometre."""
    columns = [(name, kind.replace("f4", "f8")) for name, kind in COLUMNS]
    row = (1, 0.0, 0.2106 * mm, 100.0, 10.0, 50.0, 100.0, 10.0, 50.0 + mm / 10)
    deposits = read_event(open_segments(written(tmp_path / "s.h5", [row], columns), DETECTOR), 0).deposits
    assert len(deposits) == pieces
    assert deposits[:, 4].sum() == pytest.approx(0.2106e6 * mm / 23.6 * 0.705, rel=2e-3)
    assert deposits[:, 2].mean() == pytest.approx(500 + mm / 2)
