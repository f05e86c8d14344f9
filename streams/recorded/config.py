"""How recorded waveforms are brought into the stream: frozen structs, read from TOML, checked in one place.

>>> checked(ImportConfig(counts=CountsConfig(tick_ns=500, bits=12))).counts.plane
'X'
>>> checked(ImportConfig(counts=CountsConfig(first_channel=960)))
Traceback (most recent call last):
streams.errors.ConfigError: counts.first_channel: got 960, want 0 to 959
"""

from __future__ import annotations

from typing import Literal

import msgspec

from streams.config import ElectronicsConfig, FileConfig, SimulationConfig
from streams.config import checked as checked_simulation
from streams.detector import Detector, load_detector
from streams.limits import refuse, within

LEAST_TICK_NS, MOST_TICK_NS = 100, 5000
MOST_REPEATS = 1_000_000
LOW_PASS_MHZ = (0.12, 0.3)  # signal processing's own; beyond, the edges of its regions of interest dominate


class CountsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An array of ADC counts. By default its values are written as they are, one sample for each tick."""

    array: str = ""  # name of the array in an .npz file; empty: the only one with two axes
    order: Literal["", "channels ticks", "ticks channels"] = ""  # of the axes; empty: the longer one is time
    tick_ns: int = 512  # from one sample to the next
    ticks: Literal["resample", "keep"] = "resample"  # to 512 ns, or taken as if they were 512 ns
    bits: Literal[12, 14] = 14
    scale: Literal["full", "keep"] = "full"  # of 12 bits: times 4, or as they are
    plane: str = "X"
    first_channel: int = 0  # of the plane, where the array's first channel goes
    fill: Literal["once", "repeat"] = (
        "once"  # repeat: the array's channels again and again, to the plane's end
    )


class ElectronsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frame of electrons by channel and tick, as Wire-Cell's signal processing writes it."""

    tag: str = "gauss"  # of the frame in the archive
    #: By plane its channel numbers in the archive, first and one past the last; empty: by those known of ProtoDUNE.
    planes: dict[str, tuple[int, int]] = {}
    response: str = (
        ""  # preset whose field response is used; empty: the detector's, or the one the archive calls for
    )
    neighbours: bool = True  # charge gives its signal on the wires beside it too
    low_pass_mhz: float = (
        0.25  # of the charge in time, instead of signal processing's 0.12 MHz (which leaves it)
    )
    bad: Literal["dead", "missing"] = "dead"  # what becomes of the archive's bad channels


class ImportConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of a file of recorded waveforms."""

    seed: int = 1  # of the noise that is added
    detector: str = "fd1-hd-apa"
    others: Literal["noise", "missing"] = "noise"  # channels of the assembly that the file does not have
    repeat: int = (
        1  # how many times the sample is played, one time after the other; the noise that is added is new
    )
    window_blocks: int = 0  # blocks of 64 ticks in a trigger record; 0: all in one
    run_number: int = 1
    crate: int = 1  # of the frames' headers, 0 to 1023
    channel_map: str = ""  # DUNE's map of channels, a text file; empty: the built-in rule of the crate
    first_timestamp: int = 1_000_000_000_000  # 62.5 MHz counts at tick 0
    electronics: ElectronicsConfig = ElectronicsConfig()
    counts: CountsConfig = CountsConfig()
    electrons: ElectronsConfig = ElectronsConfig()
    file: FileConfig = FileConfig()


def readout_config(config: ImportConfig, dead: tuple[int, ...] = ()) -> SimulationConfig:
    """Return the simulation whose readout digitises what is not counts yet; ``dead`` channels are added."""
    both = tuple(sorted({*config.electronics.dead_channels, *dead}))
    electronics = msgspec.structs.replace(config.electronics, dead_channels=both)
    return SimulationConfig(
        seed=config.seed,
        detector=config.detector,
        crate=config.crate,
        channel_map=config.channel_map,
        electronics=electronics,
        first_timestamp=config.first_timestamp,
        file=config.file,
    )


def _check_counts(counts: CountsConfig, detector: Detector) -> None:
    within("counts.tick_ns", counts.tick_ns, LEAST_TICK_NS, MOST_TICK_NS, "ns")
    allowed = ", ".join(detector.planes)
    refuse(
        counts.plane not in detector.planes, f"counts.plane: got {counts.plane!r}, the detector has {allowed}"
    )
    channels = detector.planes[counts.plane].channels
    within("counts.first_channel", counts.first_channel, 0, channels - 1)


def _check_electrons(electrons: ElectronsConfig, detector: Detector) -> None:
    for name, (first, end) in electrons.planes.items():
        where, allowed = f"electrons.planes.{name}", ", ".join(detector.planes)
        refuse(name not in detector.planes, f"{where}: the detector has {allowed}")
        channels = detector.planes[name].channels
        refuse(
            not 0 <= first < end <= first + channels,
            f"{where}: got {first} to {end}, want first and one past the last of at most {channels} channels",
        )
    within("electrons.low_pass_mhz", electrons.low_pass_mhz, *LOW_PASS_MHZ, "MHz")
    if electrons.response:
        load_detector(electrons.response)


def checked(config: ImportConfig) -> ImportConfig:
    """Return ``config`` if every value can be used.

    Raises
    ------
    ConfigError : names the first key that cannot be used, the value got and what is allowed.
    """
    checked_simulation(readout_config(config))
    detector = load_detector(config.detector)
    within("repeat", config.repeat, 1, MOST_REPEATS)
    within("window_blocks", config.window_blocks, 0, 10_000_000)
    within("run_number", config.run_number, 0, 2**32 - 1)
    _check_counts(config.counts, detector)
    _check_electrons(config.electrons, detector)
    return config
