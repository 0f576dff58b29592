"""Loaded by pytest before Django's settings: gives the tests a data folder and a database of their own.

``DATABASE_URL`` set: the tests run on that server. Unset: on the embedded one, kept in ``.jouren/test`` (or in
``JOUREN_TEST_HOME``) and left running for the next run.
"""

from __future__ import annotations

import os
from pathlib import Path

from jouren.core.interpreter import collect_rarely

collect_rarely()

home = Path(os.environ.get("JOUREN_TEST_HOME", ".jouren/test")).resolve()
for name in [name for name in os.environ if name.startswith("JOUREN_") and not name.startswith("JOUREN_TEST_")]:
    del os.environ[name]
os.environ["JOUREN_HOME"] = str(home)
os.environ["JOUREN_SECRET_KEY"] = "only-for-tests-and-nothing-else-at-all"
os.environ["JOUREN_SANDBOX"] = "1"

# What a test's database holds need not outlive the machine's fall.
_HASTY = """\
fsync = off
full_page_writes = off
synchronous_commit = off
"""

if not os.environ.get("DATABASE_URL"):
    import psycopg

    from jouren.core.database import EmbeddedDatabase

    database = EmbeddedDatabase(home)
    if database.start():
        (database.data / "postgresql.local.conf").write_text(_HASTY, encoding="utf-8")
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
