"""Read a time-integrated supernova flux at 10 kpc in the format of SNOwGLoBES.

Each line: energy in GeV, then nu_e, nu_mu, nu_tau and their antineutrinos, per cm2 in the bin of 0.2 MeV (the format
fixes this unit whatever the step of the lines). Lines that begin with # are comments.

>>> import tempfile
>>> energy_gev = np.arange(501) * 0.0002
>>> with tempfile.TemporaryDirectory() as folder:
...     np.savetxt(folder + "/mine.dat", np.column_stack([energy_gev] + 6 * [1e9 * np.exp(-energy_gev / 0.004)]))
...     read_flux(folder + "/mine.dat").density.shape
(6, 501)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from streams.compiled import Floats
from streams.errors import UserError
from streams.sources.neutrinos.flux import Flux

BIN_MEV = 0.2  # SNOwGLoBES documentation, section on flux files
_MIN_END_MEV, _MAX_END_MEV = 30.0, 1000.0
_MIN_SUM, _MAX_SUM = (
    1e8,
    1e15,
)  # Livermore has 1.0e12 per cm2: room for models, not for other units
_MAX_LAST = 1e-3  # of the largest bin


def _rows(path: Path) -> Floats:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as text ({error}); give a flux file of SNOwGLoBES") from None
    rows = []
    for number, line in enumerate(lines, 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        try:
            row = [float(word) for word in words]
        except ValueError:
            row = []
        if len(row) != 7 or not np.isfinite(row).all():
            raise UserError(
                f"{path}, line {number}: got {line.strip()[:60]!r}, want 7 numbers (E in GeV and six flavours); "
                "the file is damaged or of another format"
            )
        rows.append(row)
    if len(rows) < 20:
        raise UserError(f"{path}: got {len(rows)} energies, want at least 20; the file is truncated")
    return np.array(rows)


def _check_energies(path: Path, energy_mev: Floats) -> None:
    steps = np.diff(energy_mev)
    step = float(np.median(steps))
    wrong = np.flatnonzero(np.abs(steps - step) > 0.01 * abs(step))
    if step <= 0 or len(wrong):
        place = int(wrong[0]) if len(wrong) else 0
        raise UserError(
            f"{path}: from {energy_mev[place]:g} to {energy_mev[place + 1]:g} MeV is a step of {steps[place]:g} MeV, "
            f"want even rising steps of {abs(step):g} MeV; fill the gap"
        )
    end = float(energy_mev[-1])
    if not _MIN_END_MEV <= end <= _MAX_END_MEV:
        raise UserError(
            f"{path}: the energies end at {end:g} MeV, want {_MIN_END_MEV:g} to {_MAX_END_MEV:g} MeV; the first "
            "column is in GeV (is it in MeV?), and the file must be whole"
        )


def _check_flux(path: Path, energy_mev: Floats, per_bin: Floats) -> None:
    if (per_bin < 0).any():
        flavour, place = np.argwhere(per_bin < 0)[0]
        raise UserError(
            f"{path}: got {per_bin[flavour, place]:g} in column {flavour + 2} at {energy_mev[place]:g} MeV, "
            "want 0 or more"
        )
    total = float(per_bin.sum()) * float(energy_mev[1] - energy_mev[0]) / BIN_MEV
    if not _MIN_SUM <= total <= _MAX_SUM:
        raise UserError(
            f"{path}: the flux sums to {total:.3g} per cm2, want {_MIN_SUM:g} to {_MAX_SUM:g}; its unit is "
            "neutrinos per cm2 and 0.2 MeV at 10 kpc"
        )
    summed = per_bin.sum(axis=0)
    if summed[-1] > _MAX_LAST * summed.max():
        raise UserError(
            f"{path}: at its last energy, {energy_mev[-1]:g} MeV, the flux is still {summed[-1] / summed.max():.2g} "
            "of its peak; the file is truncated"
        )


def read_flux(path: str | Path) -> Flux:
    """Return the flux of the file ``path``: neutrinos per cm2 and MeV at 10 kpc, time-integrated.

    Raises
    ------
    UserError : not such a file, truncated, with gaps, negative, or in other units.
    """
    path = Path(path)
    rows = _rows(path)
    energy_mev, per_bin = rows[:, 0] * 1000, rows[:, 1:].T
    _check_energies(path, energy_mev)
    _check_flux(path, energy_mev, per_bin)
    return Flux(energy_mev, per_bin / BIN_MEV)
