"""Why a message did or did not go: what each rule of the gate saw of it, in their order.

What stopped or held it is what was written down then. What let it pass is asked again for that moment: consent,
suppressions and what had gone before are known as they were, the sending rules as they are now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from jouren.contacts.models import ConsentRecord, Contact, Suppression
from jouren.contacts.policies import zone_of
from jouren.contacts.queries import alias_ids, canonical_id
from jouren.core import clock
from jouren.events.queries import events_of
from jouren.messaging.gate_rules import stops as stops_kind
from jouren.messaging.models import Delivery
from jouren.messaging.sending_rules.caps import Gone, counted_by, counted_from
from jouren.messaging.sending_rules.holds import Held, holds_of
from jouren.messaging.sending_rules.queries import help_reached, load_rules, went_to
from jouren.messaging.sending_rules.terms import Cap, Rules, read_reason
from jouren.messaging.vocabulary import Kind, State

PASSED, STOPPED, HELD = "passed", "stopped", "held"


class Check(NamedTuple):
    """What one rule saw. ``saw`` holds what it looked at, by name.

    ``rule``: ``person``, ``address``, ``suppression``, ``consent``, ``cancelled``, ``left``, ``journey``, ``offer``,
    ``quiet``, ``window``, ``cap``, ``ready``, ``other``.
    """

    rule: str
    outcome: str
    saw: dict[str, Any]


class Counted(NamedTuple):
    """A message that a cap counted."""

    title: str
    at: datetime


class Waited(NamedTuple):
    """That a rule made a message wait, for that reason, with what it had counted."""

    held: Held
    counted: list[Counted]


class WhyDelivery(NamedTuple):
    """The chain of one delivery. ``at`` is the moment that the checks are told for."""

    delivery: Delivery
    at: datetime
    waited: list[Waited]
    checks: list[Check]


_OF_REASON = {
    "erased": "person",
    "no_address": "address",
    "suppressed": "suppression",
    "no_consent": "consent",
    "unsubscribed": "consent",
    "cancelled": "cancelled",
    "journey_left": "left",
    "offer": "offer",
}


def why_delivery(delivery: Delivery) -> WhyDelivery:
    """What the gate's rules saw of a delivery, up to the one that stopped or holds it: a handful of queries."""
    holds = holds_of([delivery.pk]).get(delivery.pk, [])
    at = _moment(delivery, holds)
    titles = _titles({id_ for held in holds for id_ in held.counted})
    waited = [Waited(held, [titles[id_] for id_ in held.counted if id_ in titles]) for held in holds]
    checks = []
    stopping = _stopping_rule(delivery)
    for check in _checks(delivery, at, waited):
        if check.rule == stopping and check.outcome != PASSED:
            checks.append(check)
            break
        if check.outcome == PASSED:
            checks.append(check)
    else:
        if stopping is not None:
            checks.append(Check("other", STOPPED, {"reason": delivery.reason}))
    return WhyDelivery(delivery, at, waited, checks)


def _stopping_rule(delivery: Delivery) -> str | None:
    """The rule that stopped a delivery or makes it wait now; None: nothing does."""
    if delivery.state not in {State.SUPPRESSED, State.PLANNED} or not delivery.reason:
        return None
    if (terms := read_reason(delivery.reason)) is not None:
        return terms.rule
    return _OF_REASON.get(delivery.reason.partition(":")[0], "other")


def _moment(delivery: Delivery, holds: Sequence[Held]) -> datetime:
    """When the gate last spoke of it."""
    if delivery.state == State.PLANNED:
        return clock.now() if not holds else holds[-1].at
    if delivery.state != State.SUPPRESSED:
        return delivery.try_at
    if holds and holds[-1].until is None:
        return holds[-1].at
    told = events_of([delivery.contact_id], types=["message.withheld"], limit=200)
    when = [event.occurred_at for event in told if event.payload.get("delivery") == delivery.pk]
    return when[0] if when else delivery.planned_at


def _titles(ids: set[int]) -> dict[int, Counted]:
    found = Delivery.objects.filter(pk__in=ids).select_related("message_version") if ids else ()
    return {each.pk: Counted(each.message_version.name, each.try_at) for each in found}


def _checks(delivery: Delivery, at: datetime, waited: Sequence[Waited]) -> Iterator[Check]:
    contact = Contact.objects.filter(pk=canonical_id(delivery.contact_id)).first()
    stopping = _stopping_rule(delivery)

    def outcome(rule: str) -> str:
        return PASSED if rule != stopping else HELD if delivery.state == State.PLANNED else STOPPED

    if contact is None or stopping == "person":
        yield Check("person", STOPPED, {})
        return
    yield Check("address", outcome("address"), {"channel": delivery.channel})
    yield _suppression(delivery, contact, at, outcome("suppression"))
    yield _consent(delivery, contact, at, outcome("consent"))
    if delivery.run.cancelled_at is not None and delivery.run.cancelled_at <= at:
        yield Check("cancelled", outcome("cancelled"), {"at": delivery.run.cancelled_at})
    if stopping == "left":
        yield Check("left", outcome("left"), {})
    if stopping == "offer":
        yield Check("offer", outcome("offer"), {"reason": delivery.reason})
    elif delivery.message_version.needed_offers:
        yield Check("offer", PASSED, {})
    if stopping == "journey":
        until = waited[-1].held.until if waited else None
        yield Check("journey", outcome("journey"), {"reason": delivery.reason, "until": until})
    if delivery.message_version.kind != Kind.TRANSACTIONAL:
        yield from _rules(delivery, contact, at, waited, stopping)


def _suppression(delivery: Delivery, contact: Contact, at: datetime, outcome: str) -> Check:
    stops = Suppression.objects.filter(contact=contact, channel__in=["", delivery.channel], at__lte=at).order_by("at")
    kind = delivery.message_version.kind
    held = [stop for stop in stops if (stop.lifted_at is None or stop.lifted_at > at) and stops_kind(stop.reason, kind)]
    return Check("suppression", outcome, {"stops": [(stop.reason, stop.at) for stop in held]})


def _consent(delivery: Delivery, contact: Contact, at: datetime, outcome: str) -> Check:
    topic = delivery.message_version.topic
    if delivery.message_version.kind == Kind.TRANSACTIONAL:
        return Check("consent", PASSED, {"exempt": True})
    said = ConsentRecord.objects.filter(contact=contact, channel=delivery.channel, topic=topic, at__lte=at)
    last = said.order_by("at", "id").last()
    proof = {"granted": last.is_granted, "at": last.at, "via": last.via} if last else {"granted": None}
    return Check("consent", outcome, {"topic": topic, **proof})


def _rules(
    delivery: Delivery, contact: Contact, at: datetime, waited: Sequence[Waited], stopping: str | None
) -> Iterator[Check]:
    """The sending rules of now: those that let it pass at that moment, and the one that does not."""
    rules, version = load_rules(), delivery.message_version
    zone = zone_of(contact.zone) if contact.zone else rules.zone
    local = at.astimezone(zone)
    last = waited[-1] if waited else None
    terms = read_reason(delivery.reason) if stopping else None

    def check(rule: str, saw: dict[str, Any]) -> Check:
        if rule != stopping:
            return Check(rule, PASSED, saw)
        counted = last.counted if last else []
        until = last.held.until if last else None
        held = HELD if delivery.state == State.PLANNED else STOPPED
        more = {"terms": terms, "reason": delivery.reason, "until": until, "counted": counted}
        return Check(rule, held, {**saw, **more})

    if rules.quiet is not None or stopping == "quiet":
        yield check("quiet", {"quiet": rules.quiet, "local": local})
    if rules.window is not None or stopping == "window":
        yield check("window", {"window": rules.window, "local": local})
    if stopping == "cap":
        yield check("cap", {})
        return
    for cap in rules.caps_on(delivery.channel, version.kind, version.topic):
        yield Check("cap", PASSED, {"cap": cap, "counted": _counted(delivery, cap, rules, at)})
    if version.kind == Kind.ASK and (rules.readiness is not None or stopping == "ready"):
        needed = rules.readiness.needed if rules.readiness else 0
        reached = help_reached([contact.pk], 1_000).get(contact.pk, 0)
        yield check("ready", {"needed": needed, "reached": reached})


def _counted(delivery: Delivery, cap: Cap, rules: Rules, at: datetime) -> list[Counted]:
    """What a cap counted at that moment, but for the message itself."""
    own = canonical_id(delivery.contact_id)
    gone: list[Gone] = went_to([own], counted_from(cap, at, rules.zone))[own]
    before = [each for each in gone if each.id != delivery.pk and each.at <= at]
    titles = _titles({each.id for each in before})
    return [titles[each.id] for each in counted_by(cap, at, before, rules.zone) if each.id in titles]


def delivery_of(contact_id: int, delivery_id: int) -> Delivery | None:
    """A delivery of this person's, also under ids that were merged into theirs; None when it is not theirs."""
    theirs = Delivery.objects.filter(pk=delivery_id, contact_id__in=alias_ids(contact_id))
    return theirs.select_related("message_version", "run").first()
