"""All that a person's page shows, read in a number of queries that does not grow with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jouren.backoffice.messages.wording import Explanation, channel_label, explain
from jouren.backoffice.orders.wording import OrderRow, SubscriptionRow, order_rows, subscription_rows
from jouren.backoffice.people.origins import describe_origin
from jouren.backoffice.people.telling import Line, tell_lines
from jouren.contacts.models import (
    LEFT_IN_PEACE,
    Consent,
    ConsentRecord,
    Contact,
    Identity,
    Problem,
    Suppression,
    SuppressionReason,
    Topic,
)
from jouren.contacts.queries import alias_ids
from jouren.contacts.segments.queries import Membership, segments_of
from jouren.contacts.timeline import Cursor, timeline
from jouren.content.answers import Met, met_by
from jouren.content.voices.models import Voice
from jouren.content.voices.queries import voices_of_person
from jouren.journeys.models import EnrolmentState, Journey, JourneyVersion
from jouren.journeys.queries import Walk, walks_of
from jouren.journeys.steps import describe_step
from jouren.journeys.wording import reason_text
from jouren.mechanisms.models import Mark, Task
from jouren.mechanisms.queries import marks_of, tasks_of
from jouren.messaging.control_group.queries import is_in_control_group
from jouren.messaging.models import Delivery
from jouren.messaging.queries import help_and_ask_of
from jouren.messaging.sending_rules.readiness import HelpAndAsk
from jouren.messaging.vocabulary import State
from jouren.orders.queries import orders_of, subscriptions_of
from jouren.pyramid.models import ChangeReason, PyramidChange
from jouren.pyramid.queries import stage_history, stage_of_contact
from jouren.pyramid.stages import Stage

TIMELINE_PAGE = 50
_SHOWN = 50
_MOST_ASKED = 200
_WAYS = {
    "form": _("a form, confirmed by mail"),
    "preferences": _("their preference page"),
    "shop": _("a connected shop"),
    "unsubscribe": _("an unsubscribe link"),
    "staff": _("the shop"),
    "import": _("an import"),
}


@dataclass(frozen=True)
class Step:
    """One move in the pyramid, in words."""

    at: datetime
    stage: str
    reason: str


@dataclass(frozen=True)
class ConsentLine:
    """Whether a topic is allowed on a channel, and the proof of it."""

    topic: str
    channel: str
    is_granted: bool
    since: datetime
    proof: ConsentRecord | None

    @property
    def channel_label(self) -> str:
        """The channel's name."""
        return channel_label(self.channel)

    @property
    def via_label(self) -> str:
        """The way by which they said so."""
        via = self.proof.via if self.proof else ""
        return str(_WAYS.get(via, via))


@dataclass(frozen=True)
class Coming:
    """A message that is on its way to a person."""

    title: str
    due_at: datetime
    explanation: Explanation


@dataclass(frozen=True)
class WalkLine:
    """A walk through a journey, in words. ``place``: the step where they stand."""

    walk: Walk
    state: str
    place: str
    reason: str

    @property
    def is_active(self) -> bool:
        """Whether they are still on the way."""
        return self.walk.state == EnrolmentState.ACTIVE


@dataclass(frozen=True)
class Person:
    """A person with all that is known of them but the timeline."""

    contact: Contact
    stage: Stage
    history: list[Step]
    identities: list[Identity]
    problems: list[Problem]
    tags: list[str]
    segments: list[Membership]
    consents: list[ConsentLine]
    suppressions: list[Suppression]
    walks: list[WalkLine]
    coming: list[Coming]
    origin: list[tuple[str, str]]
    first_page: str
    balance: HelpAndAsk
    orders: list[OrderRow]
    subscriptions: list[SubscriptionRow]
    in_control_group: bool
    marks: dict[str, Mark]
    tasks: list[Task]
    voices: list[Voice]
    walls: list[Met]
    doubts: list[Met]

    @property
    def stops(self) -> list[Suppression]:
        """What stops messages now, and staff may lift."""
        others = {SuppressionReason.ERASED, *LEFT_IN_PEACE}
        return [each for each in self.suppressions if not each.lifted_at and each.reason not in others]

    @property
    def peace(self) -> list[Suppression]:
        """Why they are left in peace (離脱), if they are."""
        return [each for each in self.suppressions if not each.lifted_at and each.reason in LEFT_IN_PEACE]


def load_person(contact: Contact) -> Person:
    """Everything of a person who is present."""
    problems = contact.problems.order_by("solved_at", "-noted_at")
    source = contact.source if isinstance(contact.source, dict) else {}
    walls, doubts = met_by(contact.pk)
    return Person(
        contact=contact,
        stage=stage_of_contact(contact.pk),
        history=[_step(change) for change in stage_history(contact.pk)[:_SHOWN]],
        identities=list(contact.identities.order_by("kind", "id")),
        problems=list(problems[:_SHOWN]),
        tags=list(contact.tags.order_by("text").values_list("text", flat=True)),
        segments=segments_of(contact.pk),
        consents=_consents(contact),
        suppressions=list(contact.suppressions.order_by("-at")[:_SHOWN]),
        walks=_walks(contact),
        coming=_coming(contact),
        origin=describe_origin(source, str(source.get("referrer") or "")),
        first_page=str(source.get("page") or ""),
        balance=help_and_ask_of(alias_ids(contact.pk)),
        orders=order_rows(list(orders_of(contact.pk)[:_SHOWN])),
        subscriptions=subscription_rows(list(subscriptions_of(contact.pk)[:_SHOWN])),
        in_control_group=is_in_control_group(contact.pk),
        marks=marks_of(contact.pk),
        tasks=tasks_of(contact.pk, _SHOWN),
        voices=voices_of_person(contact.pk)[:_SHOWN],
        walls=walls,
        doubts=doubts,
    )


def timeline_page(contact: Contact, before: Cursor | None) -> tuple[list[Line], Cursor | None]:
    """Fifty lines, the latest first, and where the next page begins."""
    entries = timeline(contact.pk, before=before, limit=TIMELINE_PAGE + 1)
    shown = entries[:TIMELINE_PAGE]
    last = shown[-1].event if len(entries) > TIMELINE_PAGE else None
    return tell_lines(shown), (last.occurred_at, last.id) if last else None


def enterable_journeys(contact: Contact) -> list[Journey]:
    """Published journeys that staff may put this person into."""
    inside = {walk.journey_id for walk in walks_of(contact.pk) if walk.state == EnrolmentState.ACTIVE}
    live = JourneyVersion.objects.filter(live=True).exclude(journey_id__in=inside).values("journey_id")
    return list(Journey.objects.filter(pk__in=live))


def askable_journeys() -> list[Journey]:
    """Journeys that somebody may be, or not be, in."""
    return list(Journey.objects.filter(versions__isnull=False).distinct()[:_MOST_ASKED])


def _step(change: PyramidChange) -> Step:
    known = change.reason in ChangeReason.values
    reason = str(ChangeReason(change.reason).label) if known else change.reason
    return Step(change.at, str(Stage(change.to_stage).label), reason)


def _consents(contact: Contact) -> list[ConsentLine]:
    proofs: dict[tuple[str, str], ConsentRecord] = {}
    for record in ConsentRecord.objects.filter(contact=contact).select_related("text").order_by("id"):
        proofs[record.channel, record.topic] = record
    names = dict(Topic.objects.values_list("key", "name"))
    return [
        ConsentLine(
            names.get(consent.topic, consent.topic),
            consent.channel,
            consent.is_granted,
            consent.since,
            proofs.get((consent.channel, consent.topic)),
        )
        for consent in Consent.objects.filter(contact=contact).order_by("topic", "channel")
    ]


def _walks(contact: Contact) -> list[WalkLine]:
    walks = walks_of(contact.pk)[:_SHOWN]
    versions = JourneyVersion.objects.in_bulk({walk.version_id for walk in walks if walk.step})
    steps = {pk: version.compiled["steps"] for pk, version in versions.items()}
    return [
        WalkLine(
            walk,
            str(EnrolmentState(walk.state).label),
            describe_step(steps[walk.version_id][walk.step]) if walk.step in steps.get(walk.version_id, {}) else "",
            _why(walk),
        )
        for walk in walks
    ]


def _why(walk: Walk) -> str:
    if walk.state == EnrolmentState.HELD_OUT:
        return gettext("Drawn by lot to get nothing of it, so that you see what it brings.")
    return reason_text(walk.reason) if walk.reason else ""


def _coming(contact: Contact) -> list[Coming]:
    waiting = Delivery.objects.filter(
        contact_id__in=alias_ids(contact.pk), state__in=(State.PLANNED, State.ATTEMPTING)
    ).select_related("message_version", "run")
    return [
        Coming(
            delivery.message_version.name,
            max(delivery.due_at, delivery.try_at),
            explain(
                delivery.state,
                delivery.reason,
                delivery.error,
                delivery.try_at,
                is_held=delivery.run.held_at is not None,
            ),
        )
        for delivery in waiting.order_by("try_at")[:_SHOWN]
    ]
