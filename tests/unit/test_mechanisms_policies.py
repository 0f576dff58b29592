"""Who is likely to become a regular, when a lapse is news, and where somebody stands after all that was told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jouren.mechanisms.policies import LikelyRule, Standing, is_news, why_unlikely
from jouren.mechanisms.recomputing import Told, final_stage

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = LikelyRule(2, 180, "as_expected")


@pytest.mark.parametrize(
    ("rule", "person", "reason"),
    [
        (RULE, Standing(2, NOW - 179 * DAY, "as_expected"), None),
        (RULE, Standing(5, NOW, "above"), None),
        (RULE, Standing(1, NOW, "above"), "purchases"),
        (RULE, Standing(2, NOW - 180 * DAY, "above"), "long_ago"),
        (RULE, Standing(2, NOW, "below"), "satisfaction"),
        (RULE, Standing(2, NOW, ""), "satisfaction"),
        (RULE, Standing(), "purchases"),
        (RULE._replace(bar="above"), Standing(2, NOW, "as_expected"), "satisfaction"),
        (RULE._replace(is_enabled=False), Standing(5, NOW, "above"), "rule"),
    ],
)
def test_who_is_likely_to_become_a_regular(rule: LikelyRule, person: Standing, reason: str | None) -> None:
    assert why_unlikely(rule, person, NOW) == reason


def test_only_what_came_about_since_the_last_look_is_news() -> None:
    assert is_news(NOW, NOW - DAY)
    assert not is_news(NOW, NOW)
    assert not is_news(NOW, None)


def test_rules_never_lower_and_a_hand_does() -> None:
    told = [Told(3, 4), Told(1, 2), Told(5, 2, is_by_hand=True), Told(9, 3)]
    assert final_stage(told) == 3
    assert final_stage(told[:2]) == 4
    assert final_stage([]) == 1
