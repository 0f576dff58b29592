"""Series in the back office: over HTTP, as staff see and do it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jouren.backoffice.series import publishing
from jouren.contacts.models import Topic
from jouren.core.sql import Queries
from jouren.journeys.models import Enrolment
from jouren.journeys.series.models import Series, SeriesIntake, SeriesItem, SeriesPublishing
from jouren.journeys.series.order import MAX_ITEMS
from jouren.journeys.tasks import publish_series_with_messages
from jouren.messaging.models import Message
from tests.backoffice import owner_client, staff_client
from tests.messages import make_shop
from tests.series import item, make_series, order, put, send_series
from tests.walking import buy, live_journey, make_message, make_reader, work

pytestmark = pytest.mark.django_db(transaction=True)

RHYTHM = {"every": "weekdays", "weekdays": ["0", "3"], "at": "07:00", "first": "rhythm"}
DEFAULTS = {"kind": "help", "stage": "2", "topic": "newsletter", "language": "ja"}


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def upload(browser: Client, series: Series, *files: tuple[str, str]) -> Any:
    """Hand over files, and follow to what they came to."""
    Topic.objects.get_or_create(key="newsletter", defaults={"name": "メルマガ"})
    given = [SimpleUploadedFile(name, text.encode()) for name, text in files]
    return browser.post(f"/admin/series/{series.pk}/import/", {**DEFAULTS, "upload": given}, follow=True)


def full_series() -> Series:
    """A published series that holds as many messages as one can."""
    make_shop()
    series = make_series("A")
    first = item(series, "A").message
    assert first is not None
    messages = Message.objects.bulk_create(
        [
            Message(name=f"手紙{number}", kind="help", stage=2, topic=first.topic, bodies=first.bodies, live=False)
            for number in range(2, MAX_ITEMS + 1)
        ]
    )
    SeriesItem.objects.bulk_create(
        [SeriesItem(series=series, number=number, message=each) for number, each in enumerate(messages, start=2)]
    )
    return series


def test_an_author_makes_a_series_with_its_rhythm() -> None:
    browser = owner_client()
    answer = browser.post("/admin/series/new/", {"name": "毎朝の手紙", **RHYTHM}, follow=True)
    series = Series.objects.get()
    assert answer.redirect_chain == [(f"/admin/series/{series.pk}/", 302)]
    assert "on Mon, Thu at 7:00" in text_of(answer)
    assert "The series has no messages yet" in text_of(answer)
    assert "毎朝の手紙" in text_of(browser.get("/admin/series/"))


def test_a_rhythm_that_would_never_send_is_refused_and_nothing_is_stored() -> None:
    answer = owner_client().post("/admin/series/new/", {"name": "x", **RHYTHM, "weekdays": []})
    assert "Choose at least one weekday." in text_of(answer)
    assert not Series.objects.exists()


def test_changing_the_rhythm_waits_for_publishing() -> None:
    series = make_series("AB")
    browser = owner_client()
    assert "reaches people once the series is published again" not in text_of(
        browser.get(f"/admin/series/{series.pk}/")
    )
    answer = browser.post(f"/admin/series/{series.pk}/settings/", {"name": "Letters", **RHYTHM}, follow=True)
    assert "reaches people once the series is published again" in text_of(answer)
    assert Series.objects.get().live_version.rhythm["weekdays"] == []  # type: ignore[union-attr]
    browser.post(f"/admin/series/{series.pk}/publish/")
    assert Series.objects.get().live_version.rhythm["weekdays"] == [0, 3]  # type: ignore[union-attr]


def test_messages_are_moved_up_down_and_to_a_number_and_taken_out() -> None:
    series = make_series("ABCDE")
    browser = owner_client()

    def move(name: str, to: str) -> str:
        browser.post(f"/admin/series/items/{item(series, name).pk}/move/", {"to": to})
        return order(series)

    assert move("B", "up") == "BACDE"
    assert move("A", "down") == "BCADE"
    assert move("E", "1") == "EBCAD"
    assert move("E", "99999") == "BCADE"
    assert move("E", "") == move("E", "x") == move("E", "-1") == "BCADE"
    assert move("B", "up") == move("E", "down") == "BCADE"
    answer = browser.post(f"/admin/series/items/{item(series, 'C').pk}/remove/", follow=True)
    assert "Number 2 is taken out of the series." in text_of(answer)
    assert order(series) == "BADE"
    assert Message.objects.filter(name="C").exists()


def test_after_a_move_the_page_with_the_message_is_shown() -> None:
    series = full_series()
    moved = item(series, "A").pk
    answer = owner_client().post(f"/admin/series/items/{moved}/move/", {"to": "777"})
    assert answer["Location"] == f"/admin/series/{series.pk}/?from=751#item-{moved}"


def test_a_message_is_written_at_a_place() -> None:
    series = make_series("AB")
    browser = owner_client()
    said = {**DEFAULTS, "subject": "新しい手紙", "text": "**こんにちは** {{ contact.name }} 様"}
    answer = browser.post(f"/admin/series/{series.pk}/write/?at=2", said, follow=True)
    assert "“新しい手紙” is in the series, as a draft." in text_of(answer)
    assert order(series) == "A新しい手紙B"
    message = Message.objects.get(name="新しい手紙")
    assert (message.live, message.kind, message.stage) == (False, "help", 2)


def test_what_is_wrong_with_a_written_message_is_told_with_its_line() -> None:
    series = make_series("A")
    said = {**DEFAULTS, "subject": "x", "text": "よい\n\n<b>わるい</b>\n\n{{ nobody.knows }}"}
    answer = text_of(owner_client().post(f"/admin/series/{series.pk}/write/", said))
    assert "Line 3: HTML is not taken over" in answer
    assert "Unknown variable {{ nobody.knows }}" in answer
    assert order(series) == "A"


def test_a_message_that_is_there_is_chosen_and_what_is_sent_by_itself_is_not_offered() -> None:
    series = make_series("AB")
    chosen = make_message("Z")
    Message.objects.create(name="Zenkaku confirmation", kind="transactional")
    browser = owner_client()
    shown = text_of(browser.get(f"/admin/series/{series.pk}/choose/?at=2&q=z"))
    assert "Put “Z” into the series" in shown
    assert "confirmation" not in shown
    browser.post(f"/admin/series/{series.pk}/choose/?at=2", {"message": chosen.pk})
    assert order(series) == "AZB"
    answer = browser.post(f"/admin/series/{series.pk}/choose/", {"message": "999999"})
    assert "That message is not there any more." in text_of(answer)


def test_an_import_is_looked_at_before_it_is_stored() -> None:
    series = make_series("AB")
    browser = owner_client()
    table = "件名,本文\nひとつめ,こんにちは\n,件名がない\nみっつめ,{{ unknown }}\nよっつめ,またね\n"
    answer = upload(browser, series, ("letters.csv", table))
    shown = text_of(answer)
    assert "ひとつめ" in shown and "よっつめ" in shown
    assert "<strong>letters.csv, line 3</strong> There is no subject." in shown
    assert "<strong>letters.csv, line 4</strong> Unknown variable {{ unknown }}." in shown
    assert "Import 2 messages" in shown
    assert order(series) == "AB"
    check = answer.redirect_chain[-1][0]
    answer = browser.post(check, {"at": "2"}, follow=True)
    assert "2 messages are in the series, as drafts." in text_of(answer)
    assert order(series) == "AひとつめよっつめB"
    assert not SeriesIntake.objects.exists()
    assert browser.post(check, {"at": "2"}).status_code == 404
    assert order(series) == "AひとつめよっつめB"


def test_several_markdown_files_come_in_the_order_of_their_names() -> None:
    series = make_series("A")
    browser = owner_client()
    answer = upload(browser, series, ("10.md", "# 十\n\nx"), ("2.md", "# 二\n\nx"))
    browser.post(answer.redirect_chain[-1][0])
    assert order(series) == "A二十"


def test_a_file_that_is_none_of_ours_says_what_is_wanted() -> None:
    answer = upload(owner_client(), make_series("A"), ("letters.docx", "x"))
    assert "This is neither a CSV table (.csv) nor Markdown (.md) nor a zip" in text_of(answer)
    assert "Import 0" not in text_of(answer)


def test_an_import_without_a_file_says_so() -> None:
    series = make_series("A")
    answer = owner_client().post(f"/admin/series/{series.pk}/import/", DEFAULTS)
    assert answer.status_code == 200
    assert "This field is required." in text_of(answer)


def test_nobody_sees_what_somebody_else_has_read() -> None:
    series = make_series("A")
    answer = upload(owner_client(), series, ("1.md", "# 秘密\n\nx"))
    check = answer.redirect_chain[-1][0]
    other = staff_client("journeys.view_journey", "journeys.change_journey", "messaging.add_message")
    assert other.get(check).status_code == other.post(check).status_code == 404
    assert order(series) == "A"


def test_publishing_publishes_the_drafts_in_it_and_names_all_that_hinders() -> None:
    series = make_series("A")
    browser = owner_client()
    upload_answer = upload(browser, series, ("1.md", "# よい\n\nx"), ("2.md", "# わるい\n\nx"))
    browser.post(upload_answer.redirect_chain[-1][0])
    Message.objects.filter(name="わるい").update(stage=None)
    assert "Publish 2 messages too" in text_of(browser.get(f"/admin/series/{series.pk}/publish/"))
    answer = text_of(browser.post(f"/admin/series/{series.pk}/publish/", {"with_messages": "1"}))
    assert "Number 3, “わるい”: Say which stage of the pyramid the message is for." in answer
    assert not Message.objects.get(name="よい").live
    answer = text_of(browser.post(f"/admin/series/{series.pk}/publish/"))
    assert "Number 2, “よい”, is not published yet." in answer
    Message.objects.filter(name="わるい").update(stage=2)
    answer = text_of(browser.post(f"/admin/series/{series.pk}/publish/", {"with_messages": "1"}, follow=True))
    assert "Published as version 2." in answer
    assert Message.objects.get(name="よい").live


def test_many_drafts_are_published_by_a_worker_which_tells_what_hinders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "AT_ONCE", 1)
    series = make_series("A")
    browser = owner_client()
    answer = upload(browser, series, ("1.md", "# よい\n\nx"), ("2.md", "# わるい\n\nx"))
    browser.post(answer.redirect_chain[-1][0])
    Message.objects.filter(name="わるい").update(stage=None)

    def publish() -> str:
        browser.post(f"/admin/series/{series.pk}/publish/", {"with_messages": "1"})
        shown = text_of(browser.get(f"/admin/series/{series.pk}/"))
        assert "Being published since" in shown
        publish_series_with_messages(series_id=series.pk, user_id=User.objects.get().pk, language="en")
        return text_of(browser.get(f"/admin/series/{series.pk}/"))

    assert "The series could not be published." in publish()
    shown = text_of(browser.get(f"/admin/series/{series.pk}/publish/"))
    assert "Number 3, “わるい”: Say which stage of the pyramid the message is for." in shown
    assert not Message.objects.get(name="よい").live
    Message.objects.filter(name="わるい").update(stage=2)
    assert "published, version 2" in publish()
    assert not SeriesPublishing.objects.exists()


def test_who_may_change_a_series_may_not_publish_it_nor_its_messages() -> None:
    series = make_series("A")
    put(series, "B")
    editor = staff_client("journeys.view_journey", "journeys.change_journey")
    assert editor.post(f"/admin/series/{series.pk}/publish/").status_code == 302
    publisher = staff_client("journeys.view_journey", "journeys.publish_journey")
    assert publisher.post(f"/admin/series/{series.pk}/publish/", {"with_messages": "1"}).status_code == 302
    assert Series.objects.get().live_version.number == 1  # type: ignore[union-attr]
    publisher.post(f"/admin/series/{series.pk}/publish/")
    assert Series.objects.get().live_version.number == 2  # type: ignore[union-attr]


def test_who_may_only_look_finds_no_buttons_and_is_refused() -> None:
    series = make_series("AB")
    reader = staff_client("journeys.view_journey")
    shown = text_of(reader.get(f"/admin/series/{series.pk}/"))
    assert "Move to number" not in shown and "Import messages" not in shown
    reader.post(f"/admin/series/items/{item(series, 'A').pk}/remove/")
    assert order(series) == "AB"


def test_a_search_finds_names_and_subjects_as_they_are_typed() -> None:
    series = make_series(["100% wool", "cotton", "silk_x"])
    browser = owner_client()

    def found(text: str) -> list[str]:
        shown = text_of(browser.get(f"/admin/series/{series.pk}/", {"q": text}))
        return [
            name for name in ("100% wool", "cotton", "silk_x") if f"{name}</a>" in shown or f"{name}</small>" in shown
        ]

    assert found("%") == ["100% wool"]
    assert found("_") == ["silk_x"]
    assert found("COTT") == ["cotton"]
    assert found("nothing\x00") == []


def test_drafts_are_sifted_from_what_is_published() -> None:
    series = make_series("AB")
    put(series, "C")
    browser = owner_client()
    shown = text_of(browser.get(f"/admin/series/{series.pk}/?state=new"))
    assert len(re.findall('class="jouren-item"', shown)) == 1
    assert "not in the published series yet" in shown


def test_the_screen_says_who_stands_where() -> None:
    series = make_series("ABC")
    live_journey([send_series(series)])
    for number in (1, 2):
        buy(make_reader(number), str(number))
    work()
    browser = owner_client()
    shown = text_of(browser.get(f"/admin/series/{series.pk}/"))
    assert "2 people in it now" in shown
    assert "2 people stand here" in shown
    people = text_of(browser.get(f"/admin/series/{series.pk}/people/1/"))
    assert len(re.findall("jouren-name", people)) == 2
    assert "Nobody stands here now." in text_of(browser.get(f"/admin/series/{series.pk}/people/2/"))


def test_a_journeys_figures_say_how_far_people_are_and_count_the_messages_of_the_series() -> None:
    series = make_series("ABC")
    journey = live_journey([send_series(series)])
    buy(make_reader(), "1")
    work()
    shown = text_of(owner_client().get(f"/admin/journeys/inspect/{journey.pk}/"))
    assert "Series “Letters”: 3 messages, every day at 7:00" in shown
    assert "1 person in it now" in shown


def test_a_series_in_use_is_not_deleted_and_one_that_is_not_leaves_its_messages() -> None:
    used, unused = make_series("A"), make_series("B", "Unused")
    journey = live_journey([send_series(used)])
    browser = owner_client()
    assert journey.name in text_of(browser.get(f"/admin/series/{used.pk}/delete/"))
    browser.post(f"/admin/series/{used.pk}/delete/")
    browser.post(f"/admin/series/{unused.pk}/delete/")
    assert list(Series.objects.all()) == [used]
    assert Message.objects.count() == 2
    assert not Enrolment.objects.exists()


def test_a_series_of_a_thousand_takes_no_more_queries_than_one_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = make_series("xy", "Small"), full_series()
    hot: list[str] = []
    text = Queries.text
    monkeypatch.setattr(Queries, "text", lambda self, name: hot.append(name) or text(self, name))
    browser = owner_client()

    def queries(url: str) -> list[str]:
        browser.get(url)  # what a process reads once
        hot.clear()
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(url).status_code == 200
        assert len(asked) <= 15
        return list(hot)

    for screen in ("", "publish/", "settings/", "?kind=help", "people/1/"):
        assert queries(f"/admin/series/{large.pk}/{screen}") == queries(f"/admin/series/{small.pk}/{screen}"), screen
    assert "Import messages" not in text_of(browser.get(f"/admin/series/{large.pk}/"))


def test_a_page_shows_fifty_and_leads_to_the_next() -> None:
    series = full_series()
    browser = owner_client()
    shown = text_of(browser.get(f"/admin/series/{series.pk}/?from=951"))
    assert len(re.findall('class="jouren-item"', shown)) == 50
    assert "?from=1001" not in shown
    assert "?from=51" in text_of(browser.get(f"/admin/series/{series.pk}/?from=zero"))
