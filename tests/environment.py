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

if not os.environ.get("DATABASE_URL"):
    from jouren.core.database import EmbeddedDatabase

    EmbeddedDatabase(home).start()
