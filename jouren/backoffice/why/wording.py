"""A chain of facts in words: what brought somebody in, what was decided at each step, what the gate saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from jouren.backoffice.messages.wording import channel_label, explain, why_withheld
from jouren.backoffice.policy.wording import held_text, limit_text, moment_text, time_text, two_sentences
from jouren.conditions.registry import fact
from jouren.conditions.wording import describe, value_text
from jouren.contacts.models import SuppressionReason, Topic
from jouren.contacts.timeline import tell
from jouren.events.errors import InvalidEvent
from jouren.events.types import Event, event_type
from jouren.journeys.models import EnrolmentState
from jouren.journeys.program import NEVER, Leave, Stay, Trigger
from jouren.journeys.steps import describe_effect, describe_step, ways_of
from jouren.journeys.why import Link, Seen, SeenLeaf, Why, WhyOutside, WhyWalk
from jouren.journeys.wording import describe_trigger, reason_text
from jouren.messaging.sending_rules.terms import Cap
from jouren.messaging.vocabulary import State
from jouren.messaging.why import PASSED, Check, Counted, Waited, WhyDelivery

GOOD, WARN, BAD = "good", "warn", "bad"


@dataclass
class Told:
    """A link of the chain: when (None: it has no moment), what, how it went, and what it was decided by."""

    text: str
    at: datetime | None = None
    tone: str = ""
    details: list[tuple[str, str]] = field(default_factory=list)
    """Sentences with their tones."""


@dataclass
class Chain:
    """What is told of one walk, or of why there is none."""

    title: str
    links: list[Told]
    notes: list[str] = field(default_factory=list)


def tell_why(why: Why) -> list[Chain]:
    """The chains of a person and a journey: why they are not in it (any more), then their walks, the latest first."""
    chains = [_tell_walk(walk) for walk in why.walks]
    if why.outside is not None:
        chains.insert(0, _tell_outside(why.outside, has_walked=bool(why.walks)))
    return chains


def tell_delivery(why: WhyDelivery) -> Chain:
    """The chain of one message."""
    return Chain(why.delivery.message_version.name, [_delivery(why)])


def _tell_walk(why: WhyWalk) -> Chain:
    walk = why.enrolment
    links = [_entered(why)]
    links += [_link(link) for link in why.links]
    if walk.state != EnrolmentState.ACTIVE:
        tone = WARN if walk.state in {EnrolmentState.LEFT, EnrolmentState.FAILED} else GOOD
        details = [detail for _name, seen in why.ending for detail in _seen(seen)]
        if why.ended_by is not None:
            details.append((_event_text(why.ended_by), WARN))
        links.append(Told(reason_text(walk.reason or "finished"), walk.ended_at, tone, details))
    elif walk.due_at is None:
        links.append(Told(_("They stand still: the journey is paused or not published."), tone=WARN))
    title = ngettext("Walk %(number)s", "Walk %(number)s", walk.occurrence) % {"number": walk.occurrence}
    state = EnrolmentState(walk.state).label
    return Chain(_("%(step)s: %(state)s") % {"step": title, "state": state}, links, list(_notes(why)))


def _notes(why: WhyWalk) -> Iterator[str]:
    if not why.links:
        yield _("Its steps are not told one by one here: what is sent is told on the person's page.")
    if why.is_paused:
        yield _("The journey was paused meanwhile, so that moments were later than they are told here.")
    if why.differs:
        yield _(
            "What is stored does not follow from this chain in every point: the journey was edited or paused while "
            "they were in it, or something is known only as it is now. What became of messages is as it was stored."
        )


def _entered(why: WhyWalk) -> Told:
    if why.started_by:
        text = _("Entered: a step of the journey “%(name)s” started it.") % {"name": why.started_by}
    elif why.trigger is not None:
        text = _("Entered: %(event)s.") % {"event": _event_label(why.trigger.type)}
    elif why.may_be_dated:
        text = _("Entered: a day of theirs had come, or they were put in by hand or by an import.")
    else:
        text = _("Entered: put in by hand, or by an import.")
    details = [(_event_text(why.trigger), "")] if why.trigger is not None and not why.started_by else []
    if why.entry is not None:
        details += _seen(why.entry)
    return Told(text, why.enrolment.entered_at, GOOD, details)


def _event_text(event: Event) -> str:
    """An event with its properties."""
    said = tell(event).sentence
    properties = _comma().join(
        f"{name} = {_comma().join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in event.payload.items()
    )
    when = moment_text(event.occurred_at)
    text = said or properties
    return f"{when}: {text}" if text else when


def _link(link: Link) -> Told:
    told = Told(_step_text(link), link.at)
    told.details = list(_conditions(link))
    if link.heard and not isinstance(link.decision, Stay):
        told.details.append((_("It happened: %(event)s.") % {"event": _event_label(link.heard)}, GOOD))
    if isinstance(link.decision, Stay):
        told.details.append((_waiting(link.decision), ""))
    elif isinstance(link.decision, Leave):
        told.tone = WARN
        told.details.append((reason_text(link.decision.reason), WARN))
    elif way := _way(link):
        told.details.append((_("So they went this way: %(way)s.") % {"way": way}, ""))
    if link.delivery is not None:
        of = _delivery(link.delivery)
        told.text = _("%(step)s: %(state)s") % {
            "step": told.text,
            "state": State(link.delivery.delivery.state).label,
        }
        told.tone, told.details = of.tone, [*told.details, *of.details]
    return told


def _step_text(link: Link) -> str:
    if link.is_next_item:
        return _("The next message of the series")
    return describe_effect(link.item) if link.item is not None else describe_step(link.step)


def _waiting(stay: Stay) -> str:
    if stay.until >= NEVER:
        return _("They wait here for as long as it takes.")
    return _("They wait here until %(moment)s.") % {"moment": moment_text(stay.until)}


def _way(link: Link) -> str:
    following = getattr(link.decision, "next", None)
    ways = ways_of(link.step)
    if link.conditions:  # of two ways that lead to the same step, the one that was asked
        place = next((number for number, (_name, seen) in enumerate(link.conditions) if seen.holds), len(ways) - 1)
        return ways[place].label
    return next((way.label for way in ways if way.first == following), "")


def _conditions(link: Link) -> Iterator[tuple[str, str]]:
    for name, seen in link.conditions:
        if name:
            yield _("%(way)s:") % {"way": name}, ""
        yield from _seen(seen)


def _seen(seen: Seen) -> list[tuple[str, str]]:
    lines = [_leaf(leaf) for leaf in seen.leaves]
    if len(seen.leaves) != 1 or seen.leaves[0].holds != seen.holds:
        text = _("Together, “%(condition)s” held.") if seen.holds else _("Together, “%(condition)s” did not hold.")
        lines.append((text % {"condition": describe(seen.tree)}, GOOD if seen.holds else WARN))
    return lines


def _leaf(leaf: SeenLeaf) -> tuple[str, str]:
    if leaf.is_past:
        text = (
            _("“%(condition)s” held: it was %(value)s.")
            if leaf.holds
            else _("“%(condition)s” did not hold: it was %(value)s.")
        )
    else:
        text = (
            _("“%(condition)s” holds as of now: it is %(value)s. What it was then is not kept.")
            if leaf.holds
            else _("“%(condition)s” does not hold as of now: it is %(value)s. What it was then is not kept.")
        )
    value = _value(leaf)
    return text % {"condition": describe(leaf.leaf), "value": value}, GOOD if leaf.holds else WARN


def _value(leaf: SeenLeaf) -> str:
    value = leaf.value
    if value is None or value in ("", []):
        return _("not known")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return date_format(value, "DATE_FORMAT")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value_text(fact(leaf.leaf["fact"]), value)


def _delivery(why: WhyDelivery) -> Told:
    delivery = why.delivery
    sent = delivery.state == State.SENT
    details = [detail for waited in why.waited if (detail := _waited(waited))]
    if delivery.state in {State.FAILED, State.UNKNOWN, State.ATTEMPTING} or delivery.reason in {"retry", "rate"}:
        stood = explain(delivery.state, delivery.reason, delivery.error, delivery.try_at)
        details.append((stood.why, WARN))
    details += [_check(check) for check in why.checks]
    if sent:
        details.append((_("It went out on %(moment)s.") % {"moment": moment_text(delivery.try_at)}, GOOD))
    tone = {State.SENT: GOOD, State.FAILED: BAD, State.SUPPRESSED: WARN, State.UNKNOWN: WARN}
    text = _("“%(message)s” by %(channel)s: %(state)s") % {
        "message": delivery.message_version.name,
        "channel": channel_label(delivery.channel),
        "state": State(delivery.state).label,
    }
    return Told(text, why.at, tone.get(State(delivery.state), ""), details)


def _waited(waited: Waited) -> tuple[str, str] | None:
    text = held_text([waited.held])
    return (_with_counted(text, waited.counted), WARN) if text else None


def _with_counted(text: str, counted: Sequence[Counted]) -> str:
    """A sentence, and one that names the messages that were counted."""
    if not counted:
        return text
    listed = _comma().join(
        pgettext("a message and when it went", "“%(message)s” (%(moment)s)")
        % {"message": each.title, "moment": moment_text(each.at)}
        for each in counted
    )
    return two_sentences(text, _("Counted: %(messages)s.") % {"messages": listed})


def _check(check: Check) -> tuple[str, str]:
    text = _CHECKS[check.rule](check, check.saw)
    return text, GOOD if check.outcome == PASSED else WARN


def _person(check: Check, saw: dict[str, Any]) -> str:
    return why_withheld("erased")[0]


def _address(check: Check, saw: dict[str, Any]) -> str:
    names = {"channel": channel_label(saw["channel"])}
    if check.outcome == PASSED:
        return _("There is an address for %(channel)s.") % names
    return _("There was no address for %(channel)s.") % names


def _suppression(check: Check, saw: dict[str, Any]) -> str:
    if not saw["stops"]:
        return _("Nothing had stopped messages to them.") if check.outcome == PASSED else _("Messages were stopped.")
    reason, at = saw["stops"][0]
    label = SuppressionReason(reason).label if reason in SuppressionReason.values else reason
    return _("Messages to them were stopped on %(moment)s: %(reason)s.") % {
        "moment": moment_text(at),
        "reason": label,
    }


def _consent(check: Check, saw: dict[str, Any]) -> str:
    if saw.get("exempt"):
        return _("They asked for it by what they did; no consent is needed.")
    topic = Topic.objects.filter(key=saw["topic"]).first()
    names = {"topic": topic.name if topic else saw["topic"], "moment": moment_text(saw["at"]) if "at" in saw else ""}
    if saw["granted"] is None:
        return _("They had never agreed to “%(topic)s”.") % names
    if saw["granted"]:
        return _("They agreed to “%(topic)s” on %(moment)s.") % names
    return _("They took back their consent to “%(topic)s” on %(moment)s.") % names


def _cancelled(check: Check, saw: dict[str, Any]) -> str:
    return _("The sending was cancelled on %(moment)s.") % {"moment": moment_text(saw["at"])}


def _left(check: Check, saw: dict[str, Any]) -> str:
    return why_withheld("journey_left")[0]


def _journey(check: Check, saw: dict[str, Any]) -> str:
    return _stopped_by_rule(check)


def _offer(check: Check, saw: dict[str, Any]) -> str:
    if check.outcome == PASSED:
        return _("An offer in it was open to them.")
    return why_withheld(saw["reason"])[0]


def _hours(check: Check, saw: dict[str, Any]) -> str:
    local = time_text(timezone.make_naive(saw["local"], saw["local"].tzinfo).time())
    if check.outcome == PASSED:
        if saw.get("quiet"):
            return _("It was %(time)s where they live, and no quiet hour.") % {"time": local}
        return _("It was %(time)s where they live, within the days and hours of sending.") % {"time": local}
    return two_sentences(_stopped_by_rule(check), _("It was %(time)s where they live.") % {"time": local})


def _stopped_by_rule(check: Check) -> str:
    until = check.saw.get("until")
    reason = check.saw.get("reason", "")
    text = why_withheld(reason)[0] if reason else _("A sending rule holds it back.")
    if until is not None:
        return two_sentences(text, _("It waits until %(moment)s.") % {"moment": moment_text(until)})
    return text


def _cap(check: Check, saw: dict[str, Any]) -> str:
    if check.outcome != PASSED:
        return _with_counted(_stopped_by_rule(check), saw.get("counted", ()))
    cap: Cap = saw["cap"]
    count = len(saw["counted"])
    text = ngettext("At most %(limit)s: %(count)s had gone.", "At most %(limit)s: %(count)s had gone.", count) % {
        "limit": limit_text(cap),
        "count": count,
    }
    return _with_counted(text, saw["counted"])


def _ready(check: Check, saw: dict[str, Any]) -> str:
    terms = saw.get("terms")
    if check.outcome != PASSED and terms is not None:
        return _("Help comes before an offer: %(reached)s of %(needed)s messages had helped.") % {
            "reached": terms.reached,
            "needed": terms.needed,
        }
    return _("Enough had helped before the offer: %(needed)s messages were needed.") % {"needed": saw["needed"]}


def _other(check: Check, saw: dict[str, Any]) -> str:
    return why_withheld(saw["reason"])[0]


_CHECKS = {
    "person": _person,
    "address": _address,
    "suppression": _suppression,
    "consent": _consent,
    "cancelled": _cancelled,
    "left": _left,
    "journey": _journey,
    "offer": _offer,
    "quiet": _hours,
    "window": _hours,
    "cap": _cap,
    "ready": _ready,
    "other": _other,
}


def _tell_outside(why: WhyOutside, *, has_walked: bool) -> Chain:
    title = _("Why they are not in it now") if has_walked else _("Why they never entered")
    links = []
    if not why.is_live:
        links.append(Told(_("The journey is not published, so nobody enters."), tone=WARN))
    if why.is_turning_away:
        links.append(Told(_("The journey is paused, and turns away those who would enter."), tone=WARN))
    if not why.triggers:
        links.append(
            Told(_("Nobody enters by themselves: people are put in by hand or by another journey."), tone=WARN)
        )
    links += [_trigger(seen.trigger, seen.happened, seen.fitting, seen.last) for seen in why.triggers]
    if why.is_older_than_version:
        assert why.live_since is not None
        text = _("That was before this version of the journey went live, on %(moment)s.")
        links.append(Told(text % {"moment": moment_text(why.live_since)}, tone=WARN))
    elif why.is_history:
        links.append(Told(_("It was imported as history, and what is past brings nobody in."), tone=WARN))
    if why.entry is not None:
        holds = why.entry.holds
        text = _("They meet the condition for entering.") if holds else _("The condition for entering does not hold.")
        links.append(Told(text, why.at, GOOD if holds else WARN, _seen(why.entry)))
    if why.over is not None:
        text = _("What this walk would be about was over already.")
        links.append(Told(text, why.over.occurred_at, WARN, [(_event_text(why.over), "")]))
    if not why.may_enter:
        links.append(Told(_("They have been in it, and may not enter again now."), tone=WARN))
    return Chain(title, links)


def _trigger(trigger: Trigger, happened: int, fitting: int, last: Event | None) -> Told:
    name = describe_trigger(
        {
            "event": trigger.event,
            "match": trigger.match,
            "where": trigger.where,
            "times": trigger.times,
            "within_days": trigger.within_days,
        }
    )
    is_pulled = fitting >= trigger.times
    if is_pulled:
        told = Told(_("This happened: %(trigger)s.") % {"trigger": name}, tone=GOOD)
    elif not happened:
        told = Told(_("This never happened: %(trigger)s.") % {"trigger": name}, tone=WARN)
    elif not fitting:
        text = _("It happened, but never as it is asked for: %(trigger)s.")
        told = Told(text % {"trigger": name}, tone=WARN)
    else:
        text = ngettext(
            "It happened %(fitting)s time, and not often enough: %(trigger)s.",
            "It happened %(fitting)s times, and not often enough: %(trigger)s.",
            fitting,
        )
        told = Told(text % {"trigger": name, "fitting": fitting}, tone=WARN)
    if last is not None:
        told.at = last.occurred_at
        told.details.append((_event_text(last), ""))
    return told


def _event_label(name: str) -> str:
    try:
        return str(event_type(name).label)
    except InvalidEvent:
        return name


def _comma() -> str:
    return pgettext("between the members of a list", ", ")
