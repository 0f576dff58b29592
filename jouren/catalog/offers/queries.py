"""What reads offers: whom they are open to, asked of a batch of people in a few queries, or counted over everybody."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from jouren.catalog.eligibility import BUYS_AT_REGULAR_PRICE, OfferTerms, PersonFacts, Reason, Verdict, judge
from jouren.catalog.offers.judgements import LIKELY_REGULAR, SATISFIED, Had, bought_since, condition_of, judgements
from jouren.catalog.offers.models import CouponCode, Offer, OfferApplication
from jouren.catalog.offers.vocabulary import ApplicationState
from jouren.conditions.choices import Choice
from jouren.conditions.compile import CompiledPython, compile_python, compile_sql
from jouren.conditions.errors import ConditionError
from jouren.conditions.queries import PRESENT, load_facts
from jouren.conditions.registry import FactUse, fact
from jouren.core import clock
from jouren.core.sql import hot_cursor, load_sql
from jouren.core.zone import shop_zone

_sql = load_sql("catalog")
OFFERS = "catalog_offers"
"""The list of offers that conditions and editors choose from."""
_STAGE = "pyramid.stage"
Key = tuple[int, int]
"""An offer's id and a person's."""


def offer_choices() -> list[Choice]:
    """All offers by name, the withdrawn ones too."""
    return list(Offer.objects.order_by("name").values_list("pk", "name"))


def offers_by_id(offer_ids: Iterable[int]) -> dict[int, Offer]:
    """These offers with their products; those that are gone are left out."""
    return {offer.pk: offer for offer in Offer.objects.filter(pk__in=set(offer_ids)).select_related("product")}


def judge_offers(
    offers: Sequence[Offer], contact_ids: Collection[int], now: datetime | None = None
) -> dict[Key, Verdict]:
    """What each of these offers is to each of these people, by (offer, person).

    The people are present ones, under the ids that they have now. Somebody who does not exist is left out.
    """
    moment = now or clock.now()
    facts = load_person_facts(offers, contact_ids, moment)
    terms = {offer.pk: offer.terms for offer in offers}
    return {key: judge(terms[key[0]], person, moment) for key, person in facts.items()}


def judge_offer(offer: Offer, contact_id: int, now: datetime | None = None) -> Verdict:
    """What one offer is to one present person; closed to somebody who does not exist."""
    return judge_offers([offer], [contact_id], now).get((offer.pk, contact_id), Verdict(Reason.NOT_IN_AUDIENCE))


def load_person_facts(offers: Sequence[Offer], contact_ids: Collection[int], now: datetime) -> dict[Key, PersonFacts]:
    """What the offers look at in these people: about six queries, however many people there are."""
    ids = sorted(set(contact_ids))
    if not offers or not ids:
        return {}
    uses: tuple[FactUse, ...] = (fact(_STAGE).use({}),)
    audiences: dict[int, CompiledPython | None] = {}
    for offer in offers:
        audiences[offer.pk] = compiled = bind_audience(offer, uses)
        uses = compiled.facts if compiled else uses
    values = load_facts(uses, ids, now)
    asked = {"offer_ids": [offer.pk for offer in offers], "contact_ids": ids}
    sights: dict[Key, datetime] = {(row[0], row[1]): row[2] for row in _sql.all("sights", asked)}
    takers: set[Key] = {(row[0], row[1]) for row in _sql.all("takers", asked)}
    takers |= {key for key, had in _bought(offers, sights) if had.until is None}
    taken: dict[int, int] = dict(_sql.all("taken", {"offer_ids": asked["offer_ids"]}))
    satisfied = judgements(SATISFIED, ids, now) if any(each.needs_satisfaction for each in offers) else {}
    likely = judgements(LIKELY_REGULAR, ids, now) if any(each.needs_likely_regular for each in offers) else {}
    zone = shop_zone()
    found = {}
    for offer in offers:
        audience = audiences[offer.pk]
        for contact_id, known in values.items():
            key = (offer.pk, contact_id)
            found[key] = PersonFacts(
                known[0],
                audience is not None and audience.matches(known, now, zone),
                sights.get(key),
                key in takers,
                taken.get(offer.pk, 0),
                satisfied.get(contact_id),
                likely.get(contact_id),
            )
    return found


def bind_audience(offer: Offer, facts: Sequence[FactUse]) -> CompiledPython | None:
    """The offer's condition, asked by values of which the first are of ``facts``.

    None for one that cannot be asked any more, which holds for nobody.
    """
    try:
        return compile_python(offer.condition or {"all": []}, facts)
    except ConditionError:
        return None


def _bought(offers: Sequence[Offer], sights: dict[Key, datetime]) -> Iterator[tuple[Key, Had]]:
    """What was bought of the product of an offer after it was seen: the shop's own cart says no more."""
    seen: dict[int, dict[int, datetime]] = defaultdict(dict)
    for (offer_id, contact_id), moment in sights.items():
        seen[offer_id][contact_id] = moment
    for offer in offers:
        if offer.is_once:
            for contact_id, had in bought_since(offer.product_id, seen[offer.pk]):
                yield (offer.pk, contact_id), had


class OfferPast(NamedTuple):
    """When somebody first saw an offer (None: not yet), and from when until when they had taken it, by whatever way."""

    first_seen_at: datetime | None
    taken: Sequence[Had]


def pasts_with(offers: Sequence[Offer], contact_ids: Collection[int]) -> dict[Key, OfferPast]:
    """What each of these people has had to do with each of these offers; who had nothing is left out."""
    asked = {"offer_ids": [offer.pk for offer in offers], "contact_ids": sorted(set(contact_ids))}
    sights: dict[Key, datetime] = {(row[0], row[1]): row[2] for row in _sql.all("sights", asked)}
    taken: dict[Key, list[Had]] = defaultdict(list)
    for offer_id, contact_id, *had in _sql.all("takers_ever", asked):
        taken[offer_id, contact_id].append(Had(*had))
    for key, bought in _bought(offers, sights):
        taken[key].append(bought)
    return {key: OfferPast(sights.get(key), taken.get(key, ())) for key in sights.keys() | taken.keys()}


class Sales(NamedTuple):
    """When pieces of an offer were taken, and when given back, each in order."""

    taken: Sequence[datetime] = ()
    given_back: Sequence[datetime] = ()

    def count(self, now: datetime) -> int:
        """How many were taken at that moment."""
        return bisect_right(self.taken, now) - bisect_right(self.given_back, now)


def sales_of(offers: Sequence[Offer]) -> dict[int, Sales]:
    """The sales of these offers of which there is a number."""
    rows = _sql.all("sales", {"offer_ids": [offer.pk for offer in offers if offer.stock is not None]})
    return {offer_id: Sales(taken, given_back or ()) for offer_id, taken, given_back in rows}


class Reach(NamedTuple):
    """``audience``: whom the offer is meant for. ``eligible``: to how many of them it is open now.

    ``customers``: all people known at the regular price.
    """

    audience: int
    eligible: int
    customers: int


def audience_tree(offer: Offer) -> dict[str, Any]:
    """Whom an offer is meant for, as a condition: its own one, its stages, and what it asks of other rooms."""
    least = max(offer.least_stage or 0, BUYS_AT_REGULAR_PRICE if offer.is_limited_information else 0)
    parts: list[Mapping[str, Any]] = [offer.condition] if offer.condition else []
    if least:
        parts.append({"fact": _STAGE, "op": "gte", "value": int(least)})
    if offer.most_stage is not None:
        parts.append({"fact": _STAGE, "op": "lte", "value": int(offer.most_stage)})
    if offer.needs_satisfaction:
        parts.append(condition_of(SATISFIED))
    if offer.needs_likely_regular:
        parts.append(condition_of(LIKELY_REGULAR))
    return {"all": parts}


def reach_of(offer: Offer, now: datetime | None = None) -> Reach:
    """How many people an offer reaches: one query over everybody.

    Raises:
        ConditionError: its condition cannot be asked any more.
    """
    moment = now or clock.now()
    compiled = compile_sql(audience_tree(offer), moment, shop_zone())
    sql = (
        f"SELECT count(*), count(*) FILTER (WHERE {_OPEN_TO_THEM}) FROM contacts_contact c\n{compiled.joins}\n"  # noqa: S608
        f"WHERE {PRESENT} AND {compiled.where}"
    )
    hours = offer.personal_hours
    params = {
        **compiled.params,
        "reach_offer": offer.pk,
        "reach_is_once": offer.is_once,
        "reach_seen_after": moment - timedelta(hours=hours) if hours is not None else None,
    }
    row = hot_cursor().execute(sql, params).fetchone()
    customers = _count_customers()
    audience, open_to = row if row is not None else (0, 0)
    is_standing = judge(offer.terms, _model_person(offer), moment).is_eligible
    return Reach(audience, open_to if is_standing else 0, customers)


_OPEN_TO_THEM = """
NOT (%(reach_is_once)s::boolean AND EXISTS (
    SELECT FROM catalog_offerapplication taken
    WHERE taken.offer_id = %(reach_offer)s::bigint AND taken.contact_id = c.id AND taken.state <> 'cancelled'
))
AND (%(reach_seen_after)s::timestamptz IS NULL OR NOT EXISTS (
    SELECT FROM catalog_offersight seen
    WHERE seen.offer_id = %(reach_offer)s::bigint AND seen.contact_id = c.id
      AND seen.first_seen_at <= %(reach_seen_after)s::timestamptz
))"""


def _model_person(offer: Offer) -> PersonFacts:
    """Somebody for whom only the offer's own state can close it."""
    return PersonFacts(
        stage=max(offer.least_stage or 0, BUYS_AT_REGULAR_PRICE if offer.is_limited_information else 0)
        or (offer.most_stage or BUYS_AT_REGULAR_PRICE),
        taken=count_taken(offer),
        is_satisfied=True,
        is_likely_regular=True,
    )


def _count_customers() -> int:
    compiled = compile_sql({"fact": _STAGE, "op": "gte", "value": int(BUYS_AT_REGULAR_PRICE)}, clock.now(), shop_zone())
    sql = f"SELECT count(*) FROM contacts_contact c\n{compiled.joins}\nWHERE {PRESENT} AND {compiled.where}"  # noqa: S608
    row = hot_cursor().execute(sql, compiled.params).fetchone()
    return int(row[0]) if row else 0


def count_taken(offer: Offer) -> int:
    """How many of it are taken."""
    return OfferApplication.objects.filter(offer=offer).exclude(state=ApplicationState.CANCELLED).count()


def count_left(offers: Sequence[Offer]) -> dict[int, int]:
    """How many are left of those of these offers of which there is a number, by their ids."""
    limited = {offer.pk: offer.stock for offer in offers if offer.stock is not None}
    taken: dict[int, int] = dict(_sql.all("taken", {"offer_ids": list(limited)})) if limited else {}
    return {offer_id: max(stock - taken.get(offer_id, 0), 0) for offer_id, stock in limited.items()}


def open_terms(offer: Offer) -> OfferTerms:
    """Its terms as if it stood open to everybody: what a preview shows."""
    return OfferTerms(ends_at=offer.ends_at, personal_hours=offer.personal_hours)


def refusals_by_reason(offer: Offer) -> list[tuple[str, int]]:
    """How many people came to its page and found it closed, by reason."""
    return [(row[0], row[1]) for row in _sql.all("refusals_by_reason", {"offer_id": offer.pk})]


class CouponFigures(NamedTuple):
    """Of a coupon: its codes, how many of them were shown to somebody, its uses, and what these cost."""

    codes: int
    given: int
    uses: int
    cost: int


def coupon_figures(offer: Offer) -> dict[int, CouponFigures]:
    """The figures of an offer's coupons, by their ids."""
    rows = _sql.all("coupon_figures", {"offer_id": offer.pk})
    return {row[0]: CouponFigures(row[1], row[2], int(row[3]), int(row[4])) for row in rows}


def codes_of(coupon_id: int, *, after: int = 0, limit: int = 200) -> list[CouponCode]:
    """A coupon's codes in the order in which they were made."""
    codes = CouponCode.objects.filter(coupon_id=coupon_id, pk__gt=after).select_related("given_to")
    return list(codes.order_by("pk")[:limit])
