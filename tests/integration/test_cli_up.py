"""``jouren up`` as a real process: everything runs, crashes are mended, one signal ends all of it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTP
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
import pytest
from segment.analytics.client import Client

from jouren.core.config import read_config
from jouren.core.database import EmbeddedDatabase
from jouren.core.loops import wait_until
from jouren.core.mailbox import smtp_address
from scripts.ensure_node_packages import ensure_packages, node
from tests.installation import SERVER
from tests.installation import Installation as Template
from tests.troubled import Trouble, troubled_way

ROOT = Path(__file__).parents[2]
PATIENCE = 180.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """A data folder, and the commands run in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.log = home.with_suffix(".log")
        self.database = EmbeddedDatabase(home)
        self.process: subprocess.Popen[bytes] | None = None
        ours = ("JOUREN_", "DATABASE_", "DJANGO_", "LC_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.env = {
            **kept,
            "JOUREN_HOME": str(home),
            "JOUREN_SANDBOX": "1",
            "JOUREN_WEB_PROCESSES": "1",
            "JOUREN_WORKER_PROCESSES": "1",
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "jouren", *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), env=self.env, capture_output=True, text=True, check=False, timeout=PATIENCE
        )

    def python(self, code: str) -> str:
        """What a piece of Python prints that runs with this installation's rooms loaded."""
        start = "import django; django.setup()\n"
        env = {**self.env, "DJANGO_SETTINGS_MODULE": "jouren.settings"}
        done = subprocess.run(
            [sys.executable, "-c", start + code], env=env, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def up(self) -> subprocess.Popen[bytes]:
        """The running ``jouren up``: the one that an earlier test has left well, else a new one, once it is ready."""
        if self.process is not None and self.process.poll() is None:
            return self.process
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command("up", "--port", str(self.port)), env=self.env, stdout=log, stderr=subprocess.STDOUT
            )
        process = self.process
        ready = wait_until(lambda: "Ctrl-C stops it" in self.said() or process.poll() is not None, PATIENCE)
        assert ready, self.said()
        assert process.poll() is None, self.said()
        return process

    def said(self) -> str:
        return self.log.read_text("utf-8")

    def processes(self) -> dict[int, str]:
        """Every process that uses this data folder, with its command line."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                environment = (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if f"JOUREN_HOME={self.home}\0".encode() in environment and command:
                found[int(entry.name)] = command
        return found

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as response:
                return response.status, response.read().decode("utf-8", "replace")
        except URLError:
            return 0, ""


@pytest.fixture(scope="module")
def installation(new: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One installation for all tests here, whose first start collects the static files."""
    installation = Installation(tmp_path_factory.mktemp("up") / "home")
    if not SERVER:
        subprocess.run(["cp", "-a", str(new.home), str(installation.home)], check=True)
    yield installation
    if installation.process is not None:
        installation.process.terminate()
        installation.process.wait(60)
    for pid in installation.processes():
        os.kill(pid, signal.SIGKILL)
    installation.database.stop()


@pytest.fixture
def running(installation: Installation) -> subprocess.Popen[bytes]:
    return installation.up()


def worker_pids(installation: Installation) -> set[int]:
    return {pid for pid, command in installation.processes().items() if " -m jouren worker " in command}


def test_it_prints_one_url_and_a_key_for_the_first_owner_and_answers_with_its_styles(
    installation: Installation, running: subprocess.Popen[bytes]
) -> None:
    office, first = re.findall(r"http://\S+", installation.said().split("Jouren is ready")[1])
    assert office == f"http://127.0.0.1:{installation.port}/admin/"
    assert first.startswith(f"{office}first/?key=")
    assert installation.get("/healthz") == (200, "ok\n")
    status, page = installation.get("/admin/login/")
    assert status == 200
    style = re.search(r'href="(/static/[^"]+\.css)"', page)
    assert style is not None
    assert installation.get(style[1])[0] == 200


def test_one_ctrl_c_ends_everything_and_a_second_start_does_nothing_twice(
    installation: Installation, running: subprocess.Popen[bytes]
) -> None:
    assert len(worker_pids(installation)) == 1
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 0
    assert installation.said().endswith("Jouren has stopped.\n")
    assert "Traceback" not in installation.said()
    assert wait_until(lambda: installation.processes() == {}, 10), installation.processes()
    assert not installation.database.is_running()

    installation.up()
    assert "up to date" not in installation.said()
    assert "collected" not in installation.said()


def test_a_killed_worker_is_started_again_and_that_is_said(
    installation: Installation, running: subprocess.Popen[bytes]
) -> None:
    before = worker_pids(installation)
    os.kill(min(before), signal.SIGKILL)
    assert wait_until(lambda: len(worker_pids(installation) - before) == 1, 30)
    assert re.search(r"The process worker 1 ended by itself \(code -9\)", installation.said())


def test_when_it_is_killed_itself_its_processes_end_too(
    installation: Installation, running: subprocess.Popen[bytes]
) -> None:
    running.kill()
    running.wait()
    assert wait_until(lambda: installation.processes() == {}, 60), installation.processes()


def test_a_data_folder_and_a_port_have_one_user(
    installation: Installation, running: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    same_folder = installation.run("up", "--port", str(free_port()))
    assert (same_folder.returncode, same_folder.stdout) == (1, "")
    assert same_folder.stderr.startswith("Jouren already runs with the data folder")
    other = Installation(tmp_path / "other")
    same_port = other.run("up", "--port", str(installation.port))
    assert (same_port.returncode, same_port.stdout) == (1, "")
    assert "--port" in same_port.stderr
    assert not other.database.is_running()


def test_doctor_finds_a_running_sandbox_well(installation: Installation, running: subprocess.Popen[bytes]) -> None:
    def well() -> bool:
        return installation.run("doctor").returncode == 0

    assert wait_until(well, 30), installation.run("doctor").stdout
    assert f"Links start with http://127.0.0.1:{installation.port}:" in installation.run("doctor").stdout


def test_segments_own_libraries_post_to_the_running_product_through_trouble_and_each_message_counts_once(
    installation: Installation, running: subprocess.Popen[bytes]
) -> None:
    """The library for Python and the one for Node, at a product that sends 503 in between."""
    python_key, node_key = (
        installation.python(
            f"from jouren.connectors.actions import connect; print(connect('segment', {name!r}, {name!r})[1])"
        )
        for name in ("python", "node")
    )
    trouble = Trouble("before", "after")
    with troubled_way(installation.port, trouble) as host:
        _post_by_python(python_key, host)
    assert trouble.requests > 2, "there was no trouble"
    trouble = Trouble("after", "before", "", "after")
    with troubled_way(installation.port, trouble) as host:
        _post_by_node(node_key, host)
    assert trouble.requests > 4, "there was no trouble"
    orders = "SELECT count(*), min(amount), max(amount), min(state), max(state) FROM orders_order"
    counts = (
        "SELECT source, type, count(*) FROM events_event WHERE type IN ('app.tracked', 'order.paid') "
        "GROUP BY source, type ORDER BY source DESC, type"
    )
    with psycopg.connect(installation.database.url, autocommit=True) as database:
        # The workers keep the orders within moments.
        assert wait_until(lambda: database.execute(orders).fetchall() == [(13, 1980, 1980, "paid", "paid")], 30)
        assert database.execute(counts).fetchall() == [
            ("python", "app.tracked", 10),
            ("python", "order.paid", 1),
            ("node", "app.tracked", 12),
            ("node", "order.paid", 12),
        ]
        assert database.execute("SELECT count(*) FROM contacts_contact").fetchall() == [(1,)]


def _post_by_python(key: str, host: str) -> None:
    failures: list[Any] = []
    client = Client(key, host=host, gzip=True, on_error=lambda error, _items: failures.append(error))
    bought = {"order_id": "o1", "total": 1980, "currency": "JPY", "products": [{"sku": "tea", "price": 1980}]}
    client.identify("77", {"email": "hana@example.jp", "firstName": "花子", "lastName": "山田"})
    for number in range(30):
        client.track("77", f"Quiz {number % 10}", message_id=f"m{number % 10}")
    for _twice in range(2):
        client.track("77", "Order Completed", bought, message_id="o1")
        client.flush()
    client.join()
    assert not failures


def _post_by_node(key: str, host: str) -> None:
    modules = ensure_packages() / "node_modules"
    done = subprocess.run(
        [str(node()), str(Path(__file__).with_name("segment_client.js")), key, host, "12"],
        env={**os.environ, "NODE_PATH": str(modules)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_a_command_told_to_end_while_it_sets_up_the_database_leaves_none_running(tmp_path: Path) -> None:
    new = Installation(tmp_path / "new")
    command = new.command("createowner", "--email", "owner@example.jp", "--password", "gloo-fin-33")
    with subprocess.Popen(command, env=new.env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().decode().startswith("The database is being set up")
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert not new.database.is_running()


def test_its_workers_take_the_clock_to_where_it_is_asked(
    installation: Installation, running: subprocess.Popen[bytes]
) -> None:
    def shown(*arguments: str) -> datetime:
        return datetime.strptime(installation.run("clock", *arguments).stdout, "%Y-%m-%d %H:%M:%S JST\n")

    before = shown("show")
    assert timedelta(days=14) <= shown("advance", "2w") - before < timedelta(days=14, minutes=10)


def test_its_sink_keeps_mail_that_the_command_shows(
    installation: Installation, running: subprocess.Popen[bytes]
) -> None:
    address = smtp_address(read_config({"JOUREN_HOME": str(installation.home)}))
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.jp", "hanako@example.jp", "はじめまして"
    mail.set_content("本文です")
    with SMTP(address.host, address.port, timeout=10) as smtp:
        smtp.send_message(mail)
    assert "hanako@example.jp  はじめまして" in installation.run("mail", "list").stdout
    assert "本文です" in installation.run("mail", "show", "1").stdout
