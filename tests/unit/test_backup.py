"""The file of a backup, hostile files in its place, and which backups are kept."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, time
from hashlib import sha256
from pathlib import Path

import pytest

from jouren.core.backup.archive import BackupWriter, BadBackup, Manifest, check_backup, read_manifest, unpack
from jouren.core.backup.postgres import portable
from jouren.core.backup.schedule import last_time, moment_of, name_at, outdated

MANIFEST = Manifest("0.1.0", datetime(2026, 11, 30, 1, 2, 3, tzinfo=UTC), 180001, ("core.0001_initial",), 5, 2)
LONG = "media/" + "顔" * 60 + "/" + "x" * 120 + ".png"
PARTS = {
    "manifest.json": MANIFEST.to_json(),
    "database.dump": b"PGDMP" + bytes(3_000_000),
    "secret_key": b"k" * 40,
    "media/images/a.png": b"",
    LONG: b"png",
}


def write(path: Path, parts: dict[str, bytes] = PARTS) -> Path:
    with path.open("wb") as file:
        writer = BackupWriter(file)
        for name, content in parts.items():
            writer.add_bytes(name, content)
        writer.finish()
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "b")
    assert check_backup(path) == read_manifest(path) == MANIFEST
    (tmp_path / "out").mkdir()
    unpack(path, tmp_path / "out")
    for name, content in PARTS.items():
        assert (tmp_path / "out" / name).read_bytes() == content
    assert (tmp_path / "out" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_any_tar_reads_it(tmp_path: Path) -> None:
    with tarfile.open(write(tmp_path / "b")) as archive:
        assert archive.getnames() == [*PARTS, "checksums.json"]


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.3, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    path = write(tmp_path / "b")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole.rstrip(b"\0")) * share)])
    with pytest.raises(BadBackup):
        check_backup(path)


def test_a_changed_bit_is_found(tmp_path: Path) -> None:
    path = write(tmp_path / "b")
    content = bytearray(path.read_bytes())
    content[1_500_000] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadBackup, match="checksums"):
        check_backup(path)


def forged(path: Path, add: Callable[[tarfile.TarFile], None]) -> Path:
    """A file of somebody who knows how one is made: what they add has its checksum."""
    sums = {name: sha256(content).hexdigest() for name, content in PARTS.items()}
    with tarfile.open(path, "w") as archive:
        for name, content in PARTS.items():
            _add(archive, name, content)
        add(archive)
        sums |= {name: sha256(b"evil").hexdigest() for name in archive.getnames() if name not in sums}
        _add(archive, "checksums.json", json.dumps(sums).encode())
    return path


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _special(kind: bytes) -> Callable[[tarfile.TarFile], None]:
    def add(archive: tarfile.TarFile) -> None:
        member = tarfile.TarInfo("media/evil")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)

    return add


HOSTILE: dict[str, Callable[[tarfile.TarFile], None]] = {
    **{
        name: lambda archive, name=name: _add(archive, name, b"evil")  # type: ignore[misc]
        for name in ("../evil", "media/../../evil", "/etc/evil", "media/", "media//evil", "media/./x", "postgres/x")
    },
    "twice": lambda archive: _add(archive, "secret_key", b"evil"),
    "control": lambda archive: _add(archive, "media/a\nb", b"evil"),
    "link": _special(tarfile.SYMTYPE),
    "hard link": _special(tarfile.LNKTYPE),
    "device": _special(tarfile.CHRTYPE),
    "pipe": _special(tarfile.FIFOTYPE),
    "folder": _special(tarfile.DIRTYPE),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_and_nothing_is_taken_from_them(tmp_path: Path, name: str) -> None:
    path = forged(tmp_path / "b", HOSTILE[name])
    with pytest.raises(BadBackup):
        check_backup(path)
    (tmp_path / "in" / "out").mkdir(parents=True)
    with pytest.raises((BadBackup, FileExistsError)):
        unpack(path, tmp_path / "in" / "out")
    assert not list(tmp_path.rglob("*evil*"))
    assert {path.name for path in (tmp_path / "in").iterdir()} == {"out"}


@pytest.mark.parametrize(
    "manifest",
    [b"", b"[]", b"{}", b'{"format": 2}', b'{"format": "1"}', b"\xff", b"[" * 100_000, MANIFEST.to_json()[:-3]],
)
def test_a_wrong_manifest_is_refused(tmp_path: Path, manifest: bytes) -> None:
    with pytest.raises(BadBackup):
        check_backup(write(tmp_path / "b", {**PARTS, "manifest.json": manifest}))


def test_what_is_no_tar_or_lacks_a_part_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"hello" * 1000)
    for path in (other, tmp_path / "absent", tmp_path, write(tmp_path / "b", {"manifest.json": MANIFEST.to_json()})):
        with pytest.raises(BadBackup):
            check_backup(path)


def test_the_last_of_each_day_and_of_each_week_is_kept_and_nothing_of_others_goes() -> None:
    names = [name_at(datetime(2026, 11, day, hour, tzinfo=UTC)) for day in range(1, 31) for hour in (1, 3)]
    others = ["jouren-20261101.backup", "jouren-20261399-000000.backup", "a.png", "x-jouren-20261101-010101.backup"]
    gone = outdated(names + others, days=3, weeks=2)
    assert not set(gone) & set(others)
    # Thursday 26 to Monday 30 November 2026; the week before ends on Sunday the 29th.
    kept = sorted(set(names) - set(gone))
    assert [moment_of(name) for name in kept] == [datetime(2026, 11, day, 3, tzinfo=UTC) for day in (28, 29, 30)]
    assert len(set(names) - set(outdated(names, days=1, weeks=4))) == 4
    assert outdated(names[:1], 1, 0) == []


def test_a_day_begins_at_its_time_in_japan() -> None:
    at = time(3, 30)
    assert last_time(datetime(2026, 11, 29, 18, 30, tzinfo=UTC), at) == datetime(2026, 11, 29, 18, 30, tzinfo=UTC)
    assert last_time(datetime(2026, 11, 29, 18, 29, tzinfo=UTC), at) == datetime(2026, 11, 28, 18, 30, tzinfo=UTC)


def test_a_restoring_script_loses_what_its_server_noted_for_itself_and_no_row() -> None:
    note = b"ALTER TABLE ONLY public.procrastinate_jobs ALTER COLUMN id SET (pg_attver=639026416);\n"
    setting = b"ALTER TABLE ONLY public.events_event ALTER COLUMN payload SET (n_distinct=0.5);\n"
    copy, end = b"COPY public.letters (text) FROM stdin;\n", b"\\.\n"
    script = [b"SET transaction_timeout = 0;\n", setting, note, copy, note, copy, end, note]
    assert list(portable(script, 15)) == [setting, copy, note, copy, end]
    assert list(portable(script, 18)) == [b"SET transaction_timeout = 0;\n", setting, copy, note, copy, end]
