"""Child processes: restarted when they crash, ended in order, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from jouren.core.loops import wait_until
from jouren.core.supervisor import Child, Supervisor, hold_lifeline


def python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]


def sleeper(log: Path, name: str, *, ends_last: bool = False) -> Child:
    """A child that writes when it starts and when it is told to end."""
    code = """
        import pathlib, signal, sys, time
        log, name = pathlib.Path(sys.argv[1]), sys.argv[2]
        def say(what):
            with log.open("a") as file:
                file.write(f"{what} {name}\\n")
        def end(*_):
            say("end")
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        say("start")
        time.sleep(600)
    """
    return Child(name, python(code, log, name), ends_last)


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


class Running:
    def __init__(self, *children: Child) -> None:
        self.crashes: list[tuple[str, int, float]] = []
        self.stop = threading.Event()
        supervisor = Supervisor(children, lambda *crash: self.crashes.append(crash))
        self.thread = threading.Thread(target=supervisor.run, args=(self.stop,))
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(timeout=30)
        assert not self.thread.is_alive()


def is_alive(pid: int) -> bool:
    """True for a running process; one that has ended and waits to be collected is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_children_end_at_once_and_then_those_that_the_others_need(tmp_path: Path) -> None:
    log = tmp_path / "log"
    running = Running(sleeper(log, "sink", ends_last=True), sleeper(log, "web"), sleeper(log, "worker"))
    assert wait_until(lambda: len(lines(log)) == 3, 10)
    running.end()
    assert set(lines(log)[3:5]) == {"end web", "end worker"}
    assert lines(log)[5:] == ["end sink"]
    assert running.crashes == []


def test_a_child_that_takes_its_time_does_not_keep_the_next_from_ending(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = """
        import pathlib, signal, sys, time
        log = pathlib.Path(sys.argv[1])
        def end(*_):
            while "end quick" not in log.read_text():
                time.sleep(0.01)
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        with log.open("a") as file:
            file.write("start slow\\n")
        time.sleep(600)
    """
    running = Running(Child("slow", python(code, log)), sleeper(log, "quick"))
    assert wait_until(lambda: len(lines(log)) == 2, 10)
    running.end()
    assert lines(log)[2:] == ["end quick"]


def test_a_crashed_child_is_started_again_after_growing_pauses() -> None:
    running = Running(Child("bad", python("raise SystemExit(7)")))
    assert wait_until(lambda: len(running.crashes) == 3, 15)
    running.end()
    assert running.crashes[:3] == [("bad", 7, 0.5), ("bad", 7, 1.0), ("bad", 7, 2.0)]


def test_a_killed_child_is_started_again_and_its_own_children_are_ended(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = """
        import os, pathlib, subprocess, sys, time
        grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        with pathlib.Path(sys.argv[1]).open("a") as file:
            file.write(f"{os.getpid()} {grandchild.pid}\\n")
        time.sleep(600)
    """
    running = Running(Child("parent", python(code, pids)))
    assert wait_until(lambda: len(lines(pids)) == 1, 10)
    child, grandchild = map(int, lines(pids)[0].split())
    os.kill(child, signal.SIGKILL)
    assert wait_until(lambda: len(lines(pids)) == 2, 10)
    assert wait_until(lambda: not is_alive(grandchild), 10)
    running.end()
    assert running.crashes == [("parent", -signal.SIGKILL, 0.5)]
    everyone = [int(pid) for line in lines(pids) for pid in line.split()]
    assert len(everyone) == 4
    assert wait_until(lambda: not any(map(is_alive, everyone)), 10)


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jouren.core.supervisor._GRACE_SECONDS", 0.3)
    log = tmp_path / "log"
    code = """
        import os, pathlib, signal, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
        time.sleep(600)
    """
    running = Running(Child("deaf", python(code, log)))
    assert wait_until(lambda: len(lines(log)) == 1, 10)
    running.end()
    assert not is_alive(int(lines(log)[0]))


def test_children_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = """
        import os, pathlib, sys, time
        from jouren.core.supervisor import hold_lifeline
        assert hold_lifeline()
        pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
        time.sleep(600)
    """
    parent = f"""
        import sys, threading
        from jouren.core.supervisor import Child, Supervisor
        child = Child("child", {python(child, log)!r})
        Supervisor([child], print).run(threading.Event())
    """
    supervisor = subprocess.Popen(python(parent))
    try:
        assert wait_until(lambda: len(lines(log)) == 1, 10)
    finally:
        supervisor.kill()
        supervisor.wait()
    assert wait_until(lambda: not is_alive(int(lines(log)[0])), 10)


def test_a_process_without_supervisor_holds_no_lifeline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOUREN_LIFELINE", raising=False)
    before = threading.active_count()
    assert hold_lifeline() is False
    assert threading.active_count() == before
