"""A sender in a process of its own, for tests that kill it: ``python -m tests.faults.sender_process LANE``."""

from __future__ import annotations

import os
import sys
import threading
import time

import django


def main() -> None:
    """Send one lane until standard input ends."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "jouren.settings"
    django.setup()
    from jouren.messaging.sender import LaneSender
    from jouren.messaging.vocabulary import Lane

    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    sender = LaneSender(Lane[sys.argv[1]])
    while not stop.is_set():
        if not sender.tick():
            time.sleep(0.02)
    sender.close()


if __name__ == "__main__":
    main()
