"""What the shop's figures and lists suggest to do next, the most urgent first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.backoffice.policy.silence import offered_topics, silence_text
from jouren.catalog.offers.models import Offer
from jouren.content.voices.queries import count_waiting
from jouren.inbox.models import Survey
from jouren.inbox.queries import count_open
from jouren.mechanisms.queries import count_open_tasks
from jouren.orders.queries import count_unmapped_codes
from jouren.pyramid.stages import Stage
from jouren.reports.overview import Overview, Today
from jouren.webhooks.queries import count_failed


@dataclass(frozen=True)
class Advice:
    """Something to do, and where."""

    text: str
    url: str = ""
    link: str = ""


May = Callable[[str], bool]


def advice(user: Any, found: Overview | None, work: Today | None) -> Iterator[Advice]:
    """What to do next, of what somebody may do. People who wait come before the shop's own plans."""
    may: May = user.has_perm
    yield from _waiting(may)
    if work is not None and may("messaging.view_message"):
        for topic, pace in offered_topics({silence.topic: silence.pace for silence in work.silent}):
            url, link = (reverse("messages:add"), _("Write a message")) if may("messaging.add_message") else ("", "")
            yield Advice(silence_text(topic, pace), url, link)
    if found is not None:
        yield from _next_stage({Stage(level.stage): level.people for level in found.levels}, may)
    yield from _upkeep(may)


def _waiting(may: May) -> Iterator[Advice]:
    if may("inbox.view_inquiry") and may("contacts.view_contact") and (waiting := count_open()):
        text = ngettext("%(number)s person waits for an answer.", "%(number)s people wait for an answer.", waiting)
        yield Advice(_counted(text, waiting), reverse("inbox_screens:list"), _("Open the inbox"))
    if may("mechanisms.view_task") and may("contacts.view_contact") and (waiting := count_open_tasks()):
        text = ngettext(
            "%(number)s thing is to be done for a customer.", "%(number)s things are to be done for customers.", waiting
        )
        yield Advice(_counted(text, waiting), reverse("mechanisms:tasks"), _("Look at them"))
    if may("content.view_voice") and may("content.change_voice") and (waiting := count_waiting()):
        text = ngettext(
            "%(number)s customer's voice waits to be looked at.",
            "%(number)s customers' voices wait to be looked at.",
            waiting,
        )
        yield Advice(_counted(text, waiting), reverse("voice_screens:list"), _("Look at them"))


def _next_stage(people: dict[Stage, int], may: May) -> Iterator[Advice]:
    """Where people stand and nothing leads on."""
    offers = Offer.objects.filter(is_open=True)
    if not may("catalog.add_offer"):
        return
    buyers = sum(number for stage, number in people.items() if stage >= Stage.TRIAL)
    if people[Stage.PROSPECT] and not buyers and not offers.filter(product__role="trial").exists():
        text = _("Nobody has tried anything yet, and there is no trial offer. Make one for your prospects.")
        yield Advice(text, reverse("offers:add"), _("Add an offer"))
    if people[Stage.TRIAL] and may("inbox.add_survey") and not Survey.objects.filter(is_open=True).exists():
        text = _("People have tried, and nobody asks them how it was. A survey of one click does.")
        yield Advice(text, reverse("surveys:add"), _("Add a survey"))
    if people[Stage.EXISTING] and not people[Stage.REGULAR] and not offers.filter(needs_likely_regular=True).exists():
        text = _("Nobody is a regular yet. Make an offer of the finest, for the few who are likely to become one.")
        yield Advice(text, reverse("offers:add"), _("Add an offer"))


def _upkeep(may: May) -> Iterator[Advice]:
    if may("catalog.change_product") and (codes := count_unmapped_codes()):
        text = ngettext(
            "%(number)s code of your orders means no product yet.",
            "%(number)s codes of your orders mean no product yet.",
            codes,
        )
        yield Advice(_counted(text, codes), reverse("products:unmapped"), _("Say what they mean"))
    if may("webhooks.view_endpoint") and (untold := count_failed()):
        text = ngettext(
            "%(count)s call to a system of yours was not delivered.",
            "%(count)s calls to systems of yours were not delivered.",
            untold,
        )
        yield Advice(text % {"count": untold}, reverse("webhooks:list"), _("Look at them"))


def _counted(text: str, number: int) -> str:
    return text % {"number": f"{number:,}"}
