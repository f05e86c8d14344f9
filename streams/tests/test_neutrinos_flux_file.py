"""Flux files: what is read, and one sentence for everything that is wrong with one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from streams.errors import UserError
from streams.signals import BurstSignal, FluxFile
from streams.sources.neutrinos.flux_file import read_flux
from streams.sources.neutrinos.rates import expected

# nu_e of Livermore at 10 kpc (SNOwGLoBES/snowglobes fluxes/livermore.dat): MeV, per cm2 and 0.2 MeV.
LIVERMORE = (
    (1, 2.946e8), (2, 9.818e8), (4, 2.578e9), (6, 3.597e9), (8, 3.825e9), (10, 3.502e9), (12, 2.923e9), (15, 2.001e9),
    (18, 1.262e9), (22, 6.308e8), (26, 2.979e8), (30, 1.355e8), (35, 4.877e7), (40, 1.705e7), (45, 5.83e6),
    (50, 1.96e6), (55, 6.503e5), (60, 2.134e5), (70, 2.238e4), (80, 2284.0), (90, 228.3), (100.2, 22.0),
)  # fmt: skip

Rows = list[list[float]]


def _rows() -> Rows:
    """The nu_e of Livermore in all six columns, even steps of 0.2 MeV."""
    from scipy.interpolate import PchipInterpolator

    known = np.array(LIVERMORE)
    energy = np.arange(1.0, 100.1, 0.2)
    flux = np.exp(PchipInterpolator(known[:, 0], np.log(known[:, 1]))(energy))
    return [[e / 1000, *[f] * 6] for e, f in zip(energy.tolist(), flux.tolist(), strict=True)]


def _write(path: Path, rows: Rows) -> Path:
    path.write_text("# made up\n\n" + "".join(" ".join(f"{x:.6e}" for x in row) + "\n" for row in rows))
    return path


def test_livermore_re_typed_folds_to_its_published_number(tmp_path: Path) -> None:
    """2 677 and 2 991 nu_e CC in 40 kt at 10 kpc (reference section 9.1.2)."""
    path = _write(tmp_path / "flux.dat", _rows())
    for table, wanted in (("default", 2677), ("marley1", 2991)):
        signal = BurstSignal(flux=FluxFile(str(path)), cross_section=table)  # type: ignore[arg-type]
        assert expected(signal, "nue_cc", 40_000.0) == pytest.approx(wanted, rel=0.01)


def test_columns_and_units(tmp_path: Path) -> None:
    rows = _rows()
    for row in rows:
        row[4] *= 3
    flux = read_flux(_write(tmp_path / "flux.dat", rows))
    assert flux.energy_mev[:2] == pytest.approx([1.0, 1.2])
    assert flux.density[0, 0] == pytest.approx(2.946e8 / 0.2, rel=1e-3)
    assert flux.density[3] == pytest.approx(3 * flux.density[0])


def _mev(rows: Rows) -> None:
    for row in rows:
        row[0] *= 1000


def _per_m2(rows: Rows) -> None:
    for row in rows:
        row[1:] = [x * 1e4 for x in row[1:]]


def _negative(rows: Rows) -> None:
    rows[10][3] = -5.0


def _nan(rows: Rows) -> None:
    rows[10][3] = float("nan")


def _gap(rows: Rows) -> None:
    del rows[100]


def _backwards(rows: Rows) -> None:
    rows.reverse()


def _cut(rows: Rows) -> None:
    del rows[200:]


def _short(rows: Rows) -> None:
    del rows[5:]


def _column(rows: Rows) -> None:
    rows[-1].pop()


def _zero(rows: Rows) -> None:
    for row in rows:
        row[1:] = [0.0] * 6


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_mev, "end at 100000 MeV, want 30 to 1000 MeV; the first column is in GeV"),
        (_per_m2, "sums to .* per cm2, want 1e.08 to 1e.15"),
        (_negative, "got -5 in column 4 at 3 MeV, want 0 or more"),
        (_nan, "line 13: got .* want 7 numbers"),
        (_gap, "from 20.8 to 21.2 MeV is a step of 0.4 MeV, want even rising steps of 0.2 MeV"),
        (_backwards, "want even rising steps"),
        (_cut, "at its last energy, 40.8 MeV, the flux is still .* of its peak; the file is truncated"),
        (_short, "got 5 energies, want at least 20"),
        (_column, "line 498: got .* want 7 numbers"),
        (_zero, "sums to 0 per cm2"),
    ],
)
def test_damaged_files(tmp_path: Path, damage: Callable[[Rows], None], says: str) -> None:
    rows = _rows()
    damage(rows)
    with pytest.raises(UserError, match=says) as caught:
        read_flux(_write(tmp_path / "flux.dat", rows))
    assert "\n" not in str(caught.value) and "flux.dat" in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_flux(tmp_path / "absent.dat")
    (tmp_path / "binary.dat").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(UserError, match="cannot be read as text"):
        read_flux(tmp_path / "binary.dat")
    (tmp_path / "words.dat").write_text("energy nue\n1 2\n")
    with pytest.raises(UserError, match="line 1: got 'energy nue'"):
        read_flux(tmp_path / "words.dat")
