"""Whether scheduler and workers of a cluster can make a run: versions, code, the folder, the files that are read.

Dask itself warns of other versions and goes on. Here they are refused before anything is made: the bytes depend on the
libraries, and scheduler and workers unpack what another version has packed.

>>> differences({"dask": "2025.5.1"}, {"dask": "2026.8.0", "numba": "0.62.1"})
'dask 2025.5.1 (here 2026.8.0), numba missing (here 0.62.1)'
"""

from __future__ import annotations

import socket
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from streams import manifest
from streams.cluster.partition import WORK, Job
from streams.cluster.version import LIBRARIES, code_version
from streams.errors import UserError

if TYPE_CHECKING:
    from distributed import Client

_SAME = ("lartrig", *LIBRARIES, "dask", "distributed")


class Seen(NamedTuple):
    """What a worker sees."""

    host: str
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
    return Seen(socket.gethostname(), text, inputs)


def check_members(client: Client, job: Job) -> None:
    """Refuse a cluster with a member of another version, or a worker that sees another folder or other inputs.

    Raises
    ------
    UserError : names the member, and what to do.
    """
    _check_versions(client)
    _check_code(client, job)
    _check_files(client, job)


def differences(versions: Mapping[str, str | None], own: Mapping[str, str | None]) -> str:
    """Return which packages of ``own`` have another version in ``versions``, in words; "" if none."""
    found = ((name, versions.get(name), here) for name, here in own.items())
    return ", ".join(
        f"{name} {there or 'missing'} (here {here or 'missing'})"
        for name, there, here in found
        if there != here
    )


def _check_versions(client: Client) -> None:
    """Compare what is installed; this needs nothing of this project there."""
    found: Any = client.get_versions(packages=list(_SAME))
    own = {name: found["client"]["packages"][name] for name in _SAME}
    members = {_scheduler(client): found["scheduler"]}
    members |= {f"worker {address}": said for address, said in found["workers"].items()}
    for member, said in members.items():
        if other := differences(said["packages"], own):
            raise UserError(f"{member}: {other}: install the same versions there and here")


def _check_code(client: Client, job: Job) -> None:
    """Compare the sources, and the HDF5 below h5py."""
    found = client.run(code_version, on_error="return")
    members = {f"worker {address}": code for address, code in found.items()}
    try:
        members[_scheduler(client)] = client.run_on_scheduler(code_version)  # type: ignore[no-untyped-call]
    except Exception as error:  # whatever an import there raises
        members[_scheduler(client)] = error
    for member, code in members.items():
        if code != job.run.code:
            reason = f" ({str(code) or type(code).__name__})" if isinstance(code, Exception) else ""
            raise UserError(
                f"{member}: its code of lartrig, or its HDF5, is not the command's{reason}: install the same there "
                "and here"
            )


def _scheduler(client: Client) -> str:
    return f"scheduler {client.scheduler_info()['address']}"


def _check_files(client: Client, job: Job) -> None:
    token = uuid.uuid4().hex
    (job.folder / WORK).mkdir(exist_ok=True)
    (job.folder / WORK / token).write_text(token)
    try:
        found = client.run(look, job, token)
    finally:
        (job.folder / WORK / token).unlink(missing_ok=True)
    for worker, seen in found.items():
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
