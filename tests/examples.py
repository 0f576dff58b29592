"""How many examples a property is tried with: a few in every run, many where somebody asks for them.

``JOUREN_TEST_EXAMPLES=10``: ten times as many.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings

_TIMES = float(os.environ.get("JOUREN_TEST_EXAMPLES", "1"))
_NO_MATTER = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


def examples(count: int, **options: Any) -> settings:
    """For properties that need the database: its rows go with the test, and how long it takes does not matter."""
    return settings(
        **{"max_examples": max(1, round(count * _TIMES)), "deadline": None, "suppress_health_check": _NO_MATTER}
        | options
    )
