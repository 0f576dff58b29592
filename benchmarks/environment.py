"""What every benchmark needs: a database of its own, migrated, and a way to print results."""

from __future__ import annotations

import atexit
import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any


def set_up() -> None:
    """Start the benchmarks' own database (in ``JOUREN_BENCH_HOME`` or ``.jouren/bench``) and load Django.

    ``DATABASE_URL`` set: that database is used, and filled.
    """
    home = Path(os.environ.get("JOUREN_BENCH_HOME", ".jouren/bench")).resolve()
    os.environ["JOUREN_HOME"] = str(home)
    os.environ.setdefault("JOUREN_SECRET_KEY", "only-for-benchmarks-" * 2)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jouren.settings")
    if not os.environ.get("DATABASE_URL"):
        from jouren.core.database import EmbeddedDatabase

        # Held for the length of this process: the workers it starts must not be the last to leave.
        held = ExitStack()
        held.enter_context(EmbeddedDatabase(home).running())
        atexit.register(held.close)
    load()


def load() -> None:
    """Load Django in a process whose environment is set up."""
    import django

    django.setup()


def migrate() -> None:
    """Bring the benchmarks' database up to date."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def report(as_json: bool, name: str, params: dict[str, Any], **metrics: tuple[float, str]) -> None:
    """Print one line a metric: ``metric=(value, unit)``."""
    for metric, (value, unit) in metrics.items():
        if as_json:
            row = {"name": name, "metric": metric, "value": round(value, 3), "unit": unit, "params": params}
            print(json.dumps(row, ensure_ascii=False), flush=True)
        else:
            print(f"{name:10} {metric:32} {value:12,.1f} {unit}", flush=True)


def resident_mib() -> float:
    """This process's resident memory."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise OSError("There is no VmRSS in /proc/self/status.")


def own_seconds() -> float:
    """How long this process, and those it started that have ended, have kept processors busy."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def database_seconds() -> float:
    """How long this thread's database process, and those of connections that have ended, have kept processors busy.

    0 where they do not run on this machine.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    try:
        own = _process_fields(pid)
        server = _process_fields(int(own[1]))
    except OSError:
        return 0.0
    user, system, _children, _children_system = map(int, own[11:15])
    return (user + system + int(server[13]) + int(server[14])) / os.sysconf("SC_CLK_TCK")


def _process_fields(pid: int) -> list[str]:
    """What /proc says of a process, from its state on."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
