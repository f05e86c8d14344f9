"""A Dask cluster on this machine, and a client of one elsewhere: quiet, and gone when the run ends.

Nothing of ``dask`` is imported before it is needed: a serial run does without.

>>> cores() >= 1
True
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

from streams.errors import UserError

if TYPE_CHECKING:
    from distributed import Client

#: Dask's profiler, its watch of the event loops and its monitor look at every process a hundred, fifty and two times a
#: second, for pages that nobody sees here; the last two alone take 6 % of a core with two workers. Its workers hand
#: memory back as soon as it is free and get it again page by page, 7 % of their time: None leaves this to the system.
#: A worker gets its next file when it has none, so that none waits at a worker while another has nothing to do.
_OPTIONS = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    "distributed.scheduler.worker-saturation": 1.0,
}
CONNECT_S = 10.0  # for a scheduler to answer, and for its first worker to come
_LOGGERS = (
    "distributed",
    "distributed.nanny",
    "distributed.client",
    "distributed.core",
    "distributed.comm",
    "tornado",
)


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what ``distributed`` logs and warns about off the screen: what matters is raised."""
    import dask

    before = {name: logging.getLogger(name).level for name in _LOGGERS}
    with warnings.catch_warnings(), dask.config.set(_OPTIONS):
        warnings.simplefilter("ignore")
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for name, level in before.items():
                logging.getLogger(name).setLevel(level)


@contextmanager
def _unmoved() -> Iterator[None]:
    """Keep Ctrl-C from the processes and threads that are begun inside: they end with the command, without a word.

    They inherit which signals are held back; one for the command itself comes after the body.
    """
    resource_tracker.ensure_running()  # it would let the signals through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _stopped_gently() -> Iterator[None]:
    """Let SIGTERM end the body as Ctrl-C does, so that its processes are ended first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def local_client(workers: int) -> Iterator[Client]:
    """Yield a client of ``workers`` new processes of one thread each; they end with the body, or with this process."""
    from distributed import Client, LocalCluster

    options: dict[str, Any] = {
        "silence_logs": logging.CRITICAL + 1,
        "dashboard_address": None,
        "memory_limit": 0,
    }
    with _quiet(), _stopped_gently(), ExitStack() as stack:
        with _unmoved():
            cluster = LocalCluster(n_workers=workers, threads_per_worker=1, **options)  # type: ignore[no-untyped-call]
            stack.enter_context(cluster)
        yield stack.enter_context(Client(cluster))  # type: ignore[no-untyped-call]


async def _identity(address: str) -> object:
    """Return what the server at ``address`` says that it is."""
    from distributed.core import connect, send_recv  # type: ignore[attr-defined]

    comm = await connect(address, timeout=CONNECT_S)  # type: ignore[no-untyped-call]
    try:
        said: dict[str, object] = await send_recv(comm, op="identity")
        return said.get("type")
    finally:
        comm.abort()


def _check_scheduler(address: str) -> None:
    """Refuse an address where no scheduler answers; a client would wait for ever for one that is silent."""
    try:
        kind = asyncio.run(asyncio.wait_for(_identity(address), 2 * CONNECT_S))
        reason = f"it is a {kind}"
    except Exception as error:  # whatever another program answers
        kind, reason = (
            None,
            (str(error).splitlines() or [type(error).__name__])[0][:120] or "no answer in time",
        )
    if kind != "Scheduler":
        raise UserError(
            f"--scheduler {address}: no Dask scheduler answers there ({reason}): start one with `dask scheduler`, or "
            "leave --scheduler out for this machine"
        )


@contextmanager
def remote_client(address: str) -> Iterator[Client]:
    """Yield a client of the scheduler at ``address``, which has a worker.

    Raises
    ------
    UserError : nothing there, or no worker.
    """
    from distributed import Client

    with _quiet():
        _check_scheduler(address)
        with Client(address, timeout=CONNECT_S) as client:  # type: ignore[no-untyped-call]
            try:
                client.wait_for_workers(1, timeout=CONNECT_S)
            except TimeoutError as error:
                raise UserError(
                    f"--scheduler {address}: it has no workers: start some with `dask worker {address}`"
                ) from error
            yield client
