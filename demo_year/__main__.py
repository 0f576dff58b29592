"""``make demo-year``: lives through the year in a data folder that is thrown away, and writes ``year.gz``."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from pathlib import Path

from jouren.cli.base import database, leave, start_django, upgrade_database


def main(path: Path | None = None) -> None:
    """Make the year anew. ``path``: where it is written; by default where the product looks for it."""
    with tempfile.TemporaryDirectory(prefix="jouren-year-") as folder:
        # The embedded database's system user has to get there.
        Path(folder).chmod(0o755)
        os.environ.pop("DATABASE_URL", None)
        os.environ |= {
            "JOUREN_HOME": str(Path(folder) / "home"),
            "JOUREN_SANDBOX": "1",
            "JOUREN_BASE_URL": "http://127.0.0.1:8000",
        }
        config = start_django()
        with database(config):
            upgrade_database()
            _write(path)


def _write(path: Path | None) -> None:
    # Not at the top: they import models, which need Django to be set up.
    from django.conf import settings

    from demo_year.remake import live_through_the_year
    from jouren.backoffice.demo.year.dump import FILE, write_dump
    from jouren.core.owners import create_owner
    from jouren.core.static import collect_static

    settings.JOUREN.mail_folder.mkdir(exist_ok=True)
    collect_static()
    create_owner("demo@example.jp", secrets.token_urlsafe(12))
    end = live_through_the_year()
    counted = write_dump(path or FILE, end)
    size = (path or FILE).stat().st_size
    sys.stderr.write(f"{sum(counted.values())} rows, {size // 1024} KB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    leave()
