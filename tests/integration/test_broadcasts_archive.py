"""The archive of letters: for anybody, with nothing in it that knows a reader, and only what its author chose."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from jouren.broadcasts.actions import cancel_broadcast, change_archive
from jouren.broadcasts.models import Broadcast
from tests.broadcasting import issue_of, readers, started, work
from tests.messages import published
from tests.walking import Time

pytestmark = pytest.mark.django_db

BODY = "<p>{{ contact.name }}、こんにちは。{{ contact.email }}</p>"


def shown(**fields: object) -> Broadcast:
    """A broadcast that was sent, with a link, and is shown."""
    readers(2)
    version = published(
        ("text", BODY),
        ("button", {"text": "見る", "url": "https://example.jp/a?b=1&c=2"}),
        subject="{{ contact.name }}へ",
    )
    broadcast = started(**{"version": version, "is_archived": True} | fields)  # type: ignore[arg-type]
    work()
    return broadcast


def test_the_list_leads_to_the_letter(time: Time) -> None:
    broadcast = shown()
    page = Client().get("/backnumber/").content.decode()
    url = f"/backnumber/{issue_of(broadcast).pk}/"
    assert f'href="{url}"' in page
    assert "お客様へ" in page
    assert Client().get(url).status_code == 200


def test_a_letter_knows_no_reader(time: Time) -> None:
    broadcast = shown()
    html = Client().get(f"/backnumber/{issue_of(broadcast).pk}/").content.decode()
    assert "お客様、こんにちは。" in html
    assert 'href="https://example.jp/a?b=1&amp;c=2"' in html
    for trace in ("r0@example.jp", "/c/", "/o/", "/u/", "/p/", "{{", 'href=""', ".gif"):
        assert trace not in html, trace
    assert "東京都千代田区1-1" in html


def test_nothing_runs_on_it(time: Time) -> None:
    broadcast = shown()
    answer = Client().get(f"/backnumber/{issue_of(broadcast).pk}/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'none'" in policy
    assert not re.search(r"<script|\son\w+=|javascript:", answer.content.decode(), re.IGNORECASE)
    assert not answer.cookies


@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</title><script>x</script>"]
)
def test_what_an_author_writes_into_a_subject_stays_text(time: Time, evil: str) -> None:
    readers(1)
    broadcast = started(version=published(("quote", {"text": evil, "source": evil}), subject=evil), is_archived=True)
    work()
    for path in ("/backnumber/", f"/backnumber/{issue_of(broadcast).pk}/"):
        page = Client().get(path).content.decode()
        assert "<script" not in page
        assert "<img src=x" not in page


@pytest.mark.parametrize("is_searchable", [True, False])
def test_search_engines_find_what_they_may(time: Time, is_searchable: bool) -> None:
    broadcast = shown(is_searchable=is_searchable)
    for path in ("/backnumber/", f"/backnumber/{issue_of(broadcast).pk}/"):
        answer = Client().get(path)
        assert (answer.get("X-Robots-Tag") == "noindex") is not is_searchable
    assert ("noindex" in Client().get("/backnumber/").content.decode()) is not is_searchable


def test_what_is_not_shown_cannot_be_read(time: Time) -> None:
    broadcast = shown(is_archived=False)
    url = f"/backnumber/{issue_of(broadcast).pk}/"
    assert Client().get(url).status_code == 404
    change_archive(broadcast.pk, is_archived=True, is_searchable=False)
    assert Client().get(url).status_code == 200
    change_archive(broadcast.pk, is_archived=False, is_searchable=False)
    assert Client().get(url).status_code == 404
    assert "まだありません" in Client(headers={"accept-language": "ja"}).get("/backnumber/").content.decode()


def test_what_was_cancelled_is_not_shown(time: Time) -> None:
    broadcast = shown(per_hour=1)
    cancel_broadcast(broadcast.pk)
    assert Client().get(f"/backnumber/{issue_of(broadcast).pk}/").status_code == 404


def test_only_reading_is_possible(time: Time) -> None:
    broadcast = shown()
    for path in ("/backnumber/", f"/backnumber/{issue_of(broadcast).pk}/"):
        assert Client().post(path).status_code == 405
    for page in ("0", "-1", "x", "999"):
        assert Client().get(f"/backnumber/?page={page}").status_code == 200
