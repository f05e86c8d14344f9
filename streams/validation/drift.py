"""Drift and the whole chain behind it: charge at known places, read from the real stream.

>>> round(_wanted_lifetime(3600.0), 3)
0.805
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar

from streams.compiled import Floats, Integers
from streams.config import ElectronicsConfig
from streams.validation.pulses import BEFORE, TICK_MM, WIRES, Asked, Pulses, pulses
from streams.validation.response import PEAKS, peaks
from streams.validation.row import Findings, Plot, Row, Run, absent

_FILE = "response/dune-garfield-1d565.json.bz2"
_FAR = 4394  # ticks: 3599.6 mm, the cathode is at 3600
_STEP = 7  # places within the pitch are taken in steps, so that every part of them is even
_PITCH_MM = 4.792  # reference 1.1


def _wanted_lifetime(drift_mm: float) -> float:
    """Return the share of electrons left: 1.6 mm/us, 10.4 ms (reference 1.1)."""
    return math.exp(-drift_mm / 1.6 / 10_400)


def _places(ticks: int, count: int, seed: int, faces: tuple[int, ...] = (1,)) -> Floats:
    """Return places at a drift of so many ticks, even within the pitch, away from the edges (float64, (n, 3), mm)."""
    rng = np.random.default_rng(seed)
    y, wire = rng.uniform(-2500, 2500, count), rng.integers(60, 420, count)
    z = (wire + (np.arange(count) * _STEP % count + 0.5) / count) * _PITCH_MM
    return np.column_stack([ticks * TICK_MM * np.resize(faces, count), y, z])


def _peak_tick(wave: Floats) -> float:
    """Return where a pulse (float64, (ticks,)) is highest: a parabola through three samples."""
    at = int(wave.argmax())
    before, here, after = wave[at - 1 : at + 2]
    return at + float((before - after) / (2 * (before - 2 * here + after)))


def _offsets(run: Run, electronics: ElectronicsConfig, drifts: tuple[int, ...], seed: int) -> Floats:
    """Return how many ticks after its place each pulse peaks, on both faces (float64, (drifts, n))."""
    n = run.count(10)
    x = np.concatenate([_places(ticks, n, seed, (1, -1)) for ticks in drifts])
    x[:, 0] += np.random.default_rng(seed).uniform(-0.5, 0.5, len(x)) * TICK_MM
    found = pulses(Asked(x, electronics, ("X",), seed))
    waves = zip(found.waves["X"], found.late_tick, strict=True)
    off = [_peak_tick(wave[WIRES]) - BEFORE - late for wave, late in waves]
    return np.array(off).reshape(len(drifts), n)


def times_rows(run: Run, electronics: ElectronicsConfig, which: str) -> list[Row]:
    """Return how far from its place a pulse peaks, over the whole drift and close to the wires.

    Close to the wires there is no diffusion yet, and charge at the border of a cell comes later than that at a third
    of it: the longest field lines. With diffusion a pulse is a mean over cells.
    """
    ticks = (20, 60, 200, 600, 1100, 2200, 3300, _FAR)
    off = _offsets(run, electronics, ticks, run.seed)
    name, source = f"pulse of a deposit at known x, {which}", "x / 1.6 mm/us; both faces"
    worst = float(off.ravel()[np.abs(off).argmax()])
    mean, sigma = float(off.mean()), float(off.std()) / math.sqrt(off.size)
    return [
        Row("drift", f"{name}: peak farthest from its place, 16 to 3 600 mm", 0, source, worst, 0, 1.0, "tick"),
        Row("drift", f"{name}: mean distance of the peak", 0, source, mean, sigma, None, "tick",
            "the truth's tick is midway between the earliest and the latest peak over the impacts"),
    ]  # fmt: skip


def _mean_pulse(found: Pulses, use: Integers) -> Floats:
    """Return the mean pulse of an electron, all wires together (float64, (ticks,))."""
    return np.asarray((found.waves["X"][use].sum(axis=1) / found.electrons[use, None]).mean(axis=0))


def _smearing(near: Floats, far: Floats) -> float:
    """Return the sigma [ticks] of the Gaussian that makes ``far`` of ``near``, by least squares.

    >>> line = np.zeros(80); line[40] = 1.0
    >>> round(_smearing(line, np.exp(-0.5 * (np.arange(-40, 40) / 2.2) ** 2)), 3)
    2.2
    """
    offset = np.arange(-20, 21)

    def miss(sigma: float) -> float:
        weight = np.exp(-0.5 * (offset / sigma) ** 2)
        smeared = np.convolve(near, weight / weight.sum(), "same")
        return float(((far - smeared * (far @ smeared) / (smeared @ smeared)) ** 2).sum())

    return float(minimize_scalar(miss, bounds=(0.7, 5.0), method="bounded", options={"xatol": 1e-5}).x)


def _variance_across(found: Pulses, places: Floats, use: Integers) -> float:
    """Return the mean square distance of the charge of some pulses from its place across the wires [mm^2]."""
    area = found.waves["X"][use].sum(axis=2)
    share = area / area.sum(axis=1, keepdims=True)
    inside = places[use, 2] / _PITCH_MM % 1
    distance = (np.arange(-WIRES, WIRES + 1)[None, :] + 0.5 - inside[:, None]) * _PITCH_MM
    return float((share * distance**2).sum() / len(use))


def _left(near: Pulses, far: Pulses, use: Integers) -> float:
    """Return the area of some far pulses over that of the near ones."""
    return float((far.waves["X"][use].sum(axis=(1, 2)) / near.waves["X"][use].sum(axis=(1, 2))).mean())


def _jackknife(figure: Callable[[Integers], float], count: int) -> tuple[float, float]:
    """Return a figure of all pulses, and its standard deviation by leaving out a tenth at a time."""
    every, parts = np.arange(count), min(10, count)
    without = [figure(every[every % parts != part]) for part in range(parts)]
    return figure(every), float(np.std(without)) * math.sqrt(parts - 1)


def _widths(run: Run) -> list[Row]:
    """Return diffusion and lifetime over the full drift: far pulses against near ones, at the same wires."""
    electronics, count = ElectronicsConfig(shaper="nominal"), run.count(60)
    near_at, far_at = _places(1, count, run.seed), _places(_FAR, count, run.seed)
    near, far = (pulses(Asked(at, electronics, ("X",), run.seed)) for at in (near_at, far_at))
    scale = 3600 / ((_FAR - 1) * TICK_MM)
    along = _jackknife(lambda use: _smearing(_mean_pulse(near, use), _mean_pulse(far, use)) ** 2, count)
    across = _jackknife(
        lambda use: _variance_across(far, far_at, use) - _variance_across(near, near_at, use), count
    )
    source, rows = "(7.2, 12.0) cm2/s, 2.25 ms (reference 9.6)", []
    for what, wanted, (square, sigma), unit_mm, half, unit in (
        ("along", 1.80, along, TICK_MM, 0.02, "mm"), ("along, in time", 2.2, along, 1.0, 0.05, "tick"),
        ("across", 2.32, across, 1.0, 0.02, "mm"),
    ):  # fmt: skip
        width = math.sqrt(square * scale)
        error = unit_mm * sigma / (2 * width)
        rows.append(
            Row("drift", f"full drift, diffusion {what}", wanted, source, unit_mm * width, error, half, unit)
        )
    wanted, source = _wanted_lifetime(3600.0), "lifetime 10.4 ms (reference 9.6)"
    left, sigma = _jackknife(lambda use: _left(near, far, use) ** scale, count)
    truth = float((far.electrons / near.electrons).mean()) ** scale
    return [
        *rows,
        Row("drift", "full drift, electrons left, by the samples", wanted, source, left, sigma, 0.005),
        Row("drift", "full drift, electrons left, by the truth", wanted, source, truth, 0, 0.002),
    ]


def _own(found: Pulses, plane: str) -> Floats:
    """Return the mean pulse of 1000 electrons on the wire below the charge (float64, (ticks,))."""
    return np.asarray(1000 * (found.waves[plane][:, WIRES] / found.electrons[:, None]).mean(axis=0))


def _heights(
    run: Run, electronics: ElectronicsConfig, which: str, allowed: float
) -> tuple[list[Row], dict[str, Floats]]:
    """Return the peaks per thousand electrons on each plane, close to the wires: no diffusion."""
    found = pulses(Asked(_places(1, run.count(100), run.seed), electronics, seed=run.seed))
    rows, waves = [], {}
    for plane, wanted in PEAKS.items():
        waves[plane] = _own(found, plane)
        spread = 0.022 / math.sqrt(len(found.electrons))  # gains of the channels differ by 2.2 %
        for name, value, height in zip(("highest", "lowest"), wanted, peaks(waves[plane]), strict=True):
            if value is not None:
                what = f"{plane}, {name} sample per ke- in the stream, {which}"
                rows.append(Row("drift", what, value, "Garfield, nominal gain (reference 9.6)", height,
                                2 * spread * abs(value), allowed * abs(value), "ADC/ke-"))  # fmt: skip
    return rows, waves


def check(run: Run) -> Findings:
    """Return times, widths, lifetime and heights of pulses from the whole chain."""
    built_in, path = ElectronicsConfig(shaper="nominal"), run.file(_FILE)
    heights, waves = _heights(run, built_in, "built-in", 0.05)
    times = times_rows(run, built_in, "built-in")
    rows = [*times, *_widths(run), *heights]
    if path is None:
        missing = [row.quantity for row in (*times, *heights)]
        rows += [absent("drift", name.replace("built-in", "Garfield"), "Garfield", _FILE) for name in missing]
    else:
        garfield = ElectronicsConfig(shaper="nominal", field_response=str(path))
        rows += [*times_rows(run, garfield, "Garfield"), *_heights(run, garfield, "Garfield", 0.03)[0]]
    ticks = np.arange(-BEFORE, len(waves["X"]) - BEFORE, dtype=float)
    curves = tuple((plane, ticks, wave) for plane, wave in waves.items())
    title = ("pulses", "1000 electrons in the stream, mean over the cell", "ticks after the arrival", "ADC")
    return Findings(rows, [Plot(*title, curves, range_x=(-60, 40))])
