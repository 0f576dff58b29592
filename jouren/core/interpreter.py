"""How Python is set up for processes that load much and live long."""

from __future__ import annotations

import gc
import sys


def collect_rarely() -> None:
    """Look for cycles of garbage rarely. To be called before rooms are loaded.

    Loading them, and migrating, makes hundreds of thousands of objects that stay: to look through them again and again
    takes a fifth of the time.
    """
    gc.set_threshold(50_000, 20, 100)


def tune_for_loops() -> None:
    """Set the interpreter up for loops: short turns, and few looks for garbage.

    Loops wait for each other's turn: 5 ms are long for one that has many short ones. A batch makes tens of thousands of
    objects which the end of the batch frees by their counts; looking through them, and through the program's own, for
    cycles took half of an advancer's time.
    """
    sys.setswitchinterval(0.001)
    gc.collect()
    gc.freeze()
    collect_rarely()
