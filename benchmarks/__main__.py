"""``python -m benchmarks NAME --json``: prints one JSON object a line. The names are below."""

from __future__ import annotations

import importlib
import sys

NAMES = (
    "send",
    "broadcast",
    "journey",
    "ingest",
    "imports",
    "latency",
    "plans",
    "segments",
    "reports",
    "dryrun",
    "screens",
)


def main() -> None:
    """Run the benchmark that the first argument names, with the rest."""
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        sys.exit(f"Which one? python -m benchmarks {'|'.join(NAMES)} [--json] [--help]")
    module = importlib.import_module(f"benchmarks.{sys.argv[1]}")
    sys.exit(module.main(sys.argv[2:]))


main()
