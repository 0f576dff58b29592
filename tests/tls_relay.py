"""A mail relay that encrypts and asks for a password, with certificates made for the test."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

USER, PASSWORD = "shop", "corréct horse"


@dataclass
class Relay:
    """What it got: recipients with the TLS version of their connection, and how many logins were tried."""

    port: int = 0
    letters: list[tuple[str, str]] = field(default_factory=list)
    logins: int = 0
    # What it answers to a login instead of looking at it.
    login_answer: Callable[[], str] | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        cipher = server.transport.get_extra_info("cipher")
        self.letters += [(recipient, cipher[1] if cipher else "") for recipient in envelope.rcpt_tos]
        return "250 taken"

    def log_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        self.logins += 1
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


class _Conversation(SMTP):
    relay: Relay

    async def smtp_AUTH(self, arg: str) -> None:
        if self.relay.login_answer is None:
            await super().smtp_AUTH(arg)
            return
        self.relay.logins += 1
        await self.push(self.relay.login_answer())


@contextmanager
def tls_relay(authority: trustme.CA, security: str, host: str = "localhost") -> Iterator[Relay]:
    """A running relay whose certificate is for ``host``. ``security``: ``"tls"`` or ``"starttls"``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    relay, started, stop = Relay(), threading.Event(), threading.Event()
    conversations: list[SMTP] = []

    def conversation() -> SMTP:
        made = _Conversation(
            relay,
            tls_context=context if security == "starttls" else None,
            require_starttls=security == "starttls",
            authenticator=relay.log_in,
            auth_required=True,
            auth_require_tls=security == "starttls",
            hostname="relay.example",
        )
        made.relay = relay
        conversations.append(made)
        return made

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(
            conversation, "127.0.0.1", 0, ssl=context if security == "tls" else None
        )
        relay.port = server.sockets[0].getsockname()[1]
        started.set()
        await asyncio.to_thread(stop.wait)
        server.close()
        for each in conversations:
            if each.transport is not None:
                each.transport.abort()
        await server.wait_closed()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    started.wait()
    try:
        yield relay
    finally:
        stop.set()
        thread.join()
