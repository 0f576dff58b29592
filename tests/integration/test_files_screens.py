"""Journeys as files in the back office and from the command line."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jouren.cli import files as commands
from jouren.files.exporting import export_journeys
from jouren.files.folders import write_zip
from jouren.files.models import Upload
from jouren.files.uploads import forget_uploads
from jouren.journeys.models import Journey
from tests.backoffice import owner_client, staff_client
from tests.filing import a_message, edited, elsewhere
from tests.walking import Time, draft_journey, send, wait

pytestmark = pytest.mark.django_db
EDIT = ("journeys.add_journey", "journeys.change_journey", "messaging.add_message", "messaging.change_message")
WELCOME = "journeys/welcome.yaml"


@pytest.fixture
def files() -> dict[str, bytes]:
    draft_journey([wait(1), send(a_message())])
    made = export_journeys()
    elsewhere()
    return made


def send_in(browser: Client, content: bytes) -> str:
    sent = SimpleUploadedFile("journeys.zip", content, "application/zip")
    answer = browser.post("/admin/journeys/files/import/", {"archive": sent})
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def confirm(browser: Client, url: str, **chosen: str) -> str:
    page = browser.get(url, chosen).content.decode()
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert seen, page
    answer = browser.post(url, {"seen": seen[1], **chosen}, follow=True)
    return answer.content.decode()


def test_a_zip_is_shown_and_becomes_drafts_after_a_yes(files: dict[str, bytes]) -> None:
    browser = staff_client("journeys.view_journey", *EDIT)
    url = send_in(browser, write_zip(files))
    page = browser.get(url).content.decode()
    assert WELCOME in page
    assert "messages/ようこそ.yaml" in page
    assert not Journey.objects.exists()
    assert "Imported as drafts: 2 new, 0 changed." in confirm(browser, url)
    assert not Journey.objects.get().live
    assert not Upload.objects.exists()
    assert browser.get(url)["Location"] == "/admin/journeys/files/import/"


def test_what_changes_is_shown_line_by_line(files: dict[str, bytes]) -> None:
    browser = owner_client()
    confirm(browser, send_in(browser, write_zip(files)))
    url = send_in(browser, write_zip(edited(files, WELCOME, "amount: 1", "amount: 9")))
    page = browser.get(url).content.decode()
    assert '<div class="is-removed">-      amount: 1</div>' in page
    assert '<div class="is-added">+      amount: 9</div>' in page
    assert "Imported as drafts: 0 new, 1 changed." in confirm(browser, url)
    assert Journey.objects.count() == 1


def test_faults_are_shown_with_their_lines(files: dict[str, bytes]) -> None:
    browser = owner_client()
    sent = SimpleUploadedFile("x.zip", write_zip({**files, WELCOME: b"name: W\nsteps:\n  - wiat: {}\n"}))
    url = browser.post("/admin/journeys/files/import/", {"archive": sent})["Location"]
    page = browser.get(url)
    assert page.status_code == 400
    text = page.content.decode()
    assert "journeys/welcome.yaml:3" in text
    assert "There is no “wiat” here. Did you mean “wait”?" in text
    broken = SimpleUploadedFile("x.zip", write_zip({"x.yaml": b"name: W\n"}))
    assert b"x.yaml" in browser.post("/admin/journeys/files/import/", {"archive": broken}).content


def test_what_is_in_a_file_is_text_on_the_screen(files: dict[str, bytes]) -> None:
    browser = owner_client()
    evil = edited(files, WELCOME, "name: Welcome", "name: <script>alert(1)</script>")
    page = browser.get(send_in(browser, write_zip(evil))).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_nobody_sees_or_imports_what_somebody_else_has_sent_in(files: dict[str, bytes]) -> None:
    url = send_in(staff_client(*EDIT), write_zip(files))
    other = staff_client(*EDIT)
    assert other.get(url)["Location"] == "/admin/journeys/files/import/"
    assert other.post(url, {"seen": "x"})["Location"] == "/admin/journeys/files/import/"
    assert not Journey.objects.exists()


def test_each_permission_counts(files: dict[str, bytes]) -> None:
    for missing in EDIT:
        browser = staff_client(*[each for each in EDIT if each != missing])
        assert browser.get("/admin/journeys/files/import/").status_code == 302
    assert staff_client("journeys.view_journey").post("/admin/journeys/files/export/").status_code == 302


def test_publishing_needs_the_right_to_publish(files: dict[str, bytes]) -> None:
    browser = staff_client("journeys.view_journey", *EDIT)
    text = b"name: W\ntrigger:\n  - by_hand: {}\nsteps:\n  - wait: {amount: 1, unit: days}\n"
    url = send_in(browser, write_zip({WELCOME: text}))
    assert b"Import and publish" not in browser.get(url, {"publish": "1"}).content
    browser.post(url, {"seen": "x", "publish": "1"})
    assert not Journey.objects.exists()
    owner = owner_client()
    url = send_in(owner, write_zip({WELCOME: text}))
    assert "Imported and published: 1 new, 0 changed." in confirm(owner, url, publish="1")
    assert Journey.objects.get().live


def test_what_cannot_be_published_can_become_a_draft(files: dict[str, bytes]) -> None:
    browser = owner_client()
    url = send_in(browser, write_zip({WELCOME: b"name: W\n"}))
    page = browser.get(url, {"publish": "1"})
    assert page.status_code == 400
    assert b"Import as drafts instead" in page.content


def test_a_changed_journey_is_not_overwritten_unseen(files: dict[str, bytes]) -> None:
    browser = owner_client()
    url = send_in(browser, write_zip(files))
    page = browser.post(url, {"seen": "somethingelse"}).content.decode()
    assert "Something was changed meanwhile. Look at it again before you import." in page
    assert not Journey.objects.exists()


def test_the_zip_of_one_journey_holds_it_and_its_messages() -> None:
    journey = draft_journey([send(a_message())])
    draft_journey([send(a_message("Other"))], name="Other")
    answer = owner_client().post(f"/admin/journeys/files/export/{journey.pk}/")
    assert answer["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sorted(archive.namelist()) == [WELCOME, "messages/ようこそ.yaml"]
    everything = owner_client_again().post("/admin/journeys/files/export/")
    with zipfile.ZipFile(io.BytesIO(everything.content)) as archive:
        assert len(archive.namelist()) == 4


def owner_client_again() -> Client:
    return staff_client("journeys.view_journey", "messaging.view_message")


def test_zips_are_forgotten_after_a_day(time: Time, files: dict[str, bytes]) -> None:
    browser = owner_client()
    url = send_in(browser, write_zip(files))
    time.pass_by(days=1)
    assert browser.get(url)["Location"] == "/admin/journeys/files/import/"
    assert forget_uploads() == 1


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """The commands, on the test's own database."""
    import contextlib

    monkeypatch.setattr(commands, "start_django", lambda: None)
    monkeypatch.setattr(commands, "database", lambda config: contextlib.nullcontext())
    yield CliRunner()


def test_the_commands_write_show_ask_and_import(terminal: CliRunner, tmp_path: Path) -> None:
    draft_journey([wait(1), send(a_message())])
    folder = str(tmp_path / "shop")
    done = terminal.invoke(commands.export_group, ["journeys", folder])
    assert done.output == f"Wrote 2 files to {folder}.\n"
    path = tmp_path / "shop" / WELCOME
    path.write_text(path.read_text().replace("amount: 1", "amount: 4"))
    shown = terminal.invoke(commands.import_group, ["journeys", folder], input="n\n")
    assert shown.exit_code == 1
    assert "journeys/welcome.yaml: Welcome: changed" in shown.output
    assert "  -      amount: 1\n  +      amount: 4\n" in shown.output
    assert "messages/ようこそ.yaml: ようこそ: unchanged" in shown.output
    assert Journey.objects.get().latest_revision is None
    assert terminal.invoke(commands.import_group, ["journeys", folder, "--dry-run"]).exit_code == 0
    assert Journey.objects.get().latest_revision is None
    assert terminal.invoke(commands.import_group, ["journeys", folder, "--yes"]).output.endswith("Done.\n")
    assert Journey.objects.get().get_latest_revision_as_object().steps[0].value["amount"] == 4
    assert terminal.invoke(commands.import_group, ["journeys", folder]).output.endswith("Nothing changes.\n")


def test_the_schema_is_printed(terminal: CliRunner) -> None:
    assert terminal.invoke(commands.schema, ["journeys"]).output == Path("docs/schemas/journeys.json").read_text()


def test_one_journey_is_written_by_its_name(terminal: CliRunner, tmp_path: Path) -> None:
    draft_journey([wait(1)])
    draft_journey([wait(1)], name="Other")
    terminal.invoke(commands.export_group, ["journeys", str(tmp_path), "--journey", "Other"])
    assert [path.name for path in tmp_path.glob("journeys/*")] == ["other.yaml"]
    missing = terminal.invoke(commands.export_group, ["journeys", str(tmp_path), "--journey", "None"])
    assert str(missing.exception) == "There is no journey “None”."
