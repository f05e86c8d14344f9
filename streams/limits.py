"""What a signal cannot be asked for: every value that is wrong by itself is refused here, in one sentence.

What is wrong only for one detector, one flux or one file is refused where that is known: ``streams.sources``.

>>> check_signal("signals[0]", MuonSignal(scale=-1.0))
Traceback (most recent call last):
streams.errors.ConfigError: signals[0].scale: got -1.0, want 0 to 1e+06
"""

from __future__ import annotations

import math

import msgspec

from streams.block import EVENT_DTYPE
from streams.errors import ConfigError
from streams.signals import (
    BurstSignal,
    CalibrationSignal,
    MuonSignal,
    NeutrinoSignal,
    Pinched,
    SegmentsSignal,
    Signal,
    SolarSignal,
    origins,
)
from streams.sources.neutrinos.cross_sections import MAX_ENERGY_MEV

MAX_RATE_HZ = 1e7  # of any source or signal: 330 events in each block
MOST_LETTERS = EVENT_DTYPE["origin"].itemsize  # of a name
MOST_MS = 1e9  # from the start of the run: 11.6 days
#: Ends of the tables of energies [MeV].
MOST_MEV = {"electron": 100.0, "positron": 100.0, "gamma": 100.0, "alpha": 20.0, "muon": 1e6}


def refuse(wrong: bool, sentence: str) -> None:
    """Raise a ``ConfigError`` of this sentence if something is wrong."""
    if wrong:
        raise ConfigError(sentence)


def within(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    """Refuse a value outside low to high (NaN too)."""
    wanted = f"want {low:g} to {high:g}{' ' + unit if unit else ''}"
    refuse(not low <= value <= high, f"{name}: got {value}, {wanted}")


def _finite(name: str, signal: Signal) -> None:
    """Refuse numbers of ``signal`` that are infinite or none."""
    for key, value in msgspec.structs.asdict(signal).items():
        numbers = value if isinstance(value, tuple) else (value,)
        bad = any(isinstance(number, float) and not math.isfinite(number) for number in numbers)
        refuse(bad, f"{name}.{key}: got {value}, want a finite number")


def _direction(name: str, value: tuple[float, float, float] | None) -> None:
    if value is not None:
        length = math.sqrt(sum(v * v for v in value))
        refuse(not 0 < length < math.inf, f"{name}.direction: got {value}, want a vector that is not zero")


def _energies(name: str, signal: NeutrinoSignal | BurstSignal, least: float) -> None:
    low, high = signal.min_energy_mev, signal.max_energy_mev
    refuse(
        not least <= low < high <= MAX_ENERGY_MEV,
        f"{name}.min_energy_mev, max_energy_mev: got {low} and {high}, "
        f"want {least:g} <= min < max <= {MAX_ENERGY_MEV:g} MeV",
    )


def named(origin: str) -> bool:
    """Return whether events can have the origin of this name."""
    return origin.isascii() and origin.isprintable() and 0 < len(origin) <= MOST_LETTERS


def _name(name: str, signal: Signal) -> None:
    for origin in origins(signal):
        refuse(not named(origin), f"{name}.name: got {origin!r}, want 1 to {MOST_LETTERS} ASCII letters")


def _neutrinos(name: str, signal: NeutrinoSignal) -> None:
    within(f"{name}.rate_hz", signal.rate_hz, 0, MAX_RATE_HZ, "Hz")
    _energies(name, signal, 5 if signal.interaction == "nue_cc" else 1)
    _direction(name, signal.direction)
    if isinstance(signal.flux, Pinched):
        within(f"{name}.flux.alpha", signal.flux.alpha, 0, 20)
        within(f"{name}.flux.mean_energy_mev", signal.flux.mean_energy_mev, 1, 50, "MeV")


def _interactions(name: str, signal: BurstSignal | SolarSignal) -> None:
    given = signal.interactions
    refuse(
        not given or len(set(given)) < len(given),
        f"{name}.interactions: got {given}, want some of nue_cc, es, anue_cc, each once",
    )
    _direction(name, signal.direction)


def _segments(name: str, signal: SegmentsSignal) -> None:
    axes = sorted(axis.removeprefix("-") for axis in signal.axes)
    refuse(
        axes != ["x", "y", "z"],
        f"{name}.axes: got {signal.axes}, want x, y, z in any order, each with - or not",
    )
    within(f"{name}.start_ms", signal.start_ms, -MOST_MS, MOST_MS, "ms")
    within(f"{name}.spacing_ms", signal.spacing_ms, 0, 1e6, "ms")


def check_signal(name: str, signal: Signal) -> None:
    """Refuse what no signal can be asked for; ``name`` is its place in the configuration.

    Raises
    ------
    ConfigError : names the key, the value got and what is allowed.
    """
    _finite(name, signal)
    _name(name, signal)
    match signal:
        case NeutrinoSignal():
            _neutrinos(name, signal)
        case BurstSignal():
            within(f"{name}.distance_kpc", signal.distance_kpc, 0.05, 1e4, "kpc")
            within(f"{name}.scale", signal.scale, 0, 1e4)
            within(f"{name}.start_ms", signal.start_ms, -MOST_MS, MOST_MS, "ms")
            _energies(name, signal, 1)
            _interactions(name, signal)
        case SolarSignal():
            within(f"{name}.survival", signal.survival, 0, 1)
            within(f"{name}.scale", signal.scale, 0, 1e9)
            _interactions(name, signal)
        case CalibrationSignal():
            within(f"{name}.rate_hz", signal.rate_hz, 0, MAX_RATE_HZ, "Hz")
            within(f"{name}.energy_mev", signal.energy_mev, 1e-3, MOST_MEV[signal.particle], "MeV")
            _direction(name, signal.direction)
        case MuonSignal():
            within(f"{name}.scale", signal.scale, 0, 1e6)
            within(f"{name}.rate_hz", signal.rate_hz or 0.0, 0, 1e4, "Hz")
            within(f"{name}.stopping", signal.stopping or 0.0, 0, 1)
        case SegmentsSignal():
            _segments(name, signal)
