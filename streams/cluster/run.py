"""A run in parts: which files it has, each of one assembly and one span of time, and what tells it from other runs.

A span is a whole number of windows (trigger records). A file's name says run, place in time and crate.

>>> run = Run(SimulationConfig(windows=5, window_blocks=2), apas=2, span_windows=2, inputs={}, code="")
>>> [(part.apa, part.span, windows_of(run, part)) for part in partitions(run)]
[(0, 0, 2), (1, 0, 2), (0, 1, 2), (1, 1, 2), (0, 2, 1), (1, 2, 1)]
>>> file_name(run, Partition(1, 2))
'lartrig_run000001_0002_crate0002.hdf5'
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import NamedTuple

import msgspec

from streams.block import TICK_NS, TICKS_PER_BLOCK
from streams.cluster.assemblies import assembly, check_module
from streams.cluster.version import code_version, inputs_of
from streams.config import SimulationConfig, checked
from streams.daq import layout
from streams.files.plan import plan_of
from streams.files.writer import Plan
from streams.limits import refuse

RUN_NUMBER = Plan(1, 1).run_number
SPAN_MS = 50.0  # 440 MB of frames; what a kill can cost


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that decides the bytes of a run."""

    config: SimulationConfig
    apas: int  # assemblies of a module, from number 0 on; 0: the one assembly of ``config``
    span_windows: int  # windows in a file
    inputs: dict[str, str]  # SHA-256 of the files that the configuration names
    code: str  # version of the simulation


class Partition(NamedTuple):
    """One file: an assembly and a span of time."""

    apa: int
    span: int


def run_of(config: SimulationConfig, apas: int = 0, span_ms: float = SPAN_MS) -> Run:
    """Return the run of ``apas`` assemblies (0: the one of ``config``) in spans of up to ``span_ms``.

    Raises
    ------
    ConfigError, UserError : what cannot be simulated, or not be put into files.
    """
    if apas:
        check_module(checked(config), apas)
    refuse(not span_ms > 0, f"--span-ms: got {span_ms}, want more than 0 ms")
    window_ms = config.window_blocks * TICKS_PER_BLOCK * TICK_NS * 1e-6
    windows = int(min(max(span_ms / window_ms, 1), config.windows))
    run = Run(config, apas, windows, inputs_of(checked(config)), code_version())
    for apa in range(max(apas, 1)):
        plan_of(checked(config_of(run, apa)))
    return run


def identity(run: Run) -> str:
    """Return the SHA-256 of all that decides the bytes of the run.

    >>> two, same, three = (Run(SimulationConfig(), apas, 1, {}, "") for apas in (2, 2, 3))
    >>> identity(two) == identity(same), identity(two) == identity(three)
    (True, False)
    """
    return hashlib.sha256(msgspec.json.encode(run, order="deterministic")).hexdigest()


def spans(run: Run) -> int:
    """Return in how many spans of time the run is cut."""
    return -(-run.config.windows // run.span_windows)


def partitions(run: Run) -> list[Partition]:
    """Return all files of the run, in the order of time: so all assemblies end together."""
    return [Partition(apa, span) for span in range(spans(run)) for apa in range(max(run.apas, 1))]


def windows_of(run: Run, part: Partition) -> int:
    """Return how many windows a file holds."""
    return min(run.span_windows, run.config.windows - part.span * run.span_windows)


def config_of(run: Run, apa: int) -> SimulationConfig:
    """Return the configuration of one assembly of the run."""
    return assembly(run.config, apa) if run.apas else run.config


def partition_plan(run: Run, part: Partition, config: SimulationConfig) -> Plan:
    """Return what the file is to hold; ``config`` is that of the assembly as this process finds its files."""
    return replace(
        plan_of(config),
        windows=windows_of(run, part),
        first_record=1 + part.span * run.span_windows,
        file_index=part.span,
        config_json=msgspec.json.encode(config_of(run, part.apa)).decode(),
    )


def file_name(run: Run, part: Partition) -> str:
    """Return the name of a file."""
    return layout.file_name(RUN_NUMBER, part.span, config_of(run, part.apa).crate)
