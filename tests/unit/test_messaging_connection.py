"""One SMTP connection with several letters, and a server that may end it anywhere."""

from __future__ import annotations

import select
import socket
from enum import Enum
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jouren.messaging.channels.base import Fate, Handover, Letter, Outcome
from jouren.messaging.channels.email.connection import Connection, Phase


class Turn(Enum):
    """What the server does with a letter."""

    TAKE = "take"
    REFUSE_SENDER = "refuse sender"
    REFUSE_RECIPIENT = "refuse recipient"
    REFUSE_LETTER = "refuse letter"
    GO_BEFORE = "go before"
    GO_AFTER = "go after"
    STOP_BEFORE = "421 before"
    STOP_AFTER = "421 after"


FATES = {
    Turn.TAKE: Fate.ACCEPTED,
    Turn.REFUSE_SENDER: Fate.REFUSED,
    Turn.REFUSE_RECIPIENT: Fate.REFUSED,
    Turn.REFUSE_LETTER: Fate.REFUSED,
    Turn.GO_BEFORE: Fate.NOT_TAKEN,
    Turn.GO_AFTER: Fate.LOST,
    Turn.STOP_BEFORE: Fate.NOT_TAKEN,
    Turn.STOP_AFTER: Fate.REFUSED,
}
BREAKS = {Turn.GO_BEFORE, Turn.GO_AFTER, Turn.STOP_BEFORE, Turn.STOP_AFTER}


class Server:
    """Answers what has come so far. ``taken`` are the letters that it got whole."""

    def __init__(self, end: socket.socket, turns: list[Turn]) -> None:
        self.end = end
        self.turns = turns
        self.taken: list[bytes] = []
        self._got = b""
        self._in_data = self._is_refused = False

    def answer(self) -> None:
        if self.end.fileno() < 0:
            return
        try:
            self._got += self.end.recv(1_000_000)
        except BlockingIOError:
            return
        mark = b"\r\n.\r\n" if self._in_data else b"\r\n"
        while mark in self._got:
            line, _mark, self._got = self._got.partition(mark)
            reply = self._letter(line) if self._in_data else self._command(line)
            if reply is None:
                self.end.close()
                return
            self.end.send(reply + b"\r\n")
            mark = b"\r\n.\r\n" if self._in_data else b"\r\n"

    def _command(self, line: bytes) -> bytes | None:
        if line == b"RSET":  # so every letter begins that follows a refused one
            self.turns.pop(0)
            return b"250 ok"
        turn = self.turns[0]
        match line[:4]:
            case b"MAIL":
                self._is_refused = turn is Turn.REFUSE_SENDER
                if turn is Turn.STOP_BEFORE:
                    return b"421 busy"
                return b"451 no" if self._is_refused else b"250 ok"
            case b"RCPT":
                if turn is Turn.GO_BEFORE:
                    return None
                refused_here = turn is Turn.REFUSE_RECIPIENT
                self._is_refused = self._is_refused or refused_here
                return b"550 no" if refused_here else b"250 ok"
        if self._is_refused:
            return b"503 no recipient"
        self._in_data = True
        return b"354 go on"

    def _letter(self, data: bytes) -> bytes | None:
        self._in_data = False
        turn = self.turns.pop(0)
        if turn in {Turn.TAKE, Turn.GO_AFTER}:
            self.taken.append(data)
        return {
            Turn.REFUSE_LETTER: b"554 spam",
            Turn.STOP_AFTER: b"421 closing",
            Turn.GO_AFTER: None,
        }.get(turn, b"250 taken")


def client_of(ours: socket.socket, pipelining: bool) -> Any:
    return SimpleNamespace(sock=ours, does_esmtp=True, has_extn=lambda name: pipelining, close=ours.close)


@given(st.lists(st.sampled_from(Turn), min_size=1, max_size=20), st.integers(1, 20), st.booleans())
def test_each_letter_ends_once_and_by_what_happened_to_it_alone(
    turns: list[Turn], at_first: int, pipelining: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _address = listener.accept()
    with ours, theirs:
        ended, given_to_it, taken = converse(ours, theirs, turns, at_first, pipelining)
    broken_at = next((place for place, turn in enumerate(turns) if turn in BREAKS), len(turns))
    expected = [FATES[turns[key]] if key <= broken_at else Fate.NOT_BEGUN for key in range(given_to_it)]
    assert [(outcome.key, outcome.fate) for outcome in ended] == list(enumerate(expected))
    begun = enumerate(turns[: broken_at + 1])
    assert taken == [b"letter %d" % key for key, turn in begun if turn in {Turn.TAKE, Turn.GO_AFTER}]


def converse(
    ours: socket.socket, theirs: socket.socket, turns: list[Turn], at_first: int, pipelining: bool
) -> tuple[list[Outcome], int, list[bytes]]:
    """The outcomes, how many letters the connection was given, and what the server got."""
    theirs.setblocking(False)
    theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection, server = Connection(7, client_of(ours, pipelining)), Server(theirs, list(turns))
    letters = [
        Handover(7, key, Letter("shop@example.jp", f"p{key}@example.jp", b"letter %d\r\n" % key))
        for key in range(len(turns))
    ]
    for letter in letters[:at_first]:
        connection.add(letter)
    later = letters[at_first:]
    ended: list[Outcome] = []
    while connection.carries:
        waits = [end for end in (ours, theirs) if end.fileno() >= 0]
        assert any(select.select(waits, [], [], 10)), "nobody says anything any more"
        server.answer()
        connection.readable()
        ended += connection.ended
        connection.ended.clear()
        if later and connection.phase is not Phase.CLOSED:
            connection.add(later.pop(0))
    return ended, len(turns) - len(later), server.taken
