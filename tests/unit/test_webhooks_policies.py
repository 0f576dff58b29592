"""Rules of webhooks: how calls are signed, what an answer means, when a call is made again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from jouren.webhooks.policies import GIVE_UP_AFTER, asked_to_wait, failure_of, is_temporary, next_try
from jouren.webhooks.signing import new_salt, secret_of, signed_headers

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def test_the_signature_is_that_of_the_specifications_example() -> None:
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        1614265330,
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_receiver_with_either_of_two_secrets_accepts_the_call() -> None:
    old, new = secret_of(new_salt()), secret_of(new_salt())
    body = '{"名前": "花子"}'.encode()
    headers = signed_headers("msg_1", body, [new, old])
    assert [Webhook(secret).verify(body, headers) for secret in (old, new)] == [{"名前": "花子"}] * 2
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(secret_of(new_salt())).verify(body, headers)


def test_secrets_are_long_and_differ_with_their_salts() -> None:
    salts = {new_salt() for _ in range(50)}
    secrets = {secret_of(salt) for salt in salts}
    assert len(salts) == len(secrets) == 50
    assert all(secret.startswith("whsec_") and len(secret) == 50 for secret in secrets)
    assert not any(salt in secret for salt in salts for secret in secrets)


@pytest.mark.parametrize(
    ("status", "failure", "temporary"),
    [
        (200, "", None),
        (204, "", None),
        (302, "status:302", False),
        (400, "status:400", False),
        (404, "status:404", False),
        (408, "status:408", True),
        (410, "status:410", False),
        (425, "status:425", False),
        (429, "status:429", True),
        (500, "status:500", True),
        (503, "status:503", True),
    ],
)
def test_what_an_answer_means(status: int, failure: str, temporary: bool | None) -> None:
    assert failure_of(status) == failure
    assert temporary is None or is_temporary(failure) is temporary


@pytest.mark.parametrize("error", ["name", "connection", "certificate", "timeout", "answer"])
def test_a_call_without_an_answer_is_made_again(error: str) -> None:
    assert is_temporary(error)


@pytest.mark.parametrize("error", ["off", "forbidden", "erased"])
def test_a_call_that_may_not_be_made_is_not_made_again(error: str) -> None:
    assert not is_temporary(error)


def test_attempts_grow_apart_and_the_last_is_a_day_after_the_first() -> None:
    end, now, moments = NOW + GIVE_UP_AFTER, NOW, []
    for attempts in range(1, 50):
        following = next_try(attempts, now, end)
        if following is None:
            break
        moments.append(following - now)
        now = following
    assert moments[:4] == [timedelta(seconds=seconds) for seconds in (5, 30, 120, 600)]
    assert sum(moments, timedelta()) == timedelta(days=1)
    assert len(moments) == 13


def test_a_system_may_ask_for_a_longer_pause_but_not_for_a_shorter_one() -> None:
    end = NOW + GIVE_UP_AFTER
    assert next_try(1, NOW, end, timedelta(minutes=10)) == NOW + timedelta(minutes=10)
    assert next_try(4, NOW, end, timedelta(seconds=1)) == NOW + timedelta(minutes=10)
    assert next_try(1, NOW, end, timedelta(days=9)) == end
    assert next_try(9, end, end, timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta()),
        ("9" * 50, timedelta(days=1)),
        ("Sun, 22 Nov 2026 01:30:00 GMT", timedelta(minutes=30)),
        ("Sun, 22 Nov 2026 00:30:00 GMT", None),
        ("-5", None),
        ("", None),
        ("soon", None),
        ("١٢", None),
        ("Sun, 99 Nov 99999999999 01:30:00 GMT", None),
    ],
)
def test_how_long_a_system_asks_to_wait(text: str, wait: timedelta | None) -> None:
    assert asked_to_wait({"retry-after": text}, NOW) == wait
    assert asked_to_wait({}, NOW) is None
