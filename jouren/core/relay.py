"""The way to the mail relay: opened, encrypted as asked and logged in to, or a trouble that people can mend.

What is asked for is never given up: without the encryption or the login that ``JOUREN_EMAIL_URL`` names there is no
connection. Certificates are checked against the system's authorities, or those of ``SSL_CERT_FILE``.
"""

from __future__ import annotations

import smtplib
import ssl
from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from jouren.core.config import SmtpAddress
from jouren.core.errors import JourenError
from jouren.core.mailbox import MailUnavailable

CONNECT_TIMEOUT = 15.0
CONNECT_ERRORS = (OSError, smtplib.SMTPException, JourenError)
"""All that :func:`connect` raises."""
_LONGEST_DETAIL = 300


class TlsNotOffered(JourenError):
    """The relay offers no STARTTLS, and it was asked for."""


class LoginNotOffered(JourenError):
    """The relay offers no login, and there is a user to log in."""


class TroubleKind(StrEnum):
    """What hinders mail from leaving, as far as it tells people what to do."""

    PASSWORD = "password"  # noqa: S105 - a kind of trouble
    CERTIFICATE = "certificate"
    NO_TLS = "no_tls"
    NO_LOGIN = "no_login"
    FOLDER = "folder"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Trouble:
    """Why the relay cannot be used. ``detail`` is what it or the system said, without secrets.

    ``is_permanent``: somebody has to mend it, here or there; trying again soon is useless.
    """

    kind: TroubleKind
    detail: str
    is_permanent: bool


def connect(address: SmtpAddress, hostname: str, timeout: float = CONNECT_TIMEOUT) -> smtplib.SMTP:
    """An open, greeted and authenticated connection. Raises :data:`CONNECT_ERRORS`."""
    if address.security == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(
            address.host, address.port, hostname, timeout=timeout, context=ssl.create_default_context()
        )
    else:
        client = smtplib.SMTP(address.host, address.port, hostname, timeout=timeout)
    try:
        client.ehlo_or_helo_if_needed()
        if address.security == "starttls":
            if not client.has_extn("starttls"):
                raise TlsNotOffered("The mail server does not offer STARTTLS.")
            client.starttls(context=ssl.create_default_context())
            client.ehlo_or_helo_if_needed()
        if address.user:
            if not client.has_extn("auth"):
                raise LoginNotOffered("The mail server does not offer AUTH.")
            _log_in(client, address)
    except BaseException:
        client.close()
        raise
    return client


def _log_in(client: smtplib.SMTP, address: SmtpAddress) -> None:
    if address.user.isascii() and address.password.isascii():
        client.login(address.user, address.password)
        return
    # RFC 4616 has user and password in UTF-8; the standard library has ASCII only.
    if "PLAIN" not in client.esmtp_features["auth"].upper().split():
        raise LoginNotOffered("The mail server does not offer AUTH PLAIN, which takes a password like this one.")
    answer = client.docmd("AUTH", f"PLAIN {_plain_login(address)}")
    if answer[0] not in {235, 503}:
        raise smtplib.SMTPAuthenticationError(*answer)


def _plain_login(address: SmtpAddress) -> str:
    return b64encode(f"\0{address.user}\0{address.password}".encode()).decode()


def trouble_of(error: Exception, address: SmtpAddress | None) -> Trouble:
    """What an error of :func:`connect` means. ``address`` (if known) is where it was to go."""
    detail = _without_secrets(_said(error), address)[:_LONGEST_DETAIL]
    match error:
        case smtplib.SMTPAuthenticationError():
            return Trouble(TroubleKind.PASSWORD, detail, error.smtp_code >= 500)
        case ssl.SSLCertVerificationError():
            return Trouble(TroubleKind.CERTIFICATE, detail, True)
        case TlsNotOffered():
            return Trouble(TroubleKind.NO_TLS, detail, True)
        case LoginNotOffered() | smtplib.SMTPNotSupportedError():
            return Trouble(TroubleKind.NO_LOGIN, detail, True)
        case smtplib.SMTPResponseException():
            return Trouble(TroubleKind.REFUSED, detail, error.smtp_code >= 500)
        case MailUnavailable():
            return Trouble(TroubleKind.UNREACHABLE, detail, False)
        case ssl.SSLError():
            return Trouble(TroubleKind.NO_TLS, detail, False)
        case _:
            return Trouble(TroubleKind.UNREACHABLE, detail, False)


def describe(kind: str) -> tuple[str, str]:
    """A kind of trouble as a sentence, and how to mend it."""
    match kind:
        case TroubleKind.PASSWORD:
            return (
                _("The mail server does not accept the user name and password."),
                _("Check both in JOUREN_EMAIL_URL, and restart Jouren."),
            )
        case TroubleKind.CERTIFICATE:
            return (
                _("The mail server's certificate is not trusted, so nothing was sent to it."),
                _(
                    "Check the host name in JOUREN_EMAIL_URL. If the certificate is of an authority of your own, name "
                    "its file in SSL_CERT_FILE."
                ),
            )
        case TroubleKind.NO_TLS:
            return (
                _("The mail server does not encrypt as asked, so nothing was sent to it."),
                _("Ask your mail service for the right port, and use smtp+tls:// or smtps:// in JOUREN_EMAIL_URL."),
            )
        case TroubleKind.NO_LOGIN:
            return (
                _("The mail server offers no login that we know."),
                _("Many offer one only when encrypted: use smtp+tls:// or smtps:// in JOUREN_EMAIL_URL."),
            )
        case TroubleKind.REFUSED:
            return (
                _("The mail server turned us away."),
                _("Read what it said. If it speaks of too many connections, lower them under Settings, Mail relay."),
            )
        case _:
            return (
                _("The mail server cannot be reached."),
                _("Check host and port in JOUREN_EMAIL_URL, and whether the server runs."),
            )


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return f"{error.smtp_code} {text}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _without_secrets(text: str, address: SmtpAddress | None) -> str:
    """Some servers repeat what they were told."""
    text = text.replace("\x00", "")
    if address is None or not address.password:
        return text
    for secret in (_plain_login(address), b64encode(address.password.encode()).decode(), address.password):
        text = text.replace(secret, "…")
    return text
