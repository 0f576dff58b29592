"""The way to a mailbox: opened, encrypted as asked, logged in to, its folder to be read only; or a trouble to mend.

As with the relay (:mod:`jouren.core.relay`), what ``JOUREN_REPLIES_URL`` asks for is never given up, and certificates
are checked. The folder is opened by EXAMINE, so that nothing in it is changed, not even which mails are new.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.utils.translation import gettext as _

from jouren.core.config import ImapAddress
from jouren.core.errors import JourenError
from jouren.core.relay import LoginNotOffered, TlsNotOffered, Trouble, TroubleKind

TIMEOUT = 15.0
IMAP_ERRORS = (OSError, imaplib.IMAP4.error, JourenError, ValueError)
"""All that :func:`open_folder` and what is asked of an open folder raise; ValueError: the server speaks no IMAP."""
_LONGEST_DETAIL = 300
# Response codes (RFC 5530) of a refusal that passes by itself.
_PASSING = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", re.IGNORECASE)
_UTF7_RUN = re.compile(r"[^\x20-\x7e]+")


class LoginRefused(JourenError):
    """The server does not accept user and password."""


class FolderNotThere(JourenError):
    """The server does not open the folder."""


@contextmanager
def open_folder(address: ImapAddress, timeout: float = TIMEOUT) -> Iterator[imaplib.IMAP4]:
    """The folder, opened for reading alone. ``timeout``: seconds for each answer. Raises :data:`IMAP_ERRORS`."""
    client = _connect(address, timeout)
    try:
        _log_in(client, address)
        _examine(client, address.folder)
        yield client
    finally:
        _leave(client)


def trouble_of(error: Exception, address: ImapAddress) -> Trouble:
    """What an error of :data:`IMAP_ERRORS` means, without secrets."""
    detail = _without_secrets(_said(error), address)[:_LONGEST_DETAIL]
    match error:
        case LoginRefused():
            return Trouble(TroubleKind.PASSWORD, detail, not _PASSING.search(detail))
        case FolderNotThere():
            return Trouble(TroubleKind.FOLDER, detail, True)
        case ssl.SSLCertVerificationError():
            return Trouble(TroubleKind.CERTIFICATE, detail, True)
        case TlsNotOffered():
            return Trouble(TroubleKind.NO_TLS, detail, True)
        case LoginNotOffered():
            return Trouble(TroubleKind.NO_LOGIN, detail, True)
        case ssl.SSLError():
            return Trouble(TroubleKind.NO_TLS, detail, False)
        case imaplib.IMAP4.abort() | OSError():
            return Trouble(TroubleKind.UNREACHABLE, detail, False)
        case _:
            return Trouble(TroubleKind.REFUSED, detail, False)


def describe(kind: str) -> tuple[str, str]:
    """A kind of trouble as a sentence, and how to mend it."""
    match kind:
        case TroubleKind.PASSWORD:
            return (
                _("The mailbox does not accept the user name and password."),
                _("Check both in JOUREN_REPLIES_URL, and restart Jouren. Some services want a password for apps."),
            )
        case TroubleKind.FOLDER:
            return (
                _("The mailbox has no such folder."),
                _("Check the folder at the end of JOUREN_REPLIES_URL, and restart Jouren. Without one it is INBOX."),
            )
        case TroubleKind.CERTIFICATE:
            return (
                _("The certificate of the mailbox's server is not trusted, so nothing was sent to it."),
                _(
                    "Check the host name in JOUREN_REPLIES_URL. If the certificate is of an authority of your own, "
                    "name its file in SSL_CERT_FILE."
                ),
            )
        case TroubleKind.NO_TLS:
            return (
                _("The mailbox's server does not encrypt as asked, so nothing was sent to it."),
                _("Ask your mail service for the right port, and use imaps:// or imap+tls:// in JOUREN_REPLIES_URL."),
            )
        case TroubleKind.NO_LOGIN:
            return (
                _("The mailbox's server offers no login that we know."),
                _("Many offer one only when encrypted: use imaps:// or imap+tls:// in JOUREN_REPLIES_URL."),
            )
        case TroubleKind.REFUSED:
            return (_("The mailbox's server turned us away."), _("Read what it said."))
        case _:
            return (
                _("The mailbox's server cannot be reached."),
                _("Check host and port in JOUREN_REPLIES_URL, and whether the server runs."),
            )


def _connect(address: ImapAddress, timeout: float) -> imaplib.IMAP4:
    if address.security == "tls":
        return imaplib.IMAP4_SSL(address.host, address.port, ssl_context=ssl.create_default_context(), timeout=timeout)
    client = imaplib.IMAP4(address.host, address.port, timeout=timeout)
    try:
        if address.security == "starttls":
            if "STARTTLS" not in client.capabilities:
                raise TlsNotOffered("The server does not offer STARTTLS.")
            client.starttls(ssl.create_default_context())
    except BaseException:
        _close(client)
        raise
    return client


def _log_in(client: imaplib.IMAP4, address: ImapAddress) -> None:
    if "LOGINDISABLED" in client.capabilities:
        raise LoginNotOffered("The server says LOGINDISABLED.")
    try:
        if address.user.isascii() and address.password.isascii():
            # imaplib puts quotes around the password alone.
            client.login(f'"{_escaped(address.user)}"', address.password)
        elif "AUTH=PLAIN" in client.capabilities:
            # LOGIN has ASCII only; RFC 4616 has UTF-8.
            client.authenticate("PLAIN", lambda challenge: _plain_login(address))
        else:
            raise LoginNotOffered("The server does not offer AUTH=PLAIN, which takes a password like this one.")
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise LoginRefused(_said(error)) from None


def _examine(client: imaplib.IMAP4, folder: str) -> None:
    answer, said = client.select(f'"{_escaped(encode_folder(folder))}"', readonly=True)
    if answer != "OK":
        raise FolderNotThere(_text(said[0]) if said else answer)


def _leave(client: imaplib.IMAP4) -> None:
    """Say goodbye, so that the server does not write a broken line into its log; it need not answer well."""
    try:
        client.logout()
    except IMAP_ERRORS:
        _close(client)


def _close(client: imaplib.IMAP4) -> None:
    with suppress(OSError):  # it may be closed already
        client.shutdown()


def encode_folder(name: str) -> str:
    """A folder's name as IMAP writes it: a UTF-7 of its own (RFC 3501, 5.1.3)."""

    def encoded(found: re.Match[str]) -> str:
        return "&" + b64encode(found[0].encode("utf-16-be")).rstrip(b"=").replace(b"/", b",").decode() + "-"

    return _UTF7_RUN.sub(encoded, name.replace("&", "&-"))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _plain_login(address: ImapAddress) -> bytes:
    return f"\0{address.user}\0{address.password}".encode()


def _said(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    said = error.args[0] if isinstance(error, imaplib.IMAP4.error) and error.args else error
    return _text(said).strip().partition("\n")[0] or type(error).__name__


def _text(said: object) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _without_secrets(text: str, address: ImapAddress) -> str:
    """Some servers repeat what they were told."""
    text = text.replace("\x00", "")
    password = address.password
    for secret in (b64encode(_plain_login(address)).decode(), b64encode(password.encode()).decode(), password):
        text = text.replace(secret, "…").replace(_escaped(secret), "…")
    return text
