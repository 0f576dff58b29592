"""Mail records in words, and the line that names the mail service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.core.config import SmtpAddress
from jouren.core.mail_records import Found, Record, Verdict, Why

_SCHEMES = {"none": "smtp", "starttls": "smtp+tls", "tls": "smtps"}
_HIDDEN = "••••"

TITLES = {"spf": "SPF", "dkim": "DKIM", "dmarc": "DMARC"}
ABOUT = {
    "spf": gettext_lazy("says which servers may send in your domain's name."),
    "dkim": gettext_lazy("is the key with which receivers check the signature of your mail service."),
    "dmarc": gettext_lazy("says what receivers do with mail that fails, and to whom they report."),
}
TONES = {
    Verdict.GOOD: "is-good",
    Verdict.WEAK: "is-warn",
    Verdict.WRONG: "is-bad",
    Verdict.MISSING: "is-bad",
    Verdict.UNKNOWN: "is-warn",
}
VERDICTS = {
    Verdict.GOOD: gettext_lazy("in order"),
    Verdict.WEAK: gettext_lazy("could be better"),
    Verdict.WRONG: gettext_lazy("wrong"),
    Verdict.MISSING: gettext_lazy("missing"),
    Verdict.UNKNOWN: gettext_lazy("not known"),
}


@dataclass(frozen=True)
class Told:
    """A kind of record as the screen tells it."""

    title: str
    about: Any
    verdict: Any
    tone: str
    icon: str
    why: str
    host: str
    texts: Sequence[str]
    copy: Record | None


def record_text(found: Found) -> Told:
    """What was found, in words."""
    is_good = found.verdict == Verdict.GOOD
    return Told(
        TITLES[found.what],
        ABOUT[found.what],
        VERDICTS[found.verdict],
        TONES[found.verdict],
        "success" if is_good else "warning",
        _why(found),
        found.host,
        found.texts,
        None if is_good else _copy(found),
    )


def _copy(found: Found) -> Record | None:
    """The record to put into the DNS; of a key only its place is known: the value comes from the mail service."""
    if found.what == "dkim" and found.why == Why.NOT_THERE:
        return Record(found.host, _("TXT or CNAME"), _("as your mail service shows it"))
    return found.copy


_REASONS = {
    Why.FINE: gettext_lazy("Nothing to do."),
    Why.NO_ANSWER: gettext_lazy("The name servers did not answer in time. Try again in a moment."),
    Why.NOT_THERE: gettext_lazy("There is none. Put the record below into your domain's DNS."),
    Why.SEVERAL: gettext_lazy("There are several, and then none of them counts. Keep one of them only."),
    Why.ALL_MAY_SEND: gettext_lazy(
        "It lets everybody send in your name. It should name your mail service, and nobody else."
    ),
    Why.RELAY_NOT_NAMED: gettext_lazy("It does not name your mail service. Put the one below in its place."),
    Why.RELAY_UNSURE: gettext_lazy(
        "Whether it names your mail service cannot be told from here. Ask the service what it wants in SPF."
    ),
    Why.NO_RELAY: gettext_lazy("No mail service is set yet. Once it is, look here again for the record to copy."),
    Why.REVOKED: gettext_lazy("The key is empty: it was withdrawn. Let your mail service make a new one."),
    Why.BROKEN: gettext_lazy("It cannot be read. Copy it once more, whole and without added spaces."),
    Why.SHORT_KEY: gettext_lazy(
        "The key is too short: receivers ignore it. Let your mail service make one of 2048 bits."
    ),
    Why.OLD_KEY: gettext_lazy("The key works, but is short. 2048 bits are usual."),
    Why.TESTING: gettext_lazy("It says that it is only tried out (t=y). Take that out."),
    Why.ONLY_WATCHES: gettext_lazy(
        "It watches only (p=none), which is right to begin with. When the reports show nothing strange for some weeks, "
        "go on to p=quarantine."
    ),
}


def _why(found: Found) -> str:
    if found.what == "dkim" and found.why == Why.NOT_THERE:
        return _(
            "No key was found. Your mail service shows a name (selector) and a record for it: put that into your "
            "domain's DNS, and write the selector above."
        )
    return str(_REASONS[found.why])


def relay_line(address: SmtpAddress | None) -> str:
    """The line of the environment that names the mail service, as it is or as an example; never the password."""
    if address is None:
        return "JOUREN_EMAIL_URL=smtp+tls://USER:PASSWORD@HOST:587"
    login = f"{quote(address.user, safe='')}:{_HIDDEN}@" if address.user else ""
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"JOUREN_EMAIL_URL={_SCHEMES[address.security]}://{login}{host}:{address.port}"
