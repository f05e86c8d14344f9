"""A run of many files in a folder: begun, gone on with, whole.

``run.json`` says from the beginning which run a folder has; ``manifest.json`` comes when all files are there. Its
digest is what ``sha256sum *.hdf5 | sha256sum`` says in the folder.

>>> digest_of({"a": "0" * 64})[:8]
'53d743f3'
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams import channel_map, manifest
from streams.cluster.partition import STATES, WORK, Job, Made, make
from streams.cluster.run import Run, file_name, identity, partitions, windows_of
from streams.daq import wibeth
from streams.errors import ConfigError, UserError

RUN, MANIFEST = "run.json", "manifest.json"


class Where(NamedTuple):
    """Who makes the files: the workers of a scheduler, or so many on this machine, or (0) this process alone."""

    scheduler: str = ""
    workers: int = 0


class Whole(NamedTuple):
    """A run that is whole."""

    digest: str
    made: list[Made]


def simulate_run(run: Run, folder: Path, where: Where, shown: str | None = None) -> Whole:
    """Make every file of ``run`` that ``folder`` does not have, and the manifest of the whole.

    Parameters
    ----------
    folder : made if it is not there; one with a part of the same run is gone on with.
    shown : label of a progress bar on stderr over the files; without it nothing is shown.

    Raises
    ------
    ConfigError : the folder has something else, or another command writes to it.
    UserError : the disk or the cluster does not do it. What is made stays, and the same call goes on.
    """
    job = Job(run, folder.resolve(), {path: str(Path(path).resolve()) for path in run.inputs})
    with _begun(job):
        try:
            with _makers(job, where) as files:
                made = list(_shown(files, shown, len(partitions(run))))
        except KeyboardInterrupt:
            raise UserError(f"stopped: {folder} has what is made so far; the same command goes on") from None
        return _finished(job, made)


def _shown(files: Iterator[Made], label: str | None, total: int) -> Iterator[Made]:
    if label is None:
        return files
    from streams.console import progress

    return progress(files, label, total=total)


@contextmanager
def _makers(job: Job, where: Where) -> Iterator[Iterator[Made]]:
    """Yield an iterator that makes the files."""
    if not where.scheduler and where.workers == 0:
        yield (make(job, part) for part in partitions(job.run))
        return
    from streams.cluster.clients import local_client, remote_client
    from streams.cluster.distribute import made_by
    from streams.cluster.members import check_members

    with remote_client(where.scheduler) if where.scheduler else local_client(where.workers) as client:
        check_members(client, job)
        yield made_by(client, job)


@contextmanager
def _begun(job: Job) -> Iterator[None]:
    """Hold the folder for this command alone; one that gets no file goes again if it was made here."""
    folder = job.folder
    if not folder.parent.is_dir():
        raise ConfigError(f"output {folder}: the folder {folder.parent} does not exist: create it first")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"output {folder} is a file, and a run in parts is a folder: choose another name")
    new = not folder.exists()
    try:
        folder.mkdir(exist_ok=True)
        holder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigError(f"output {folder}: {os.strerror(error.errno or 0)}") from error
    try:
        _lock(folder, holder)
        _check_folder(job)
        shutil.rmtree(folder / WORK, ignore_errors=True)  # of workers that died
        _check_space(job)
        _write(
            folder / RUN, msgspec.json.format(msgspec.json.encode(job.run, order="deterministic"), indent=2)
        )
        yield
    finally:
        shutil.rmtree(folder / WORK, ignore_errors=True)
        if new and not any(folder.glob("*.hdf5")):
            shutil.rmtree(folder, ignore_errors=True)
        os.close(holder)


def _lock(folder: Path, holder: int) -> None:
    """Let no other command write here; the lock goes with the process, whatever ends it."""
    try:
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(
            f"output {folder}: another command writes to it now: wait for it, or stop it"
        ) from None
    except OSError:  # a file system without locks
        return


def _check_folder(job: Job) -> None:
    """Refuse a folder that has anything but a part of this run."""
    try:
        found = msgspec.json.decode((job.folder / RUN).read_bytes(), type=Run)
    except FileNotFoundError:
        if any(job.folder.iterdir()):
            raise ConfigError(
                f"output {job.folder} has other files and no {RUN}: choose another name, or an empty folder"
            ) from None
        return
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(
            f"{job.folder / RUN}: {error}: remove the folder, or choose another name"
        ) from error
    if identity(found) != identity(job.run):
        names = [name for name in Run.__struct_fields__ if getattr(found, name) != getattr(job.run, name)]
        raise ConfigError(
            f"output {job.folder} has another run: its {', '.join(map(_WORDS.__getitem__, names))} differs: choose "
            f"another name, or remove it ({RUN} there says what it was made of)"
        )


_WORDS = {
    "config": "configuration", "apas": "--apas", "span_windows": "--span-ms", "inputs": "input files' content",
    "code": "version of lartrig or its libraries",
}  # fmt: skip


def _check_space(job: Job) -> None:
    """Refuse a disk without room for what is to be made."""
    left = [part for part in partitions(job.run) if not (job.folder / file_name(job.run, part)).exists()]
    block = channel_map.N_STREAMS * wibeth.FRAME_BYTES
    need = sum(windows_of(job.run, part) for part in left) * job.run.config.window_blocks * block
    free = shutil.disk_usage(job.folder).free
    if free < need:
        raise UserError(
            f"cannot write {job.folder}: needs {need / 1e9:.3f} GB more, there are {free / 1e9:.3f} GB free: simulate "
            "less, or choose another folder"
        )


def digest_of(files: Mapping[str, str]) -> str:
    """Return one digest of the SHA-256 of all files, by name: that of the lines of ``sha256sum``, sorted by name."""
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _finished(job: Job, made: list[Made]) -> Whole:
    """Write the manifest of the whole and clear away what was for the way only."""
    files = {one.name: one.sha256 for one in made}
    if len(files) != len(partitions(job.run)):
        raise AssertionError(f"got {len(files)} files, want {len(partitions(job.run))}")
    whole = Whole(digest_of(files), sorted(made))
    content = {
        "command": "simulate",
        "run": identity(job.run),
        "seed": job.run.config.seed,
        **msgspec.to_builtins(job.run, str_keys=True),
        "files": {one.name: {"sha256": one.sha256, "bytes": one.size} for one in whole.made},
        "digest": whole.digest,
        "versions": manifest.versions(),
    }
    _write(job.folder / MANIFEST, (json.dumps(content, indent=2, sort_keys=True) + "\n").encode())
    shutil.rmtree(job.folder / STATES, ignore_errors=True)
    return whole


def _write(path: Path, content: bytes) -> None:
    """Write beside, then rename."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {os.strerror(error.errno or 0)}") from error
    finally:
        part.unlink(missing_ok=True)
