"""What importing refuses, all at once and with lines; and what publishing by it does."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import ModelLogEntry

from jouren.files.errors import BadFiles, ChangedMeanwhile
from jouren.files.exporting import export_journeys
from jouren.files.folders import NoFiles, read_folder, read_zip, write_folder, write_zip
from jouren.journeys.actions import enrol_by_hand
from jouren.journeys.models import Inside, Journey
from jouren.messaging.models import Message, ShopSettings
from tests.filing import a_message, edited, elsewhere, take
from tests.walking import Time, draft_journey, make_reader, send, wait, walk_of, work

pytestmark = pytest.mark.django_db
WELCOME = "journeys/welcome.yaml"


def refused(files: dict[str, bytes], **options: object) -> list[str]:
    with pytest.raises(BadFiles) as error:
        take(files, **options)
    return [str(problem) for problem in error.value.problems]


def file(text: str) -> dict[str, bytes]:
    return {WELCOME: text.encode()}


def test_every_fault_is_told_at_once_with_its_line_and_nothing_is_made() -> None:
    text = """\
name: Welcome
nmae: x
reentry: sometimes
steps:
  - wait: {amount: 5000, unit: day}
  - send: {message: nobody}
  - wiat: {amount: 1}
  - branch:
      when: {fact: no.such, op: eq, value: 1}
      then:
        - exit: {raeson: x}
  - wait_until: {at: quarter past}
"""
    assert refused(file(text)) == [
        f"{WELCOME}:2: “nmae” is not known here. Did you mean “name”?",
        f"{WELCOME}:3: “sometimes” cannot be chosen here. Possible: once, again, after, keyed.",
        f"{WELCOME}:5: Ensure this value is less than or equal to 1000.",
        f"{WELCOME}:5: “day” cannot be chosen here. Did you mean “days”?",
        f"{WELCOME}:6: There is no “nobody”, neither among the files nor here.",
        f"{WELCOME}:7: There is no “wiat” here. Did you mean “wait”?",
        f"{WELCOME}:9: There is no fact no.such.",
        f"{WELCOME}:11: “raeson” is not known here. Did you mean “reason”?",
        f"{WELCOME}:12: “quarter past” cannot be read. Write it like 08:30.",
    ]
    assert not Journey.objects.exists()


def test_a_step_that_was_copied_with_its_id_is_refused() -> None:
    one = "11111111-1111-1111-1111-111111111111"
    text = f"name: W\nsteps:\n  - wait: {{id: {one}, amount: 1}}\n  - wait: {{id: {one}, amount: 2}}\n"
    assert refused(file(text)) == [
        f"{WELCOME}:4: The step on line 3 has the same id. Remove this line: the step then gets one of its own."
    ]


def test_two_files_of_one_thing_are_refused() -> None:
    draft_journey([wait(1)])
    files = export_journeys()
    assert refused({**files, "journeys/copy.yaml": files[WELCOME]}) == [
        f"{WELCOME}: journeys/copy.yaml is the same one. To make a copy, remove the id and give it another file name."
    ]


def test_a_locked_journey_is_left_alone() -> None:
    draft_journey([wait(1)])
    files = export_journeys()
    Journey.objects.update(locked=True)
    assert refused(files) == [f"{WELCOME}: “Welcome” is locked in the back office. Unlock it first."]


def test_a_dry_run_changes_nothing() -> None:
    draft_journey([wait(1), send(a_message())])
    files = export_journeys()
    elsewhere()
    assert take(files, act=False).counts == {"new": 2}
    assert not Journey.objects.exists()
    assert not Message.objects.filter(purpose="").exists()


def test_what_was_shown_is_what_is_done_or_nothing() -> None:
    draft_journey([wait(1)])
    files = edited(export_journeys(), WELCOME, "amount: 1", "amount: 2")
    seen = take(files, act=False).digest
    Journey.objects.update(description="changed meanwhile")
    with pytest.raises(ChangedMeanwhile):
        take(files, seen=seen)
    assert Journey.objects.get().latest_revision is None
    take(files, seen=take(files, act=False).digest)
    assert Journey.objects.get().latest_revision is not None


def test_a_draft_may_be_unfinished_and_is_not_published() -> None:
    text = "name: Welcome\ntrigger:\n  - event: {event: order.paid}\nsteps:\n  - send: {}\n"
    assert [str(each) for each in take(file(text), act=False).unfinished] == [
        f"{WELCOME}:5: “message” (message) is missing."
    ]
    assert refused(file(text), publish=True) == [f"{WELCOME}:5: “message” (message) is missing."]
    assert not Journey.objects.exists()
    take(file(text))
    assert Journey.objects.get().name == "Welcome"
    assert not Journey.objects.get().live


def test_publishing_says_with_the_line_what_stands_against_it() -> None:
    assert refused(file("name: Welcome\nsteps:\n  - wait: {amount: 1}\n"), publish=True) == [
        f"{WELCOME}: Say who enters: choose one trigger."
    ]


def test_a_file_without_ids_updates_its_journey_and_keeps_the_steps_that_say_the_same() -> None:
    text = "name: Welcome\nsteps:\n  - wait: {amount: 1}\n  - wait: {amount: 7}\n"
    assert take(file(text)).unnamed == {WELCOME: 2}
    before = Journey.objects.get().get_latest_revision_as_object().steps
    take(file(text.replace("steps:\n", "steps:\n  - wait: {amount: 3}\n")))
    after = Journey.objects.get().get_latest_revision_as_object().steps
    assert [block.id for block in after][1:] == [block.id for block in before]


@pytest.fixture
def shop() -> None:
    ShopSettings.objects.update_or_create(
        pk=1, defaults={"name": "茶屋", "postal_address": "京都", "complaints_email": "help@example.jp"}
    )


def test_publishing_publishes_messages_and_journeys_that_start_each_other_in_order(shop: None) -> None:
    text = "name: {}\ntrigger:\n  - by_hand:\nsteps:\n"
    files = {
        "journeys/a.yaml": (text.format("A") + "  - start_journey: {journey: b}\n  - wait: {amount: 1}\n").encode(),
        "journeys/b.yaml": (text.format("B") + "  - wait: {amount: 1}\n").encode(),
    }
    done = take(files, publish=True)
    assert [each.file for each in done.publishing] == ["journeys/b.yaml", "journeys/a.yaml"]
    assert Journey.objects.filter(live=True).count() == 2


def test_a_changed_message_gives_the_journeys_that_send_it_a_new_version(shop: None) -> None:
    draft_journey([send(a_message()), wait(1)], [{"type": "by_hand", "value": None}])
    take(export_journeys(), publish=True)
    files = edited(export_journeys(), "messages/ようこそ.yaml", "はじめまして", "こんにちは")
    done = take(files, publish=True)
    assert [each.file for each in done.publishing] == ["messages/ようこそ.yaml", WELCOME]
    assert Journey.objects.get().versions.count() == 2


def test_people_inside_stay_at_their_step_when_the_journey_comes_back_changed(time: Time, shop: None) -> None:
    journey = draft_journey([wait(3)], [{"type": "by_hand", "value": None}])
    take(export_journeys(), publish=True)
    reader = make_reader()
    enrol_by_hand(Journey.objects.get(), [reader.pk])
    work()
    step = walk_of(reader).step
    files = edited(export_journeys(), WELCOME, "amount: 3", "amount: 5")
    shown = take(files, act=False, publish=True, tell=lambda *told: ["told"])
    assert [(each.people, each.lines) for each in shown.publishing] == [(1, ("told",))]
    assert Journey.objects.get().versions.count() == 1
    take(files, publish=True, seen=shown.digest, tell=lambda *told: ["told"])
    live = journey.versions.get(live=True)
    assert live.number == 2
    assert (walk_of(reader).version_id, walk_of(reader).step) == (live.pk, step)
    files = edited(files, WELCOME, "amount: 5", "amount: 6")
    take(files, publish=True, inside=Inside.FINISH)
    assert walk_of(reader).version_id == live.pk


def test_importing_is_in_the_audit_log() -> None:
    take(file("name: Welcome\n"))
    take(file("name: Welcome\ndescription: x\n"))
    assert list(ModelLogEntry.objects.order_by("timestamp").values_list("action", flat=True)) == [
        "wagtail.create",
        "wagtail.edit",
    ]


def test_pictures_go_beside_the_messages_and_come_back_once() -> None:
    image = get_image_model().objects.create(title="お茶", file=get_test_image_file("tea.png"))
    message = a_message()
    block = {"type": "image", "value": {"image": image.pk, "alt": "お茶", "url": ""}}
    body = {"subject": "x", "preheader": "", "content": [block]}
    message.bodies = message._meta.get_field("bodies").stream_block.to_python([{"type": "email", "value": body}])
    message.save()
    draft_journey([send(message)])
    files = export_journeys()
    (picture,) = (name for name in files if name.startswith("pictures/お茶-"))
    elsewhere()
    get_image_model().objects.all().delete()
    take(files, act=False)
    assert not get_image_model().objects.exists()
    take(files)
    assert export_journeys() == files
    assert take(files).is_idle
    assert get_image_model().objects.count() == 1
    assert refused({**files, picture: b"<svg onload=alert(1)>", "messages/x.yaml": files["messages/ようこそ.yaml"]})
    assert "was changed. Give a changed picture a new name." in refused({**files, picture: b"<svg>"})[0]


def test_formatted_text_may_hold_only_what_the_editor_makes() -> None:
    text = """\
name: M
bodies:
  - email:
      subject: x
      content:
        - text: "<p>ok</p><script>alert(1)</script>"
        - text: "<p onclick='x'><a href='javascript:x'>y</a></p>"
"""
    told = refused({"messages/m.yaml": text.encode()})
    assert [line.split(". ")[0].split(": ", 1)[0] for line in told] == ["messages/m.yaml:6"] + ["messages/m.yaml:7"] * 2
    assert "<script> is not allowed here." in told[0]


def packed(*entries: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return made.getvalue()


def test_a_zip_may_have_a_folder_around_and_foreign_files_in_it() -> None:
    welcome = b"name: Welcome\n"
    assert read_zip(packed((f"shop/{WELCOME}", welcome), ("shop/README.md", b"x"))) == {WELCOME: welcome}
    assert read_zip(write_zip({WELCOME: welcome})) == {WELCOME: welcome}


@pytest.mark.parametrize(
    "name", ["../journeys/x.yaml", "/etc/x.yaml", "journeys/../../x.yaml", "other/x.yaml", "x.yaml"]
)
def test_files_outside_of_the_folders_are_refused(name: str) -> None:
    with pytest.raises(BadFiles):
        read_zip(packed((name, b"name: x\n"), (WELCOME, b"name: x\n")))


def test_what_is_no_zip_or_holds_nothing_is_refused() -> None:
    for content in (b"", b"PK\x03\x04", packed(), packed(("readme.txt", b"x"))):
        with pytest.raises(NoFiles):
            read_zip(content)


def test_a_zip_that_unpacks_to_far_more_is_refused() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(WELCOME, b"a" * 5_000_000)
    with pytest.raises(BadFiles, match="The file is too large"):
        read_zip(made.getvalue())


def test_a_folder_is_written_and_read_without_following_links(tmp_path: Path) -> None:
    files = {WELCOME: b"name: Welcome\n"}
    assert write_folder(files, tmp_path) == []
    (tmp_path / "journeys/old.yaml").write_text("name: Old\n")
    assert write_folder(files, tmp_path) == ["journeys/old.yaml"]
    (tmp_path / "journeys/old.yaml").unlink()
    (tmp_path / "journeys/link.yaml").symlink_to("/etc/passwd")
    assert read_folder(tmp_path) == files
