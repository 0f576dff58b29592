"""What a domain says of its mail in the DNS (SPF, DKIM, DMARC), whether it is right, and the record that would be.

Everything the DNS answers was written by strangers: it is cut, never run, and shown as plain text. Looking up has a
limit of seconds, and what could not be asked is told as such, never as missing.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

import dns.exception
import dns.resolver
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

PATIENCE_SECONDS = 8.0
"""All lookups of one check together."""
_ONE_LOOKUP_SECONDS = 3.0
_LONGEST_RECORD = 2_000
_MOST_RECORDS = 20
_MOST_SPF_LOOKUPS = 10  # RFC 7208, 4.6.4
_SHORTEST_RSA_BITS = 1024  # RFC 8301, 3.2
_GOOD_RSA_BITS = 2048
_LABEL = re.compile(r"^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$")

COMMON_SELECTORS = (
    "default", "google", "selector1", "selector2", "s1", "s2", "k1", "k2", "k3", "mail", "dkim", "smtp", "pm", "sig1",
)  # fmt: skip
KNOWN_RELAYS = {
    "amazonaws.com": "include:amazonses.com",
    "sendgrid.net": "include:sendgrid.net",
    "mailgun.org": "include:mailgun.org",
    "gmail.com": "include:_spf.google.com",
    "google.com": "include:_spf.google.com",
    "office365.com": "include:spf.protection.outlook.com",
    "outlook.com": "include:spf.protection.outlook.com",
    "postmarkapp.com": "include:spf.mtasv.net",
    "mailjet.com": "include:spf.mailjet.com",
    "sparkpostmail.com": "include:sparkpostmail.com",
}
"""What the operators of well-known relays ask to put into SPF, by the end of the relay's name."""


class Verdict(StrEnum):
    """How one record stands."""

    GOOD = "good"
    WEAK = "weak"
    WRONG = "wrong"
    MISSING = "missing"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """The reason, for whoever shows it in words."""

    FINE = "fine"
    NOT_THERE = "not_there"
    NO_ANSWER = "no_answer"
    SEVERAL = "several"
    ALL_MAY_SEND = "all_may_send"
    RELAY_NOT_NAMED = "relay_not_named"
    RELAY_UNSURE = "relay_unsure"
    NO_RELAY = "no_relay"
    BROKEN = "broken"
    REVOKED = "revoked"
    SHORT_KEY = "short_key"
    OLD_KEY = "old_key"
    TESTING = "testing"
    ONLY_WATCHES = "only_watches"


@dataclass(frozen=True)
class Record:
    """A record to put into the DNS: name (``host``), type and value."""

    host: str
    type: str
    value: str


@dataclass(frozen=True)
class Found:
    """What was found of one kind. ``texts``: the records as they stand; ``copy``: what would be right, if we know."""

    what: str
    verdict: Verdict
    why: Why
    host: str
    texts: Sequence[str] = ()
    copy: Record | None = None


class NotThere(Exception):
    """The name or the record does not exist."""


class NoAnswer(Exception):
    """Nobody answered in time, or with an error."""


Lookup = Callable[[str, str], list[str]]
"""Texts of the records of a name and a type (``TXT``, ``A``, ``AAAA``). Raises NotThere or NoAnswer."""


def look_up(name: str, kind: str) -> list[str]:
    """Ask this machine's resolver; at most a few seconds."""
    try:
        answer = dns.resolver.resolve(name, kind, lifetime=_ONE_LOOKUP_SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer) as error:
        raise NotThere from error
    except (dns.exception.DNSException, OSError, ValueError) as error:
        raise NoAnswer from error
    texts = []
    for row in list(answer)[:_MOST_RECORDS]:
        strings = getattr(row, "strings", None)
        texts.append(b"".join(strings).decode("utf-8", "replace") if strings is not None else row.to_text())
    return texts


def is_domain(text: str) -> bool:
    """Whether a text can be a domain of a mail address (in ASCII)."""
    labels = text.split(".")
    return len(text) <= 253 and len(labels) > 1 and all(map(_LABEL.match, labels)) and not labels[-1].isdigit()


def is_selector(text: str) -> bool:
    """Whether a text can be a DKIM selector."""
    return len(text) <= 100 and all(map(_LABEL.match, text.split(".")))


def check_records(
    domain: str, relay: str, selector: str = "", report_to: str = "", lookup: Lookup = look_up
) -> list[Found]:
    """SPF, DKIM and DMARC of a domain whose mail goes by ``relay`` (a host; empty: not known).

    ``selector``: of DKIM, as the mail service tells it; empty: the usual ones are tried.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS

    def asked(name: str, kind: str) -> list[str]:
        if time.monotonic() > deadline:
            raise NoAnswer
        return [_clean(text) for text in lookup(name, kind)[:_MOST_RECORDS]]

    with ThreadPoolExecutor(4) as pool:
        spf = pool.submit(check_spf, domain, relay, asked)
        dkim = pool.submit(check_dkim, domain, selector, asked)
        dmarc = pool.submit(check_dmarc, domain, report_to, asked)
        return [spf.result(), dkim.result(), dmarc.result()]


def _clean(text: str) -> str:
    return "".join(mark if mark.isprintable() else " " for mark in text[:_LONGEST_RECORD])


# SPF (RFC 7208)


def check_spf(domain: str, relay: str, lookup: Lookup) -> Found:
    """Whether the domain lets the relay send in its name."""
    wanted = relay_mechanism(relay)
    try:
        found = [text for text in lookup(domain, "TXT") if re.match(r"v=spf1(\s|$)", text, re.IGNORECASE)]
    except NotThere:
        found = []
    except NoAnswer:
        return Found("spf", Verdict.UNKNOWN, Why.NO_ANSWER, domain)
    if not found and not relay:
        # A record that names nobody would forbid all mail.
        return Found("spf", Verdict.MISSING, Why.NO_RELAY, domain)
    if not found:
        return Found("spf", Verdict.MISSING, Why.NOT_THERE, domain, (), Record(domain, "TXT", _new_spf(wanted)))
    if len(found) > 1:
        return Found(
            "spf", Verdict.WRONG, Why.SEVERAL, domain, found, Record(domain, "TXT", _joined_spf(found, wanted))
        )
    (record,) = found
    better = Record(domain, "TXT", _with_mechanism(record, wanted))
    terms = record.lower().split()[1:]
    if "+all" in terms or "all" in terms:
        return Found("spf", Verdict.WRONG, Why.ALL_MAY_SEND, domain, found, better if relay else None)
    if not relay:
        return Found("spf", Verdict.WEAK, Why.NO_RELAY, domain, found)
    if wanted.lower() in terms:
        return Found("spf", Verdict.GOOD, Why.FINE, domain, found)
    try:
        named = _names(domain, terms, relay, lookup, [_MOST_SPF_LOOKUPS])
    except NoAnswer:
        return Found("spf", Verdict.UNKNOWN, Why.NO_ANSWER, domain, found)
    if named:
        return Found("spf", Verdict.GOOD, Why.FINE, domain, found)
    known = bool(_known_mechanism(relay))
    why = Why.RELAY_NOT_NAMED if known else Why.RELAY_UNSURE
    return Found("spf", Verdict.WRONG if known else Verdict.WEAK, why, domain, found, better)


def relay_mechanism(relay: str) -> str:
    """What names a relay in SPF: what its operator asks for where we know it, else its own address."""
    if not relay:
        return ""
    return _known_mechanism(relay) or f"a:{relay}"


def _known_mechanism(relay: str) -> str:
    host = relay.lower().rstrip(".")
    return next((each for end, each in KNOWN_RELAYS.items() if host == end or host.endswith(f".{end}")), "")


def _new_spf(wanted: str) -> str:
    return f"v=spf1 {wanted} ~all"


def _with_mechanism(record: str, wanted: str) -> str:
    """The record with one mechanism more, before what it says of all others; nobody else may send."""
    terms = record.split()[1:]
    last = next((term for term in terms if term.lower() in {"-all", "~all", "?all"}), "~all")
    kept = [term for term in terms if not re.fullmatch(r"[-~?+]?all", term, re.IGNORECASE)]
    if any(term.lower().startswith("redirect=") for term in kept):
        last = ""
    if wanted and wanted.lower() not in (term.lower() for term in kept):
        kept.insert(0, wanted)
    return " ".join(filter(None, ("v=spf1", *kept, last)))


def _joined_spf(records: Sequence[str], wanted: str) -> str:
    terms = list(dict.fromkeys(term for record in records for term in record.split()[1:]))
    return _with_mechanism(" ".join(["v=spf1", *terms]), wanted)


def _names(domain: str, terms: Sequence[str], relay: str, lookup: Lookup, left: list[int]) -> bool:
    """Whether these terms let one of the relay's addresses send. ``left``: how many lookups RFC 7208 still allows."""
    addresses = list(_addresses(relay, lookup))
    return bool(addresses) and _match(domain, terms, addresses, lookup, left)


def _match(domain: str, terms: Sequence[str], addresses: Sequence[_Address], lookup: Lookup, left: list[int]) -> bool:
    for term in terms:
        name, _colon, value = term.lstrip("+").partition(":" if not term.startswith("redirect=") else "=")
        if name in {"ip4", "ip6"} and any(_within(address, value) for address in addresses):
            return True
        if name not in {"a", "include", "redirect"} or left[0] <= 0:
            continue
        target = (value or domain).partition("/")[0]
        if not is_domain(target):
            continue
        left[0] -= 1
        if name == "a":
            if set(_addresses(target, lookup)) & set(addresses):
                return True
            continue
        try:
            texts = lookup(target, "TXT")
        except NotThere:
            continue
        inner = next((text.lower().split()[1:] for text in texts if text.lower().startswith("v=spf1")), [])
        if _match(target, inner, addresses, lookup, left):
            return True
    return False


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _addresses(host: str, lookup: Lookup) -> Iterator[_Address]:
    for kind in ("A", "AAAA"):
        try:
            for text in lookup(host, kind):
                yield ipaddress.ip_address(text)
        except (NotThere, ValueError):
            continue


def _within(address: _Address, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


# DKIM (RFC 6376)


def check_dkim(domain: str, selector: str, lookup: Lookup) -> Found:
    """Whether there is a key for signatures. The record itself comes from the mail service that signs."""
    tried = (selector,) if selector else COMMON_SELECTORS
    place = f"{selector or 'SELECTOR'}._domainkey.{domain}"
    silent = False

    def one(name: str) -> tuple[str, list[str]] | None:
        nonlocal silent
        host = f"{name}._domainkey.{domain}"
        try:
            texts = [text for text in lookup(host, "TXT") if re.search(r"(^|;)\s*p\s*=", text)]
        except NotThere:
            return None
        except NoAnswer:
            silent = True
            return None
        return (host, texts) if texts else None

    with ThreadPoolExecutor(5) as pool:
        found = [each for each in pool.map(one, tried) if each is not None]
    if not found:
        verdict, why = (Verdict.UNKNOWN, Why.NO_ANSWER) if silent else (Verdict.MISSING, Why.NOT_THERE)
        return Found("dkim", verdict, why, place)
    judged = [(host, texts, *_judge_key(texts)) for host, texts in found]
    order = [Verdict.GOOD, Verdict.WEAK, Verdict.WRONG]
    host, texts, verdict, why = min(judged, key=lambda each: order.index(each[2]))
    return Found("dkim", verdict, why, host, texts)


def _judge_key(texts: Sequence[str]) -> tuple[Verdict, Why]:
    if len(texts) > 1:
        return Verdict.WRONG, Why.SEVERAL
    tags = _tags(texts[0])
    if tags.get("v", "DKIM1") != "DKIM1":
        return Verdict.WRONG, Why.BROKEN
    if not tags.get("p"):
        return Verdict.WRONG, Why.REVOKED
    try:
        raw = base64.b64decode("".join(tags["p"].split()), validate=True)
        if tags.get("k", "rsa").lower() == "ed25519":
            return (Verdict.GOOD, Why.FINE) if len(raw) == 32 else (Verdict.WRONG, Why.BROKEN)
        key = load_der_public_key(raw)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return Verdict.WRONG, Why.BROKEN
    bits = key.key_size if isinstance(key, RSAPublicKey) else 0
    if bits < _SHORTEST_RSA_BITS:
        return Verdict.WRONG, Why.SHORT_KEY
    if "y" in tags.get("t", "").lower().split(":"):
        return Verdict.WEAK, Why.TESTING
    return (Verdict.GOOD, Why.FINE) if bits >= _GOOD_RSA_BITS else (Verdict.WEAK, Why.OLD_KEY)


# DMARC (RFC 7489)


def check_dmarc(domain: str, report_to: str, lookup: Lookup) -> Found:
    """What receivers are told to do with mail that fails. A domain without a record has that of the ones above it."""
    host = f"_dmarc.{domain}"
    reports = f"; rua=mailto:{report_to}" if report_to else ""
    start = Record(host, "TXT", f"v=DMARC1; p=none{reports}")
    labels = domain.split(".")
    for cut in range(len(labels) - 1):
        place = f"_dmarc.{'.'.join(labels[cut:])}"
        try:
            texts = [text for text in lookup(place, "TXT") if re.match(r"v\s*=\s*DMARC1\s*(;|$)", text)]
        except NotThere:
            continue
        except NoAnswer:
            return Found("dmarc", Verdict.UNKNOWN, Why.NO_ANSWER, place)
        if not texts:
            continue
        if len(texts) > 1:
            return Found("dmarc", Verdict.WRONG, Why.SEVERAL, place, texts, start)
        tags = _tags(texts[0])
        policy = (tags.get("sp") if cut else None) or tags.get("p", "")
        if policy.lower() not in {"none", "quarantine", "reject"}:
            return Found("dmarc", Verdict.WRONG, Why.BROKEN, place, texts, start)
        if policy.lower() == "none":
            return Found("dmarc", Verdict.GOOD, Why.ONLY_WATCHES, place, texts)
        return Found("dmarc", Verdict.GOOD, Why.FINE, place, texts)
    return Found("dmarc", Verdict.MISSING, Why.NOT_THERE, host, (), start)


def _tags(text: str) -> dict[str, str]:
    """The tags of a record of DKIM or DMARC (``a=b; c=d``)."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): value.strip() for name, _equals, value in pairs if name.strip()}
