"""The embedded PostgreSQL, as a cluster of its own: start, stop, several users, a power cut."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from jouren.core.database import DatabaseError, EmbeddedDatabase
from jouren.core.loops import wait_until

_USER = """
import sys
from pathlib import Path
from jouren.core.database import EmbeddedDatabase
with EmbeddedDatabase(Path(sys.argv[1])).running():
    print("in", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedDatabase]:
    """One cluster for all tests here, stopped between them: making one takes most of their time."""
    database = EmbeddedDatabase(tmp_path_factory.mktemp("cluster"))
    with database.running(), psycopg.connect(database.url) as connection:
        connection.execute("CREATE TABLE kept (number int)")
        connection.execute("INSERT INTO kept VALUES (42)")
    yield database
    database.stop()


def kept(database: EmbeddedDatabase) -> int:
    with psycopg.connect(database.url) as connection:
        row = connection.execute("SELECT number FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def is_well(database: EmbeddedDatabase) -> bool:
    try:
        return kept(database) == 42
    except psycopg.OperationalError:
        # Not there yet, or still at its recovery.
        return False


def user(database: EmbeddedDatabase) -> subprocess.Popen[str]:
    """Another process that uses the database until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", _USER, str(database.home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    return process


def leave(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=30)


def test_it_starts_once_keeps_what_it_was_given_and_stops(cluster: EmbeddedDatabase) -> None:
    assert not cluster.is_running()
    assert cluster.pid() is None
    assert cluster.start() is True
    assert cluster.start() is False
    assert cluster.is_running()
    assert kept(cluster) == 42
    cluster.stop()
    assert not cluster.is_running()
    assert cluster.pid() is None
    cluster.stop()


def test_it_listens_on_no_network_and_speaks_utf8(cluster: EmbeddedDatabase) -> None:
    with cluster.running(), psycopg.connect(cluster.url) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone() for name in ("listen_addresses", "server_encoding")
        }
    assert shown == {"listen_addresses": ("",), "server_encoding": ("UTF8",)}
    assert cluster.socket_folder.stat().st_mode & 0o077 == 0


def test_it_is_started_again_when_it_ends_by_itself_and_stays_stopped_at_the_end(cluster: EmbeddedDatabase) -> None:
    told: list[str] = []
    with cluster.running(), cluster.kept_up(told.append):
        for _time in range(2):
            with cluster.alone():
                cluster.kill()
            assert wait_until(lambda: is_well(cluster), 30)
    assert told == ["", ""]
    assert not cluster.is_running()


def test_a_start_that_fails_is_told_and_tried_again(cluster: EmbeddedDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jouren.core.database._PAUSE_AFTER_FAILURE", 0.1)
    told: list[str] = []
    with cluster.running(), cluster.kept_up(told.append):
        version = cluster.data / "global" / "pg_control"
        with cluster.alone():
            cluster.kill()
            version.rename(version.with_suffix(".away"))
        assert wait_until(lambda: any(told), 30)
        version.with_suffix(".away").rename(version)
        assert wait_until(lambda: is_well(cluster), 30)
    assert told[0] == ""
    assert "pg_ctl failed" in told[1]


def test_the_last_of_several_users_stops_it(cluster: EmbeddedDatabase) -> None:
    first, second = user(cluster), user(cluster)
    leave(first)
    assert cluster.is_running()
    leave(second)
    assert not cluster.is_running()


def test_a_killed_user_does_not_keep_it_up_for_ever(cluster: EmbeddedDatabase) -> None:
    killed = user(cluster)
    killed.kill()
    leave(killed)
    assert cluster.is_running()
    leave(user(cluster))
    assert not cluster.is_running()


def test_after_a_power_cut_it_starts_again_with_what_was_committed(cluster: EmbeddedDatabase) -> None:
    cluster.start()
    cluster.kill()
    assert wait_until(lambda: not cluster.is_running(), 10)
    with cluster.running():
        assert kept(cluster) == 42


def test_a_socket_folder_that_somebody_else_could_have_made_is_refused(tmp_path: Path) -> None:
    database = EmbeddedDatabase(tmp_path / "home")
    database.socket_folder.symlink_to(tmp_path)
    try:
        with pytest.raises(DatabaseError, match="belongs to someone else"):
            database.start()
    finally:
        database.socket_folder.unlink()


def test_a_server_that_cannot_start_says_why_and_where_its_log_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jouren.core.database._START_TRIES", 1)
    database = EmbeddedDatabase(tmp_path)
    database.data.mkdir()
    (database.data / "PG_VERSION").write_text("18\n")
    (database.data / "postgresql.conf").write_text("")
    with pytest.raises(DatabaseError, match=r"pg_ctl failed: (?s:.*)postgres\.log"):
        database.start()
