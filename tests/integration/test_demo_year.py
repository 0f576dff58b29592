"""The demo shop's year, as its first start loads it: believable, whole, and without secrets."""

from __future__ import annotations

import gzip
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from wagtail.documents.models import Document

from jouren.backoffice.demo import load_demo
from jouren.backoffice.demo.set_up import COLOUR
from jouren.backoffice.demo.year import loading
from jouren.backoffice.demo.year.dump import FILE, OWN_TABLES, SITE
from jouren.backoffice.demo.year.loading import YearOutOfDate, load_year
from jouren.backoffice.home.checklist import steps
from jouren.broadcasts.models import Broadcast, Issue
from jouren.capture.models import Form, Visitor
from jouren.catalog.models import CouponCode, Redemption
from jouren.contacts.actions import create_contact
from jouren.contacts.models import Contact, Identity, Problem, Suppression
from jouren.contacts.segments.models import Segment
from jouren.content.models import LandingPage
from jouren.content.voices.models import Voice
from jouren.core import clock
from jouren.core.owners import create_owner
from jouren.inbox.models import Inquiry, SurveyAnswer
from jouren.journeys.models import Enrolment, Journey, JourneyVersion
from jouren.mechanisms.models import Mark, Task
from jouren.mechanisms.recomputing import differences
from jouren.messaging.models import Delivery, Message
from jouren.messaging.vocabulary import State
from jouren.orders.models import Order, Refund, Subscription
from jouren.pyramid.models import PyramidPosition
from tests.capture_pages import visitor
from tests.demo_shop import check_mechanisms

pytestmark = [
    pytest.mark.django_db,
    # Wagtail leaves the file of a new rendition to the garbage collector.
    pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed file <:ResourceWarning"),
]
SECONDS = 60


@pytest.fixture
def loaded(settings: Any, tmp_path: Path) -> float:
    """The year; how many seconds it took to load."""
    settings.MEDIA_ROOT = tmp_path
    settings.JOUREN = replace(settings.JOUREN, base_url="https://demo.example")
    create_owner("demo@example.jp", "a-long-password-7")
    began = time.monotonic()
    assert load_demo()
    return time.monotonic() - began


def _asked(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _told() -> Counter[str]:
    return Counter(dict(_asked("SELECT type, count(*) FROM events_event GROUP BY 1")))


def test_the_year_is_loaded_in_under_a_minute_and_is_all_there(loaded: float) -> None:
    assert loaded < SECONDS
    assert not load_demo()
    _check_people()
    _check_features()
    _check_dates()
    check_mechanisms()
    assert [state.key for state in steps() if state.is_left] == []
    # Links of the shop's own lead to this installation, wherever the year was lived.
    assert _versions_with(SITE) == 0 < _versions_with("https://demo.example")
    # What is sent from now on looks as the shop does.
    letter = Message.objects.get(name="手紙1 今夜の洗顔を変える三つのこと").published_versions[0]
    assert COLOUR in letter.bodies["email"]["html"] and 'alt="{{ shop.name }}"' in letter.bodies["email"]["html"]
    for page in ("/law/", "/privacy/"):
        assert visitor().get(page).status_code == 200
    # Every stage and mark is what the log makes of it.
    assert list(differences()) == []
    # And the shop goes on from there: a new row takes the next number.
    newest = Contact.objects.order_by("-pk")[0].pk
    assert create_contact(email="new@example.jp").pk > newest
    assert visitor().get("/letters/").status_code == 200
    assert Document.objects.get().file.size > 10_000


def _versions_with(site: str) -> int:
    return int(
        _asked(f"SELECT count(*) FROM messaging_messageversion WHERE position('{site}' IN bodies::text) > 0")[0][0]
    )


def _check_people() -> None:
    assert 280 <= Contact.objects.filter(erased_at=None, merged_at=None).count() <= 340
    stages = Counter(PyramidPosition.objects.values_list("stage", flat=True))
    # A pyramid: each stage is smaller than the one before it, from prospects on.
    assert stages[2] > stages[3] > stages[5] > 0
    assert stages[4] > stages[5]
    assert Visitor.objects.filter(contact=None).count() > 300
    # Not one address of a domain that could be somebody's.
    domains = {value.rpartition("@")[2] for value in Identity.objects.values_list("value", flat=True)}
    assert domains == {"example.jp"}
    names = Contact.objects.exclude(family_name="").values_list("family_name", flat=True)
    assert all(not name.isascii() for name in names)


def _check_features() -> None:
    told = _told()
    for kind in (
        "page.visited",
        "registration.confirmed",
        "gift.taken",
        "message.opened",
        "message.clicked",
        "message.replied",
        "offer.viewed",
        "order.refunded",
        "subscription.renewed",
        "subscription.cancelled",
        "seminar.attended",
        "survey.answered",
        "voice.received",
        "voice.approved",
        "segment.entered",
        "customer.likely_regular",
        "customer.lapsed",
        "task.done",
        "consent.withdrawn",
    ):
        assert told[kind], kind
    assert LandingPage.objects.live().count() == 1
    assert Form.objects.get().gift is not None
    assert Journey.objects.count() == JourneyVersion.objects.filter(live=True).count() == 7
    # All but the two that are laid on top of the year.
    assert Journey.objects.filter(pk__in=Enrolment.objects.values("journey")).count() == 5
    steps = [
        each for version in JourneyVersion.objects.filter(live=True) for each in version.compiled["steps"].values()
    ]
    assert {"split", "series", "suppress"} <= {step["type"] for step in steps}
    assert Journey.objects.filter(holdout__gt=0).exists()
    assert Issue.objects.count() == 12
    assert Broadcast.objects.count() == 13
    answers = Counter(SurveyAnswer.objects.values_list("satisfaction", flat=True))
    assert answers["above"] and answers["as_expected"] and answers["below"]
    assert Voice.objects.filter(state="approved").exists()
    assert Inquiry.objects.exists()
    assert Task.objects.exists() and Mark.objects.exists() and Problem.objects.exists()
    assert Segment.objects.get().is_filled
    # Left in peace: the dissatisfied, and who did not want the trial.
    assert Suppression.objects.filter(lifted_at=None).count() > 20
    assert Refund.objects.count() >= 2
    assert Subscription.objects.filter(state="active").exists() and Order.objects.count() > 100
    assert Redemption.objects.exists() and CouponCode.objects.exclude(given_to=None).exists()
    assert not Delivery.objects.filter(state__in=(State.FAILED, State.UNKNOWN)).exists()


def _check_dates() -> None:
    now = clock.now()
    ((first, last),) = _asked("SELECT min(recorded_at), max(recorded_at) FROM events_event")
    assert now - timedelta(days=3) < last <= now
    assert now - timedelta(days=368) < first < now - timedelta(days=340)
    assert _asked("SELECT count(*) FROM events_event_default") == [(0,)]


def test_the_file_holds_no_secrets_and_is_small() -> None:
    assert FILE.stat().st_size < 1_200_000
    text = gzip.decompress(FILE.read_bytes()).decode()
    assert settings.SECRET_KEY not in text
    for secret in ("pbkdf2_", "argon2", "/confirm/", "/gift/eyJ", "BEGIN "):
        assert secret not in text
    tables = {line.split("\t")[0][1:] for line in text.splitlines() if line.startswith("#")}
    assert not [table for table in tables if table.startswith(("auth_", "django_", "api_", "core_", "procrastinate_"))]
    assert "auth_" in OWN_TABLES


def test_a_file_that_does_not_fit_is_refused_as_a_whole_and_says_what_to_do(tmp_path: Path) -> None:
    create_owner("demo@example.jp", "a-long-password-7")
    owner = get_user_model().objects.get()
    head, *rest = gzip.decompress(FILE.read_bytes()).splitlines(keepends=True)
    for wrong in (
        [head, b"#messaging_gone\tid\n", b"1\n", b"\\.\n"],
        [head, b"#contacts_tag\tid\tgone\n", b"1\t2\n", b"\\.\n"],
        [head, b"#contacts_tag\tid\ttag\n", b"1\t\\N\n", b"\\.\n"],
        [head.replace(b'"format": 1', b'"format": 9'), *rest],
    ):
        path = tmp_path / "year.gz"
        path.write_bytes(gzip.compress(b"".join(wrong)))
        with pytest.raises(YearOutOfDate, match=loading.REMAKE):
            load_year(clock.now(), owner.pk, path)
    assert LandingPage.objects.count() == 0
