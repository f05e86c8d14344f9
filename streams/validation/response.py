"""Electronics and field response: areas, peaks per thousand electrons on each plane, built-in against Garfield.

The figures of reference 9.6 are means over the cell of the own wire, at the nominal gain of 14 mV/fC.

>>> wave = np.exp(-0.5 * (np.arange(-10, 11) / 2.0) ** 2)
>>> round(peaks(wave)[0], 3)
1.0
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from streams.compiled import Floats
from streams.config import ElectronicsConfig
from streams.detector import Detector, load_detector
from streams.response.electronics import area_adc_tick, configured
from streams.response.kernel import PlaneKernel, plane_kernel
from streams.validation.row import Curve, Findings, Plot, Row, Run, absent

_FILE = "response/dune-garfield-1d565.json.bz2"
_PEAKS_SOURCE = "Garfield response, nominal gain (reference 9.6)"
_GARFIELD = "Garfield, Wire-Cell dune-garfield-1d565"
#: Highest and lowest ADC count per thousand electrons, mean over the own wire's cell (reference 9.6).
PEAKS = {"U": (5.9, -5.4), "V": (5.6, -5.6), "X": (21.4, None)}
#: mV/fC, shaper, area at 512 ns [ADC tick per ke-] (reference 9.1.6, 9.6).
AREAS = ((14.0, "nominal", 143.1), (7.8, "nominal", 79.7), (14.0, "measured", 130.1), (7.8, "measured", 72.6))
_DIFFUSION_US = 0.8
_FINE = 20  # steps of a tick


def own_wire(kernel: PlaneKernel) -> Floats:
    """Return ticks and the waveform of 1000 electrons on their own wire, mean over the cell (float64, (2, n))."""
    wave = 1000 * kernel.table[:, kernel.reach].astype(np.float64).mean(axis=0)
    return np.array([kernel.first + np.arange(len(wave)), wave])


def _fine(wave: Floats) -> Floats:
    """Return a waveform at twentieths of a tick: it has no frequencies above 0.5 MHz."""
    ticks = np.arange(len(wave))
    fine = np.arange(0, len(wave) - 1 + 0.5 / _FINE, 1 / _FINE)
    return np.asarray(CubicSpline(ticks, wave)(fine))


def peaks(wave: Floats) -> tuple[float, float]:
    """Return the highest and the lowest value of a waveform, between its samples too."""
    fine = _fine(wave)
    return float(fine.max()), float(fine.min())


def _smeared_peak(wave: Floats, sigma_ticks: float) -> float:
    """Return the highest value after a Gaussian in time."""
    offset = np.arange(-8 * _FINE, 8 * _FINE + 1) / _FINE
    weight = np.exp(-0.5 * (offset / sigma_ticks) ** 2)
    return float(np.convolve(_fine(wave), weight / weight.sum(), "same").max())


def _areas(detector: Detector) -> list[Row]:
    rows = []
    for gain, shaper, wanted in AREAS:
        config = ElectronicsConfig(gain_mv_per_fc=gain, shaper=shaper)  # type: ignore[arg-type]
        found = area_adc_tick(configured(detector.electronics, config), detector.tick_ns)
        source = "Wire-Cell's formula" if shaper == "nominal" else "ProtoDUNE-HD pulser, LARDON"
        rows.append(Row("response", f"area of the {shaper} shaper at {gain:g} mV/fC", wanted,
                        f"{source} (reference 9.6)", found, 0, 0.005 * wanted, "ADC tick/ke-"))  # fmt: skip
    nominal = configured(detector.electronics, ElectronicsConfig(shaper="nominal"))
    bare = 1000 * nominal.adc_per_electron
    rows.append(
        Row("response", "peak of the bare nominal shaper", 26.25, "reference 9.6", bare, 0, 0.13, "ADC/ke-")
    )
    return rows


def _plane(kernel: PlaneKernel, plane: str, which: str, allowed: float) -> list[Row]:
    """Return peaks and areas of one plane's waveforms."""
    wave, unit, rows = own_wire(kernel)[1], "ADC/ke-", []
    for name, wanted, found in zip(("highest", "lowest"), PEAKS[plane], peaks(wave), strict=True):
        if wanted is not None:
            what = f"{plane}, {name} value on the own wire, {which}"
            rows.append(Row("response", what, wanted, _PEAKS_SOURCE, found, 0, allowed * abs(wanted), unit))
    if plane == "X":
        found, what = (
            _smeared_peak(wave, _DIFFUSION_US / 0.512),
            f"X, highest value with 0.8 us of diffusion, {which}",
        )
        rows.append(Row("response", what, 18.2, _PEAKS_SOURCE, found, 0, allowed * 18.2, unit))
        at, what = kernel.first + float(_fine(wave).argmax()) / _FINE, f"X, peak after the arrival, {which}"
        rows.append(Row("response", what, 0, "definition of the truth", at, 0, 1.0, "tick"))
        area, what = 1000 * float(kernel.table.sum(axis=(1, 2)).mean()), f"X, area of all wires, {which}"
        source = "nominal shaper, all charge collected"
        rows.append(Row("response", what, 143.1, source, area, 0, 0.03 * 143.1, "ADC tick/ke-"))
    else:
        net, what = (
            float(wave.sum() / np.abs(wave).sum()),
            f"{plane}, net over absolute area on the own wire, {which}",
        )
        rows.append(Row("response", what, 0, "bipolar", net, 0, 0.02))
    return rows


def _difference(one: PlaneKernel, other: PlaneKernel) -> float:
    """Return the largest difference of two tables, all wires and impacts, as a part of the second's largest value."""
    first = min(one.first, other.first)
    last = max(k.first + k.table.shape[2] for k in (one, other))
    reach = max(one.reach, other.reach)
    whole = []
    for kernel in (one, other):
        table = np.zeros((kernel.table.shape[0], 2 * reach + 1, last - first))
        wires = slice(reach - kernel.reach, reach + kernel.reach + 1)
        table[:, wires, kernel.first - first : kernel.first - first + kernel.table.shape[2]] = kernel.table
        whole.append(table)
    return float(np.abs(whole[0] - whole[1]).max() / np.abs(whole[1]).max())


def check(run: Run) -> Findings:
    """Return areas, peaks of the built-in response and of the Garfield file, and their difference."""
    detector, path = load_detector("fd1-hd-apa"), run.file(_FILE)
    rows, plots = _areas(detector), []
    nominal = ElectronicsConfig(shaper="nominal")
    for plane in detector.planes:
        built_in = plane_kernel(detector, plane, nominal)
        rows += _plane(built_in, plane, "built-in", 0.05)
        curves: tuple[Curve, ...] = (("built-in", *own_wire(built_in)),)
        points: tuple[Curve, ...] = ()
        name = f"{plane}, largest difference of built-in and Garfield, all wires and impacts, over the peak"
        if path is None:
            rows += [
                absent("response", row.quantity, _GARFIELD, _FILE)
                for row in _plane(built_in, plane, "Garfield", 0.03)
            ]
            rows.append(absent("response", name, _GARFIELD, _FILE))
        else:
            garfield = plane_kernel(
                detector, plane, ElectronicsConfig(shaper="nominal", field_response=str(path))
            )
            rows += _plane(garfield, plane, "Garfield", 0.03)
            rows.append(Row("response", name, 0, _GARFIELD, _difference(built_in, garfield), 0, None))
            points = (("Garfield", *own_wire(garfield)),)
        plots.append(Plot(f"response_{plane}", f"1000 electrons on their own {plane} wire, nominal gain",
                          "ticks after the arrival", "ADC", curves, points, range_x=(-60, 40)))  # fmt: skip
    return Findings(rows, plots)
