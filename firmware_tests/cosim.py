"""Co-simulation of the whole chain on a replayed file: every pixel, network output and trigger record compared."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_tests import firmware_folder
from firmware_tests.chain_bulk import write_stimulus
from firmware_tests.comparison import Comparison, compare
from firmware_tests.firmware_folder import Firmware
from firmware_tests.simulation import rtl_files
from hls import blocks as hardware
from hls.bench import bulk, runner
from hls.bench.errors import BenchError
from hls.needed_pixels import needed_pixels
from streams import replay
from streams.block import Block
from streams.errors import ConfigError, UserError
from trigger.decide import TriggerRecord, decide
from trigger.frames import Frame, frames
from trigger.frontend import FastFrontEnd, FrontEndConfig
from trigger.integer_network_fast import evaluate_fast
from trigger.missing import Fed, fed
from trigger.replay_source import Asked, open_source

HARNESS = Path(__file__).with_name("chain_bulk.sv")
_CLOCKS_PER_US = 250  # the harness has a period of 4 ns


@dataclass(frozen=True)
class Expected:
    """What the references say: frames, network outputs int64 (frames, rows, columns, outputs), records."""

    frames: list[Frame]
    outputs: NDArray[np.int64]
    records: list[TriggerRecord]


@dataclass(frozen=True)
class Seen:
    """What the simulation did: accepted beats by stream, and the harness's counters."""

    pixels: bulk.Beats
    cells: bulk.Beats
    records: bulk.Beats
    clocks: int
    stalls: int


@dataclass(frozen=True)
class Report:
    """Result of a co-simulation without a mismatch.

    Attributes
    ----------
    pixels, outputs, records : the streams compared.
    windows : contiguous stretches of data.
    clocks : clocks simulated.
    clocks_per_pixel : of the network's input inside windows: (last clock - first clock + 1) / pixels.
    latency_clk, latency_first_clk : seen at the network, defined as in ``hls.plan.Plan``; None if no frame follows
        another without a pause.
    stalls : clocks in which a sample beat waited (the output, 7 936 pixels per block, is what limits).
    seconds : wall clock by step.
    """

    pixels: Comparison
    outputs: Comparison
    records: Comparison
    frames: int
    windows: int
    clocks: int
    clocks_per_pixel: float
    latency_clk: int | None
    latency_first_clk: int | None
    stalls: int
    simulator: str
    seconds: dict[str, float]


def cosim(
    firmware: Path, run: Path, *, windows: int = 0, simulator: str = "verilator", asked: Asked | None = None
) -> Report:
    """Simulate the chain on a file and compare every beat with the integer references.

    Parameters
    ----------
    firmware : folder that ``convert`` wrote.
    run : DUNE-DAQ HDF5 file, or a folder of one run.
    windows : trigger records of the file to take, from the first; 0 takes all.
    simulator : ``verilator`` or ``icarus``.
    asked : crate, and faults to put into the frames; what is missing is no signal, on the chip as in the references.

    Raises
    ------
    UserError : a tool or a file is missing or damaged; or a beat, the latency or the pace is not as it must be:
        then the text says where, got and want.
    """
    return simulate_chain(
        firmware_folder.read(firmware), list(_blocks(run, windows, asked or Asked())), simulator
    )


def simulate_chain(chip: Firmware, data: list[Block], simulator: str = "verilator") -> Report:
    """Simulate the chain on blocks and compare every beat; see ``cosim``."""
    if not data:
        raise UserError("co-simulation: got no block with data, want at least one")
    design = _design(chip, simulator)
    start = time.monotonic()
    try:
        runner.build(design)
    except BenchError as error:
        raise UserError(str(error)) from error
    except RuntimeError as error:
        raise UserError(f"the firmware of {chip.rtl} does not build with {simulator}: {error}") from error
    built = time.monotonic()
    wanted = expected(chip, data)
    seen = _simulate(design, chip, data, wanted)
    seconds = {"build": round(built - start, 1), "simulate and compare": round(time.monotonic() - built, 1)}
    report = _report(chip, wanted, seen, simulator, seconds)
    _judge(chip, report)
    return report


def _blocks(run: Path, windows: int, asked: Asked) -> Iterator[Block]:
    found = replay.windows(run, asked.crate)
    if windows > len(found):
        raise ConfigError(f"got --windows {windows}, but {run} has {len(found)}")
    end = found[windows - 1].end
    return itertools.takewhile(lambda block: block.timestamp < end, open_source(run, asked).blocks)


def with_last(
    blocks: Iterable[Block], config: FrontEndConfig | None = None
) -> Iterator[tuple[NDArray[np.uint16], bool]]:
    """Yield what the front end is given of each block, and whether it is the last of its window."""
    ahead: Iterable[Fed | None] = itertools.chain(fed(blocks, FastFrontEnd(config)), [None])
    for one, after in itertools.pairwise(ahead):
        assert one is not None
        yield one.adc, after is None or after.begins


def expected(chip: Firmware, blocks: Iterable[Block]) -> Expected:
    """Return what the chain must send for these blocks."""
    settings = chip.settings
    made = list(frames(blocks, settings.front_end))
    outputs = [evaluate_fast(chip.spec, frame.image[None, :, :, None])[0] for frame in made]
    records: list[TriggerRecord] = []
    for frame, scores in zip(made, outputs, strict=True):
        ticks = settings.front_end.ticks_per_pixel
        records += decide(frame, scores, settings.threshold, chip.stride, ticks_per_pixel=ticks)
    return Expected(made, np.array(outputs).reshape(-1, *chip.spec.output_shape), records)


def _design(chip: Firmware, simulator: str) -> runner.Design:
    sources = rtl_files([chip.rtl.resolve(), *firmware_folder.CHAIN_SOURCES, HARNESS])
    return runner.Design("chain_bulk", sources, chip.parameters(), simulator, public="marked")


def _simulate(design: runner.Design, chip: Firmware, data: list[Block], wanted: Expected) -> Seen:
    tag = f"cosim{os.getpid()}"
    place = design.place(tag)
    beats = write_stimulus(place / "stimulus.hex", with_last(data, chip.settings.front_end))
    pixels = sum(frame.image.size for frame in wanted.frames)
    limit = max(beats, pixels) * chip.plan.clocks_per_frame // chip.plan.pixels_per_frame + 1_000_000
    env = {
        "LARTRIG_THRESHOLD": str(chip.settings.threshold),
        "LARTRIG_CELLS": str(wanted.outputs[..., 0].size),
        "LARTRIG_LIMIT_US": str(2 * limit // _CLOCKS_PER_US),
    }
    try:
        runner.run(design, "firmware_tests.chain_bulk_cases", tag=tag, env=env)
    except AssertionError as error:
        raise UserError(f"the simulation failed: {error}") from error
    facts = json.loads((place / "facts.json").read_text())
    pixels_in, cells, records = (
        bulk.read_beats(place / f"{name}.hex") for name in ("pixels", "cells", "records")
    )
    for name in ("stimulus", "pixels", "cells", "records"):
        (place / f"{name}.hex").unlink()
    return Seen(pixels_in, cells, records, facts["clocks"], facts["stalls"])


def _report(
    chip: Firmware, wanted: Expected, seen: Seen, simulator: str, seconds: dict[str, float]
) -> Report:
    spec = chip.spec
    images = [pixel for frame in wanted.frames for pixel in frame.image.reshape(-1).tolist()]
    outputs = bulk.unpack(seen.cells.data, spec.output_shape[-1], spec.output.width, spec.output.signed)
    gaps = np.array([frame.window for frame in wanted.frames])
    same_windows = len(seen.pixels.clock) == len(images)
    pace = _pace(seen, gaps) if same_windows else float("nan")
    both = same_windows and len(outputs) == wanted.outputs[..., 0].size
    latency = _latency(chip, seen) if both else (None, None)
    return Report(
        compare(
            "pixels into the network",
            _marked(seen.pixels),
            _wanted_marks(images, wanted),
            spec.input_shape[:2],
        ),
        compare(
            "network outputs", outputs.ravel().tolist(), wanted.outputs.ravel().tolist(), spec.output_shape
        ),
        compare("trigger records", seen.records.data, [record.bits() for record in wanted.records]),
        len(wanted.frames),
        int(gaps[-1]) + 1,
        seen.clocks,
        pace,
        *latency,
        seen.stalls,
        simulator,
        seconds,
    )


def _marked(beats: bulk.Beats) -> list[int]:
    """Return data and marks of each beat as one integer: data, then last and user from bit 8 on."""
    marks = (beats.last.astype(int) << 8) | (beats.user.astype(int) << 9)
    return [value | mark for value, mark in zip(beats.data, marks.tolist(), strict=True)]


def _wanted_marks(images: list[int], wanted: Expected) -> list[int]:
    size = wanted.frames[0].image.size
    for number, frame in enumerate(wanted.frames):
        images[(number + 1) * size - 1] |= 1 << 8 | int(frame.filled) << 9
    return images


def _pace(seen: Seen, windows: NDArray[np.int64]) -> float:
    """Return the largest clocks per pixel of any window."""
    clock = seen.pixels.clock.reshape(len(windows), -1)
    spans = [clock[windows == window] for window in np.unique(windows)]
    return float(max((span[-1, -1] - span[0, 0] + 1) / span.size for span in spans))


def _latency(chip: Firmware, seen: Seen) -> tuple[int | None, int | None]:
    """Return the largest latency of any cell, and of first cells, in frames that another follows at once."""
    rows, columns, _ = chip.spec.input_shape
    needed = needed_pixels(hardware.cut(chip.spec, {}))["m_axis"]["s_axis"]
    taken = seen.pixels.clock.reshape(-1, rows * columns)
    delay = seen.cells.clock.reshape(len(taken), -1) - taken[:, needed]
    followed = delay[:-1][taken[1:, 0] == taken[:-1, -1] + 1]
    return (int(followed.max()), int(followed[:, 0].max())) if len(followed) else (None, None)


def _judge(chip: Firmware, report: Report) -> None:
    """Raise ``UserError`` if anything is not as it must be."""
    for comparison in (report.pixels, report.outputs, report.records):
        if comparison.mismatches:
            raise UserError(comparison.sentence())
    plan = chip.plan
    if plan.clocks_per_frame != plan.pixels_per_frame:
        return  # a sequential kernel sets the pace, and with it the latency
    if report.clocks_per_pixel != 1:
        raise UserError(f"the network's input paused: {report.clocks_per_pixel} clocks per pixel, want 1")
    seen, want = (report.latency_clk, report.latency_first_clk), (plan.latency_clk, plan.latency_first_clk)
    if seen[0] is not None and seen != want:
        raise UserError(f"latency (largest, first cell): got {seen} clocks, want {want} as plan.json says")
