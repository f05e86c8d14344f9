"""What a simulation is asked to do: one frozen struct, read from TOML, checked in one place.

>>> checked(SimulationConfig(seed=3)).position
'central'
>>> checked(SimulationConfig(backgrounds={"Ar39": 0.0})).backgrounds["Ar39"]
0.0
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import msgspec

from streams.detector import Detector, load_detector
from streams.faults import checked_faults
from streams.limits import check_signal, refuse, within
from streams.rng import key
from streams.signals import MuonSignal, Signal, origins

MOST_WINDOWS, MOST_BLOCKS = 999_999, 10_000_000  # six digits in the name of a record; 328 s
MOST_CRATE = 1023  # 10 bits in a frame's header (DUNE-DAQ/detdataformats DAQEthHeader.hpp)
MOST_APAS = 1000
_ASSEMBLY = (
    6 << 40
)  # purpose of the random numbers, apart from those of streams.readout, streams.faults and events


class ElectronicsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The chain from a wire to its counts, where it differs from the detector's preset."""

    gain_mv_per_fc: float | None = None  # 4.7, 7.8, 14 or 25; absent: the preset's
    peaking_us: float | None = None  # 0.5, 1, 2, 3, or 2.2 as in Wire-Cell; absent: the preset's
    shaper: Literal["measured", "nominal"] = "measured"  # pulser gain of ProtoDUNE-HD, or the formula's
    ac_coupling_ms: float = 1.1  # one RC of the bias network (Wire-Cell rcrc); 0: none
    field_response: str = ""  # Wire-Cell field response, json or json.bz2; empty: the built-in stand-in
    noise_spectra: str = ""  # Wire-Cell noise spectra, json or json.bz2; empty: the preset's
    noise_scale: float = 1.0  # of all noise
    coherent_adc: float | None = None  # r.m.s. of the noise common to a board; absent: the preset's
    dead_channels: tuple[int, ...] = ()  # offline numbers in the assembly: U, then V, then X
    noisy_channels: dict[int, float] = {}  # factor on the noise of a channel
    stuck_bits: dict[int, tuple[int, int]] = {}  # channel: (mask of the bits that stick, what they show)
    sticky_codes: dict[int, float] = {}  # channel: chance that the six low bits of a sample read 0x00 or 0x3f


class FileConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a file is laid out."""

    layout: Literal["records", "slices"] = "records"  # trigger records, or time slices
    plain: bool = False  # only what DUNE's writer writes: no truth, no checks of frames, no channel map


class SimulationConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One run of the simulation: the detector, what happens in it, and how much of it is written."""

    seed: int = 1
    detector: str = "fd1-hd-apa"  # name of a file in streams/presets, or the path of a TOML file
    position: str = "central"  # in the module: which faces are active, what comes from outside
    apa: int = 0  # number of the assembly: each has random streams of its own
    crate: int = 1  # number of the assembly's crate in the frames
    channel_map: str = (
        ""  # DUNE's text file PD2HDChannelMap, which must have the crate; empty: the built-in rule
    )
    planes: tuple[str, ...] = ("U", "V", "X")  # planes that are read out
    windows: int = 2  # trigger records in a file
    window_blocks: int = 69  # blocks of 64 ticks in one record; 69 * 64 ticks cover the drift of 4 395 ticks
    model: str = "v3.6"  # table of the backgrounds: a name in streams/sources/models, or a path
    backgrounds: dict[str, float] = {}  # factor on the activity of a source or a group of sources
    chain_branching: Literal["physical", "fcl"] = (
        "physical"  # "fcl": each isotope with its chain's full activity
    )
    signals: tuple[Signal, ...] = ()
    electron_lifetime_ms: float = 10.4  # DUNE far detector services (dunecore detectorproperties_dune.fcl)
    electronics: ElectronicsConfig = ElectronicsConfig()
    first_timestamp: int = 1_000_000_000_000  # 62.5 MHz counts at tick 0
    file: FileConfig = FileConfig()


def _check_electronics(electronics: ElectronicsConfig, detector: Detector) -> None:
    within("electronics.noise_scale", electronics.noise_scale, 0, 100)
    coupling = electronics.ac_coupling_ms
    refuse(
        not (coupling == 0 or 0.01 <= coupling < math.inf),
        f"electronics.ac_coupling_ms: got {coupling}, want 0 (no coupling) or at least 0.01 ms",
    )
    if electronics.coherent_adc is not None:
        within("electronics.coherent_adc", electronics.coherent_adc, 0, 100, "ADC")
    channels = sum(plane.channels for plane in detector.planes.values())
    for name in ("dead_channels", "noisy_channels", "stuck_bits", "sticky_codes"):
        for channel in getattr(electronics, name):
            within(f"electronics.{name}: channel", channel, 0, channels - 1)
    checked_faults(electronics, detector)


def _check_planes(planes: tuple[str, ...], detector: Detector, name: str) -> None:
    allowed = ", ".join(detector.planes)
    unknown = [plane for plane in planes if plane not in detector.planes]
    refuse(bool(unknown), f"planes: got {unknown[:1]}, detector {name} has {allowed}")
    refuse(
        not planes or len(set(planes)) < len(planes),
        f"planes: got {planes}, want some of {allowed}, each once",
    )


def _check_readout(config: SimulationConfig) -> None:
    """Refuse an assembly, or a crate, that frames cannot name or the channel map does not have."""
    within("apa", config.apa, 0, MOST_APAS - 1)
    within("crate", config.crate, 0, MOST_CRATE)
    if config.channel_map:
        from streams.channel_map_file import read

        crates = read(Path(config.channel_map))
        refuse(
            config.crate not in crates,
            f"channel_map: {config.channel_map} has crates {', '.join(map(str, crates))}, want crate {config.crate}: "
            "give another file, another crate, or leave channel_map out for the built-in rule",
        )


def _check_signals(config: SimulationConfig) -> None:
    from streams.sources.model import load_model

    backgrounds = {entry.name for entry in load_model(config.model)}
    for number, signal in enumerate(config.signals):
        name = f"signals[{number}]"
        check_signal(name, signal)
        for origin in origins(signal):
            refuse(
                origin in backgrounds,
                f"{name}.name: got {origin!r}, which is a source of model {config.model}: give it another name",
            )
    kinds = [type(signal) for signal in config.signals]
    refuse(
        kinds.count(MuonSignal) > 1, f"signals: got {kinds.count(MuonSignal)} of kind muons, want at most one"
    )


def checked(config: SimulationConfig) -> SimulationConfig:
    """Return ``config`` if every value can be used.

    Raises
    ------
    ConfigError : names the first key that cannot be used, the value got and what is allowed.
    """
    from streams.sources.table import sources

    refuse("\\x00" in repr(config), "configuration: got a text with a zero byte, want none")
    detector = load_detector(config.detector)
    allowed = ", ".join(detector.positions)
    refuse(
        config.position not in detector.positions, f"position: got {config.position!r}, allowed are {allowed}"
    )
    _check_planes(config.planes, detector, config.detector)
    refuse(not 0 <= config.seed < 2**63, f"seed: got {config.seed}, want 0 to 2**63 - 1")
    within("windows", config.windows, 1, MOST_WINDOWS)
    within("window_blocks", config.window_blocks, 1, MOST_BLOCKS)
    lifetime = config.electron_lifetime_ms
    refuse(not lifetime > 0, f"electron_lifetime_ms: got {lifetime}, want more than 0 ms")
    stamp = config.first_timestamp
    refuse(not 0 <= stamp < 2**62, f"first_timestamp: got {stamp}, want 0 to 2**62 - 1")
    _check_readout(config)
    _check_electronics(config.electronics, detector)
    sources(config, detector)
    _check_signals(config)
    return config


def seed_of(config: SimulationConfig) -> int:
    """Return the seed of the assembly's random streams, 63 bits: the run's own for assembly 0.

    >>> seed_of(SimulationConfig(seed=3)), seed_of(SimulationConfig(seed=3, apa=1)) > 2**32
    (3, True)
    """
    return int(key(config.seed, _ASSEMBLY, config.apa, 0) >> 1) if config.apa else config.seed
