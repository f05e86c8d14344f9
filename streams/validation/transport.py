"""Electrons and gammas in liquid argon against NIST's numbers.

The walk is given argon without gamma interactions to see what electrons radiate: such photons leave, so what is
missing from the deposits is the radiative yield. Tables and samples are both looked at: free paths and processes
are counted, as the walk draws them.

>>> from streams.validation.row import Run
>>> ranges = _ranges()
>>> all(row.verdict == "yes" for row in ranges), len(ranges)
(True, 7)
"""

from __future__ import annotations

import math

import numpy as np

from streams.compiled import Floats, compiled
from streams.detector import load_detector
from streams.rng import stream
from streams.sources.beta import ELECTRON_MEV
from streams.transport.argon import ELECTRON, ArgonTables, at, collision_mev_cm2_per_g
from streams.transport.electrons import csda_range_mm, soft_share
from streams.transport.gammas import PAIR, compton, free_path_mm, process
from streams.transport.walk import Volume, Work, new_work, push, recombination, volume_of, walk
from streams.validation.radiation import by_photons, continuous
from streams.validation.row import Curve, Findings, Plot, Row, Run

_DETECTOR = "fd1-hd-apa"
_NIST = "NIST method, liquid (reference 9.2)"
_XCOM = "NIST XCOM (reference 9.2)"
# MeV; collision and radiative stopping power MeV cm2/g; CSDA range cm; radiative yield (reference section 9.2).
ELECTRONS = (
    (0.1, 2.917, 0.0100, 0.0146, 0.0020), (0.5, 1.480, 0.0162, 0.175, 0.0062), (1.0, 1.370, 0.0275, 0.426, 0.0107),
    (5.0, 1.471, 0.160, 2.34, 0.049), (10.0, 1.556, 0.359, 4.36, 0.097), (20.0, 1.631, 0.795, 7.67, 0.179),
    (50.0, 1.715, 2.19, 14.6, 0.348),
)  # fmt: skip
# MeV; incoherent, photoelectric, pair cm2/g, each with half a unit of its last digit (reference section 9.2).
PHOTONS = (
    (0.5, 0.0782, 0.00043, 0.0), (1.0, 0.0573, 0.00009, 0.0), (1.461, 0.0472, 0.00004, 0.00019),
    (2.615, 0.0340, 0.00002, 0.00188), (4.745, 0.0233, 0.00001, 0.00513), (6.1, 0.0197, 0.00001, 0.00684),
    (10.0, 0.0139, 0.0, 0.0106),
)  # fmt: skip
_PROCESSES = (("Compton", 5e-5), ("photoelectric", 5e-6), ("pair", 5e-6))


def _ranges() -> list[Row]:
    """Return the rows of the continuous-slowing-down range."""
    argon = volume_of(load_detector(_DETECTOR)).argon
    rows = []
    for energy, _, _, wanted, _ in ELECTRONS:
        found = csda_range_mm(argon, energy) / 10
        name = f"electron {energy:g} MeV, CSDA range"
        rows.append(Row("transport", name, wanted, _NIST, found, 0, 0.03 * wanted, "cm"))
    return rows


def _stopping(argon: ArgonTables, density: float) -> list[Row]:
    rows = []
    for energy, collision, radiative, _, _ in ELECTRONS:
        for name, table, wanted in (
            ("collision", argon.collision, collision),
            ("radiative", argon.radiative, radiative),
        ):
            found = 10 * at(table, energy) / density
            quantity = f"electron {energy:g} MeV, {name} stopping power"
            rows.append(Row("transport", quantity, wanted, _NIST, found, 0, 0.03 * wanted, "MeV cm2/g"))
    return rows


@compiled
def _soft_yield(argon: ArgonTables, kinetic_mev: float) -> float:
    """Return the share of an electron's energy that goes into photons too soft to be made one by one."""
    total, steps = 0.0, 2000
    width = (kinetic_mev - 0.02) / steps
    for i in range(steps):
        energy = 0.02 + (i + 0.5) * width
        radiative = at(argon.radiative, energy)
        total += soft_share(energy) * radiative / (radiative + at(argon.collision, energy)) * width
    return total / kinetic_mev


@compiled
def _deposited(volume: Volume, work: Work, energy: float, count: int, seed: int) -> Floats:
    """Return the deposited energy [MeV] of electrons from the middle of the argon (float64, (count,))."""
    found = np.empty(count)
    position, direction = np.array([100.0, 0.0, 0.5 * volume.length_mm]), np.array([0.0, 0.0, 1.0])
    for i in range(count):
        push(work, ELECTRON, energy, position, direction)
        n = walk(volume, work, stream(seed, int(1000 * energy), i, 0))
        found[i] = work.deposits[:n, 3].sum()
    return found


def _radiated(volume: Volume, run: Run) -> list[Row]:
    """Return radiative yields, and the share of its energy that an electron leaves in the argon around it."""
    nothing = np.full_like(volume.argon.compton, 1e-9)
    clear = volume._replace(argon=volume.argon._replace(compton=nothing, photo=nothing, pair=nothing))
    grid = np.geomspace(0.002, 50.0, 1500)
    tables = [
        np.array([at(table, e) for e in grid]) for table in (volume.argon.collision, volume.argon.radiative)
    ]
    smooth, photons = continuous(grid, *tables), by_photons(grid, *tables)
    work, rows = new_work(), []
    for energy, _, _, _, wanted in ELECTRONS:
        count = max(
            run.count(max(int(4000 / (1 + energy)), 200)),
            4000 if energy < 1 else 1000 if energy < 10 else 100,
        )
        left = _deposited(clear, work, energy, count, run.seed) / energy
        found, sigma = 1 - left.mean() + _soft_yield(volume.argon, energy), left.std() / math.sqrt(count)
        csda, each = (float(np.interp(energy, grid, radiated)) / energy for radiated in (smooth, photons))
        name = f"electron {energy:g} MeV, radiative yield"
        rows.append(Row("transport", f"{name}, continuous", wanted, _NIST, csda, 0, 0.05 * wanted + 0.0005))
        rows.append(Row("transport", f"{name}, simulated", each, "photon by photon, from the stopping powers",
                        found, sigma, 0.03 * each + 0.0003))  # fmt: skip
        all_ = _deposited(volume, work, energy, count, run.seed) / energy
        sigma, what = (
            all_.std() / math.sqrt(count),
            f"electron {energy:g} MeV from the middle, share deposited",
        )
        rows.append(Row("transport", what, None, "", all_.mean(), sigma))
    return rows


@compiled
def _interactions(argon: ArgonTables, energy: float, count: int, seed: int) -> tuple[Floats, float]:
    """Return how often each process happened (float64, (3,)) and the summed free path [mm]."""
    counts, path = np.zeros(3), 0.0
    state = stream(seed, int(1e6 * energy), 1, 0)
    for _ in range(count):
        path += free_path_mm(argon, energy, state)
        counts[process(argon, energy, state)] += 1
    return counts, path


def _attenuation(argon: ArgonTables, density: float, run: Run) -> list[Row]:
    rows = []
    for energy, *wanted in PHOTONS:
        counts, path = _interactions(argon, energy, run.count(400_000), run.seed)
        for i, (name, half_digit) in enumerate(_PROCESSES):
            if wanted[i] == 0 and (i != PAIR or energy > 2 * ELECTRON_MEV):
                continue  # below the last digit given
            found = counts[i] / path * 10 / density
            half = half_digit * (10 if wanted[i] >= 0.01 and i == PAIR else 1)
            sigma = max(math.sqrt(counts[i]), 1.0) / path * 10 / density
            rows.append(Row("transport", f"gamma {energy:g} MeV, {name}", wanted[i], _XCOM, found, sigma,
                            0.03 * wanted[i] + half, "cm2/g"))  # fmt: skip
    return rows


def _klein_nishina_transfer(energy_mev: float) -> float:
    """Return the mean share of a gamma's energy that Compton scattering gives to the electron."""
    cosine = (np.arange(20_000) + 0.5) / 10_000 - 1
    left = 1 / (1 + energy_mev / ELECTRON_MEV * (1 - cosine))
    weight = left**2 * (left + 1 / left - 1 + cosine**2)
    return float((weight * (1 - left)).sum() / weight.sum())


@compiled
def _transfers(energy: float, count: int, seed: int) -> Floats:
    found, state = np.empty(count), stream(seed, int(1e6 * energy), 2, 0)
    for i in range(count):
        left, _ = compton(energy, state)
        found[i] = 1 - left / energy
    return found


def _compton(run: Run) -> list[Row]:
    rows = []
    for energy in (0.5, 1.461, 2.615, 6.1):
        found, wanted = _transfers(energy, run.count(100_000), run.seed), _klein_nishina_transfer(energy)
        name = f"Compton electron, mean share of a {energy:g} MeV gamma"
        rows.append(Row("transport", name, wanted, "Klein-Nishina, integrated", found.mean(),
                        found.std() / math.sqrt(len(found)), 0.003 * wanted))  # fmt: skip
    return rows


def _ionisation(volume: Volume) -> list[Row]:
    mip = float(recombination(volume, 0.2106))
    source = "modified box 0.93, 0.212 at 0.5 kV/cm; Birks gives 0.698 (reference 9.6)"
    return [Row("transport", "recombination at 2.106 MeV/cm, charge left", 0.704, source, mip, 0, 0.01)]


def _plots(argon: ArgonTables, density: float) -> list[Plot]:
    energy = np.geomspace(0.02, 60, 200)
    electrons, photons = np.array(ELECTRONS).T, np.array(PHOTONS).T

    def mass(table: Floats) -> Floats:
        return np.array([10 * at(table, e) / density for e in energy])

    ranges = np.array([csda_range_mm(argon, e) / 10 for e in energy])
    loss: list[Curve] = [("collision", energy, collision_mev_cm2_per_g(energy)),
                         ("radiative", energy, mass(argon.radiative)), ("CSDA range", energy, ranges)]  # fmt: skip
    nist = [(f"{name}, NIST", electrons[0], electrons[i + 1]) for i, (name, _, _) in enumerate(loss)]
    curves: list[Curve] = []
    xcom: list[Curve] = []
    for i, table in enumerate((argon.compton, argon.photo, argon.pair)):
        name, values, points = _PROCESSES[i][0], mass(table), photons[i + 1]
        curves.append((name, energy[values > 1e-6], values[values > 1e-6]))
        xcom.append((f"{name}, XCOM", photons[0][points > 0], points[points > 0]))
    titles = "electrons in liquid argon", "kinetic energy [MeV]", "MeV cm2/g; cm"
    return [
        Plot("electrons", *titles, tuple(loss), tuple(nist), log_x=True, log_y=True),
        Plot(
            "gammas",
            "gammas in liquid argon",
            "energy [MeV]",
            "cm2/g",
            tuple(curves),
            tuple(xcom),
            True,
            True,
        ),
    ]


def check(run: Run) -> Findings:
    """Return stopping powers, ranges, radiative yields, attenuation and recombination."""
    detector = load_detector(_DETECTOR)
    volume, density = volume_of(detector), detector.drift.density_g_per_cm3
    argon = volume.argon
    rows = [
        *_stopping(argon, density),
        *_ranges(),
        *_radiated(volume, run),
        *_attenuation(argon, density, run),
    ]
    return Findings([*rows, *_compton(run), *_ionisation(volume)], _plots(argon, density))
