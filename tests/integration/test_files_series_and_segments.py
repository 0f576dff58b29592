"""Series and segments go out with the journeys that use them, and come in again as the same ones."""

from __future__ import annotations

import io
import uuid
import zipfile
from datetime import time as clock_time
from typing import Any

import jsonschema
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from wagtail.models import ModelLogEntry

from jouren.contacts.actions.tagging import tag_contacts
from jouren.contacts.segments.actions import save_segment
from jouren.contacts.segments.models import Segment
from jouren.contacts.segments.queries import people_in_segment
from jouren.files.documents import read_document
from jouren.files.errors import BadFiles
from jouren.files.exporting import export_journeys
from jouren.files.folders import write_zip
from jouren.files.kinds import KINDS, SEGMENTS
from jouren.files.models import Identity
from jouren.files.schemas import schemas
from jouren.journeys.actions import enrol_by_hand
from jouren.journeys.models import Journey
from jouren.journeys.series.actions import create_series, insert_messages, move_item
from jouren.journeys.series.models import Series, SeriesItem
from jouren.journeys.series.rhythm import make_rhythm
from jouren.messaging.models import Delivery, Message
from tests.backoffice import client_of, owner, staff_client
from tests.capture_pages import make_form
from tests.filing import a_message, edited, elsewhere, take
from tests.messages import make_shop
from tests.segmenting import in_segment, keep, tagged
from tests.series import order, publish, send_series
from tests.walking import Time, draft_journey, make_reader, wait, work

pytestmark = pytest.mark.django_db

FILE = "series/七日間の手紙.yaml"
SEGMENT = "segments/お茶好き.yaml"
EDIT = ("journeys.add_journey", "journeys.change_journey", "messaging.add_message", "messaging.change_message")


def letters(*names: str, name: str = "七日間の手紙", **rhythm: Any) -> Series:
    """A series of messages, never published."""
    told = {"every": "day", "at": clock_time(7), "days": None, "weekdays": [], "business": False}
    series = create_series(name, "", make_rhythm(**{**told, "first": "now", **rhythm}), by=None)
    insert_messages(series.pk, [a_message(each) for each in names], by=None)
    return series


def a_shop() -> tuple[Series, Segment]:
    """A journey that begins with a segment within a segment, and sends a series."""
    make_shop()
    series = letters("一", "二", "三")
    inner = save_segment("お茶好き", tagged("お茶"), description="お茶の話を読みたい方")
    outer = save_segment("京都のお茶好き", {"all": [in_segment(inner), tagged("京都")]})
    draft_journey(
        [send_series(series, "letters"), wait(2)],
        [{"type": "segment", "value": {"segment": str(outer.pk), "way": "entered"}}],
        name="手紙",
    )
    return series, outer


def refused(files: dict[str, bytes], **options: Any) -> list[str]:
    with pytest.raises(BadFiles) as error:
        take(files, **options)
    return [str(problem) for problem in error.value.problems]


def test_a_series_and_a_segment_read_as_their_author_sees_them() -> None:
    series, _segment = a_shop()
    move_item(SeriesItem.objects.get(series=series, number=3).pk, 1, by=None)
    files = export_journeys()
    assert sorted(files) == [
        "journeys/手紙.yaml",
        "messages/一.yaml",
        "messages/三.yaml",
        "messages/二.yaml",
        SEGMENT,
        "segments/京都のお茶好き.yaml",
        FILE,
    ]
    ids = [each.pk for each in SeriesItem.objects.order_by("number")]
    known = {(each.kind, each.stem): each.pk for each in Identity.objects.all()}
    assert files[FILE].decode() == (
        f"format: 1\nid: {known['series', '七日間の手紙']}\nname: 七日間の手紙\n"
        "rhythm:\n  every: day\n  at: 07:00\n"
        "messages:\n"
        f"  - id: {ids[0]}\n    message: 三\n  - id: {ids[1]}\n    message: 一\n  - id: {ids[2]}\n    message: 二\n"
    )
    assert files["segments/京都のお茶好き.yaml"].decode() == (
        f"format: 1\nid: {known['segment', '京都のお茶好き']}\nname: 京都のお茶好き\n"
        "condition:\n  all:\n    - fact: segment\n      args:\n        segment: お茶好き\n"
        "      op: is\n      value: true\n"
        "    - fact: contact.tags\n      op: contains\n      value: 京都\n"
    )
    journey = files["journeys/手紙.yaml"].decode()
    assert "series: 七日間の手紙" in journey
    assert "segment: 京都のお茶好き" in journey


def test_in_an_empty_shop_the_journey_works_as_it_did_and_is_written_with_equal_bytes(time: Time) -> None:
    a_shop()
    files = export_journeys()
    items = list(SeriesItem.objects.order_by("number").values_list("pk", flat=True))
    elsewhere()
    shown = take(files, act=False, publish=True)
    assert {each.file: each.state for each in shown.documents} == dict.fromkeys(files, "new")
    assert not Series.objects.exists()
    done = take(files, publish=True, seen=shown.digest)
    assert [each.file for each in done.publishing] == [
        "messages/一.yaml",
        "messages/三.yaml",
        "messages/二.yaml",
        FILE,
        "journeys/手紙.yaml",
    ]
    assert export_journeys() == files
    assert take(files, publish=True).is_idle
    assert list(SeriesItem.objects.order_by("number").values_list("pk", flat=True)) == items
    reader = make_reader()
    keep()
    tag_contacts([reader.pk], "お茶")
    tag_contacts([reader.pk], "京都")
    keep()
    work()
    sent = Delivery.objects.filter(contact_id=reader.pk).select_related("message_version")
    assert [each.message_version.name for each in sent] == ["一"]


def test_what_changes_in_a_series_is_shown_and_leaves_people_where_they_are(time: Time) -> None:
    make_shop()
    series = letters("a", "b", "c", name="Letters")
    draft_journey([send_series(series, "letters")], [{"type": "by_hand", "value": None}], name="W")
    take(export_journeys(), publish=True)
    reader = make_reader()
    enrol_by_hand(Journey.objects.get(), [reader.pk])
    work()
    files = export_journeys()
    file = "series/letters.yaml"
    first, second, third = SeriesItem.objects.order_by("number").values_list("pk", flat=True)
    a_message("d")
    text = files[file].decode()
    swapped = text.replace(str(second), "x").replace("message: b", "message: x")
    swapped = swapped.replace(str(third), str(second)).replace("message: c", "message: b")
    swapped = swapped.replace("- id: x\n    message: x", f"- id: {third}\n    message: c") + "  - message: d\n"
    files[file] = swapped.replace("every: day", "every: weekdays\n  weekdays: [mon, thu]").encode()
    shown = take(files, act=False)
    assert {each.file: each.state for each in shown.documents if each.state != "same"} == {file: "changed"}
    (changed,) = (each for each in shown.documents if each.state == "changed")
    assert {"+  every: weekdays", "+  weekdays:", "+    - mon", "+    message: d"} <= set(changed.diff)
    assert order(series) == "abc"
    take(files, seen=shown.digest)
    assert order(series) == "acbd"
    assert list(SeriesItem.objects.order_by("number").values_list("pk", flat=True))[:3] == [first, third, second]
    live = Series.objects.get().live_version
    assert live is not None
    assert live.number == 1  # what people get is what was published


def test_a_removed_message_leaves_the_series_and_stays_a_message() -> None:
    make_shop()
    series = letters("a", "b", name="Letters")
    draft_journey([send_series(series)], name="W")
    files = export_journeys()
    gone = SeriesItem.objects.get(number=1)
    files = edited(files, "series/letters.yaml", f"  - id: {gone.pk}\n    message: a\n", "")
    take(files)
    assert order(series) == "b"
    assert Message.objects.filter(name="a").exists()


def test_every_fault_in_a_series_is_told_with_its_line() -> None:
    a_message("a")
    text = """\
name: Letters
rythm: {}
rhythm: {every: week, days: 900, at: noon, weekday: [mon]}
messages:
  - message: nobody
  - {mesage: a}
  - id: 12
    message: a
"""
    assert refused({"series/letters.yaml": text.encode()}) == [
        "series/letters.yaml:2: “rythm” is not known here. Did you mean “rhythm”?",
        "series/letters.yaml:3: “days” counts with “every: days” only.",
        "series/letters.yaml:3: “noon” cannot be read. Write it like 08:30.",
        "series/letters.yaml:3: “weekday” is not known here. Did you mean “weekdays”?",
        "series/letters.yaml:3: “week” cannot be chosen here. Did you mean “weekdays”?",
        "series/letters.yaml:5: There is no “nobody”, neither among the files nor here.",
        "series/letters.yaml:6: “mesage” is not known here. Did you mean “message”?",
        "series/letters.yaml:7: “12” is no id. Remove the line: the step then gets one.",
    ]
    assert not Series.objects.exists()


@pytest.mark.parametrize(
    ("rhythm", "told"),
    [
        ("{every: days, days: 0}", "Say every how many days, from 1 to 365."),
        ("{every: days, days: 366}", "Say every how many days, from 1 to 365."),
        ("{every: days}", "Say every how many days, from 1 to 365."),
        ("{every: weekdays}", "Choose at least one weekday."),
        ("{every: weekdays, weekdays: [sun], business: true}", "A Saturday or Sunday is never a business day."),
        ("[mon]", "Keys with values are wanted here"),
    ],
)
def test_a_rhythm_that_would_send_nothing_is_refused(rhythm: str, told: str) -> None:
    (problem,) = refused({"series/letters.yaml": f"name: L\nrhythm: {rhythm}\n".encode()})
    assert problem.startswith(f"series/letters.yaml:2: {told}")


def test_a_series_may_be_unfinished_and_is_not_published(time: Time) -> None:
    make_shop()
    files = {"series/letters.yaml": b"name: Letters\nmessages:\n  - {}\n"}
    done = take(files)
    assert [str(each) for each in done.unfinished] == ["series/letters.yaml:3: “message” (message) is missing."]
    assert refused(files, publish=True) == ["series/letters.yaml:3: “message” (message) is missing."]
    empty = {"series/letters.yaml": b"name: Letters\n"}
    assert refused(empty, publish=True) == ["series/letters.yaml: The series has no messages yet."]


def test_a_series_holds_no_message_that_is_sent_by_itself_and_not_too_many() -> None:
    a_message("receipt", kind="transactional")
    text = b"name: Letters\nmessages:\n  - message: receipt\n"
    assert refused({"series/l.yaml": text}) == [
        "series/l.yaml:2: “receipt” is sent by itself and cannot be part of a series."
    ]
    a_message("a")
    many = "name: Letters\nmessages:\n" + "  - message: a\n" * 1001
    assert refused({"series/l.yaml": many.encode()}) == ["series/l.yaml:3: A series holds 1,000 messages at most."]


def test_a_copy_with_the_ids_of_another_series_is_refused_and_without_them_taken() -> None:
    make_shop()
    series = letters("a", "b", name="Letters")
    draft_journey([send_series(series)], name="W")
    files = export_journeys()
    lines = files["series/letters.yaml"].decode().replace("name: Letters", "name: Copy").splitlines(keepends=True)
    copy = "".join(line for line in lines if not line.startswith("id:")).encode()
    (problem,) = refused({"series/copy.yaml": copy})
    assert problem == (
        "series/copy.yaml:6: Its messages stand in the series “Letters” already. To make a copy, remove all lines with "
        "an id."
    )
    without = "".join(
        line.replace(line.strip(), "-") if "- id" in line else line for line in lines if not line.startswith("id:")
    )
    take({"series/copy.yaml": without.replace("-\n   ", "-").encode()})
    assert order(Series.objects.get(name="Copy")) == order(series) == "ab"


def test_a_segment_counts_from_the_import_on_and_the_log_tells_of_it(time: Time) -> None:
    a_shop()
    files = export_journeys()
    elsewhere()
    ModelLogEntry.objects.all().delete()
    reader = make_reader()
    tag_contacts([reader.pk], "お茶")
    take(files, by=owner())
    keep()
    segment = Segment.objects.get(name="お茶好き")
    assert people(segment) == {reader.pk}
    take(edited(files, SEGMENT, "value: お茶", "value: 紅茶"), by=None)
    keep()
    assert people(segment) == set()
    acts = ModelLogEntry.objects.filter(object_id=str(segment.pk), action__startswith="contacts.").order_by("timestamp")
    assert list(acts.values_list("action", flat=True)) == ["contacts.add_segment", "contacts.change_segment"]


def people(segment: Segment) -> set[int]:
    return {each.contact.pk for each in people_in_segment(segment.pk)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: A\n", "1: “condition” is missing: it says who belongs to it."),
        ("name: A\ncondition:\n", "2: “condition” is missing: it says who belongs to it."),
        ("name: A\ncondition: {fact: no.such, op: eq, value: 1}\n", "2: There is no fact no.such."),
        ("name: A\ncondition: {fact: pyramid.stage, op: gte}\n", "2: "),
        ("name: A\nconditon: {}\ncondition: {all: []}\n", "2: “conditon” is not known here. Did you mean “condition”?"),
        (
            "name: A\ncondition: {fact: segment, op: is, value: true, args: {segment: b}}\n",
            "2: There is no “b”, neither among the files nor here.",
        ),
        (
            "name: A\ncondition: {fact: segment, op: is, value: true, args: {segment: a}}\n",
            "2: A segment cannot depend on itself: “A” → “A”. Take one of these out of the other.",
        ),
    ],
)
def test_a_segment_must_be_whole(text: str, told: str) -> None:
    problems = refused({"segments/a.yaml": text.encode()})
    assert problems[0].startswith(f"segments/a.yaml:{told}")
    assert not Segment.objects.exists()


def test_segments_that_ask_for_each_other_come_in_whatever_the_order_and_no_circle_does() -> None:
    text = "name: {}\ncondition: {{fact: segment, op: is, value: true, args: {{segment: {}}}}}\n"
    plain = b"name: C\ncondition: {fact: contact.tags, op: contains, value: x}\n"
    files = {
        "segments/a.yaml": text.format("A", "b").encode(),
        "segments/b.yaml": text.format("B", "c").encode(),
        "segments/c.yaml": plain,
    }
    take(files)
    # Turned round: for a moment, each order but one would be a circle.
    take(
        {
            "segments/a.yaml": plain.replace(b"C", b"A"),
            "segments/b.yaml": text.format("B", "a").encode(),
            "segments/c.yaml": text.format("C", "b").encode(),
        }
    )
    assert Segment.objects.count() == 3
    circle = {"segments/a.yaml": text.format("A", "c").encode()}
    assert refused(circle) == [
        "segments/a.yaml:2: A segment cannot depend on itself: “A” → “C” → “B” → “A”. "
        "Take one of these out of the other."
    ]


def test_a_segment_of_the_same_name_here_is_not_overwritten_unless_the_file_says_so() -> None:
    a_shop()
    files = {SEGMENT: export_journeys()[SEGMENT]}
    elsewhere()
    save_segment("お茶好き", tagged("別"))
    assert refused(files) == [
        f"{SEGMENT}:3: There is another segment of the name “お茶好き”. "
        "To change that one, remove the line with the id."
    ]
    lines = files[SEGMENT].decode().splitlines(keepends=True)
    done = take({SEGMENT: "".join(line for line in lines if not line.startswith("id:")).encode()})
    assert [each.state for each in done.documents] == ["changed"]
    assert Segment.objects.get().condition == tagged("お茶")


def test_files_of_before_may_name_a_segment_or_series_by_its_name() -> None:
    make_shop()
    series = letters("a", name="Seven letters: 2")
    segment = save_segment("Tea, please", tagged("tea"))
    text = f"""\
name: W
trigger:
  - segment: {{segment: "{segment.name}", way: entered}}
steps:
  - series: {{series: "{series.name}", at_end: go_on}}
"""
    take({"journeys/w.yaml": text.encode()})
    draft = Journey.objects.get().get_latest_revision_as_object()
    assert draft.steps[0].value["series"] == str(series.pk)
    assert draft.trigger[0].value["segment"] == str(segment.pk)


def test_forms_are_named_and_told_of_when_they_are_missing() -> None:
    form = make_form()
    draft_journey([wait(1)], [{"type": "form", "value": {"form": form.pk}}], name="W")
    files = export_journeys()
    assert sorted(files) == ["journeys/w.yaml"]
    name = str(form)
    type(form).objects.all().delete()
    (problem,) = refused(files)
    assert problem.endswith(f": There is no form “{name}” here. Make it first, or write another name.")


def test_names_that_would_leave_the_folder_do_not() -> None:
    make_shop()
    series = letters("a", name="../../etc/passwd")
    outer = save_segment("..\\..\\boot.ini", tagged("x"))
    draft_journey(
        [send_series(series)], [{"type": "segment", "value": {"segment": str(outer.pk), "way": "left"}}], name="W"
    )
    assert sorted(export_journeys()) == [
        "journeys/w.yaml",
        "messages/a.yaml",
        "segments/bootini.yaml",
        "series/etcpasswd.yaml",
    ]


@pytest.mark.parametrize("folder", ["series", "segments"])
def test_hostile_files_are_refused(folder: str) -> None:
    file = f"{folder}/x.yaml"
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\nname: L\n"
    assert refused({file: bomb.encode()})[0] == f"{file}:1: Anchors (&) and aliases (*) are not allowed. Write it out."
    assert "larger than" in refused({file: b"#" * 1_000_001})[0]
    assert "Tags (!) are not allowed." in refused({file: b"name: !!python/object:os.system x\n"})[0]
    deep = "name: L\ncondition: " + "{not: " * 70 + "x" + "}" * 70
    assert "nested too deeply" in refused({file: deep.encode()})[0]


def test_what_is_written_fits_the_schemas() -> None:
    a_shop()
    told = schemas()
    assert set(told) == {kind.folder for kind in KINDS}
    for file, source in export_journeys().items():
        schema = told[file.partition("/")[0]]
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(read_document(source, file).plain, schema)


def test_on_the_screen_segments_need_their_own_permission_and_are_said_to_count_at_once() -> None:
    a_shop()
    files = export_journeys()
    elsewhere()
    browser = client_of(owner())
    url = send_in(browser, files)
    page = browser.get(url).content.decode()
    assert "Segments have no drafts: these count as soon as they are imported: お茶好き, 京都のお茶好き" in page
    for file in (FILE, SEGMENT):
        assert file in page
    editor = staff_client("journeys.view_journey", *EDIT)
    url = send_in(editor, files)
    page = editor.get(url).content.decode()
    assert "You may not make segments." in page
    editor.post(url, {"seen": "x"})
    assert not Segment.objects.exists()
    assert not Journey.objects.exists()
    without = {file: content for file, content in files.items() if not file.startswith(("segments/", "journeys/"))}
    url = send_in(editor, without)
    assert editor.get(url).status_code == 200


def send_in(browser: Any, files: dict[str, bytes]) -> str:
    sent = SimpleUploadedFile("journeys.zip", write_zip(files), "application/zip")
    return str(browser.post("/admin/journeys/files/import/", {"archive": sent})["Location"])


def test_whoever_may_not_see_segments_gets_their_names_only() -> None:
    a_shop()
    files = export_journeys(without=[SEGMENTS])
    assert not [file for file in files if file.startswith("segments/")]
    for permissions, expected in (((), False), (("contacts.view_segment",), True)):
        viewer = staff_client("journeys.view_journey", "messaging.view_message", *permissions)
        answer = viewer.post("/admin/journeys/files/export/")
        names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        assert (SEGMENT in names) is expected
        assert FILE in names


def test_a_published_series_is_not_published_again_by_an_import_that_changes_nothing(time: Time) -> None:
    make_shop()
    series = letters("a", name="Letters")
    draft_journey([send_series(series)], [{"type": "by_hand", "value": None}], name="W")
    take(export_journeys(), publish=True)
    assert take(export_journeys(), publish=True).is_idle
    assert publish(series).number == 1


def test_ids_of_items_without_one_stay_the_same_from_import_to_import() -> None:
    a_message("a")
    text = b"name: Letters\nmessages:\n  - message: a\n  - message: a\n"
    done = take({"series/letters.yaml": text})
    assert done.unnamed == {"series/letters.yaml": 2}
    before = set(SeriesItem.objects.values_list("pk", flat=True))
    assert len(before) == 2
    assert all(isinstance(each, uuid.UUID) for each in before)
    assert take({"series/letters.yaml": text}).counts == {"same": 1}
    assert set(SeriesItem.objects.values_list("pk", flat=True)) == before
