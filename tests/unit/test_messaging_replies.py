"""What SMTP replies mean: who is gone, and who only cannot be reached by us, now."""

from __future__ import annotations

import pytest

from jouren.messaging.channels.email.replies import ReplyReader, means_nobody_lives_there, refusal


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.1.1 The email account that you tried to reach does not exist."),
        (550, "5.1.1 <block.rate@example.jp>: Recipient address rejected: User unknown in virtual mailbox table"),
        (550, "Unknown user taro@docomo.ne.jp"),
        (554, "delivery error: dd This user doesn't have a yahoo.co.jp account (a@yahoo.co.jp) [0]"),
        (550, "5.1.2 Host unknown"),
        (556, "5.1.10 Domain does not accept mail (nullMX)"),
        (551, "User not local; please try <b@example.jp>"),
        (550, "5.1.6 Recipient has moved"),
        (550, "5.2.1 The email account that you tried to reach is disabled."),
        (550, "No such user here"),
        (521, "Host does not accept mail"),
    ],
)
def test_a_dead_address(code: int, text: str) -> None:
    assert means_nobody_lives_there(refusal(code, text))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.7.1 Our system has detected that this message is likely unsolicited mail"),
        (550, "5.7.26 Unauthenticated email from example.jp is not accepted due to domain's DMARC policy."),
        (550, "5.1.1 Message blocked by policy, see http://example.com/rbl"),
        (552, "5.2.2 The email account that you tried to reach is over quota"),
        (552, "5.3.4 Message size exceeds fixed limit"),
        (554, "Service unavailable; Client host [1.2.3.4] blocked using zen.spamhaus.org"),
        (450, "4.2.0 Greylisted, please try again"),
        (450, "4.1.1 User unknown"),
        (421, "4.7.0 Too many connections"),
        (550, "mailbox unavailable"),
        (550, "relay access denied"),
        (550, "5.1.8 Bad sender's system address"),
        (554, "5.5.1 no valid recipients"),
    ],
)
def test_an_address_that_may_well_live(code: int, text: str) -> None:
    assert not means_nobody_lives_there(refusal(code, text))


def test_a_refusal_knows_its_codes() -> None:
    error = refusal(550, "5.1.1 no\x00body")
    assert (error.permanent, error.code, error.enhanced, str(error)) == (True, 550, "5.1.1", "550 5.1.1 nobody")
    assert not refusal(451, "later").permanent


def test_replies_come_in_pieces_and_in_several_lines() -> None:
    reader = ReplyReader()
    assert reader.feed(b"250-one\r\n250") == []
    assert reader.feed(b" two\r\n354 go\r\n4") == [(250, "one two"), (354, "go")]
    assert reader.feed(b"21 bye\n") == [(421, "bye")]


@pytest.mark.parametrize("data", [b"HTTP/1.1 400 Bad Request\r\n", b"\r\n", b"2x0 a\r\n", b"250 " + b"a" * 70_000])
def test_what_is_not_smtp_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"reply|SMTP"):
        ReplyReader().feed(data)
