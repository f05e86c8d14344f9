"""A Dask cluster on this machine, and a client of one elsewhere: quiet, and gone when the run ends.

Nothing of ``dask`` is imported before it is needed: a serial run does without.

>>> cores() >= 1
True
"""

from __future__ import annotations

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

CONNECT_S = 10.0  # for a scheduler to answer, and for its first worker to come
_LOGGERS = (
    "distributed",
    "distributed.nanny",
    "distributed.client",
    "distributed.core",
    "distributed.comm",
    "tornado",
)


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what ``distributed`` logs and warns about off the screen: what matters is raised."""
    import dask

    before = {name: logging.getLogger(name).level for name in _LOGGERS}
    with warnings.catch_warnings(), dask.config.set({"distributed.admin.log-format": ""}):
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


@contextmanager
def remote_client(address: str) -> Iterator[Client]:
    """Yield a client of the scheduler at ``address``, which has a worker.

    Raises
    ------
    UserError : nothing there, or no worker.
    """
    from distributed import Client

    with _quiet():
        try:
            client = Client(address, timeout=CONNECT_S)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TypeError, OverflowError, ImportError) as error:
            raise UserError(
                f"--scheduler {address}: no Dask scheduler answers there ({_short(error)}): start one with "
                "`dask scheduler`, or leave --scheduler out for this machine"
            ) from error
        with client:
            try:
                client.wait_for_workers(1, timeout=CONNECT_S)
            except TimeoutError as error:
                raise UserError(
                    f"--scheduler {address}: it has no workers: start some with `dask worker {address}`"
                ) from error
            yield client
