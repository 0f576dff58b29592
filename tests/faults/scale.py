"""How much the faults suite does: small among all tests, whole by ``make faults``. Nothing else reads these variables.

``JOUREN_TEST_FAULTS=whole``: as many people and kills as the product's promises name. ``JOUREN_TEST_SEED=N``: the kill
points of a former run, which prints its seed.
"""

from __future__ import annotations

import os
import random
import sys
from dataclasses import dataclass

RESUME_SECONDS = 60.0
"""So long after a fault, at most, work goes on."""


@dataclass(frozen=True)
class Scale:
    """``stall``: seconds that a mail server keeps a sender waiting; ``patience``: seconds that work may take."""

    people: int
    kills: int
    stall: float
    patience: float


IS_WHOLE = os.environ.get("JOUREN_TEST_FAULTS", "small") == "whole"
SCALE = Scale(people=10_000, kills=24, stall=60.0, patience=900.0) if IS_WHOLE else Scale(400, 3, 1.0, 120.0)
SEED = int(os.environ.get("JOUREN_TEST_SEED") or random.SystemRandom().randrange(10**6))


def dice(name: str) -> random.Random:
    """Random numbers of a test's own, the same for the same seed, whatever else runs."""
    tell(f"{name}: JOUREN_TEST_SEED={SEED}")
    return random.Random(f"{SEED} {name}")


def tell(text: str) -> None:
    """Say something in the run's output: shown at once by ``make faults``, else where a test fails."""
    sys.stderr.write(f"{text}\n")
