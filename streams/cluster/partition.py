"""Make one file of a run: go on from where its assembly stood, write beside, rename, keep where it stands now.

What a worker that dies leaves is a folder of its own under ``.work``, removed by the next run. A file counts as made
when its manifest names this run, this assembly and span, and the SHA-256 that the file has.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from streams import manifest
from streams.cluster import state_file
from streams.cluster.run import Partition, Run, config_of, file_name, identity, partition_plan, spans
from streams.cluster.version import code_version, located
from streams.config import SimulationConfig
from streams.errors import UserError
from streams.files.writer import write_file
from streams.simulate import Simulation

STATES, WORK = ".states", ".work"  # folders of the run that go when it is whole


class Job(NamedTuple):
    """What every worker is told: the run, and where it is written (an absolute path)."""

    run: Run
    folder: Path
    paths: dict[str, str]  # of the files that the configuration names: absolute


class Made(NamedTuple):
    """A file of the run."""

    name: str
    sha256: str
    size: int  # bytes
    new: bool  # False: it was there already
    start_s: float  # until the first block: tables, kernels, the drift before tick 0, or the state
    whole_s: float


def make(job: Job, part: Partition) -> Made:
    """Make the file of ``part`` unless it is there; that of the span before is done.

    Raises
    ------
    UserError : the disk does not take it; this process has another version of the code than the run.
    """
    start = time.perf_counter()
    _check_version(job.run)
    name = file_name(job.run, part)
    found = finished(job, part)
    if found:
        return Made(name, found, (job.folder / name).stat().st_size, False, 0.0, 0.0)
    try:
        with _own_folder(job.folder) as work:
            sha256, first_s = _write(job, part, work)
            size = (work / name).stat().st_size
            for one in (name, f"{name}.manifest.json"):
                (work / one).replace(job.folder / one)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
        raise UserError(f"cannot write {job.folder / name}: {reason}: the same command goes on") from error
    _state_path(job, part).unlink(missing_ok=True)
    return Made(name, sha256, size, True, first_s - start, time.perf_counter() - start)


def finished(job: Job, part: Partition) -> str | None:
    """Return the SHA-256 of the file of ``part`` if it is there and whole."""
    name = file_name(job.run, part)
    try:
        said = json.loads((job.folder / f"{name}.manifest.json").read_bytes())
        if not isinstance(said, dict) or any(
            said.get(key) != value for key, value in _facts(job, part).items()
        ):
            return None
        sha256 = manifest.sha256(job.folder / name)
        return sha256 if said.get("output") == {name: sha256} else None
    except (OSError, ValueError):
        return None


def _facts(job: Job, part: Partition) -> dict[str, Any]:
    """Return what the manifest of a file says about its making."""
    config = config_of(job.run, part.apa)
    said = {"command": "simulate", "config": json.loads(msgspec.json.encode(config)), "seed": config.seed}
    return {**said, "run": identity(job.run), "code": job.run.code, "apa": part.apa, "span": part.span}


def _check_version(run: Run) -> None:
    if code_version() != run.code:
        raise UserError(
            f"worker on {socket.gethostname()}: its version of lartrig, or of a library that it uses, is not that of "
            "the command: install the same on both"
        )


@contextmanager
def _own_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder that no other worker has, and remove it."""
    (folder / WORK).mkdir(exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder / WORK))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write(job: Job, part: Partition, work: Path) -> tuple[str, float]:
    """Write the file of ``part`` and its manifest into ``work``, and where the stream stands then.

    Returns
    -------
    SHA-256 of the file, and when its first block was there.
    """
    config = located(config_of(job.run, part.apa), job.paths)
    plan, name = partition_plan(job.run, part, config), file_name(job.run, part)
    simulation = _at(job, part, config)
    first = next(simulation)
    started = time.perf_counter()
    blocks = chain([first], islice(simulation, plan.windows * plan.window_blocks - 1))
    try:
        write_file(work / name, blocks, plan, _facts(job, part))
    except UserError as error:
        raise type(error)(str(error).replace(f"{work}/", f"{job.folder}/")) from error
    if part.span + 1 < spans(job.run):
        after = part._replace(span=part.span + 1)
        (job.folder / STATES).mkdir(exist_ok=True)
        state_file.save(work / "state", _state_key(job, after), simulation.state())
        (work / "state").replace(_state_path(job, after))
    said = json.loads((work / f"{name}.manifest.json").read_bytes())
    return str(said["output"][name]), started


def _at(job: Job, part: Partition, config: SimulationConfig) -> Simulation:
    """Return the stream of an assembly where ``part`` begins, from the last place before it that was kept."""
    for span in range(part.span, -1, -1):
        place = part._replace(span=span)
        state = state_file.load(_state_path(job, place), _state_key(job, place)) if span else None
        if state is None and span:
            continue
        simulation = Simulation(config, state)
        missed = (part.span - span) * job.run.span_windows * job.run.config.window_blocks
        for _ in islice(simulation, missed):
            pass
        return simulation
    raise AssertionError("a run begins with span 0")


def _state_path(job: Job, part: Partition) -> Path:
    return job.folder / STATES / f"apa{part.apa:04d}_span{part.span:06d}"


def _state_key(job: Job, part: Partition) -> str:
    """Return what tells the state before ``part`` from every other one."""
    return f"{identity(job.run)} {part.apa} {part.span}"
