from __future__ import annotations

from datetime import timedelta

import pytest

from jouren.core.durations import BadDuration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("45s", timedelta(seconds=45)),
        ("1d12h", timedelta(days=1, hours=12)),
        (" 1D 30 m ", timedelta(days=1, minutes=30)),
    ],
)
def test_a_duration_is_read(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "7", "d", "-7d", "7.5d", "7days", "1e3d", "0d", "999999w", "٧d", "7d;", "7d x"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadDuration, match="90m"):
        parse_duration(text)
