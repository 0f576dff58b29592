"""Offers in messages: what a template is told of them, and the gate's rule.

A compiled body names the offers that its blocks show (``offers``), and those without which the message does not go
(``needed_offers``). A template asks for ``offers.o<id>.…``; the block stands there only for whom the offer is open to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import override

from jouren.catalog.eligibility import PersonFacts, Verdict, judge
from jouren.catalog.offers.links import offer_token
from jouren.catalog.offers.models import Offer
from jouren.catalog.offers.queries import judge_offers, offer_choices, offers_by_id, open_terms
from jouren.catalog.offers.wording import button_text, deadline_text, price_text
from jouren.messaging.gate import GateFacts, GateRule, register_gate_rule

NAME = "messaging.offers"
ORDER = 120
FIELDS = ("is_open", "name", "description", "price", "deadline", "button", "url")
_SAMPLE_PATH = "/offer/preview"

Told = dict[str, dict[str, Any]]
"""An offer's fields, by the name that templates call it: ``o<id>``."""


def choices() -> list[tuple[str, str]]:
    """What the editor offers: the shop's offers, by name."""
    return [(str(pk), str(name)) for pk, name in offer_choices()]


def template_name(offer_id: int) -> str:
    """What templates call an offer."""
    return f"offers.o{offer_id}"


def offer_variables(offer_ids: Iterable[int]) -> set[str]:
    """The variables that templates may ask of these offers."""
    return {f"{template_name(offer_id)}.{field}" for offer_id in offer_ids for field in FIELDS}


def offers_of(bodies: Mapping[str, Mapping[str, Any]], key: str = "offers") -> list[int]:
    """The offers that a message's bodies show; by ``needed_offers`` those without which it does not go."""
    return sorted({offer_id for body in bodies.values() for offer_id in body.get(key, ())})


def closed_offers(offer_ids: Iterable[int]) -> Told:
    """Offers as they are told to nobody: their blocks are left out."""
    nothing = dict.fromkeys(FIELDS, "")
    return {f"o{offer_id}": {**nothing, "is_open": False} for offer_id in offer_ids}


def sample_offers(offer_ids: Sequence[int], base_url: str, now: datetime) -> Told:
    """Offers as somebody sees them to whom they are open, and who has not looked at them yet."""
    found = offers_by_id(offer_ids)
    verdicts = {pk: judge(open_terms(offer)._replace(ends_at=None), PersonFacts(), now) for pk, offer in found.items()}
    dated = {pk: verdict._replace(deadline=found[pk].ends_at) for pk, verdict in verdicts.items()}
    return closed_offers(offer_ids) | {
        f"o{pk}": _told(offer, dated[pk], base_url + _SAMPLE_PATH) for pk, offer in found.items()
    }


def offers_for(contact_id: int, offer_ids: Sequence[int], base_url: str, now: datetime) -> Told:
    """Offers as a person would see them now. Their links lead nowhere: staff must not begin a person's deadline."""
    found = offers_by_id(offer_ids)
    verdicts = judge_offers(list(found.values()), [contact_id], now)
    return closed_offers(offer_ids) | {
        f"o{pk}": _told(found[pk], verdict, base_url + _SAMPLE_PATH) for (pk, _person), verdict in verdicts.items()
    }


class Letter(NamedTuple):
    """Somebody who gets a message now, which shows these offers, in this language."""

    contact_id: int
    offer_ids: tuple[int, ...]
    language: str


def offers_for_letters(letters: Sequence[Letter], base_url: str, now: datetime) -> list[Told]:
    """What each of these letters tells of its offers, with the person's own links: a few queries in all."""
    found = offers_by_id({offer_id for letter in letters for offer_id in letter.offer_ids})
    verdicts = judge_offers(list(found.values()), {letter.contact_id for letter in letters}, now)
    told = []
    for letter in letters:
        with override(letter.language):
            own = closed_offers(letter.offer_ids)
            for offer_id in letter.offer_ids:
                verdict = verdicts.get((offer_id, letter.contact_id))
                if verdict is not None and verdict.is_eligible:
                    url = f"{base_url}/offer/{offer_token(offer_id, letter.contact_id)}"
                    own[f"o{offer_id}"] = _told(found[offer_id], verdict, url)
            told.append(own)
    return told


def _told(offer: Offer, verdict: Verdict, url: str) -> dict[str, Any]:
    return {
        "is_open": verdict.is_eligible,
        "name": offer.name,
        "description": offer.description,
        "price": price_text(offer),
        "deadline": deadline_text(verdict),
        "button": button_text(offer),
        "url": url,
    }


def problems_of(offer_ids: Sequence[int], *, is_transactional: bool) -> list[str]:
    """What is wrong with the offers of a message that is to be published."""
    if not offer_ids:
        return []
    if is_transactional:
        return [_("A built-in message goes to people who have not agreed to advertising: it cannot carry an offer.")]
    found = offers_by_id(offer_ids)
    if len(found) < len(offer_ids):
        return [_("An offer in the message does not exist any more. Choose another.")]
    return []


# ---- The gate.


def refuse_without_offer(batch: Sequence[GateFacts], now: datetime) -> list[str | None]:
    """Refuse a message to whom none of the offers that it needs is open to. Messages without offers cost no query.

    The reason is ``offer:<why>:<offer>``, of the first of its offers. What is planned for later is not refused yet: the
    offer, or the person, may be ready by then, and the gate is asked again.
    """
    asked = [facts for facts in batch if facts.needed_offers and _is_asked(facts, now)]
    if not asked:
        return [None] * len(batch)
    found = offers_by_id({offer_id for facts in asked for offer_id in facts.needed_offers})
    verdicts = judge_offers(list(found.values()), {facts.contact_id for facts in asked if facts.contact_id}, now)
    return [_refusal(facts, verdicts) if _is_asked(facts, now) else None for facts in batch]


def _is_asked(facts: GateFacts, now: datetime) -> bool:
    due_at = facts.question.due_at
    return bool(facts.needed_offers) and facts.contact_id is not None and (due_at is None or due_at <= now)


def _refusal(facts: GateFacts, verdicts: Mapping[tuple[int, int], Verdict]) -> str | None:
    return refusal_of([(offer_id, verdicts.get((offer_id, facts.contact_id or 0))) for offer_id in facts.needed_offers])


def refusal_of(told: Sequence[tuple[int, Verdict | None]]) -> str | None:
    """Why a message does not go that needs one of these offers, by what each is to the person; None: one is open."""
    if any(verdict is not None and verdict.is_eligible for _offer_id, verdict in told):
        return None
    offer_id, verdict = told[0]
    why = verdict.reason.value if verdict is not None and verdict.reason is not None else "withdrawn"
    return f"offer:{why}:{offer_id}"


def register() -> None:
    """Called when the room starts."""
    register_gate_rule(GateRule(NAME, refuse_without_offer, ORDER))
