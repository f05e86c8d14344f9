"""Read noise spectra of Wire-Cell as they are published (``*-noise-spectra-*.json``, ``*.json.bz2``).

Each spectrum has a plane (0, 1, 2: U, V, X), a wire length [mm], frequencies [GHz] and the *mean* amplitude there of
the discrete Fourier transform of ``nsamples`` samples, in Wire-Cell's unit of voltage (1 mV is 1e-9). The amplitude
has a Rayleigh distribution, so the mean square is 4 / pi times the mean squared; ``const`` adds in quadrature (gen/src
AddNoise.cxx, EmpiricalNoiseModel.cxx). With these conventions the ProtoDUNE-HD file for 14 mV/fC gives 10.83 and 13.85
ADC (reference section 9.1.6). Between two lengths the power is interpolated, beyond them it stays. Where a file has
several spectra of one plane and length, as for plane 0, their power is averaged.

>>> frequencies = np.linspace(0.0, 1e-3, 101).tolist()
>>> flat = [Entry(512.0, 6000, plane, 6000.0, frequencies, [1.5e-7] * 101) for plane in range(3)]
>>> spectra = spectra_of(flat, "flat", tick_ns=512.0, uv_per_adc=85.449)
>>> spectra.rms_adc("X", np.array([6000.0])).round(2).tolist()
[25.57]
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from streams.compiled import Floats
from streams.errors import UserError
from streams.packed import read_packed

_PLANES = ("U", "V", "X")
FREQUENCIES = 4096  # of the powers here
_MV = 1e-9  # in Wire-Cell's unit of voltage
_ELECTRONS_PER_FC = 6241.509  # Wire-Cell's unit of charge is the electron's
_PERIOD = 1e-3  # largest relative difference of the sampling period
_EDGE = 0.02  # of the highest frequency: so near to 0 and to it a spectrum must go
_STEP = 0.2  # of the highest frequency: a larger step is a gap
_PLAUSIBLE_ADC = (0.2, 200.0)


class Entry(msgspec.Struct):
    """One spectrum of a file."""

    period: float  # ns
    nsamples: int
    plane: int
    wirelen: float  # mm
    freqs: list[float]  # 1/ns
    amps: list[float]
    const: float = 0.0
    gain: float = 0.0  # of the electronics, in Wire-Cell's units; 0: not said


class NoiseSpectra(NamedTuple):
    """Power of the noise by plane and wire length."""

    name: str  # of the file
    lengths_mm: dict[str, Floats]  # by plane, growing
    powers: dict[
        str, Floats
    ]  # by plane, (lengths, 4096) ADC2 at ``numpy.fft.fftfreq``; the mean is the variance
    gain_mv_per_fc: float  # 0: not said

    def power(self, plane: str, length_mm: float) -> Floats:
        """Return the power at the frequencies of ``numpy.fft.fftfreq(4096)`` for one length: (4096,), ADC2."""
        lengths, powers = self.lengths_mm[plane], self.powers[plane]
        place = float(np.interp(length_mm, lengths, np.arange(len(lengths))))
        low = min(int(place), max(len(lengths) - 2, 0))
        high = min(low + 1, len(lengths) - 1)
        return np.asarray(powers[low] + (place - low) * (powers[high] - powers[low]))

    def rms_adc(self, plane: str, length_mm: Floats) -> Floats:
        """Return the r.m.s. of all noise for each wire length: float64 (n,)."""
        variances = self.powers[plane].mean(axis=1)
        return np.asarray(np.sqrt(np.interp(length_mm, self.lengths_mm[plane], variances)))


def read(path: Path | str, *, tick_ns: float, uv_per_adc: float) -> NoiseSpectra:
    """Return the spectra of the file ``path``.

    Raises
    ------
    UserError : the file cannot be read, is not such a file, or has values that cannot be right.
    """
    try:
        entries = msgspec.json.decode(read_packed(Path(path), "noise spectra"), type=list[Entry])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: noise spectra are not Wire-Cell's JSON ({error}): give a file as in wire-cell-data"
        ) from None
    return spectra_of(entries, str(path), tick_ns=tick_ns, uv_per_adc=uv_per_adc)


def spectra_of(entries: list[Entry], name: str, *, tick_ns: float, uv_per_adc: float) -> NoiseSpectra:
    """Return the checked spectra of ``entries``; ``name`` is what messages call them."""
    for number, entry in enumerate(entries):
        wrong = _wrong(entry, tick_ns)
        if wrong:
            raise UserError(f"{name}: noise spectrum {number} (plane {entry.plane}): {wrong}")
    lengths, powers = {}, {}
    for number, plane in enumerate(_PLANES):
        mine = [entry for entry in entries if entry.plane == number]
        if not mine:
            raise UserError(f"{name}: no noise spectrum of plane {number} ({plane}): want planes 0, 1 and 2")
        lengths[plane] = np.unique([entry.wirelen for entry in mine])
        powers[plane] = np.array(
            [
                np.mean([_power(e, tick_ns, uv_per_adc) for e in mine if e.wirelen == length], axis=0)
                for length in lengths[plane]
            ]
        )
    gains = {round(entry.gain / _MV * _ELECTRONS_PER_FC, 3) for entry in entries}
    if len(gains) > 1:
        raise UserError(f"{name}: noise spectra of gains {sorted(gains)} mV/fC together: want one")
    spectra = NoiseSpectra(name, lengths, powers, gains.pop())
    _check_size(spectra)
    return spectra


def _wrong(entry: Entry, tick_ns: float) -> str:
    """Return what is wrong with ``entry``, or nothing."""
    top = 0.5 / tick_ns
    freqs, amps = np.array(entry.freqs), np.array(entry.amps)
    steps = np.diff(freqs)
    checks = (
        (not abs(entry.period / tick_ns - 1) <= _PERIOD, f"period {entry.period:g} ns, want {tick_ns:g} ns"),
        (not 0 <= entry.plane <= 2, "want plane 0, 1 or 2"),
        (not entry.wirelen > 0, f"wire length {entry.wirelen:g} mm, want more than 0"),
        (entry.nsamples < 2, f"nsamples {entry.nsamples}, want at least 2"),
        (len(freqs) != len(amps), f"{len(freqs)} frequencies and {len(amps)} amplitudes, want as many"),
        (len(freqs) < 2, f"{len(freqs)} frequencies, want at least 2"),
        (bool((steps <= 0).any()), "frequencies do not grow: want them in order, each once"),
        (bool((amps < 0).any()) or entry.const < 0, "a negative amplitude: want 0 or more"),
        (not amps.any(), "all amplitudes are 0"),
    )
    for bad, message in checks:
        if bad:
            return message
    if not (0 <= freqs[0] <= _EDGE * top and (1 - _EDGE) * top <= freqs[-1] <= 2 * top):
        return (
            f"frequencies from {freqs[0]:g} to {freqs[-1]:g} GHz, want 0 to {top:.6g} GHz: is the unit GHz?"
        )
    if steps.max() > _STEP * top:
        at = int(steps.argmax())
        return f"a gap between {freqs[at]:g} and {freqs[at + 1]:g} GHz: want steps of at most {_STEP * top:.3g} GHz"
    return ""


def _power(entry: Entry, tick_ns: float, uv_per_adc: float) -> Floats:
    """Return the power of one spectrum, ADC2, at the frequencies of ``numpy.fft.fftfreq(4096)``."""
    frequency = np.abs(np.fft.fftfreq(FREQUENCIES, tick_ns))
    amplitude = np.interp(frequency, entry.freqs, entry.amps)
    mean_square = 4 / math.pi * (amplitude**2 + entry.const**2) / entry.nsamples
    return np.asarray(mean_square * (1000 / _MV / uv_per_adc) ** 2)


def _check_size(spectra: NoiseSpectra) -> None:
    """Refuse spectra of another unit."""
    low, high = _PLAUSIBLE_ADC
    for plane, lengths in spectra.lengths_mm.items():
        for length, rms in zip(lengths, spectra.rms_adc(plane, lengths), strict=True):
            if not low <= rms <= high:
                raise UserError(
                    f"{spectra.name}: noise spectra of plane {plane}, {length:g} mm, make {rms:.3g} ADC r.m.s., "
                    f"want {low:g} to {high:g}: are the amplitudes in Wire-Cell's unit (1 mV is 1e-9)?"
                )
