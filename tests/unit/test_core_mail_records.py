"""SPF, DKIM and DMARC: judged as receivers do, whatever the DNS answers."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from jouren.core.mail_records import (
    Lookup,
    NoAnswer,
    NotThere,
    Verdict,
    Why,
    check_dkim,
    check_dmarc,
    check_records,
    check_spf,
    is_domain,
    is_selector,
)

DOMAIN = "tea.example.jp"
RELAY = "mail.relay.example"


def zone(**records: Sequence[str]) -> Lookup:
    """A resolver that knows these; names are written with two underscores for a dot."""
    known: Mapping[tuple[str, str], Sequence[str]] = {
        (name.partition("@")[0], name.partition("@")[2] or "TXT"): texts for name, texts in records.items()
    }

    def lookup(name: str, kind: str) -> list[str]:
        if (name, kind) not in known:
            raise NotThere
        return list(known[name, kind])

    return lookup


def silent(name: str, kind: str) -> list[str]:
    raise NoAnswer


@pytest.mark.parametrize(
    ("records", "relay", "verdict", "why", "copy"),
    [
        ([], RELAY, Verdict.MISSING, Why.NOT_THERE, f"v=spf1 a:{RELAY} ~all"),
        ([], "smtp.eu.amazonaws.com", Verdict.MISSING, Why.NOT_THERE, "v=spf1 include:amazonses.com ~all"),
        (["v=spf1 include:sendgrid.net -all"], "smtp.sendgrid.net", Verdict.GOOD, Why.FINE, None),
        (["v=spf1 mx -all"], "a.mailgun.org", Verdict.WRONG, Why.RELAY_NOT_NAMED, "v=spf1 include:mailgun.org mx -all"),
        (["v=spf1 mx", "v=spf1 a ?all"], RELAY, Verdict.WRONG, Why.SEVERAL, f"v=spf1 a:{RELAY} mx a ?all"),
        (["v=spf1 +all"], RELAY, Verdict.WRONG, Why.ALL_MAY_SEND, f"v=spf1 a:{RELAY} ~all"),
        (["v=spf1 ip4:192.0.2.0/24 -all"], RELAY, Verdict.GOOD, Why.FINE, None),
        (["v=spf1 include:inner.example -all"], RELAY, Verdict.GOOD, Why.FINE, None),
        (["v=spf1 ip4:198.51.100.1 -all"], RELAY, Verdict.WEAK, Why.RELAY_UNSURE, None),
        (["v=spf1 ip4:not-a-network include:.. redirect=loop.example"], RELAY, Verdict.WEAK, Why.RELAY_UNSURE, None),
        (["v=spf10 all", "unrelated"], RELAY, Verdict.MISSING, Why.NOT_THERE, None),
        (["v=spf1 mx -all"], "", Verdict.WEAK, Why.NO_RELAY, None),
        (["v=spf1 +all"], "", Verdict.WRONG, Why.ALL_MAY_SEND, None),
        ([], "", Verdict.MISSING, Why.NO_RELAY, None),
    ],
)  # fmt: skip
def test_spf(records: list[str], relay: str, verdict: Verdict, why: Why, copy: str | None) -> None:
    lookup = zone(
        **{
            **({DOMAIN: records} if records else {}),
            f"{RELAY}@A": ["192.0.2.7"],
            "inner.example": ["v=spf1 a:mail.relay.example ~all"],
            "loop.example": ["v=spf1 include:loop.example"],
        }
    )
    found = check_spf(DOMAIN, relay, lookup)
    assert (found.verdict, found.why) == (verdict, why)
    assert relay or found.copy is None  # nothing that would forbid all mail
    if copy is not None:
        assert found.copy is not None and (found.copy.host, found.copy.value) == (DOMAIN, copy)


def _key(bits: int) -> str:
    key = rsa.generate_private_key(65537, bits).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


GOOD_KEY, OLD_KEY = _key(2048), _key(1024)


@pytest.mark.parametrize(
    ("record", "verdict", "why"),
    [
        (f"v=DKIM1; k=rsa; p={GOOD_KEY}", Verdict.GOOD, Why.FINE),
        (f"p={GOOD_KEY[:100]} {GOOD_KEY[100:]}", Verdict.GOOD, Why.FINE),
        (f"v=DKIM1; p={OLD_KEY}", Verdict.WEAK, Why.OLD_KEY),
        (f"v=DKIM1; t=y; p={GOOD_KEY}", Verdict.WEAK, Why.TESTING),
        ("v=DKIM1; p=", Verdict.WRONG, Why.REVOKED),
        ("v=DKIM1; p=AAAA", Verdict.WRONG, Why.BROKEN),
        ("v=DKIM1; p=<script>", Verdict.WRONG, Why.BROKEN),
        ("v=DKIM1; k=ed25519; p=" + base64.b64encode(b"k" * 32).decode(), Verdict.GOOD, Why.FINE),
    ],
)
def test_dkim(record: str, verdict: Verdict, why: Why) -> None:
    found = check_dkim(DOMAIN, "s9", zone(**{f"s9._domainkey.{DOMAIN}": [record]}))
    assert (found.verdict, found.why, found.host) == (verdict, why, f"s9._domainkey.{DOMAIN}")


def test_without_a_selector_the_usual_ones_are_tried_and_the_best_key_counts() -> None:
    lookup = zone(
        **{f"google._domainkey.{DOMAIN}": ["v=DKIM1; p="], f"s1._domainkey.{DOMAIN}": [f"v=DKIM1; p={GOOD_KEY}"]}
    )
    assert check_dkim(DOMAIN, "", lookup).host == f"s1._domainkey.{DOMAIN}"
    assert check_dkim(DOMAIN, "", zone()).verdict == Verdict.MISSING
    assert check_dkim(DOMAIN, "", silent).why == Why.NO_ANSWER


@pytest.mark.parametrize(
    ("place", "record", "verdict", "why"),
    [
        (DOMAIN, "v=DMARC1; p=reject", Verdict.GOOD, Why.FINE),
        (DOMAIN, "v=DMARC1;p=none; rua=mailto:a@example.jp", Verdict.GOOD, Why.ONLY_WATCHES),
        (DOMAIN, "v=DMARC1; p=perhaps", Verdict.WRONG, Why.BROKEN),
        ("example.jp", "v=DMARC1; p=reject; sp=none", Verdict.GOOD, Why.ONLY_WATCHES),
        ("other.jp", "v=DMARC1; p=reject", Verdict.MISSING, Why.NOT_THERE),
    ],
)
def test_dmarc(place: str, record: str, verdict: Verdict, why: Why) -> None:
    found = check_dmarc(DOMAIN, "owner@example.jp", zone(**{f"_dmarc.{place}": [record]}))
    assert (found.verdict, found.why) == (verdict, why)
    if verdict != Verdict.GOOD:
        assert found.copy is not None
        assert found.copy.value == "v=DMARC1; p=none; rua=mailto:owner@example.jp"


def test_whatever_the_dns_says_is_cut_and_made_printable_and_silence_is_told_as_silence() -> None:
    hostile = "v=spf1 \x1b[31m" + "x" * 100_000 + "\r\n"
    found = check_records(DOMAIN, RELAY, lookup=zone(**{DOMAIN: [hostile] * 500}))[0]
    assert found.why == Why.SEVERAL
    assert len(found.texts) <= 20
    assert all(len(text) <= 2_000 and text.isprintable() for text in found.texts)
    assert {each.why for each in check_records(DOMAIN, RELAY, "s1", lookup=silent)} == {Why.NO_ANSWER}


def test_names() -> None:
    assert is_domain("tea.example.jp") and not any(map(is_domain, ("localhost", "127.0.0.1", "a..b", "a b.jp", "")))
    assert is_selector("s1.k2") and not any(map(is_selector, ("", "a/b", "-a", "x" * 200)))
