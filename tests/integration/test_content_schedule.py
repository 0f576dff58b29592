"""What was to go live, or to end, does so at its own moment, and holds up nothing else when it cannot."""

from __future__ import annotations

import html
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import translation
from wagtail.models import Collection, ModelLogEntry, Page, Workflow

from jouren.content import schedule
from jouren.content.models import LandingPage, ScheduleFailure
from jouren.content.schedule import FAILED, failures, publish_due
from jouren.core import clock, hops
from jouren.journeys.models import Journey
from jouren.messaging.models import Message, MessageVersion, ShopSettings
from tests.backoffice import owner_client, staff_client
from tests.capture_pages import make_page
from tests.messages import draft, make_shop

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
WHY = {"en": "The law asks for the shop's name", "ja": "店名"}


def go_live_in(instance: Any, duration: timedelta) -> datetime:
    """Have it published then. Returns the moment."""
    moment = clock.now() + duration
    instance.go_live_at = moment
    if instance.pk is None:
        instance.save()
    instance.save_revision().publish()
    return moment


def later_message(name: str = "Spring", duration: timedelta = HOUR) -> Message:
    """A message that goes live later, of a shop that has said who it is."""
    make_shop()
    message = draft(name=name)
    message.live = False
    go_live_in(message, duration)
    return message


def forget_who_we_are() -> None:
    """No advertising mail can be published after that."""
    ShopSettings.objects.update(name="")


def versions() -> set[str]:
    return set(MessageVersion.objects.values_list("name", flat=True))


def test_each_goes_live_at_its_own_moment() -> None:
    page = make_page(slug="later")
    page.unpublish()
    page.title = "Spring"
    go_live_in(page, 2 * HOUR)
    later_message()
    assert publish_due() == 0
    clock.move_to(clock.now() + HOUR)
    assert publish_due() == 1
    assert "Spring" in versions()
    assert not LandingPage.objects.get(pk=page.pk).live
    clock.move_to(clock.now() + HOUR)
    assert publish_due() == 1
    page = LandingPage.objects.get(pk=page.pk)
    assert (page.live, page.title) == (True, "Spring")
    assert publish_due() == 0


def test_what_is_to_end_ends() -> None:
    page = make_page(slug="sale")
    Page.objects.filter(pk=page.pk).update(expire_at=clock.now() + HOUR)
    assert publish_due() == 0
    clock.move_to(clock.now() + HOUR)
    assert publish_due() == 1
    page = LandingPage.objects.get(pk=page.pk)
    assert (page.live, page.expired) == (False, True)


def test_one_that_fails_holds_up_no_other() -> None:
    later_message("Lawless")
    page = make_page(slug="later")
    page.unpublish()
    go_live_in(page, HOUR + timedelta(minutes=1))
    forget_who_we_are()
    clock.move_to(clock.now() + 2 * HOUR)
    assert publish_due() == 1
    assert LandingPage.objects.get(pk=page.pk).live
    assert "Lawless" not in versions()
    (failure,) = failures()
    assert failure.instance.name == "Lawless"


def test_its_author_is_told_why_in_their_own_language_and_the_log_once() -> None:
    message = later_message()
    forget_who_we_are()
    clock.move_to(clock.now() + HOUR)
    for _minute in range(3):
        publish_due()
        clock.move_to(clock.now() + schedule.TRY_AGAIN_AFTER)
    owner = owner_client()
    for language, why in WHY.items():
        with translation.override(language):
            for screen in (f"/admin/messages/edit/{message.pk}/", "/admin/"):
                page = owner.get(screen, headers={"accept-language": language}).content.decode()
                assert why in html.unescape(page), screen
    assert ModelLogEntry.objects.filter(action=FAILED, object_id=str(message.pk)).count() == 1


def test_only_whoever_may_mend_it_hears_of_it() -> None:
    later_message("Secret plan")
    forget_who_we_are()
    clock.move_to(clock.now() + HOUR)
    publish_due()
    seen = {
        "stranger": staff_client("contacts.view_contact").get("/admin/").content.decode(),
        "author": staff_client("messaging.change_message").get("/admin/").content.decode(),
    }
    assert {who for who, page in seen.items() if "Secret plan" in page} == {"author"}


def test_it_is_tried_again_and_goes_live_once_it_was_mended() -> None:
    later_message()
    forget_who_we_are()
    clock.move_to(clock.now() + HOUR)
    publish_due()
    ShopSettings.objects.update(name="山田商店")
    assert publish_due() == 0, "not at every look"
    clock.move_to(clock.now() + schedule.TRY_AGAIN_AFTER)
    assert publish_due() == 1
    assert "Spring" in versions()
    assert not ScheduleFailure.objects.exists()


def test_a_mended_revision_need_not_wait() -> None:
    message = later_message()
    forget_who_we_are()
    clock.move_to(clock.now() + HOUR)
    publish_due()
    ShopSettings.objects.update(name="山田商店")
    message = Message.objects.get(pk=message.pk)
    message.go_live_at = None
    message.save_revision().publish()
    assert failures() == []
    assert "Spring" in versions()
    assert publish_due() == 0
    assert not ScheduleFailure.objects.exists()


def test_a_sandbox_stops_at_each_moment_and_not_for_what_cannot_be_done() -> None:
    first = go_live_in(Journey(name="Empty"), HOUR)
    later_message(duration=2 * HOUR)
    target = clock.now() + timedelta(days=1)
    assert hops.next_stop(clock.now(), target) == first
    clock.move_to(first)
    assert schedule.is_busy()
    publish_due()
    assert not schedule.is_busy(), "a journey without steps cannot go live"
    second = hops.next_stop(clock.now(), target)
    assert second == Message.objects.get(name="Spring").go_live_at
    clock.move_to(second)
    assert schedule.is_busy()
    assert publish_due() == 1
    assert not schedule.is_busy()


def test_an_error_of_our_own_is_told_without_its_inside(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*args: object, **options: object) -> None:
        raise RuntimeError("the password is 12345")

    later_message()
    monkeypatch.setattr(Message, "publish", break_down)
    clock.move_to(clock.now() + HOUR)
    publish_due()
    (failure,) = failures()
    assert failure.texts["en"].startswith("An error inside Jouren (RuntimeError).")
    assert "12345" not in str(failure.texts)
    assert "12345" in caplog.text


def test_names_that_wagtail_makes_are_japanese() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == {"編集担当", "公開担当"}
    assert list(Workflow.objects.values_list("name", flat=True)) == ["公開担当の承認"]
    assert Page.objects.get(depth=1).title == "サイト"
    assert Collection.objects.get(depth=1).name == "全体"
