"""One SMTP connection after the greeting: a small machine that carries letters in turn without blocking.

Where the server offers PIPELINING (RFC 2920) the envelope goes in one write; otherwise command by command. A letter
whose connection breaks before the end of its data was not taken; after it, nobody can tell. Those behind it had not
begun.
"""

from __future__ import annotations

import selectors
import smtplib
import socket
import ssl
import time
from collections import deque
from enum import Enum, auto

from jouren.messaging.channels.base import Fate, Handover, Outcome
from jouren.messaging.channels.email.replies import ReplyReader, means_nobody_lives_there, refusal

COMMAND_TIMEOUT = 60.0
# RFC 5321 4.5.3.2.6 allows ten minutes; a letter that waits so long holds a slot, so we give up earlier.
DATA_TIMEOUT = 120.0


class Phase(Enum):
    IDLE = auto()
    ENVELOPE = auto()
    DATA = auto()
    CLOSED = auto()


class Connection:
    """Feed it with :meth:`add`, :meth:`readable` and :meth:`writable`; outcomes gather in ``ended``."""

    def __init__(self, line: int, client: smtplib.SMTP) -> None:
        if client.sock is None:
            raise OSError("The connection is closed.")
        self.line = line
        self.sock: socket.socket = client.sock
        self.phase = Phase.IDLE
        self.ended: list[Outcome] = []
        self.last_used = time.monotonic()
        self.deadline = float("inf")
        self.unsent = b""
        self.watched = self.sock.fileno()  # stays known after the socket is closed, to stop watching it
        self.wanted = selectors.EVENT_READ
        self._client = client  # keeps the socket's owner alive
        self._pipelining = client.does_esmtp and client.has_extn("pipelining")
        self._reader = ReplyReader()
        self._waiting: deque[Handover] = deque()
        self._key = 0
        self._commands: deque[bytes] = deque()
        self._replies: list[tuple[int, str]] = []
        self._data = b""
        self._needs_reset = False
        self._verdict: Outcome | None = None
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def carries(self) -> int:
        """How many letters it has: the one under way and those that wait behind it."""
        return len(self._waiting) + (self.phase in {Phase.ENVELOPE, Phase.DATA})

    def add(self, handover: Handover) -> None:
        """Carry a letter, once those before it have ended."""
        self._waiting.append(handover)
        if self.phase is Phase.IDLE:
            self._begin()

    def recall(self) -> None:
        """Give back the letters that have not begun."""
        self.ended += [Outcome(handover.key, Fate.NOT_BEGUN) for handover in self._waiting]
        self._waiting.clear()

    def readable(self) -> None:
        """Take in what the server wrote."""
        try:
            data = self._receive()
            if data is None:
                return
            replies = self._reader.feed(data) if data else []
        except (OSError, ValueError) as error:
            self.fail(str(error))
            return
        for code, text in replies:
            self._take(code, text)
        if data == b"":
            self.fail("The server closed the connection.")
        elif self.phase is Phase.IDLE and self._waiting:
            # Only now: what the server said above was not said to the next letter.
            self._begin()

    def writable(self) -> None:
        """Write on where the last write stopped."""
        self._write(b"")

    def fail(self, why: str) -> None:
        """Close the connection. The letter on it was not taken, or is lost when all of it had been written."""
        phase, self.phase = self.phase, Phase.CLOSED
        self._client.close()
        if phase is Phase.ENVELOPE or (phase is Phase.DATA and self.unsent and self._verdict is None):
            self.ended.append(Outcome(self._key, Fate.NOT_TAKEN, refusal(421, why)))
        elif phase is Phase.DATA:
            self.ended.append(self._verdict or Outcome(self._key, Fate.LOST, refusal(421, why)))
        self.recall()

    def _begin(self) -> None:
        _line, self._key, letter = self._waiting.popleft()
        self.phase = Phase.ENVELOPE
        self.deadline = time.monotonic() + COMMAND_TIMEOUT
        self._verdict = None
        self._data = letter.data + b".\r\n"
        envelope = (
            b"MAIL FROM:<%s>\r\n" % letter.sender.encode("ascii"),
            b"RCPT TO:<%s>\r\n" % letter.recipient.encode("ascii"),
            b"DATA\r\n",
        )
        self._replies.clear()
        self._expected = 4 if self._needs_reset else 3
        if self._pipelining:
            self._commands.clear()
            self._write((b"RSET\r\n" if self._needs_reset else b"") + b"".join(envelope))
            return
        self._commands = deque(envelope)
        self._write(b"RSET\r\n" if self._needs_reset else self._commands.popleft())

    def _receive(self) -> bytes | None:
        try:
            data = self.sock.recv(65_536)
            while isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
                data += self.sock.recv(65_536)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        return data

    def _write(self, data: bytes) -> None:
        if self.unsent:
            data = self.unsent + data
        try:
            self.unsent = data[self.sock.send(data) :]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self.unsent = data
        except OSError as error:
            self.unsent = data
            self.fail(str(error))

    def _take(self, code: int, text: str) -> None:
        if self.phase is Phase.CLOSED:
            return
        if self.phase is Phase.DATA:
            self._finish(code, text)
            return
        if self.phase is Phase.IDLE:
            self.fail(text)
            return
        self._replies.append((code, text))
        if code == 421 or (code >= 400 and self._needs_reset and len(self._replies) == 1):
            self.fail(text)
        elif self._commands and code < 400:
            self._write(self._commands.popleft())
        elif len(self._replies) == self._expected or (not self._pipelining and code >= 400):
            self._after_envelope()

    def _after_envelope(self) -> None:
        if self._needs_reset:
            del self._replies[0]
            self._needs_reset = False
        self._commands.clear()
        bad = next(((place, reply) for place, reply in enumerate(self._replies) if reply[0] >= 400), None)
        takes_data = self._replies[-1][0] == 354
        self.phase = Phase.DATA
        self.deadline = time.monotonic() + DATA_TIMEOUT
        if bad is None and takes_data:
            self._write(self._data)
            return
        place, (code, text) = bad or (2, self._replies[-1])
        error = refusal(code if code >= 400 else 451, text)
        self._verdict = Outcome(self._key, Fate.REFUSED, error, place == 1 and means_nobody_lives_there(error))
        if takes_data:
            # The server waits for data although it refused the envelope: give it none.
            self._write(b".\r\n")
            return
        self._needs_reset = True
        self._end(self._verdict)

    def _finish(self, code: int, text: str) -> None:
        if self._verdict is not None:
            self._needs_reset = True
            self._end(self._verdict)
            return
        if code < 400:
            self._end(Outcome(self._key, Fate.ACCEPTED))
            return
        error = refusal(code, text)
        self._end(Outcome(self._key, Fate.REFUSED, error, means_nobody_lives_there(error)))
        if code == 421:
            self.fail(text)

    def _end(self, outcome: Outcome) -> None:
        self.ended.append(outcome)
        self.phase = Phase.IDLE
        self.deadline = float("inf")
        self.last_used = time.monotonic()
        self._data = b""

    def close(self) -> None:
        """Take leave, without waiting for the answer. Letters that wait are left to their fate."""
        if self.phase is Phase.IDLE:
            self._write(b"QUIT\r\n")
        self.phase = Phase.CLOSED
        self._client.close()
