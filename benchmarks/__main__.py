"""``python -m benchmarks send|journey|ingest|latency|plans|dryrun --json``: prints one JSON object a line."""

from __future__ import annotations

import importlib
import sys

NAMES = ("send", "journey", "ingest", "latency", "plans", "dryrun")


def main() -> None:
    """Run the benchmark that the first argument names, with the rest."""
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        sys.exit(f"Which one? python -m benchmarks {'|'.join(NAMES)} [--json] [--help]")
    module = importlib.import_module(f"benchmarks.{sys.argv[1]}")
    sys.exit(module.main(sys.argv[2:]))


main()
