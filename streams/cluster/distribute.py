"""The files of a run on a Dask cluster: one task each, given out when the span before of its assembly is done.

A worker that dies takes nothing with it: its tasks go to others, and what they find made they leave as it is.
"""

from __future__ import annotations

import queue
import time
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

from streams.cluster.partition import Job, Made, make
from streams.cluster.run import Partition, file_name, partitions, spans
from streams.errors import UserError

if TYPE_CHECKING:
    from distributed import Client, Future

LOOK_S = 5.0  # how often it is looked at the cluster while nothing comes
LOST_S = 60.0  # without scheduler or workers


def made_by(client: Client, job: Job) -> Iterator[Made]:
    """Yield the files as they are made, in any order; what is left undone is cancelled.

    Raises
    ------
    UserError : what a worker raised; the cluster is gone.
    """
    group = f"make-{uuid.uuid4().hex}"
    under_way: dict[object, tuple[Future[Made], Partition]] = {}
    done: queue.Queue[Future[Made]] = queue.Queue()

    def begin(part: Partition) -> None:
        key = (
            group,
            part.apa,
            part.span,
        )  # of one group: Dask then keeps, by priority, what no worker can take yet
        future = client.submit(make, job, part, key=key, priority=-part.span, pure=False)
        under_way[key] = future, part
        future.add_done_callback(done.put)  # type: ignore[no-untyped-call]

    try:
        for part in partitions(job.run):
            if part.span == 0:
                begin(part)
        while under_way:
            future, part = under_way.pop(_next(client, done).key)
            made = _result(future, file_name(job.run, part))
            if part.span + 1 < spans(job.run):
                begin(part._replace(span=part.span + 1))
            yield made
    finally:
        if client.status == "running":
            client.cancel([future for future, _ in under_way.values()], force=True)  # type: ignore[no-untyped-call]


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
