"""The production behind the published TPs, as its sources state it, for our simulation.

Data set ``detsim_dune10kt_1x2x2_notpcsigproc`` of ``prodmarley_nue_flat_cc_dune10kt_1x2x2``, dunesw v10_06_00d01
(JamesJieranShen/dunetrigger-production-justin, submit_sn_cc.sh). From there, all at that version:

- DUNE/dunesw detsim_dune10kt_1x2x2_notpcsigproc.fcl: Wire-Cell with signal, noise and digits.
- DUNE/dunereco DUNEWireCell/dune10kt-1x2x2, dune10kt-1x2x6 and wirecell_dune.fcl: 6 000 samples of 500 ns, amplifier
  of 14 mV/fC and 2.2 us times 1.1365, noise ``protodune-noise-spectra-v1`` with fresh random numbers for each
  channel, baselines of 1003.4 and 507.7 mV, diffusion, lifetime, velocity, no layer of RC coupling.
- WireCell/wire-cell-data protodune-noise-spectra-v1: one spectrum for U and V, one for X, of any length. Re-typed here.
- WireCell/wire-cell-toolkit gen/src/Digitizer.cxx: counts are rounded down, of 16 383 for 0.2 to 1.6 V.

Our simulation has ticks of 512 ns. What is noted per sample there is kept per sample: the spectrum, and the time that
a drift takes. The amplifier's pulse stays 2.4 % shorter in samples.

>>> for plane in "UX":
...     print(plane, round(noise_rms_adc(plane), 2))
U 17.15
X 14.84
"""

from __future__ import annotations

import json
import math
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs

from streams.block import TICK_NS
from streams.config import ElectronicsConfig, SimulationConfig
from streams.signals import Flat, Interaction, NeutrinoSignal

SAMPLE_NS = 500.0
_LATER = TICK_NS / SAMPLE_NS  # a time of ours over the time there with as many samples
_COUNTS_PER_MV = 16_383 / 1_400
PRESET = "fd1-hd-apa"

#: Mean amplitudes at 0, 10, 20 kHz and so on, 1e-9 of Wire-Cell's unit of voltage; none from 500 kHz to 1 MHz.
_INDUCTION = (
    *(
        135.5,
        146.2,
        157.4,
        168.4,
        176.6,
        185.4,
        192.6,
        198.9,
        203.2,
        206.0,
        207.7,
        207.7,
        206.3,
        204.2,
        201.3,
    ),
    *(198.0, 193.1, 187.1, 180.1, 171.3, 162.7, 154.3, 146.2, 137.7, 128.6, 118.1, 110.6, 103.5, 95.9, 89.2),
    *(83.5, 76.5, 70.0, 63.8, 58.5, 53.2, 48.8, 44.7, 40.7, 37.7, 35.3, 32.6, 29.8, 26.1, 21.3, 18.0),
    *(18.0, 18.0, 16.7, 15.2),
)
_COLLECTION = (
    *(
        110.8,
        119.9,
        129.3,
        137.6,
        144.1,
        149.5,
        154.6,
        158.4,
        161.5,
        163.9,
        166.1,
        167.4,
        168.2,
        166.2,
        163.9,
    ),
    *(161.2, 158.2, 154.7, 148.4, 143.0, 136.8, 128.2, 119.5, 112.5, 106.0, 99.0, 91.1, 83.6, 76.5, 70.3),
    *(65.0, 59.9, 55.0, 50.2, 45.8, 41.6, 37.8, 34.6, 32.6, 30.4, 27.6, 24.7, 22.2, 19.8, 17.2, 14.6),
    *(11.8, 8.8, 7.8, 6.6),
)
_SPECTRA = {
    "U": (_INDUCTION, 34.11),
    "V": (_INDUCTION, 34.11),
    "X": (_COLLECTION, 40.82),
}  # and the constant part
_POINTS, _STEP_GHZ = 101, 1e-5
_NSAMPLES = 6_000  # of the transform whose amplitudes those are

#: What sets the production apart from ours, in the order in which it is added.
STEPS = ("noise", "gain", "windows", "rest")
_GAIN = {"electronics.measured_scale": 1.1365}  # over the formula; ours is the pulser's of ProtoDUNE-HD
_REST: dict[str, float] = {
    "electronics.gain_spread": 0.0,
    "drift.velocity_mm_per_us": 1.60563 / _LATER,
    "drift.longitudinal_cm2_per_s": 4.0 / _LATER,
    "drift.transverse_cm2_per_s": 8.8 / _LATER,
    # Rounded down there, to the nearest here.
    "planes.U.pedestal_adc": (1003.4 - 200) * _COUNTS_PER_MV - 0.5,
    "planes.V.pedestal_adc": (1003.4 - 200) * _COUNTS_PER_MV - 0.5,
    "planes.X.pedestal_adc": (507.7 - 200) * _COUNTS_PER_MV - 0.5,
    **{f"planes.{plane}.pedestal_spread_adc": 0.0 for plane in "UVX"},
}
_LIFETIME_MS = 10.0 * _LATER


def noise_rms_adc(plane: str) -> float:
    """Return the r.m.s. of the noise there [ADC counts]: amplitudes have a Rayleigh distribution, of this mean."""
    amplitudes, constant = _SPECTRA[plane]
    mhz = np.abs(np.fft.fftfreq(_NSAMPLES, 1e-3 * SAMPLE_NS))
    known = np.zeros(_POINTS)
    known[: len(amplitudes)] = amplitudes
    amplitude = np.interp(mhz, np.arange(_POINTS) * 1e3 * _STEP_GHZ, known)
    power = 4 / math.pi * (amplitude**2 + constant**2)
    return float(np.sqrt(power.sum()) / _NSAMPLES * _COUNTS_PER_MV)


def _entry(number: int, plane: str) -> dict[str, Any]:
    """Return one spectrum as Wire-Cell's files have it, of samples of our length."""
    amplitudes, constant = _SPECTRA[plane]
    zeros = [0.0] * (_POINTS - len(amplitudes))
    return {
        "period": float(TICK_NS),
        "nsamples": _NSAMPLES,
        "plane": number,
        "wirelen": 6000.0,  # mm; with one length the spectrum holds for all
        "const": 1e-9 * constant,
        "freqs": [n * _STEP_GHZ / _LATER for n in range(_POINTS)],
        "amps": [1e-9 * amplitude for amplitude in (*amplitudes, *zeros)],
    }


def _changed(text: str, values: dict[str, float]) -> str:
    """Return a preset's text with other values of some keys, ``table.key``.

    >>> _changed("[a.b]\\nc = 1.0  # old\\n[d]\\nc = 3", {"a.b.c": 2.0})
    '[a.b]\\nc = 2.0\\n[d]\\nc = 3'
    """
    for name, value in values.items():
        table, _, key = name.rpartition(".")
        within = re.compile(rf"(^\[{re.escape(table)}\]\n(?:(?!\[).*\n)*?{key} = ).*", re.MULTILINE)
        text, found = within.subn(rf"\g<1>{value!r}", text)
        if found != 1:
            raise KeyError(f"{name}: {found} times in the preset")
    return text


def configured(steps: tuple[str, ...], folder: Path, seed: int = 20) -> SimulationConfig:
    """Return our simulation, without interactions, with some ``STEPS`` taken; its files go into ``folder``.

    Interactions are another matter: ``interactions``.
    """
    name = "-".join(steps) or "ours"
    preset, electronics = folder / f"{name}.toml", ElectronicsConfig()
    values = (_GAIN if "gain" in steps else {}) | (_REST if "rest" in steps else {})
    preset.write_text(_changed((files("streams.presets") / f"{PRESET}.toml").read_text(), values))
    if "noise" in steps:
        spectra = folder / "spectra.json"
        spectra.write_text(json.dumps([_entry(*plane) for plane in enumerate(_SPECTRA)]))
        electronics = structs.replace(electronics, noise_spectra=str(spectra), coherent_adc=0.0)
    if "rest" in steps:
        electronics = structs.replace(electronics, ac_coupling_ms=0.0)
    config = SimulationConfig(
        seed=seed, detector=str(preset), backgrounds={"all": 0.0}, electronics=electronics
    )
    return structs.replace(config, electron_lifetime_ms=_LIFETIME_MS) if "rest" in steps else config


def interactions(rate_hz: float, kind: str = "cc") -> NeutrinoSignal:
    """Return interactions of nu_e, CC or elastic scattering, anywhere in the assembly, even in energy up to 70 MeV.

    There from 2 MeV, CC from 4 where it opens (prodmarley_nue_flat_cc_dune10kt_1x2x2.fcl, mctruths_KE.png).
    """
    what: tuple[Interaction, float] = ("nue_cc", 5.0) if kind == "cc" else ("es", 2.0)
    return NeutrinoSignal(
        rate_hz=rate_hz, interaction=what[0], flux=Flat(), min_energy_mev=what[1], max_energy_mev=70.0
    )
