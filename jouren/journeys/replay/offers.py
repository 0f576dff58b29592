"""To whom the offers in a replay's messages were open at a moment: by the offers' own rule, with what was so then.

An offer's terms are those of now, for no others are kept; what it asks of a person, when they first saw it, when they
took it and when all were taken are those of the moment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jouren.catalog.eligibility import OfferTerms, PersonFacts, Verdict, judge
from jouren.catalog.offers.models import Offer
from jouren.catalog.offers.queries import OfferPast, Sales, bind_audience, offers_by_id, sales_of
from jouren.conditions.compile import CompiledPython
from jouren.conditions.registry import FactUse, fact
from jouren.core.zone import shop_zone
from jouren.inbox.policies import is_satisfied
from jouren.messaging.offers import refusal_of
from jouren.pyramid.stages import Stage

_STAGE, _SATISFACTION, _LIKELY = "pyramid.stage", "survey.satisfaction", "likely_regular"
Values = tuple[Any, ...]
NOTHING_KNOWN = OfferPast(None, ())


class _Asked(NamedTuple):
    """An offer: its terms, its condition (None: it holds for nobody any more), and when how many of it were taken."""

    terms: OfferTerms
    audience: CompiledPython | None
    sales: Sales


@dataclass(frozen=True)
class OffersThen:
    """Offers that can be asked of any moment. ``facts``: what a replay has to know for it, after the program's own."""

    offers: Mapping[int, Offer] = field(default_factory=dict)
    facts: tuple[FactUse, ...] = ()
    _asked: Mapping[int, _Asked] = field(default_factory=dict)
    _places: Mapping[str, int] = field(default_factory=dict)
    _zone: ZoneInfo = field(default_factory=shop_zone)

    def refusal(
        self, needed: Sequence[int], past: Mapping[int, OfferPast], values: Values, now: datetime
    ) -> str | None:
        """Why a message does not go to whom none of the offers that it needs was open; None: one was."""
        return refusal_of([(offer_id, self._verdict(offer_id, past, values, now)) for offer_id in needed])

    def _verdict(self, offer_id: int, past: Mapping[int, OfferPast], values: Values, now: datetime) -> Verdict | None:
        asked = self._asked.get(offer_id)
        if asked is None:
            return None
        own, stage = past.get(offer_id, NOTHING_KNOWN), values[self._places[_STAGE]]
        seen_at = own.first_seen_at
        person = PersonFacts(
            Stage.AWARE if stage is None else stage,
            asked.audience is not None and asked.audience.matches(values, now, self._zone),
            seen_at if seen_at is not None and seen_at <= now else None,
            any(had.holds(now) for had in own.taken),
            asked.sales.count(now),
            is_satisfied(values[self._places[_SATISFACTION]] or "") if asked.terms.needs_satisfaction else None,
            bool(values[self._places[_LIKELY]]) if asked.terms.needs_likely_regular else None,
        )
        return judge(asked.terms, person, now)


def offers_then(offer_ids: Collection[int], facts: tuple[FactUse, ...]) -> OffersThen | None:
    """These offers, asked by values of which the first are of ``facts``. None where there are none to ask."""
    if not offer_ids:
        return None
    offers = offers_by_id(offer_ids)
    sales = sales_of(list(offers.values()))
    uses, places, asked = facts, {}, {}
    wanted = {
        _STAGE: True,
        _SATISFACTION: any(each.needs_satisfaction for each in offers.values()),
        _LIKELY: any(each.needs_likely_regular for each in offers.values()),
    }
    for name in (name for name, is_wanted in wanted.items() if is_wanted):
        use = fact(name).use({})
        uses = uses if use in uses else (*uses, use)
        places[name] = uses.index(use)
    for pk, offer in offers.items():
        audience = bind_audience(offer, uses)
        uses = audience.facts if audience else uses
        asked[pk] = _Asked(offer.terms, audience, sales.get(pk, Sales()))
    return OffersThen(offers, uses, asked, places)
