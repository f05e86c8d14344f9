"""The files of a run on a Dask cluster: one task each, after that of the span before of the same assembly.

A worker that dies takes nothing with it: its tasks go to others, and what they find made they leave as it is.
"""

from __future__ import annotations

import queue
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from streams import manifest
from streams.cluster.partition import WORK, Job, Made, make
from streams.cluster.run import Partition, file_name, partitions
from streams.cluster.version import code_version
from streams.errors import UserError

if TYPE_CHECKING:
    from distributed import Client, Future

LOOK_S = 5.0  # how often it is looked at the cluster while nothing comes
LOST_S = 60.0  # without scheduler or workers


class Seen(NamedTuple):
    """What a worker says of itself."""

    host: str
    code: str
    token: str  # of the file in the run's folder; empty: it does not see it
    inputs: dict[str, str]  # SHA-256 of the files that the configuration names; those that it can read


def look(job: Job, token: str) -> Seen:
    """Return what this process sees of the run's folder and inputs."""
    try:
        text = (job.folder / WORK / token).read_text()
    except OSError:
        text = ""
    inputs = {}
    for path, absolute in job.paths.items():
        try:
            inputs[path] = manifest.sha256(Path(absolute))
        except OSError:
            continue
    return Seen(socket.gethostname(), code_version(), text, inputs)


def check_workers(client: Client, job: Job) -> None:
    """Refuse a cluster whose workers have another version, or see another folder or other inputs.

    Raises
    ------
    UserError : names the worker, and what to do.
    """
    token = uuid.uuid4().hex
    (job.folder / WORK).mkdir(exist_ok=True)
    (job.folder / WORK / token).write_text(token)
    try:
        found = client.run(look, job, token, on_error="return")
    finally:
        (job.folder / WORK / token).unlink(missing_ok=True)
    for worker, seen in found.items():
        if not isinstance(seen, Seen) or seen.code != job.run.code:
            reason = f" ({type(seen).__name__}: {seen})" if isinstance(seen, Exception) else ""
            raise UserError(
                f"worker {worker}: its version of lartrig, numpy, scipy, numba or h5py is not the command's{reason}: "
                "install the same on both"
            )
        if seen.token != token:
            raise UserError(
                f"worker {worker} on {seen.host} does not see the folder {job.folder}: every worker writes there, so "
                "give --output on a file system that all of them share"
            )
        for path, sha256 in job.run.inputs.items():
            if seen.inputs.get(path) != sha256:
                raise UserError(
                    f"worker {worker} on {seen.host} does not see {job.paths[path]} as it is here: "
                    "put it where all see it"
                )


def made_by(client: Client, job: Job) -> Iterator[Made]:
    """Yield the files as they are made, in any order; what is left undone is cancelled.

    Raises
    ------
    UserError : what a worker raised; the cluster is gone.
    """
    futures: dict[Partition, Future[Made]] = {}
    done: queue.Queue[Future[Made]] = queue.Queue()
    for part in partitions(job.run):
        before = futures.get(part._replace(span=part.span - 1))
        key = f"{file_name(job.run, part)}-{uuid.uuid4().hex}"
        futures[part] = client.submit(make, job, part, before, key=key, priority=-part.span, pure=False)
    names = {future.key: file_name(job.run, part) for part, future in futures.items()}
    for future in futures.values():
        future.add_done_callback(done.put)  # type: ignore[no-untyped-call]
    try:
        for _ in futures:
            future = _next(client, done)
            yield _result(future, names[future.key])
    finally:
        if client.status == "running":
            client.cancel(list(futures.values()), force=True)  # type: ignore[no-untyped-call]


def _next(client: Client, done: queue.Queue[Future[Made]]) -> Future[Made]:
    """Return the next future that is done; look at the cluster now and then."""
    lost = time.monotonic()
    while True:
        try:
            return done.get(timeout=LOOK_S)
        except queue.Empty:
            if client.status == "running" and client.scheduler_info()["workers"]:
                lost = time.monotonic()
            elif time.monotonic() - lost > LOST_S:
                raise UserError(
                    f"the cluster has had no {'workers' if client.status == 'running' else 'scheduler'} for "
                    f"{LOST_S:.0f} s: start it again; the same command goes on"
                ) from None


def _result(future: Future[Made], name: str) -> Made:
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        made: Made = future.result()
    except KilledWorker as error:
        raise UserError(
            f"{name}: every worker that took it died ({error.last_worker.address if error.last_worker else '?'} last): "
            "look for what ends them, memory first; the same command goes on"
        ) from None
    except (CancelledError, OSError):
        raise UserError(f"{name}: the scheduler is gone: start it again; the same command goes on") from None
    return made
