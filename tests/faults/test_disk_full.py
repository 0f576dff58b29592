"""The disk with the whole data folder is full for a while: nothing that was taken is lost, nothing goes twice."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from jouren.core.database import EmbeddedDatabase
from jouren.core.loops import wait_until
from tests.faults.judging import judge, settle
from tests.faults.scale import SCALE
from tests.faults.visitors import SignUps, confirm, got
from tests.installation import SERVER, Installation, copy_of
from tests.smtp_server import scripted_server

PEOPLE = 40
FULL = "No space left on device"


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own, in memory."""
    if SERVER:
        pytest.skip("The disk of a server that is not ours cannot be filled.")
    with tempfile.TemporaryDirectory(prefix="jouren-disk-") as folder:
        mounting = ["mount", "-t", "tmpfs", "-o", "size=1g,mode=755", "tmpfs", folder]
        if subprocess.run(mounting, capture_output=True, check=False).returncode:
            pytest.skip("To mount a small disk takes rights that this user has not.")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Not a byte is free, until the end."""
    ballast = disk / "ballast"
    ballast.touch()
    try:
        with ballast.open("r+b", buffering=0) as file:
            file.seek(0, 2)
            for size in (2**24, 2**16, 2**12):
                while _fits(file.write, bytes(size)):
                    pass
        assert shutil.disk_usage(disk).free == 0
        yield
    finally:
        ballast.unlink()


def _fits(write: object, data: bytes) -> bool:
    try:
        return write(data) == len(data)  # type: ignore[operator]
    except OSError:
        return False


def test_a_full_disk_loses_no_form_that_was_taken_and_no_letter(template: Installation, small_disk: Path) -> None:
    people = [f"f{number}@example.jp" for number in range(PEOPLE)]
    with (
        scripted_server() as sink,
        copy_of(template, small_disk, email_url=f"smtp://127.0.0.1:{sink.port}") as shop,
        ThreadPoolExecutor(4) as pool,
    ):
        database = EmbeddedDatabase(shop.home)
        forms, (wanted, bound) = SignUps(shop), confirm(shop, "w")
        assert wait_until(lambda: got(sink, "w").total() >= len(wanted) // 10, SCALE.patience, 0.005)
        with filled(small_disk):
            answers = [pool.submit(forms.send_patiently, person, number) for number, person in enumerate(people)]
            assert wait_until(lambda: FULL in database.log.read_text() or FULL in shop.said(), SCALE.patience)
        # Without room for its log PostgreSQL ends; whoever makes room starts it again.
        database.start()
        assert set().union(*(answer.result() for answer in answers)) <= {303, 503}
        settle(shop.query)
        judge(shop.query, sink, wanted, bound=bound, beginning="w")
        mails = got(sink, "f")
        assert mails.keys() == set(people)
        assert set(mails.values()) <= {1, 2}
        assert shop.query("SELECT count(*) FROM capture_registration WHERE email LIKE 'f%%@example.jp'") == [(PEOPLE,)]
