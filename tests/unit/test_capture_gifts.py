"""The token of a gift's link: signed, of one spelling, with its own end."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from jouren.capture.gifts.links import Handed, gift_token, read_gift_token

KEY = "secret"
UNTIL = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
IDS = st.integers(1, 2**63 - 1)


@settings(max_examples=40)
@given(IDS, IDS, st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_what_is_read_is_what_was_made(form_id: int, contact_id: int, until: datetime) -> None:
    handed = Handed(form_id, contact_id, until.replace(microsecond=0))
    assert read_gift_token(gift_token(handed, KEY), KEY) == handed


def test_nothing_else_is_read() -> None:
    token = gift_token(Handed(3, 4, UNTIL), KEY)
    assert read_gift_token(token, "another") is None
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        assert read_gift_token(token[:place] + other + token[place + 1 :], KEY) is None
    for forged in ("", "x", token + "A", token[:-1], token + "=", "あ" * 30, "A" * 60, "-" * 24, "A" * 5000):
        assert read_gift_token(forged, KEY) is None


def test_a_token_cannot_be_made_to_last() -> None:
    raw = base64.urlsafe_b64decode(gift_token(Handed(3, 4, UNTIL), KEY) + "=" * 3)
    later = (int(UNTIL.timestamp()) + 86_400).to_bytes(5, "big")
    changed = raw[:-17] + later + raw[-12:]
    assert read_gift_token(base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), KEY) is None
