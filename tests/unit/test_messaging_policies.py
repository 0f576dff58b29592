"""Tokens, tries, rates and slots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.messaging.policies import BACKOFF, allowance, next_try, spend
from jouren.messaging.slots import most_of, slots_of
from jouren.messaging.tracking import is_scanner, make_token, parse_token
from jouren.messaging.vocabulary import Lane

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


@given(st.integers(1, 2**63 - 1))
def test_a_token_tells_its_delivery(delivery_id: int) -> None:
    token = make_token(delivery_id)
    assert parse_token(token) == delivery_id
    assert len(token) <= 24


@given(st.integers(1, 2**40), st.data())
def test_a_changed_token_tells_nothing(delivery_id: int, data: st.DataObject) -> None:
    token = make_token(delivery_id)
    place = data.draw(st.integers(0, len(token) - 1))
    letters = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_").filter(
        lambda letter: letter != token[place]
    )
    assert parse_token(token[:place] + data.draw(letters) + token[place + 1 :]) is None


@pytest.mark.parametrize("token", ["", "a", "x" * 15, "x" * 24, "x" * 5000, "日本語" * 6, "a/b" * 5, "AAAA AAAA AAAA"])
def test_a_forged_token_tells_nothing(token: str) -> None:
    assert parse_token(token) is None


def test_another_installations_token_tells_nothing(settings: object) -> None:
    token = make_token(7)
    settings.SECRET_KEY = "another"  # type: ignore[attr-defined]
    assert parse_token(token) is None


@pytest.mark.parametrize(
    ("agent", "more"),
    [
        ("", {}),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", {}),
        ("GoogleImageProxy", {}),
        ("curl/8.0", {}),
        ("Mozilla/5.0 (compatible; Proofpoint URL Defense)", {}),
        (PHONE, {"method": "HEAD"}),
        (PHONE, {"seconds_since_sent": 1.0}),
        (PHONE, {"purpose": "prefetch;prerender"}),
    ],
)
def test_machines_are_told_apart(agent: str, more: dict[str, object]) -> None:
    assert is_scanner(agent, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "agent", [PHONE, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120 Safari/537.36", "DoCoMo/2.0 F2051"]
)
def test_people_are_people(agent: str) -> None:
    assert not is_scanner(agent, seconds_since_sent=60)


def test_a_temporary_error_waits_longer_each_time_and_ends() -> None:
    waits = [next_try(attempts, NOW) for attempts in range(1, len(BACKOFF) + 2)]
    assert waits[0] == NOW + timedelta(minutes=1)
    assert waits[:-1] == sorted(wait for wait in waits[:-1] if wait is not None)
    assert waits[-1] is None


def test_a_broken_line_is_tried_again_soon_but_not_for_ever() -> None:
    assert next_try(1, NOW, line_broke=True) == NOW + timedelta(seconds=5)
    assert next_try(3, NOW, line_broke=True) == NOW + timedelta(minutes=30)
    assert next_try(99, NOW, line_broke=True) is None


@given(st.floats(0.1, 500), st.lists(st.floats(0, 3), min_size=1, max_size=50))
def test_a_limit_is_kept_over_any_stretch(per_second: float, pauses: list[float]) -> None:
    moment, busy_until, sent = NOW, NOW - timedelta(days=1), 0
    for pause in pauses:
        moment += timedelta(seconds=pause)
        count = allowance(busy_until, moment, per_second)
        busy_until = spend(busy_until, moment, per_second, count) if count else busy_until
        sent += count
    assert sent <= ((moment - NOW).total_seconds() + 1) * per_second + 1


@pytest.mark.parametrize("total", [3, 4, 10, 50, 100, 500])
def test_lanes_share_no_slot_and_none_has_none(total: int) -> None:
    ranges = [slots_of(lane, total) for lane in Lane]
    assert [slot for slots in ranges for slot in slots] == list(range(total))
    assert all(ranges)
    # Two processes fill a lane, and neither leaves nothing to the other.
    for lane in Lane:
        size = len(slots_of(lane, total))
        assert size <= 2 * most_of(lane, total) <= size + 1
