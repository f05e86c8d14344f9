"""Which simulated assemblies the trigger can look at, and what a rate in one of them is in 10 kt.

>>> from streams.signals import NeutrinoSignal
>>> per_10kt(SimulationConfig()), per_10kt(SimulationConfig(position="outer"))
(100.0, 200.0)
>>> per_10kt(SimulationConfig(signals=(NeutrinoSignal(rate_hz=1.0, name="burst"),)))
Traceback (most recent call last):
streams.errors.ConfigError: signals[0].name: got 'burst', the trigger tells neutrinos by nue_cc, es, anue_cc, \
solar_nue_cc, solar_es: leave the name out
"""

from __future__ import annotations

from streams import detector
from streams.block import COLLECTION_CHANNELS, NEUTRINOS
from streams.config import SimulationConfig
from streams.errors import ConfigError
from streams.signals import NeutrinoSignal


def per_10kt(config: SimulationConfig) -> float:
    """Return the factor from a rate in the assembly of ``config`` to the rate per 10 kt.

    Raises
    ------
    ConfigError : the detector does not have the channels that the trigger is built for, or a neutrino signal has a
        name that nobody would know it by.
    """
    found = detector.load_detector(config.detector)
    channels = found.planes["X"].channels
    if (found.faces, channels) != (2, COLLECTION_CHANNELS):
        raise ConfigError(
            f"detector: got {config.detector} with {found.faces} face(s) and {channels} collection channels; "
            f"the trigger is built for 2 faces with {COLLECTION_CHANNELS} together: take fd1-hd-apa"
        )
    for number, signal in enumerate(config.signals):
        if isinstance(signal, NeutrinoSignal) and signal.name not in ("", *NEUTRINOS):
            raise ConfigError(
                f"signals[{number}].name: got {signal.name!r}, the trigger tells neutrinos by "
                f"{', '.join(NEUTRINOS)}: leave the name out"
            )
    return detector.per_10kt(found, config.position)
