"""What every demo shop has, whether it was made on the spot or loaded with its year."""

from __future__ import annotations

from django.utils.translation import override

from jouren.backoffice.mechanisms.overview import sections
from jouren.backoffice.offers.wording import warnings
from jouren.catalog.offers.models import Offer
from jouren.catalog.offers.queries import reach_of
from jouren.core import clock
from jouren.pyramid.models import PyramidRule

LACKS = ("There is no", "No journey begins", "Nothing is done")


def check_mechanisms() -> None:
    """All four mechanisms are there, and the finest is for very few; so is the rule for people of imported lists."""
    assert PyramidRule.objects.get(event_type="consent.granted").match == {"via": "import"}
    with override("en"):
        lines = [line for section in sections(clock.now(), lambda _may: True, None, None) for line in section.lines]
        told = [line.sentence for line in lines]
        assert [each for each in told if each.startswith(LACKS)] == []
        for line in (
            "Open trial offers: 1.",
            "Open offers for the satisfied: 1.",
            "Open offers for likely regulars only: 1.",
            "A journey begins when somebody lapses.",
        ):
            assert line in told, told
        finest = Offer.objects.get(is_finest=True)
        assert finest.needs_likely_regular
        assert not [each for each in warnings(finest, reach_of(finest)) if "very few" in each], reach_of(finest)
