"""Backups of the tests' own database, restored into a new one; and the hold on all sends that follows a restore."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from psycopg import sql
from wagtail.models import ModelLogEntry

from jouren.core import clock
from jouren.core.backup import runs
from jouren.core.backup.archive import BackupWriter, BadBackup, Manifest, read_manifest
from jouren.core.backup.making import BackupFailed, make_backup
from jouren.core.backup.postgres import ToolTrouble
from jouren.core.backup.restoring import NotEmpty, restore_backup
from jouren.core.backup.settling import settle
from jouren.core.checkup import examine
from jouren.core.config import Backups, Config
from jouren.core.database import EmbeddedDatabase, OtherMajorVersion
from jouren.core.holding import NotHeld, is_held, release_sends
from jouren.core.models import BackupRun, Overdue, Restore
from jouren.events.actions import NewEvent, record_event
from jouren.messaging.models import Delivery
from jouren.messaging.releasing import Held, count_held
from jouren.messaging.sender import LaneSender
from jouren.messaging.vocabulary import Lane, State
from jouren.pyramid.actions import change_stage
from jouren.webhooks.caller import Caller
from jouren.webhooks.models import Call, CallState, Endpoint
from tests.backoffice import owner_client, staff_client
from tests.integration.test_cli_commands import Run, database_url, run  # noqa: F401
from tests.messages import published, reader
from tests.sending import plan
from tests.sending import run as work_off
from tests.smtp_server import ScriptedServer
from tests.walking import buy, live_journey, send, wait, walk_of, work

HOUR = timedelta(hours=1)
KEY = "another-secret-key-of-at-least-32-characters"
SAME = (
    "SELECT id, public_id, family_name FROM contacts_contact ORDER BY id",
    "SELECT contact_id, stage FROM pyramid_position ORDER BY 1",
    "SELECT contact_id, channel, topic, is_granted FROM contacts_consent ORDER BY 1, 2, 3",
    "SELECT contact_id, state, step, due_at FROM journeys_enrolment ORDER BY id",
    "SELECT id, state, due_at, try_at FROM messaging_delivery ORDER BY id",
    "SELECT id, type, payload::text FROM events_event ORDER BY id",
)


def ask(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as other:
        return other.execute(statement).fetchall()  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def shop(tmp_path: Path) -> Config:
    """The tests' database with a data folder of its own."""
    home = tmp_path / "old"
    (home / "media" / "images").mkdir(parents=True)
    (home / "media" / "images" / "顔.png").write_bytes(b"png")
    (home / "media" / "link").symlink_to("/etc/passwd")
    return replace(settings.JOUREN, home=home, database_url=database_url(), secret_key=KEY)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    """An installation with nothing in it, on the same server."""
    monkeypatch.delenv("JOUREN_SECRET_KEY", raising=False)
    name = f"restored_{uuid4().hex[:12]}"
    with psycopg.connect(database_url(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        (tmp_path / "new").mkdir()
        url = urlsplit(database_url())._replace(path=f"/{name}").geturl()
        yield replace(settings.JOUREN, home=tmp_path / "new", database_url=url)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def nothing(config: Config) -> None:
    """Leave what is restored as it is."""


@pytest.mark.django_db(transaction=True)
def test_what_is_restored_is_what_was_backed_up_and_holds_all_sends(
    shop: Config, empty: Config, tmp_path: Path
) -> None:
    contact = reader("hanako@example.jp", family_name="山田")
    change_stage(contact.pk, 3)
    live_journey([send(published(name="a").message), wait(1), send(published(name="b").message)])
    record_event(NewEvent("order.paid", contact.pk, {"order": "1", "amount": 1, "currency": "JPY"}))
    work()
    seen: list[list[tuple[Any, ...]]] = []

    def look(snapshot: psycopg.Connection[Any]) -> None:
        seen.extend(snapshot.execute(each).fetchall() for each in SAME)
        # What is written meanwhile is in the next backup.
        reader("late@example.jp")

    file = tmp_path / "backup"
    made = make_backup(shop, file, look=look)
    assert file.stat().st_mode & 0o777 == 0o600
    assert (made.manifest.people, made.manifest.waiting, made.size) == (1, 1, file.stat().st_size)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["backup"]
    with pytest.raises(BackupFailed, match="--force"):
        make_backup(shop, file)

    done = restore_backup(empty, file, nothing)
    assert (done.manifest, done.aside) == (made.manifest, None)
    assert [ask(empty.database_url, each) for each in SAME] == seen
    assert ask(empty.database_url, "SELECT taken_at, settled_at, released_at FROM core_restore") == [
        (made.manifest.taken_at, None, None)
    ]
    assert (empty.home / "secret_key").read_text() == KEY
    files = [path.relative_to(empty.home).as_posix() for path in empty.home.rglob("*") if path.is_file()]
    assert sorted(files) == ["media/images/顔.png", "secret_key"]

    with pytest.raises(NotEmpty):
        restore_backup(empty, file, nothing)
    again = restore_backup(empty, file, nothing, force=True)
    assert again.aside is not None
    assert (Path(again.aside) / "secret_key").read_text() == KEY
    (schema,) = ask(empty.database_url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'before_restore_%'")
    assert ask(empty.database_url, f"SELECT count(*) FROM {schema[0]}.contacts_contact") == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_restored_changes_nothing(shop: Config, empty: Config, tmp_path: Path) -> None:
    now = datetime.now(UTC)

    def forge(**changed: Any) -> Path:
        details = {"jouren": "0.1.0", "migrations": ("core.0001_initial",), "postgres": 150_000} | changed
        manifest = Manifest(taken_at=now, people=0, waiting=0, **details)
        with (tmp_path / "forged").open("wb") as file:
            writer = BackupWriter(file)
            writer.add_bytes("manifest.json", manifest.to_json())
            writer.add_bytes("database.dump", b"PGDMP nothing")
            writer.add_bytes("secret_key", KEY.encode())
            writer.finish()
        return tmp_path / "forged"

    for newer in ({"jouren": "99.0"}, {"migrations": ("core.9999_future",)}):
        with pytest.raises(BadBackup, match="newer Jouren"):
            restore_backup(empty, forge(**newer), nothing)
    with pytest.raises(ToolTrouble):
        restore_backup(empty, forge(), nothing)
    assert list(empty.home.iterdir()) == []
    assert ask(empty.database_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_leaves_nothing_half(shop: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(writer: BackupWriter) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(BackupWriter, "finish", fail)
    (tmp_path / "kept").write_text("before")
    with pytest.raises(BackupFailed, match="No space left") as failed:
        make_backup(shop, tmp_path / "kept", force=True)
    assert KEY not in str(failed.value)
    assert {path.name for path in tmp_path.iterdir()} == {"old", "kept"}
    assert (tmp_path / "kept").read_text() == "before"


@pytest.mark.django_db(transaction=True)
def test_the_backup_of_the_day_is_made_once_and_old_ones_go(
    shop: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backups"
    now = datetime.now(UTC)
    an_hour_ago = (now + timedelta(hours=9) - HOUR).time().replace(second=0, microsecond=0)
    backups = Backups(folder, an_hour_ago, 2, 0)
    monkeypatch.setattr(settings, "JOUREN", replace(shop, backups=backups))
    run_id = runs.claim(now, backups)
    assert run_id is not None
    assert runs.claim(now, backups) is None
    with pytest.raises(runs.CannotAsk):
        runs.carry_out(run_id, settings.JOUREN)
    assert str(folder) in runs.standing(backups).trouble
    # A failed one is tried again after a while, not at once.
    assert runs.claim(now + timedelta(minutes=5), backups) is None
    run_id = runs.claim(now + HOUR, backups)
    assert run_id is not None
    folder.mkdir()
    for name in ("jouren-20250101-033000.backup", "jouren-20250102-033000.backup", "jouren-20250101.sql"):
        (folder / name).write_text("old")
    (folder / "jouren-20250101-033000.backup.0a0b0c0d.part").write_text("cut off")
    runs.carry_out(run_id, settings.JOUREN)
    made = BackupRun.objects.get(pk=run_id)
    assert {path.name for path in folder.iterdir()} == {
        made.file,
        "jouren-20250102-033000.backup",
        "jouren-20250101.sql",
    }
    assert (made.size, made.error) == ((folder / made.file).stat().st_size, "")
    assert read_manifest(folder / made.file).people == 0
    assert runs.standing(backups).last == made
    assert runs.standing(backups).trouble == ""
    assert runs.claim(now + 2 * HOUR, backups) is None
    assert runs.claim(now + timedelta(days=1, hours=2), backups) is not None


@pytest.mark.django_db
def test_who_asks_for_a_backup_gets_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(runs.CannotAsk, match="JOUREN_BACKUP_DIR"):
        runs.ask_for_backup()
    backups = Backups(Path("/nowhere"), time(3, 30), 2, 0)
    monkeypatch.setattr(settings, "JOUREN", replace(settings.JOUREN, backups=backups))
    owner = get_user_model().objects.create_superuser("o", "o@example.jp", "x")
    asked = runs.ask_for_backup(by=owner)
    with pytest.raises(runs.CannotAsk, match="already"):
        runs.ask_for_backup(by=owner)
    now = datetime.now(UTC)
    assert runs.claim(now, backups) == asked.pk
    assert runs.claim(now + timedelta(minutes=1), backups) is None
    # Whoever was to make it was killed: it is given up, and the day's is made.
    assert runs.claim(now + timedelta(minutes=3), backups) is None
    assert runs.claim(now + timedelta(minutes=3), backups) is not None


@pytest.fixture
def restored() -> Restore:
    """This installation came out of a backup of two hours ago, an hour ago."""
    now = clock.now()
    return Restore.objects.create(taken_at=now - 2 * HOUR, restored_at=now - HOUR, settled_at=now - HOUR)


def states() -> list[tuple[str, int, str]]:
    rows = Delivery.objects.order_by("message_version__name", "id")
    return list(rows.values_list("message_version__name", "state", "reason"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("overdue", "sent"),
    [
        (Overdue.CAREFUL, {"asked", "cut off", "later"}),
        (Overdue.SEND, {"asked", "cut off", "doubtful", "later"}),
        (Overdue.WITHHOLD, set()),
    ],
)
def test_nothing_leaves_before_the_release_and_then_what_was_chosen(
    restored: Restore, overdue: Overdue, sent: set[str], server: ScriptedServer, sender: Callable[..., LaneSender]
) -> None:
    now, contact = clock.now(), reader("a@example.jp")
    before, after = now - 90 * timedelta(minutes=1), now - timedelta(minutes=10)

    def planned(name: str, due_at: datetime, kind: str = "help", **details: Any) -> None:
        lane = Lane.TRANSACTIONAL if kind == "transactional" else Lane.TRIGGERED
        (delivery,) = plan(published(name=name, subject=name, kind=kind), contact, due_at=due_at, lane=lane)
        Delivery.objects.filter(pk=delivery.pk).update(**details)

    planned("doubtful", before)
    planned("asked", before, "transactional")
    planned("later", after)
    # The old installation let it wait, too, and longer than it lived.
    planned("put off", before, try_at=now + HOUR)
    planned("attempted", before, state=State.ATTEMPTING, slot=7, message_id="x@y")
    planned("cut off", before, "transactional", state=State.ATTEMPTING, slot=1, message_id="z@y")
    endpoint = Endpoint.objects.create(name="e", url="https://example.invalid/", created_at=now)
    call = Call.objects.create(
        endpoint=endpoint, content={"type": "t"}, created_at=before, try_at=before, give_up_at=now + HOUR
    )
    assert count_held() == Held(marketing=1, transactional=1, later=1, total=3, attempting=2)
    for lane in Lane:
        assert not sender(lane).tick()
    assert not Caller().tick()
    assert server.letters == []
    assert is_held()

    release_sends(overdue)
    call.refresh_from_db()
    assert (call.state, call.error) == ((CallState.WAITING, "") if overdue == Overdue.SEND else (3, "restored"))
    for lane in (Lane.TRANSACTIONAL, Lane.TRIGGERED):
        work_off(sender(lane))
    withheld = {name for name, state, reason in states() if (state, reason) == (State.SUPPRESSED, "restored")}
    got = {name for name, state, _reason in states() if state == State.SENT}
    assert got == sent
    assert withheld == {"doubtful", "asked", "later", "cut off"} - sent
    assert ("put off", State.PLANNED, "") in states()
    # Marketing that was being handed over is not sent again, whatever is chosen.
    assert ("attempted", State.UNKNOWN, "") in states()
    assert not is_held()
    with pytest.raises(NotHeld):
        release_sends(overdue)


@pytest.mark.django_db
def test_what_fell_due_since_the_backup_happens_at_its_own_time_and_is_not_sent(
    server: ScriptedServer, sender: Callable[..., LaneSender]
) -> None:
    """People who came, or were due, between the backup and the restore are where they would be."""
    now = clock.now()
    messages = [published(name=name, subject=name).message for name in ("first", "second", "third")]
    live_journey([send(messages[0]), wait(1, "one"), send(messages[1]), wait(1, "two"), send(messages[2])])
    early, late = reader("early@example.jp"), reader("late@example.jp")

    with clock.living_through(now - timedelta(days=1, hours=12)):
        buy(early)
        work()
        Delivery.objects.update(state=State.SENT)
    taken_at = now - timedelta(days=1, hours=3)
    with clock.living_through(taken_at):
        # The backup was made before this was reacted to; the old installation did so, and wrote to them.
        buy(late)
    restored = Restore.objects.create(taken_at=taken_at, restored_at=now)

    settle()
    restored.refresh_from_db()
    assert restored.settled_at is not None
    assert restored.settled_at - now < timedelta(minutes=1)
    dues = {
        (name, contact_id): due_at
        for name, contact_id, due_at in Delivery.objects.values_list("message_version__name", "contact_id", "due_at")
    }
    minute = timedelta(minutes=2)
    assert abs(dues["second", early.pk] - (now - timedelta(hours=12))) < minute
    assert abs(dues["first", late.pk] - taken_at) < minute
    assert abs(dues["second", late.pk] - (taken_at + timedelta(days=1))) < minute
    due_at = walk_of(late).due_at
    assert due_at is not None
    assert abs(due_at - (taken_at + timedelta(days=2))) < 2 * minute
    assert server.letters == []

    release_sends(Overdue.CAREFUL)
    work()
    work_off(sender())
    assert server.letters == []
    assert [state for _name, state, _reason in states()] == [
        *(State.SENT, State.SUPPRESSED),  # the first letters
        *(State.SUPPRESSED, State.SUPPRESSED),
    ]


@pytest.mark.django_db
def test_a_restore_that_was_cut_off_before_it_settled_doubts_all_that_is_due() -> None:
    now = clock.now()
    Restore.objects.create(taken_at=now - HOUR, restored_at=now)
    plan(published(name="new"), reader("a@example.jp"))
    assert count_held() == Held(1, 0, 0, 1, 0)
    release_sends(Overdue.CAREFUL)
    assert states() == [("new", State.SUPPRESSED, "restored")]


@pytest.mark.django_db
def test_one_hold_at_a_time(restored: Restore) -> None:
    assert connection.vendor == "postgresql"
    with pytest.raises(Exception, match="core_restore_one_holds"):
        Restore.objects.create(taken_at=clock.now(), restored_at=clock.now())


@pytest.mark.django_db
def test_the_first_screen_and_doctor_tell_of_the_hold_and_a_button_ends_it(restored: Restore) -> None:
    plan(published(name="doubtful"), reader("a@example.jp"), due_at=clock.now() - 90 * timedelta(minutes=1))
    assert "all sends are held" in " ".join(finding.text for finding in examine(settings.JOUREN))
    owner = owner_client()
    assert b"Nothing is sent, and no webhook is called" in owner.get("/admin/").content
    page = owner.get("/admin/backups/held-sends/").content.decode()
    assert "<strong>1</strong> message would go at once." in page
    assert owner.post("/admin/backups/held-sends/release/", {"overdue": "all"}).status_code == 404
    assert staff_client().post("/admin/backups/held-sends/release/", {"overdue": "send"}).status_code in {302, 403}
    assert is_held()
    owner.post("/admin/backups/held-sends/release/", {"overdue": "careful"})
    assert not is_held()
    assert states() == [("doubtful", State.SUPPRESSED, "restored")]
    assert ModelLogEntry.objects.filter(action="core.release_sends").count() == 1
    assert b"Nothing is held" in owner.get("/admin/backups/held-sends/").content


@pytest.mark.django_db
def test_owners_see_backups_and_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = owner_client()
    assert b"JOUREN_BACKUP_DIR" in owner.get("/admin/backups/").content
    backups = Backups(Path("/nowhere"), time(3, 30), 2, 0)
    monkeypatch.setattr(settings, "JOUREN", replace(settings.JOUREN, backups=backups))
    owner.post("/admin/backups/make/")
    run_id = runs.claim(datetime.now(UTC), backups)
    assert run_id is not None
    assert b"Is being made" in owner.get("/admin/backups/").content
    runs.end(run_id, error="The disk is full.")
    assert b"The disk is full." in owner.get("/admin/backups/").content
    assert b"The last backup was not made: The disk is full." in owner.get("/admin/").content
    assert any(each.level == "error" and "disk is full" in each.text for each in examine(settings.JOUREN))


def test_a_cluster_of_another_major_version_is_refused_and_told_how_to_go_on(tmp_path: Path) -> None:
    database = EmbeddedDatabase(tmp_path)
    database.data.mkdir()
    (database.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(OtherMajorVersion, match="upgrade-database --from FILE"), database.running():
        pass
    assert [path.name for path in database.data.iterdir()] == ["PG_VERSION"]


@pytest.mark.django_db(transaction=True)
def test_commands_back_up_restore_release_and_take_to_another_major_version(
    run: Run,  # noqa: F811
    tmp_path: Path,
) -> None:
    """From the tests' server to an embedded database, which then comes from an older PostgreSQL."""
    contact = reader("hanako@example.jp")
    plan(published(name="doubtful"), contact, due_at=clock.now() - HOUR)
    file, home = str(tmp_path / "shop.backup"), tmp_path / "home"
    key = {"JOUREN_SECRET_KEY": KEY}
    made = run("backup", file, DATABASE_URL=database_url(), **key)
    assert (made.returncode, made.stderr) == (0, "")
    assert "1 people" in made.stdout
    assert "--force" in run("backup", file, DATABASE_URL=database_url(), **key).stderr
    there = {"JOUREN_HOME": str(home), "JOUREN_SANDBOX": "1"}

    other = run("restore", file, JOUREN_SECRET_KEY="x" * 40, **there)
    assert (other.returncode, "JOUREN_SECRET_KEY" in other.stderr) == (1, True)
    done = run("restore", file, **there)
    assert (done.returncode, done.stderr) == (0, "")
    assert "All sends are held." in done.stdout
    assert (home / "secret_key").read_text() == KEY
    assert "--force" in run("restore", file, **there).stderr
    wrong = run("restore", file, "--force", input="yes\n", **there)
    assert (wrong.returncode, "Nothing was changed" in wrong.stderr) == (1, True)

    (home / "postgres" / "PG_VERSION").write_text("17\n")
    refused = run("release-sends", "--yes", **there)
    assert "jouren upgrade-database --from FILE" in refused.stderr
    upgraded = run("upgrade-database", "--from", file, "--yes", **there)
    assert (upgraded.returncode, upgraded.stderr) == (0, "")
    (old,) = home.glob("before-restore-*/postgres/PG_VERSION")
    assert old.read_text() == "17\n"
    released = run("release-sends", "--yes", **there)
    assert "Marketing that was due before the restore: 1" in released.stdout
    assert "nothing to release" in run("release-sends", "--yes", **there).stderr
    assert KEY not in made.stdout + done.stdout + upgraded.stdout + other.stderr
