"""A real mail to the owner, by the way that all mail goes, and what became of it."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum

from django.conf import settings
from django.utils.translation import gettext as _

from jouren.contacts.addresses import normalise_email
from jouren.core import clock
from jouren.core.mailbox import smtp_address
from jouren.core.relay import CONNECT_ERRORS, connect, describe, trouble_of
from jouren.messaging.shop import hostname, load_shop

_TIMEOUT = 10.0
_LONGEST_ANSWER = 500


class Outcome(StrEnum):
    """What became of the test mail."""

    ACCEPTED = "accepted"
    KEPT = "kept"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class TestResult:
    """``text`` says it in a sentence, ``mend`` what to do; ``said`` are the server's own words, without secrets."""

    __test__ = False  # not a test, whatever its name makes pytest think

    outcome: Outcome
    text: str
    said: str = ""
    mend: str = ""


def send_test_mail(address: str) -> TestResult:
    """Send a mail from the shop's sender to ``address`` and tell how it went.

    Raises:
        BadAddress: the address, or the shop's own, cannot be one.
    """
    recipient = normalise_email(address).value
    shop = load_shop()
    sender = normalise_email(shop.sender.address).value
    relay = None
    try:
        relay = smtp_address(settings.JOUREN)
        client = connect(relay, hostname(), _TIMEOUT)
    except CONNECT_ERRORS as error:
        trouble = trouble_of(error, relay)
        why, mend = describe(trouble.kind)
        return TestResult(Outcome.UNREACHABLE, why, trouble.detail, mend)
    try:
        with client:
            client.sendmail(sender, [recipient], _letter(shop.sender.name, sender, recipient))
    except (OSError, smtplib.SMTPException) as error:
        return _refusal(error)
    if settings.JOUREN.email is None:
        return TestResult(
            Outcome.KEPT,
            _("The mail is in the local mailbox. It left nothing: no mail service is set yet."),
            mend=_("Set JOUREN_EMAIL_URL as above and start Jouren again. Then send the test once more."),
        )
    return TestResult(
        Outcome.ACCEPTED,
        _("The mail server has taken the mail for %(address)s.") % {"address": recipient},
        mend=_("Look whether it arrives, and whether in the inbox or among spam. That may take a minute."),
    )


def _refusal(error: Exception) -> TestResult:
    said = str(error)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()), (0, b""))
        said = _words(code, words)
    elif isinstance(error, smtplib.SMTPResponseException):
        said = _words(error.smtp_code, error.smtp_error)
    return TestResult(
        Outcome.REFUSED,
        _("The mail server refused the mail."),
        said[:_LONGEST_ANSWER],
        _("Read what it said. Often it knows the sender's domain not yet: register it with your mail service."),
    )


def _words(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return f"{code} {text}"


def _letter(name: str, sender: str, recipient: str) -> bytes:
    now = clock.now()
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = _("[Test] Mail from your shop arrives")
    mail["From"] = Address(name, addr_spec=sender) if name else sender
    mail["To"] = recipient
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<setup.{now.timestamp():.0f}@{hostname()}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(
        _(
            "This is the test mail that you asked for while setting up Jouren.\n\nIf you read it in the inbox, mail "
            "works. If it lies among spam, look at SPF, DKIM and DMARC on the same screen."
        )
    )
    return mail.as_bytes()
