"""What became of a journey: by step, over all its versions, of one, of some days; and the same as a file."""

from __future__ import annotations

import csv
import io
import re
import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from procrastinate.contrib.django.models import ProcrastinateJob

from jouren.capture.preferences import find_reader, save_choices, unsubscribe
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.core.config import ImapAddress
from jouren.core.lots import is_drawn
from jouren.events.actions import NewEvent, record_event
from jouren.journeys.actions import freeze_version
from jouren.journeys.models import Enrolment, EnrolmentState, Inside, Journey
from jouren.messaging.models import Delivery, Message
from jouren.messaging.tracking import make_token
from jouren.messaging.vocabulary import State
from jouren.reports.exports import (
    ExportGone,
    TooManyExports,
    ask_for_export,
    find_export,
    forget_exports,
    report_csv,
    write_export,
)
from jouren.reports.models import ExportState, Passage, ReportExport
from jouren.reports.queries import Period, make_report
from jouren.reports.recording import put_together
from jouren.reports.rows import rows_of
from tests.backoffice import client_of, owner, staff_client
from tests.series import make_series, send_series
from tests.walking import Time, buy, live_journey, make_reader, rewrite, send, step, wait, work

pytestmark = pytest.mark.django_db
BUY = {"type": "event", "value": {"event": "order.paid"}}


def key(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def forked(message: Message) -> list[dict[str, Any]]:
    """A wait, then a message for those who wait on, in a fork by what they bought."""
    is_regular = {"fact": "orders.count", "args": {"kind": "regular"}, "op": "gte", "value": 1}
    return [
        step("branch", {"when": is_regular, "then": [wait(2, "w")], "otherwise": []}, "fork"),
        send(message, "mail"),
        wait(5, "rest"),
    ]


def walk_three(message: Message, time: Time) -> Journey:
    """Two buy at the regular price, and wait for two days; one buys a trial, and does not."""
    journey = live_journey(forked(message))
    for number, kind in enumerate(["regular", "regular", "trial"], start=1):
        buy(make_reader(number), kind=kind)
    work()
    return journey


def test_people_are_counted_by_step_and_way(time: Time, hello: Message) -> None:
    journey = walk_three(hello, time)
    report = make_report(journey)
    assert (report.entered, report.active) == (3, 3)
    assert report.step(key("fork")).came == 3
    assert report.step(key("fork")).went == {key("w"): 2, key("mail"): 1}
    assert (report.step(key("w")).here, report.step(key("mail")).came) == (2, 1)
    time.pass_by(days=2)
    work()
    report = make_report(journey)
    assert report.step(key("w")).went == {key("mail"): 2}
    assert report.step(key("mail")).came == 3
    assert report.step(key("rest")).here == 3
    rows = rows_of(journey.versions.get().compiled, report)
    assert [(row.depth, row.people, row.share) for row in rows] == [
        (0, 3, None),
        (1, 2, 2 / 3),
        (2, 2, None),
        (1, 1, 1 / 3),
        (0, 3, None),
        (0, 3, None),
    ]
    assert [row.is_empty for row in rows] == [False, False, False, True, False, False]


def test_who_is_held_back_to_compare_did_not_enter(time: Time, hello: Message) -> None:
    journey = live_journey([send(hello, "mail")], holdout=50)
    readers = [make_reader(number) for number in range(1, 13)]
    for reader in readers:
        buy(reader)
    work()
    got = [each for each in readers if not is_drawn(f"holdout:{journey.pk}", each.pk, 50)]
    report = make_report(journey)
    assert (report.entered, report.finished) == (len(got), len(got))
    assert 0 < len(got) < len(readers)


def test_replies_are_counted_by_step_once_they_are_known(time: Time, hello: Message, settings: Any) -> None:
    journey = live_journey([send(hello, "mail"), wait(5, "rest")])
    for number in range(3):
        buy(make_reader(number))
    work()
    Delivery.objects.update(state=State.SENT, sent_at=time.now)
    browser = client_of(owner())
    url = f"/admin/journeys/reports/journey/{journey.pk}/"
    assert make_report(journey).counts_replies is False
    assert figures_in_page(browser.get(url).content.decode(), 5) == ["3", "3", "0", "0", "—"]
    assert "JOUREN_REPLIES_URL" in browser.get(url).content.decode()
    assert replies_in_file(journey) == ["Replies", "", ""]
    settings.JOUREN = replace(settings.JOUREN, replies=ImapAddress("localhost", 1, "shop", "secret"))
    assert figures_in_page(browser.get(url).content.decode(), 5) == ["3", "3", "0", "0", "0"]
    assert replies_in_file(journey) == ["Replies", "0", ""]
    settings.JOUREN = replace(settings.JOUREN, replies=None)
    for delivery in Delivery.objects.order_by("pk")[:2]:
        record_event(NewEvent("message.replied", delivery.contact_id, {"delivery": delivery.pk}))
        record_event(NewEvent("message.replied", delivery.contact_id, {"delivery": delivery.pk}))
    work()
    assert make_report(journey).step(key("mail")).replied == 2
    page = browser.get(url).content.decode()
    assert figures_in_page(page, 5) == ["3", "3", "2", "0", "2"]
    assert "JOUREN_REPLIES_URL" not in page
    assert replies_in_file(journey) == ["Replies", "2", ""]


def figures_in_page(page: str, wanted: int) -> list[str]:
    """The figures of the first step of a table, from those of its message on."""
    row = page.partition("jouren-flow")[2].partition("<tbody>")[2].partition("</tr>")[0]
    return re.findall(r"<td>([^<]*)</td>", row)[3 : 3 + wanted]


def replies_in_file(journey: Journey) -> list[str]:
    """The column of replies."""
    report = make_report(journey)
    content = report_csv(rows_of(journey.versions.get().compiled, report), report).decode("utf-8-sig")
    return [line[14] for line in csv.reader(io.StringIO(content))]


def test_two_ways_to_one_step_cannot_be_told_apart(time: Time, hello: Message) -> None:
    ways = [{"name": name, "weight": 1, "then": []} for name in ("a", "b")]
    journey = live_journey([step("split", {"ways": ways}, "lot"), wait(1, "w")])
    buy(make_reader())
    work()
    rows = rows_of(journey.versions.get().compiled, make_report(journey))
    assert [row.people for row in rows] == [1, None, None, 1]


def test_how_long_people_stay_is_told_by_half_and_nine_of_ten(time: Time, hello: Message) -> None:
    paths = {"event": "message.clicked", "amount": 30, "unit": "days", "then": [], "otherwise": []}
    journey = live_journey([step("wait_event", paths, "w"), wait(90, "rest")])
    people = [make_reader(number) for number in range(10)]
    for person in people:
        buy(person)
    work()
    for number, person in enumerate(people, start=1):
        time.pass_by(hours=1 if number < 9 else 40)
        payload = {"delivery": number, "message": 1, "title": "x", "url": "https://e.jp/", "by": "human"}
        record_event(NewEvent("message.clicked", person.pk, payload, occurred_at=time.now))
        work()
    here = make_report(journey).step(key("w"))
    assert here.median == pytest.approx(5 * 3600, rel=0.01)
    assert here.late == pytest.approx(48 * 3600, rel=0.01)


def test_messages_are_counted_by_what_became_of_them(time: Time, hello: Message) -> None:
    journey = live_journey([send(hello, "mail"), wait(5, "rest")])
    for number in range(4):
        buy(make_reader(number))
    work()
    sent = list(Delivery.objects.order_by("pk"))
    Delivery.objects.update(state=State.SENT, sent_at=time.now)
    Delivery.objects.filter(pk=sent[0].pk).update(bounced_at=time.now)
    Delivery.objects.filter(pk=sent[1].pk).update(first_opened_at=time.now, first_clicked_at=time.now)
    Delivery.objects.filter(pk=sent[2].pk).update(first_opened_at=time.now)
    reader = find_reader(make_token(sent[3].pk))
    assert reader is not None
    unsubscribe(reader, page="x")
    unsubscribe(reader, page="x")
    work()
    here = make_report(journey).step(key("mail"))
    assert (here.sent, here.bounced, here.delivered, here.opened, here.clicked) == (4, 1, 3, 2, 1)
    assert here.unsubscribed == 1
    other = find_reader(make_token(sent[2].pk))
    assert other is not None
    save_choices(other.contact_id, set(), page="x", delivery=other.delivery_id)
    work()
    assert make_report(journey).step(key("mail")).unsubscribed == 2


def test_what_a_series_sends_is_counted_at_its_step(time: Time) -> None:
    series = make_series(["a", "b"], at="08:00")
    journey = live_journey([send_series(series, "series"), wait(5, "rest")])
    buy(make_reader())
    work()
    time.pass_by(days=1)
    work()
    Delivery.objects.update(state=State.SENT, sent_at=time.now)
    report = make_report(journey)
    assert report.step(key("series")).sent == Delivery.objects.count() == 2
    assert rows_of(journey.versions.get().compiled, report)[0].sends


def test_the_control_group_is_nobody_who_entered(time: Time, hello: Message) -> None:
    journey = live_journey([wait(5, "rest")])
    for number in range(2):
        buy(make_reader(number))
    work()
    first = Enrolment.objects.order_by("pk")[0]
    Enrolment.objects.filter(pk=first.pk).update(state=EnrolmentState.HELD_OUT, step=None, ended_at=time.now)
    report = make_report(journey)
    assert (report.entered, report.active, report.step(key("rest")).came) == (1, 1, 1)


def test_days_are_those_of_the_journeys_zone(time: Time, hello: Message) -> None:
    journey = live_journey([wait(1, "w"), send(hello, "mail"), wait(9, "rest")])
    buy(make_reader())
    work()
    time.pass_by(days=1)
    work()
    Delivery.objects.update(state=State.SENT, sent_at=time.now)
    first, second = date(2026, 11, 22), date(2026, 11, 23)
    report = make_report(journey, period=Period(since=second))
    assert (report.entered, report.step(key("w")).went.total(), report.step(key("mail")).sent) == (0, 1, 1)
    report = make_report(journey, period=Period(until=first))
    assert (report.entered, report.step(key("w")).went.total(), report.step(key("mail")).sent) == (1, 0, 0)


def test_one_version_tells_of_those_who_are_on_it(time: Time, hello: Message) -> None:
    journey = live_journey([send(hello, "mail"), wait(5, "rest")])
    buy(make_reader(1))
    work()
    rewrite(journey, send(hello, "mail"), wait(6, "rest"))
    freeze_version(journey, inside=Inside.FINISH)
    buy(make_reader(2), order="2")
    buy(make_reader(3), order="3")
    work()
    Delivery.objects.update(state=State.SENT, sent_at=time.now)
    one, two = journey.versions.order_by("number")
    counts = [make_report(journey, version) for version in (one, two, None)]
    assert [report.step(key("mail")).sent for report in counts] == [1, 2, 3]
    assert [report.step(key("rest")).here for report in counts] == [1, 2, 3]
    assert [report.step(key("mail")).came for report in counts] == [1, 2, 3]


def test_counts_of_days_that_are_over_are_put_together(time: Time, hello: Message) -> None:
    journey = live_journey([wait(1, "w"), wait(9, "rest")])
    for number in range(3):
        buy(make_reader(number))
        work()
        time.pass_by(minutes=1)
    time.pass_by(days=1)
    for _minute in range(3):
        work()
    before = make_report(journey)
    Passage.objects.bulk_create(
        Passage(version_id=each.version_id, step=each.step, next=each.next, day=each.day, bucket=each.bucket, people=0)
        for each in Passage.objects.all()
    )
    time.pass_by(days=5)
    put_together()
    assert make_report(journey).steps == before.steps
    rows = Passage.objects.values_list("step", "next", "day", "bucket")
    assert len(rows) == len(set(rows))


def test_a_file_is_written_by_a_job_and_fetched_by_whoever_asked(time: Time, hello: Message) -> None:
    journey = walk_three(hello, time)
    user = owner()
    browser = client_of(user)
    answer = browser.post(f"/admin/journeys/reports/journey/{journey.pk}/export/")
    export = ReportExport.objects.get()
    assert answer["Location"] == f"/admin/journeys/reports/export/{export.pk}/"
    assert ProcrastinateJob.objects.get(task_name="reports.write_report").args == {"export_id": str(export.pk)}
    waiting = browser.get(answer["Location"])
    assert waiting["Refresh"] == "2"
    assert b"0 %" in waiting.content
    assert browser.get(f"{answer['Location']}file/")["Location"] == answer["Location"]
    write_export(str(export.pk))
    ready = browser.get(answer["Location"])
    assert "Refresh" not in ready
    file = browser.get(f"{answer['Location']}file/")
    assert file["Content-Type"] == "text/csv; charset=utf-8"
    assert file["Content-Disposition"] == f'attachment; filename="journey-{journey.pk}-20261122.csv"'
    assert file.content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert lines[0][:6] == ["No.", "Level", "Step or way", "People who came", "Share (%)", "People here"]
    assert lines[2][:6] == ["2", "1", "then", "2", "66.7", ""]
    assert {len(line) for line in lines} == {19}


def test_nobody_else_fetches_a_file_and_it_is_forgotten(time: Time, hello: Message) -> None:
    journey = walk_three(hello, time)
    user = User.objects.create_user("one")
    export = ask_for_export(journey, None, Period(), by=user)
    write_export(str(export.pk))
    assert ReportExport.objects.get().state == ExportState.DONE
    other = staff_client("journeys.view_journey")
    for url in (f"/admin/journeys/reports/export/{export.pk}/", f"/admin/journeys/reports/export/{export.pk}/file/"):
        assert other.get(url)["Location"] == "/admin/journeys/"
    time.now = clock.now() + timedelta(days=7)
    with pytest.raises(ExportGone):
        find_export(export.pk, user.pk)
    assert forget_exports() == 1


def test_files_are_limited(time: Time, hello: Message) -> None:
    journey = walk_three(hello, time)
    user = User.objects.create_user("one")
    for _number in range(20):
        ask_for_export(journey, None, Period(), by=user)
    with pytest.raises(TooManyExports):
        ask_for_export(journey, None, Period(), by=user)


def test_a_name_that_is_a_formula_is_text_in_the_file(time: Time) -> None:
    ways = [{"name": name, "weight": 1, "then": []} for name in ("=HYPERLINK(1)", "b")]
    journey = live_journey([step("split", {"ways": ways}, "lot"), wait(1, "w")])
    report = make_report(journey)
    text = report_csv(rows_of(journey.versions.get().compiled, report), report).decode("utf-8-sig")
    assert "'=HYPERLINK(1) (50 %)" in text


def test_a_file_that_cannot_be_written_says_so(time: Time, hello: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    journey = walk_three(hello, time)
    user = owner()
    export = ask_for_export(journey, None, Period(), by=user)
    monkeypatch.setattr("jouren.reports.exports.make_report", lambda *args, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_export(str(export.pk))
    assert b"could not be written" in client_of(user).get(f"/admin/journeys/reports/export/{export.pk}/").content


def test_the_screen_shows_picture_and_table(time: Time, hello: Message) -> None:
    journey = walk_three(hello, time)
    browser = client_of(owner())
    url = f"/admin/journeys/reports/journey/{journey.pk}/"
    page = browser.get(url).content.decode()
    assert "<svg" in page
    assert "67% (2)" in page
    assert "67 %" in page
    assert "<strong>3</strong> entered" in page
    backwards = browser.get(url, {"since": "2026-11-23", "until": "2026-11-22"})
    assert b"The last day is before the first one." in backwards.content
    for query in ({"version": "99"}, {"version": "x"}, {"since": "soon"}):
        assert browser.get(url, query).status_code == 200


def test_a_journey_that_was_never_published_has_nothing_to_report() -> None:
    journey = Journey.objects.create(name="W")
    page = client_of(owner()).get(f"/admin/journeys/reports/journey/{journey.pk}/").content.decode()
    assert "This journey was never published" in page


def test_the_report_is_for_whoever_may_see_journeys(time: Time, hello: Message) -> None:
    url = f"/admin/journeys/reports/journey/{walk_three(hello, time).pk}/"
    assert staff_client("journeys.view_journey").get(url).status_code == 200
    assert staff_client("journeys.change_journey").get(url).status_code == 302


def test_people_are_not_named(time: Time, hello: Message) -> None:
    journey = walk_three(hello, time)
    Contact.objects.update(family_name="山田")
    page = client_of(owner()).get(f"/admin/journeys/reports/journey/{journey.pk}/").content.decode()
    assert "山田" not in page
