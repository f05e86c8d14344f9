"""What a replay reads: a file, a folder or a simulation, with faults on request, at a chosen speed.

>>> open_source(Path("run.h5"), Asked(exposure_s=1.0))
Traceback (most recent call last):
streams.errors.ConfigError: run.h5: a file is replayed whole: leave out --interactions and --exposure
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from streams import toml
from streams.block import TICK_NS, TICKS_PER_BLOCK, Block
from streams.config import SimulationConfig, checked
from streams.console import progress
from streams.errors import ConfigError
from streams.injection.faults import Faults, parse
from streams.injection.injection import injected
from streams.injection.ledger import KINDS, Ledger
from streams.pace import Pace, checked_speed, paced
from streams.receiver.receive import Links
from streams.receiver.report import CAUSES, OTHERS, Report
from streams.signals import NeutrinoSignal
from trigger.assembly import per_10kt
from trigger.physics import PER_10KT
from trigger.replay import Progress
from trigger.sample import FRAME_S

BLOCK_S = TICKS_PER_BLOCK * TICK_NS * 1e-9
Through = Callable[[Iterable[Links]], Iterable[Links]]


@dataclass(frozen=True)
class Asked:
    """What a replay is asked for.

    Attributes
    ----------
    interactions, exposure_s : where a simulation ends, more than 0; None: no limit.
    faults : what to do to the frames, as in ``streams.injection.faults``; empty: nothing.
    speed : 1 as fast as the detector; 0 free-running.
    strict : end with the first thing that is wrong.
    crate, channel_map : which crate of a file, and DUNE's map of its channels instead of the file's own.
    """

    interactions: int | None = None
    exposure_s: float | None = None
    faults: str = ""
    speed: float = 0.0
    strict: bool = False
    crate: int | None = None
    channel_map: Path | None = None


@dataclass
class Source:
    """An open source.

    Attributes
    ----------
    blocks : what to replay.
    shown : how to show progress on the frames.
    per_10kt : factor from a rate in this assembly to the rate per 10 kt.
    report : what the reader saw; None if the blocks come from a simulation without frames.
    ledger, pace : what was injected, and how well the pace was kept.
    """

    blocks: Iterable[Block]
    shown: Progress
    per_10kt: float
    report: Report | None
    ledger: Ledger = field(default_factory=Ledger)
    pace: Pace | None = None

    def rows(self) -> dict[str, object]:
        """Return names and values for a table; empty if there is nothing to say."""
        seen = self.report.rows() if self.report else {}
        return {**seen, **self.ledger.table(), **(self.pace.rows() if self.pace else {})}

    def content(self) -> dict[str, Any]:
        """Return the same as plain data."""
        content: dict[str, Any] = {}
        if self.report:
            names = ("delivered", "missing", *CAUSES, *OTHERS)
            content["received"] = {name: self.report.total(name) for name in names}
            content["first_fault"] = self.report.first
            content["injected"] = {kind: self.ledger.count(kind) for kind in KINDS if self.ledger.count(kind)}
        if self.pace:
            content["pace"] = {
                "blocks": self.pace.items,
                "late": self.pace.late,
                "worst_s": self.pace.most_behind_s,
            }
        return content


def open_source(source: Path, asked: Asked) -> Source:
    """Return the blocks of a file, a folder, or (a file that ends in .toml) a simulation.

    Raises
    ------
    ConfigError : something that cannot be asked of this source.
    UserError : a source that cannot be read.
    """
    for name, end in (("--interactions", asked.interactions), ("--exposure", asked.exposure_s)):
        if end is not None and not 0 < end < math.inf:
            raise ConfigError(f"{source}: {name}: got {end}, want more than 0; leave it out for no limit")
    faults = parse(asked.faults)
    speed = checked_speed(asked.speed)
    found = _simulation(source, asked, faults) if source.suffix == ".toml" else _file(source, asked, faults)
    if speed:
        found.pace = Pace()
        found.blocks = paced(found.blocks, lambda block: BLOCK_S, speed, found.pace)
    return found


def _through(faults: Faults, ledger: Ledger) -> Through | None:
    """Return what puts the faults between source and reader; None for no fault."""
    if not (any(faults.chances) or faults.silent or faults.step):
        return None
    return lambda windows: injected(windows, faults, ledger)


def _file(source: Path, asked: Asked, faults: Faults) -> Source:
    from streams.replay import blocks, windows

    if asked.interactions is not None or asked.exposure_s is not None:
        raise ConfigError(f"{source}: a file is replayed whole: leave out --interactions and --exposure")
    count = sum(window.n_blocks for window in windows(source, asked.crate))
    report, ledger = Report(), Ledger()
    made = blocks(
        source,
        crate=asked.crate,
        channel_map=asked.channel_map,
        report=report,
        strict=asked.strict,
        through=_through(faults, ledger),
    )
    return Source(
        made, _shown("replay, frames of 512 ticks (about)", -(-count // 8)), PER_10KT, report, ledger
    )


def _simulation(source: Path, asked: Asked, faults: Faults) -> Source:
    config = checked(toml.load(source, SimulationConfig))
    factor = per_10kt(config)
    if asked.crate is not None or asked.channel_map is not None:
        raise ConfigError(
            f"{source}: a simulation names its crate and channel_map itself: leave out --crate and --channel-map"
        )
    shown = _shown("replay, frames of 512 ticks (about)", _frames(source, config, asked))
    report, ledger = Report(), Ledger()
    through = _through(faults, ledger)
    if through is None:
        from streams.simulate import stream

        return Source(stream(msgspec.structs.replace(config, planes=("X",))), shown, factor, None)
    from streams.live import live_blocks

    made = live_blocks(config, report, through=through, strict=asked.strict)
    return Source(made, shown, factor, report, ledger)


def _frames(source: Path, config: SimulationConfig, asked: Asked) -> int:
    """Return about how many frames a simulation will give."""
    rate = sum(s.rate_hz for s in config.signals if isinstance(s, NeutrinoSignal))
    if asked.interactions is None and asked.exposure_s is None:
        raise ConfigError(f"{source}: a simulation has no end: give --interactions N or --exposure SECONDS")
    if asked.interactions and not rate:
        raise ConfigError(
            f"{source}: --interactions {asked.interactions} needs neutrinos: "
            "give a signal of that kind a rate_hz over 0"
        )
    seconds = max(asked.exposure_s or 0.0, asked.interactions / rate if asked.interactions else 0.0)
    return int(seconds / FRAME_S) + 1


def _shown(what: str, total: int) -> Progress:
    def shown(frames: Iterable[Any]) -> Iterator[Any]:
        return progress(frames, what, total)

    return shown
