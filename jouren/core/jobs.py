"""Background jobs: the Procrastinate worker, run inside a worker process, and the care for jobs of killed workers.

A job is for a batch (an import, a snapshot); what happens to single people goes through the hot loops.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import procrastinate
from asgiref.sync import sync_to_async
from django.db import connections
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params

logger = logging.getLogger(__name__)

_PAUSE = 2.0
_GRACE_SECONDS = 10.0
# A pool that has lost the database asks for it again after longer and longer pauses. A new pool finds it at once, and
# the end of the process need not wait for the old one's next try.
_CONNECT_SECONDS = 3.0


def run_jobs(stop: threading.Event) -> None:
    """Work on jobs until ``stop`` is set; then give the running one ten seconds to end.

    Jobs it leaves behind, and those of a killed worker, are taken up again by :func:`retry_stalled`.
    """
    while not stop.is_set():
        try:
            asyncio.run(_work(stop))
        except (procrastinate.exceptions.ProcrastinateException, OSError) as error:
            logger.warning("The job worker has lost the database (%s). It tries again.", error)
        # One that ended by itself, without an error, has lost it too.
        stop.wait(_PAUSE)


async def _work(stop: threading.Event) -> None:
    # A second app with the same tasks: in this process's other threads, and inside jobs, deferring a job still goes
    # through Django's connection and commits with what was written there.
    connector = procrastinate.PsycopgConnector(kwargs=connector_params(), timeout=_CONNECT_SECONDS)
    worker_app = app.with_connector(connector)
    loop = asyncio.get_running_loop()
    # Jobs run one after the other, in one thread, whose database connection is closed at the end.
    loop.set_default_executor(ThreadPoolExecutor(max_workers=1, thread_name_prefix="jobs"))
    async with worker_app.open_async():
        worker = asyncio.ensure_future(
            worker_app.run_worker_async(
                install_signal_handlers=False, shutdown_graceful_timeout=_GRACE_SECONDS, delete_jobs="successful"
            )
        )
        while not stop.is_set() and not worker.done():
            await asyncio.wait([worker], timeout=0.2)
        if not worker.done():
            worker.cancel()
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await worker
        finally:
            await loop.run_in_executor(None, connections.close_all)
            # Periodic jobs are deferred by Django's connection in a thread of asgiref's. Broken and left open, it would
            # fail every worker to come.
            await sync_to_async(connections.close_all)()


async def retry_stalled() -> int:
    """Put the jobs of dead workers back in the queue; without this a killed job stays ``doing`` for ever.

    Returns how many.
    """
    manager = app.job_manager
    stalled = list(await manager.get_stalled_jobs())
    for job in stalled:
        await manager.retry_job(job)
    if stalled:
        logger.warning("%d jobs of dead workers are put back in the queue.", len(stalled))
    return len(stalled)
