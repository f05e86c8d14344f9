"""What a simulation may be asked to look for: one struct for each kind of signal, read from TOML.

>>> from msgspec import toml
>>> toml.decode(b'kind = "solar"', type=Signal).component
'b8'
"""

from __future__ import annotations

from typing import Literal

import msgspec

Interaction = Literal["nue_cc", "es", "anue_cc"]
CrossSection = Literal["default", "marley1"]  # the two tables of SNOwGLoBES for nu_e on argon


class _Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frozen struct that refuses keys that it does not know."""


class Pinched(_Struct, frozen=True, tag_field="shape", tag="pinched"):
    """A pinched-thermal flux, E^alpha exp(-(alpha + 1) E / mean) (reference 2.5 and 9.5 MeV: DUNE TDR)."""

    alpha: float = 2.5
    mean_energy_mev: float = 9.5


class Flat(_Struct, frozen=True, tag_field="shape", tag="flat"):
    """Interactions spread evenly over the energies: even statistics for efficiency curves."""


class FluxFile(_Struct, frozen=True, tag_field="shape", tag="file"):
    """A time-integrated flux at 10 kpc in the format of SNOwGLoBES: E in GeV, then six flavours per bin and cm2."""

    path: str


class NeutrinoSignal(_Struct, frozen=True, tag_field="kind", tag="neutrinos"):
    """Interactions of one kind at a constant rate, anywhere in the argon: what training and efficiency need."""

    rate_hz: float  # interactions per second in this assembly
    interaction: Interaction = "nue_cc"
    flux: Pinched | Flat | FluxFile = Pinched()
    min_energy_mev: float = 5.0
    max_energy_mev: float = 70.0
    cross_section: CrossSection = "default"
    direction: tuple[float, float, float] | None = None  # of the neutrinos; absent: isotropic
    name: str = ""  # of the origin; empty: the interaction's


class BurstSignal(_Struct, frozen=True, tag_field="kind", tag="burst"):
    """A supernova at a distance: its interactions by all three channels, with the time profile."""

    distance_kpc: float = 10.0
    start_ms: float = 0.0  # core bounce, from the start of the run
    flux: Literal["phases"] | FluxFile = "phases"  # pinched spectra by phase, or a file with the time profile
    interactions: tuple[Interaction, ...] = ("nue_cc", "es", "anue_cc")
    cross_section: CrossSection = "default"
    direction: tuple[float, float, float] = (0.0, -1.0, 0.0)
    min_energy_mev: float = 1.0
    max_energy_mev: float = 100.0
    scale: float = 1.0  # of the number of interactions


class SolarSignal(_Struct, frozen=True, tag_field="kind", tag="solar"):
    """Neutrinos of the sun."""

    component: Literal["b8", "hep"] = "b8"
    interactions: tuple[Interaction, ...] = ("nue_cc", "es")
    survival: float = 1.0  # share of the flux that arrives as nu_e
    scale: float = 1.0
    cross_section: CrossSection = "default"
    direction: tuple[float, float, float] = (0.0, -1.0, 0.0)


class CalibrationSignal(_Struct, frozen=True, tag_field="kind", tag="calibration"):
    """Single particles of one energy."""

    particle: Literal["electron", "positron", "gamma", "alpha", "muon"]
    energy_mev: float
    rate_hz: float
    position_mm: tuple[float, float, float] | None = None  # absent: anywhere in the argon
    direction: tuple[float, float, float] | None = None  # absent: isotropic
    name: str = "calibration"


class MuonSignal(_Struct, frozen=True, tag_field="kind", tag="muons"):
    """Cosmic muons that cross or stop, with Michel electrons: the high-energy class."""

    scale: float = 1.0  # of the rate at 4 850 feet
    rate_hz: float | None = None  # instead of that rate
    stopping: float | None = None  # share that stops; absent: as at 4 850 feet
    name: str = "muon"


class SegmentsSignal(_Struct, frozen=True, tag_field="kind", tag="segments"):
    """Energy deposits made elsewhere: segments in HDF5, as edep-sim's converted files and larnd-sim have them."""

    path: str
    dataset: str = "segments"
    start_ms: float = 0.0  # of the first event, from the start of the run
    spacing_ms: float = 5.0  # from one event to the next; 0: the file's own times go on from event to event
    origin_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)  # where the file's (0, 0, 0) lies here
    #: The file's axes that are x, y, z here; "-x" turns one round.
    axes: tuple[str, str, str] = ("x", "y", "z")
    outside: Literal["refuse", "drop"] = "refuse"  # what to do with deposits outside the active argon
    name: str = "segments"


Signal = NeutrinoSignal | BurstSignal | SolarSignal | CalibrationSignal | MuonSignal | SegmentsSignal


def origins(signal: Signal) -> tuple[str, ...]:
    """Return the names of the origins of the events of ``signal``.

    >>> origins(SolarSignal()), origins(NeutrinoSignal(rate_hz=1.0))
    (('solar_nue_cc', 'solar_es'), ('nue_cc',))
    """
    match signal:
        case BurstSignal():
            return signal.interactions
        case SolarSignal():
            return tuple(f"solar_{interaction}" for interaction in signal.interactions)
        case NeutrinoSignal():
            return (signal.name or signal.interaction,)
        case _:
            return (signal.name,)
