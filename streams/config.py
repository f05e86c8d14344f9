"""What a simulation is asked to do: one frozen struct, read from TOML, checked in one place.

>>> checked(SimulationConfig(seed=3)).channels
960
>>> checked(SimulationConfig(backgrounds={"Ar39": 0.0})).backgrounds["Ar39"]
0.0
"""

from __future__ import annotations

import math

from typing import Literal

import msgspec

from streams.block import ORIGINS
from streams.detector import load_detector
from streams.errors import ConfigError
from streams.signals import Signal

BACKGROUNDS = ORIGINS[1:]
MAX_RATE_HZ = 1e7  # of any source: 330 events in each block


class SignalConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Supernova nu_e charged-current interactions, spread uniformly over the argon and over time.

    The flux is pinched-thermal, E^alpha exp(-(alpha + 1) E / mean) (reference parameters 2.5 and 9.5 MeV: DUNE TDR).
    """

    rate_hz: float  # interactions per second in this APA
    alpha: float = 2.5
    mean_energy_mev: float = 9.5
    min_energy_mev: float = 5.0  # the cross section table begins here
    max_energy_mev: float = 70.0
    flat: bool = (
        False  # a flat spectrum between the two energies instead: even statistics for efficiency curves
    )


class ElectronicsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The chain from a wire to its counts, where it differs from the detector's preset."""

    gain_mv_per_fc: float | None = None  # 4.7, 7.8, 14 or 25; absent: the preset's
    peaking_us: float | None = None  # 0.5, 1, 2, 3, or 2.2 as in Wire-Cell; absent: the preset's
    shaper: Literal["measured", "nominal"] = "measured"  # pulser gain of ProtoDUNE-HD, or the formula's
    ac_coupling_ms: float = 1.1  # one RC of the bias network (Wire-Cell rcrc); 0: none
    field_response: str = ""  # Wire-Cell field response, json or json.bz2; empty: the built-in stand-in
    noise_spectra: str = ""  # Wire-Cell noise spectra, json or json.bz2; empty: the preset's
    noise_scale: float = 1.0  # of all noise
    coherent_adc: float | None = None  # r.m.s. of the noise common to a group of channels; absent: the preset's
    dead_channels: tuple[int, ...] = ()  # offline numbers in the assembly: U, then V, then X
    noisy_channels: dict[int, float] = {}  # factor on the noise of a channel
    stuck_bits: dict[int, tuple[int, int]] = {}  # channel: (mask of the bits that stick, what they show)
    sticky_codes: dict[int, float] = {}  # channel: chance that the six low bits of a sample read 0x00 or 0x3f


class SimulationConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One run of the simulation: the detector, what happens in it, and how much of it is written."""

    seed: int = 1
    detector: str = "fd1-hd-apa"  # name of a file in streams/presets
    channels: int = 960  # collection channels; must be the detector's
    windows: int = 2  # trigger records in a file
    window_blocks: int = 69  # blocks of 64 ticks in one record; 69 * 64 ticks cover the drift of 4 395 ticks
    backgrounds: dict[str, float] = {}  # scale of each source's published activity, default 1
    signal: SignalConfig | None = None
    noise_scale: float = 1.0
    electron_lifetime_ms: float = 10.4  # DUNE far detector services (dunecore detectorproperties_dune.fcl)
    ac_coupling_ms: float = 1.1  # one RC of the bias network (Wire-Cell rcrc); 0: none
    signals: tuple[Signal, ...] = ()
    position: str = "central"  # class of the assembly in its module: which faces are active, what comes from outside
    planes: tuple[str, ...] = ("U", "V", "X")  # planes that are read out
    model: str = "v3.6"  # table of the backgrounds: a name in streams/sources/models or the path of a TOML file
    chain_branching: Literal["physical", "fcl"] = "physical"  # "fcl": each isotope of a chain with its full activity
    electronics: ElectronicsConfig = ElectronicsConfig()
    first_timestamp: int = 1_000_000_000_000  # 62.5 MHz counts at tick 0


def _refuse(wrong: bool, sentence: str) -> None:
    if wrong:
        raise ConfigError(sentence)


def _check_signal(signal: SignalConfig) -> None:
    rate = signal.rate_hz
    _refuse(not 0 <= rate <= MAX_RATE_HZ, f"signal.rate_hz: got {rate}, want 0 to {MAX_RATE_HZ:g} Hz")
    _refuse(not 0 <= signal.alpha <= 20, f"signal.alpha: got {signal.alpha}, want 0 to 20")
    mean = signal.mean_energy_mev
    _refuse(not 1 <= mean <= 50, f"signal.mean_energy_mev: got {mean}, want 1 to 50 MeV")
    low, high = signal.min_energy_mev, signal.max_energy_mev
    _refuse(
        not 5 <= low < high <= 100,
        f"signal.min_energy_mev, max_energy_mev: got {low} and {high}, want 5 <= min < max <= 100 MeV",
    )


def checked(config: SimulationConfig) -> SimulationConfig:
    """Return ``config`` if every value can be used.

    Raises
    ------
    ConfigError : names the first key that cannot be used, the value got and what is allowed.
    """
    detector = load_detector(config.detector)
    want = detector.channels
    _refuse(
        config.channels != want,
        f"channels: got {config.channels}, want {want}: detector {config.detector} has {want} collection channels",
    )
    _refuse(not 0 <= config.seed < 2**63, f"seed: got {config.seed}, want 0 to 2**63 - 1")
    for name in ("windows", "window_blocks"):
        count = getattr(config, name)
        _refuse(count < 1, f"{name}: got {count}, want at least 1")
    for source, scale in config.backgrounds.items():
        allowed = ", ".join(BACKGROUNDS)
        _refuse(source not in BACKGROUNDS, f"backgrounds: unknown source {source!r}, allowed are {allowed}")
        most = MAX_RATE_HZ / detector.activity_bq[source]
        _refuse(
            not 0 <= scale <= most, f"backgrounds.{source}: got {scale}, want a factor of 0 to {most:.3g}"
        )
    scale = config.noise_scale
    _refuse(not 0 <= scale <= 100, f"noise_scale: got {scale}, want 0 to 100")
    lifetime = config.electron_lifetime_ms
    _refuse(not lifetime > 0, f"electron_lifetime_ms: got {lifetime}, want more than 0 ms")
    coupling = config.ac_coupling_ms
    _refuse(
        not (coupling == 0 or 0.01 <= coupling < math.inf),
        f"ac_coupling_ms: got {coupling}, want 0 (no coupling) or at least 0.01 ms",
    )
    stamp = config.first_timestamp
    _refuse(not 0 <= stamp < 2**62, f"first_timestamp: got {stamp}, want 0 to 2**62 - 1")
    if config.signal is not None:
        _check_signal(config.signal)
    return config
