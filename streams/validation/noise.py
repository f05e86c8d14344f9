"""Noise of each plane: size, time structure, and that no piece of it comes back or is shared where it should not be.

>>> published_power({"nsamples": 4, "period": 512.0, "freqs": [0, 1e-3], "amps": [1e-9, 1e-9], "const": 0}).shape
(3,)
"""

from __future__ import annotations

import bz2
import json
import math
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from streams.block import TICKS_PER_BLOCK
from streams.compiled import Floats
from streams.config import SimulationConfig
from streams.detector import Detector, load_detector
from streams.geometry.groups import groups
from streams.readout import PlaneReadout
from streams.simulate import stream
from streams.validation import waveforms
from streams.validation.row import Curve, Findings, Plot, Row, Run, absent

_FILE = "response/protodunehd-noise-spectra-14mVfC-v1.json.bz2"
_WCT = "ProtoDUNE-HD, Wire-Cell noise spectra at 14 mV/fC (reference 9.1.6, 6)"
RMS = {"U": 13.85, "V": 13.85, "X": 10.83}  # ADC, constant part in quadrature
AUTOCORRELATION_X = (1, 0.83, 0.50, 0.15, -0.09, -0.21)  # lags 0 to 5 (reference 9.6)
_TICKS = 8192
_SEGMENT = 1024  # ticks of one spectrum: bins of 1.9 kHz
_FAR = 20_000_000  # ticks to the distant window: 10 s
_UV_PER_ADC = 85.45  # 1.4 V / 2^14 (reference 1.1)


def window(readout: PlaneReadout, first_tick: int, channels: int) -> Floats:
    """Return the noise of ``_TICKS`` ticks without any signal (float64, (ticks, channels)), pedestals taken out."""
    nothing = np.zeros((TICKS_PER_BLOCK, channels), np.float32)
    ticks = range(first_tick, first_tick + _TICKS, TICKS_PER_BLOCK)
    return waveforms.centred(np.concatenate([readout.block(tick, nothing) for tick in ticks]))


def published_power(entry: Mapping[str, Any]) -> Floats:
    """Return the mean power per bin [ADC^2] of a published spectrum (float64, (nsamples / 2 + 1,)).

    Amplitudes are means of a Rayleigh distribution, in MV, of an unnormalised transform of ``nsamples`` ticks.
    """
    n = entry["nsamples"]
    frequency = np.fft.rfftfreq(n, entry["period"])  # 1 / ns
    amplitude = np.interp(frequency, entry["freqs"], entry["amps"])
    power = (amplitude**2 + entry["const"] ** 2) * 4 / math.pi
    return np.asarray(power * (1e12 / _UV_PER_ADC) ** 2)


def _published(path: Path, plane: int) -> tuple[Floats, Floats]:
    """Return frequencies [kHz] and power per bin and tick [ADC^2 / tick] of a plane, mean over its entries."""
    entries = [e for e in json.loads(bz2.decompress(path.read_bytes())) if e["plane"] == plane]
    power = np.mean([published_power(e) / e["nsamples"] for e in entries], axis=0)
    return 1e6 * np.fft.rfftfreq(entries[0]["nsamples"], entries[0]["period"]), power


def size_rows(plane: str, wave: Floats) -> list[Row]:
    """Return r.m.s., tails, and correlation of neighbouring ticks."""
    found, sigma = waveforms.rms(wave)
    rows = [Row("noise", f"{plane}, r.m.s.", RMS[plane], _WCT, found, sigma, 0.03 * RMS[plane], "ADC")]
    beyond = float((np.abs(wave) > 4 * wave.std(axis=0)).mean())
    # Neighbouring ticks are correlated: about three go into one independent number.
    sigma = math.sqrt(3 * 6.334e-5 / wave.size)
    rows.append(Row("noise", f"{plane}, share of samples beyond 4 sigma", 6.334e-5, "normal law", beyond, sigma,
                    0.2 * 6.334e-5))  # fmt: skip
    if plane == "X":
        for lag, value in enumerate(waveforms.autocorrelation(wave, 5)[1:], start=1):
            rows.append(Row("noise", f"X, autocorrelation at lag {lag}", AUTOCORRELATION_X[lag],
                            "Wire-Cell noise spectra (reference 9.6)", float(value), 0.002, 0.02))  # fmt: skip
    return rows


def _spectrum(
    plane: str, wave: Floats, number: int, run: Run, tick_ns: float
) -> tuple[list[Row], list[Curve]]:
    """Return where the spectrum has its peak, and how it compares with the published one."""
    frequency, power = waveforms.power_spectrum(wave, _SEGMENT, tick_ns)
    peak = waveforms.highest(frequency, power, 80, 170)
    rows = [
        Row("noise", f"{plane}, peak of the spectrum", 120, "reference 6: 110 to 130 kHz", peak, 0, 10, "kHz")
    ]
    found = power / _SEGMENT
    curves: list[Curve] = [(plane, frequency[2:], found[2:])]
    name, path = (
        f"{plane}, spectrum: mean difference of power over its mean, 20 to 500 kHz",
        run.file(_FILE),
    )
    if path is None:
        return [*rows, absent("noise", name, _WCT, _FILE)], curves
    theirs_at, theirs = _published(path, number)
    use = (frequency > 20) & (frequency < 500)
    wanted = np.interp(frequency[use], theirs_at, theirs)
    difference = float(np.abs(found[use] - wanted).mean() / wanted.mean())
    rows.append(Row("noise", name, 0, _WCT, difference, 0, None))
    curves.append((f"{plane}, ProtoDUNE-HD", theirs_at[::60], theirs[::60]))
    return rows, curves


def independence_rows(plane: str, wave: Floats, far: Floats) -> list[Row]:
    """Return that no piece comes back in a window 10 s later: the largest correlation at any shift."""
    match = waveforms.largest_match(wave[:, ::4], far[:, ::4])
    source = "nothing is recycled; chance gives 0.10"
    shared = float((wave * far).mean() / (wave.std() * far.std()))
    sigma = 3 / math.sqrt(wave.size)
    return [
        Row("noise", f"{plane}, largest correlation with a window 10 s later, any shift", 0, source, match, 0, 0.15),
        Row("noise", f"{plane}, correlation with a window 10 s later, same channel and tick", 0, "independent",
            shared, sigma, 0.0),
    ]  # fmt: skip


def _boards(plane: str, wave: Floats, detector: Detector) -> list[Row]:
    """Return the correlation of channels of one board, and of two boards."""
    noise = detector.noise[plane]
    wanted = (noise.coherent_adc / noise.rms_adc) ** 2
    inside, across = waveforms.correlation_of_groups(wave, groups(detector)[plane].femb)
    source = f"preset: {noise.coherent_adc:g} ADC common to a board (assumption: no level is published)"
    return [
        Row("noise", f"{plane}, correlation of channels of one FEMB", wanted, source, *inside, 0.1 * wanted),
        Row("noise", f"{plane}, correlation of channels of two FEMBs", 0, "independent boards", *across, 0.0),
    ]


def _in_the_stream(run: Run) -> list[Row]:
    """Return the r.m.s. of each plane in a stream without any source."""
    config = SimulationConfig(seed=run.seed, backgrounds={"all": 0.0})
    blocks = list(islice(stream(config), min(run.count(48), 128)))
    rows = []
    for plane, wanted in RMS.items():
        wave = np.concatenate([block.adc if plane == "X" else block.induction[plane] for block in blocks])
        found, sigma = waveforms.rms(waveforms.centred(wave))
        rows.append(Row("noise", f"{plane}, r.m.s. in the stream without sources", wanted, _WCT, found, sigma,
                        0.03 * wanted, "ADC"))  # fmt: skip
    return rows


def check(run: Run) -> Findings:
    """Return the rows of all planes, and spectrum and autocorrelation."""
    detector = load_detector("fd1-hd-apa")
    config = SimulationConfig(seed=run.seed)
    rows: list[Row] = []
    spectra: list[Curve] = []
    lags: list[Curve] = []
    for number, plane in enumerate(detector.planes):
        channels = detector.planes[plane].channels
        wave = window(PlaneReadout(config, detector, plane), 0, channels)
        far = window(PlaneReadout(config, detector, plane), _FAR, channels)
        more, curves = _spectrum(plane, wave, number, run, detector.tick_ns)
        rows += [
            *size_rows(plane, wave),
            *more,
            *independence_rows(plane, wave, far),
            *_boards(plane, wave, detector),
        ]
        spectra += curves
        lags.append((plane, np.arange(31.0), waveforms.autocorrelation(wave, 30)))
    wanted: Curve = ("X, published", np.arange(6.0), np.array(AUTOCORRELATION_X, float))
    plots = [
        Plot(
            "noise_spectrum",
            "noise",
            "kHz",
            "power per bin and tick [ADC^2]",
            tuple(spectra[::2]),
            tuple(spectra[1::2]),
        ),
        Plot(
            "noise_autocorrelation", "autocorrelation of the noise", "lag [ticks]", "", tuple(lags), (wanted,)
        ),
    ]
    return Findings([*rows, *_in_the_stream(run)], plots)
