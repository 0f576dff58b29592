"""A mail sink that only counts: as little work as SMTP allows, so that the sender is what is measured.

``python -m benchmarks.sink`` prints its port and serves until its standard input ends; then it prints what it got. Each
line of its input is a recipient to watch for.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import ClassVar


class Sink(asyncio.Protocol):
    """One connection. PIPELINING is offered; every letter is taken."""

    messages = 0
    octets = 0
    open_letters = 0
    most_open_letters = 0
    # Recipients whose letter's arrival is noted, on this machine's monotonic clock.
    watched: ClassVar[dict[str, float]] = {}

    def __init__(self) -> None:
        self._buffer = b""
        self._in_data = False
        self._recipient = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        if self._in_data:
            Sink.open_letters -= 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers = []
        while True:
            if self._in_data:
                end = self._buffer.find(b"\r\n.\r\n")
                if end < 0:
                    break
                Sink.messages += 1
                Sink.octets += end
                Sink.open_letters -= 1
                self._buffer = self._buffer[end + 5 :]
                self._in_data = False
                if self._recipient in Sink.watched:
                    Sink.watched[self._recipient] = time.monotonic()
                answers.append(b"250 taken\r\n")
                continue
            line, found, rest = self._buffer.partition(b"\r\n")
            if not found:
                break
            self._buffer = rest
            if line[:8].upper() == b"RCPT TO:":
                self._recipient = line[9 : line.find(b">")].decode()
            answers.append(self._answer(line[:4].upper()))
        if answers:
            self._transport.write(b"".join(answers))

    def _answer(self, verb: bytes) -> bytes:
        if verb == b"DATA":
            self._in_data = True
            Sink.open_letters += 1
            Sink.most_open_letters = max(Sink.most_open_letters, Sink.open_letters)
            return b"354 go on\r\n"
        if verb == b"EHLO":
            return b"250-sink\r\n250 PIPELINING\r\n"
        if verb == b"QUIT":
            self._transport.close()
            return b"221 bye\r\n"
        return b"250 ok\r\n"


async def serve() -> None:
    """Listen on any free port of this machine until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=512)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    while recipient := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        Sink.watched[recipient] = 0.0
    server.close()
    result = {"messages": Sink.messages, "octets": Sink.octets, "most_open_letters": Sink.most_open_letters}
    print(json.dumps({**result, "arrived": Sink.watched}), flush=True)


if __name__ == "__main__":
    asyncio.run(serve())
