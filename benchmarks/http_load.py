"""A small load for one HTTP server: keep-alive connections, prepared requests, every answer read and checked.

Closed: each connection sends its next request when the answer is in; gives throughput. Open: requests start at fixed
moments whether or not earlier ones are answered, and wait for a free connection; gives honest latency.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Request = Callable[[int], bytes]


@dataclass
class Result:
    """Seconds each request took, how long all took, and the answers' status codes with their counts."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    def per_second(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency, in seconds, that this share of the requests stayed under."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, request: bytes) -> str:
        """Send a request, read the whole answer, return its status code."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lower = head.lower()
        start = lower.find(b"content-length:")
        if start >= 0:
            length = int(lower[start + 15 : lower.index(b"\r\n", start)])
            if length:
                await self._reader.readexactly(length)
        return head[9:12].decode()

    def close(self) -> None:
        self._writer.close()


async def _connect(port: int, connections: int) -> list[_Connection]:
    return [_Connection(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(connections)]


def closed_load(port: int, request: Request, count: int, connections: int = 16) -> Result:
    """Ask ``count`` requests as fast as the answers come."""
    return asyncio.run(_closed(port, request, count, connections))


async def _closed(port: int, request: Request, count: int, connections: int) -> Result:
    result, numbers = Result(), iter(range(count))
    pool = await _connect(port, connections)

    async def work(connection: _Connection) -> None:
        for number in numbers:
            await _timed(connection, request(number), result, time.perf_counter())

    started = time.perf_counter()
    await asyncio.gather(*(work(connection) for connection in pool))
    result.seconds = time.perf_counter() - started
    for connection in pool:
        connection.close()
    return result


def open_load(port: int, request: Request, rate: float, seconds: float, connections: int = 32) -> Result:
    """Start ``rate`` requests a second for so many seconds; latency counts from the moment each should have started."""
    # A collection of garbage in this process would count as a slow answer of the server's.
    gc.collect()
    gc.disable()
    try:
        return asyncio.run(_open(port, request, rate, seconds, connections))
    finally:
        gc.enable()


async def _open(port: int, request: Request, rate: float, seconds: float, connections: int) -> Result:
    result, free = Result(), asyncio.Queue[_Connection]()
    pool = await _connect(port, connections)
    for connection in pool:
        free.put_nowait(connection)

    async def one(number: int, due: float) -> None:
        connection = await free.get()
        await _timed(connection, request(number), result, due)
        free.put_nowait(connection)

    started = time.perf_counter()
    tasks: set[asyncio.Task[None]] = set()
    for number in range(int(rate * seconds)):
        due = started + number / rate
        delay = due - time.perf_counter()
        if delay > 0:
            await asyncio.sleep(delay)
        task = asyncio.create_task(one(number, due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    result.seconds = time.perf_counter() - started
    for connection in pool:
        connection.close()
    return result


async def _timed(connection: _Connection, request: bytes, result: Result, since: float) -> None:
    status = await connection.ask(request)
    result.latencies.append(time.perf_counter() - since)
    result.statuses[status] = result.statuses.get(status, 0) + 1
