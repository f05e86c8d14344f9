"""Replay a stream through the whole trigger, on integers, and hold its candidates against the truth."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streams.block import COLLECTION_CHANNELS, TICK_NS, Block
from streams.errors import UserError
from trigger import network_spec, settings
from trigger.candidates import MARGIN_CELLS, Candidate, Fired, Match, Merger, match
from trigger.decide import decide
from trigger.frames import COLUMNS, ROWS, Frame, stream_frames
from trigger.frontend import FastFrontEnd
from trigger.images import CELL_TICKS, MAP_COLUMNS, MAP_ROWS, TICKS_PER_ROW
from trigger.integer_network_fast import evaluate_fast
from trigger.physics import PER_10KT
from trigger.truth import Truth

Progress = Callable[[Iterable[Frame]], Iterator[Frame]]


@dataclass(frozen=True)
class Firmware:
    """The network and the settings around it, as the firmware has them."""

    spec: network_spec.NetworkSpec
    settings: settings.TriggerSettings


@dataclass(frozen=True)
class Found:
    """A candidate and what it is in truth; ``energy_mev`` is 0 for noise."""

    candidate: Candidate
    match: Match
    energy_mev: float

    @property
    def time_us(self) -> float:
        """Time of the first cell from the start of the run [microseconds]."""
        return self.candidate.first_tick * TICK_NS / 1000


@dataclass(frozen=True)
class Snapshot:
    """A frame with its truth and the candidate to look at, for a picture.

    Attributes
    ----------
    charge : CHARGE_DTYPE array, the charge in the frame.
    neutrinos : uint64 array, ids of the interactions.
    origins : name of the origin of every event in ``charge``.
    found : the candidate.
    """

    frame: Frame
    charge: NDArray[np.void]
    neutrinos: NDArray[np.uint64]
    origins: dict[int, str]
    found: Found


@dataclass
class Result:
    """What a replay gave.

    Attributes
    ----------
    found : every candidate, in the order of closing.
    interactions : neutrino energy [MeV] by id, of those that ended within the stream.
    ticks : ticks that there were data of; gaps in time do not count.
    missing_samples : samples of collection channels in these ticks that never came.
    frames, records, dropped_cells : frames seen, trigger records, and records that fell into a dead region.
    pixels, saturated : pixels made, and those clipped at 255.
    has_truth : whether the stream said anything about what is true.
    snapshot : the frame of one found interaction, None if there is none.
    per_10kt : factor from a rate in this APA to the rate per 10 kt.

    >>> Result(ticks=1_953_125).exposure_s, Result(ticks=100, missing_samples=9600).dead_share
    (1.0, 0.1)
    """

    found: list[Found] = field(default_factory=list)
    interactions: dict[int, float] = field(default_factory=dict)
    ticks: int = 0
    missing_samples: int = 0
    frames: int = 0
    records: int = 0
    dropped_cells: int = 0
    pixels: int = 0
    saturated: int = 0
    has_truth: bool = False
    snapshot: Snapshot | None = None
    per_10kt: float = PER_10KT

    @property
    def exposure_s(self) -> float:
        """Exposure of one whole APA [s]: what is missing of it is not counted."""
        return (self.ticks - self.missing_samples / COLLECTION_CHANNELS) * TICK_NS * 1e-9

    @property
    def dead_share(self) -> float:
        """Share of the samples that never came, in the ticks that there were data of."""
        return self.missing_samples / (self.ticks * COLLECTION_CHANNELS) if self.ticks else 0.0

    @property
    def found_ids(self) -> set[int]:
        """The ids of the interactions that at least one candidate belongs to."""
        return {f.match.event for f in self.found} & set(self.interactions)


def load(folder: Path) -> Firmware:
    """Read ``network.json`` and ``trigger.json`` of a firmware folder.

    Raises
    ------
    UserError : no such folder or file, or a network of another shape.
    """
    if not folder.is_dir():
        raise UserError(f"firmware {folder}: no such folder: make it with `lartrig convert`")
    spec = network_spec.read(folder / "network.json")
    want_in, want_out = (ROWS, COLUMNS, 1), (MAP_ROWS, MAP_COLUMNS)
    if spec.input_shape != want_in or spec.output_shape[:-1] != want_out:
        raise UserError(
            f"firmware {folder}: the network maps {spec.input_shape} to {spec.output_shape}, "
            f"want {want_in} to {want_out} and one or more scores"
        )
    return Firmware(spec, settings.read(folder / "trigger.json"))


class _Replay:
    """The state of a replay: truth, merger and result."""

    def __init__(self, firmware: Firmware) -> None:
        self.firmware = firmware
        self.truth = Truth()
        self.merger = Merger()
        self.result = Result()
        self.window = 0
        self.pending: dict[int, tuple[float, int]] = {}  # interactions not over yet: energy, last tick
        self.recent: deque[tuple[Frame, NDArray[np.void]]] = deque(maxlen=3)

    def take(self, frame: Frame) -> None:
        if frame.window != self.window:
            self._end_window()
            self.window = frame.window
        end = frame.first_tick + frame.rows * TICKS_PER_ROW
        self.recent.append((frame, self.truth.charge(frame.first_tick, end)))
        scores = evaluate_fast(self.firmware.spec, frame.image[None, :, :, None])[0]
        records = decide(frame, scores, self.firmware.settings.threshold)
        fired = [Fired(frame.first_tick + r.row * CELL_TICKS, r.channel, r.score) for r in records]
        self._settle(self.merger.add(fired, now=frame.first_tick + ROWS * TICKS_PER_ROW))
        self.result.ticks += end - frame.first_tick
        self.result.missing_samples += frame.missing
        self.result.frames += 1
        self.result.records += len(records)
        self._note_interactions(end)
        oldest = self.merger.oldest_tick
        kept_from = end if oldest is None else min(oldest, end)
        self.truth.forget(kept_from - MARGIN_CELLS * CELL_TICKS)

    def finish(self) -> Result:
        self._end_window()
        return self.result

    def _end_window(self) -> None:
        self._settle(self.merger.finish())
        self.result.dropped_cells += self.merger.dropped_cells
        self.merger = Merger()

    def _note_interactions(self, end: int) -> None:
        self.result.has_truth |= self.truth.seen
        for identity in map(int, self.truth.neutrinos()):
            event = self.truth.event(identity)
            self.pending[identity] = (float(event["energy_mev"]), int(event["tick_last"]))
        over = [i for i, (_, last) in self.pending.items() if last < end]
        self.result.interactions |= {i: self.pending.pop(i)[0] for i in over}

    def _settle(self, closed: list[Candidate]) -> None:
        for candidate in closed:
            what = match(candidate, self.truth)
            energy = float(self.truth.event(what.event)["energy_mev"]) if what.event else 0.0
            found = Found(candidate, what, energy)
            self.result.found.append(found)
            self._photograph(found)

    def _photograph(self, found: Found) -> None:
        """Keep the frame of an interaction well inside of it: with 4 cells or more if possible, closest to 20 MeV."""
        neutrinos = self.truth.neutrinos()
        if found.match.event not in neutrinos.tolist():
            return
        old = self.result.snapshot
        if old is not None and _worth(old.found) >= _worth(found):
            return
        for frame, charge in self.recent:
            row = (found.candidate.first_tick - frame.first_tick) // CELL_TICKS
            if 3 <= row < MAP_ROWS - 4:
                names = {int(i): self.truth.origin(int(i)) for i in np.unique(charge["event"])}
                self.result.snapshot = Snapshot(frame, charge, neutrinos, names, found)


def _worth(found: Found) -> tuple[int, float]:
    return min(len(found.candidate.cells), 4), -abs(found.energy_mev - 20)


def run(
    blocks: Iterable[Block],
    firmware: Firmware,
    *,
    interactions: int = 0,
    exposure_s: float = 0.0,
    shown: Progress = iter,
) -> Result:
    """Replay a stream.

    Parameters
    ----------
    blocks : the stream; read to its end unless a limit is given.
    interactions, exposure_s : stop once this many interactions are over and this exposure [s] is reached; both 0:
        no limit.
    shown : wrapped around the frames, to show progress.
    """
    state, front_end = _Replay(firmware), FastFrontEnd(firmware.settings.front_end)
    for frame in shown(stream_frames(state.truth.watch(blocks), front_end)):
        state.take(frame)
        done = len(state.result.interactions) >= interactions and state.result.exposure_s >= exposure_s
        if done and (interactions or exposure_s):
            break
    result = state.finish()
    result.pixels, result.saturated = front_end.made, front_end.saturated
    return result
