"""All rules of the mechanisms in their order, each as a sentence with its switch and whom it concerns now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jouren.backoffice.figures import promotions
from jouren.backoffice.mechanisms.wording import (
    good_sentence,
    lapse_sentence,
    likely_sentence,
    nobody_or,
    peace_sentence,
    promotion_sentence,
    winback_sentence,
)
from jouren.catalog.offers.models import Offer
from jouren.inbox.models import Survey
from jouren.inbox.queries import count_open
from jouren.journeys.models import JourneyVersion
from jouren.mechanisms.event_types import LAPSED
from jouren.mechanisms.models import MechanismRules, TaskKind
from jouren.mechanisms.queries import (
    count_marked,
    count_open_tasks,
    forecast_likely,
    over_winback,
    stored_rules,
)
from jouren.mechanisms.vocabulary import MarkKind
from jouren.peace.models import PeaceRule
from jouren.peace.queries import forecast
from jouren.peace.queries import stored_rule as stored_peace
from jouren.pyramid.models import PyramidRule
from jouren.pyramid.stages import Stage
from jouren.reports.mechanisms import Lapses, Meeting

RULE = "rule-"
Link = tuple[str, str]


@dataclass(frozen=True)
class Line:
    """A rule. ``key``: of its switch (empty: it has none); ``told``: whom it concerns now."""

    sentence: str
    told: str = ""
    key: str = ""
    is_on: bool = True
    link: Link | None = None
    warning: str = ""


@dataclass(frozen=True)
class Section:
    """A mechanism: what it is for, its rules, and the screens that belong to it."""

    title: str
    lead: str
    stages: tuple[Stage, Stage] | None
    lines: list[Line]
    links: list[Link] = field(default_factory=list)


_TITLES = {
    Stage.PROSPECT: gettext_lazy("People become prospects"),
    Stage.TRIAL: gettext_lazy("Prospects try it"),
    Stage.EXISTING: gettext_lazy("Who is satisfied becomes a customer"),
    Stage.REGULAR: gettext_lazy("Customers become regulars"),
}
_LEADS = {
    Stage.PROSPECT: gettext_lazy("They find you, and leave an address for something that helps them."),
    Stage.TRIAL: gettext_lazy(
        "A better product as a discounted trial with a deadline. Who does not want it gets no more unneeded messages."
    ),
    Stage.EXISTING: gettext_lazy(
        "You ask how it was, by one click. The satisfied get an offer at the regular price; the others get help from a "
        "person, and no promotion."
    ),
    Stage.REGULAR: gettext_lazy(
        "The finest product and special treatment are told only to those likely to become regulars, who are very few."
    ),
}


def sections(now: datetime, may: Any, lapses: Lapses | None, meeting: Meeting | None) -> list[Section]:
    """The four mechanisms and lapses. ``may(permission)``: what the reader may open. None: it is being counted."""
    rules, peace = stored_rules(), stored_peace()
    risen = promotions(now)
    found: dict[int, list[Line]] = {stage: [] for stage in _TITLES}
    for rule in PyramidRule.objects.all():
        found.setdefault(rule.stage, []).append(_promotion(rule, risen, meeting, may))
    more = {
        Stage.PROSPECT: ([], []),
        Stage.TRIAL: _trial(peace, now),
        Stage.EXISTING: _existing(peace),
        Stage.REGULAR: _regular(rules, meeting, now),
    }
    shown = [
        Section(
            str(_TITLES[stage]),
            str(_LEADS[stage]),
            (Stage(stage - 1), stage),
            [*found[stage], *more[stage][0]],
            _reachable(more[stage][1], may),
        )
        for stage in _TITLES
    ]
    return [*shown, _lapse(rules, lapses, now, may)]


def _promotion(rule: PyramidRule, risen: dict[Stage, int], meeting: Meeting | None, may: Any) -> Line:
    month = risen.get(Stage(rule.stage), 0)
    told = ngettext(
        "%(count)s person came to this stage in the last 30 days.",
        "%(count)s people came to this stage in the last 30 days.",
        month,
    ) % {"count": f"{month:,}"}
    if meeting and (waiting := meeting.waiting.get(rule.pk)):
        rise = _("%(people)s below it meet the rule already: they rise with their next purchase.")
        told += " " + nobody_or(waiting, rise)
    link = None
    if may("pyramid.change_pyramidrule"):
        link = (_("Change the rule"), reverse("pyramidrule:edit", args=[rule.pk]))
    return Line(promotion_sentence(rule), told, f"{RULE}{rule.pk}", rule.is_enabled, link)


def _trial(peace: PeaceRule, now: datetime) -> tuple[list[Line], list[tuple[str, str, str]]]:
    found = forecast(peace, now, 1)
    left = (
        _("About %(people)s would be left in peace now.")
        if found.is_about
        else _("%(people)s would be left in peace now.")
    )
    told = nobody_or(found.count, left)
    offers = Offer.objects.filter(is_open=True, product__role="trial").count()
    lines = [
        _offers(offers, _("Open trial offers: %(count)s."), _("There is no open trial offer yet.")),
        Line(peace_sentence(peace), told, "peace", peace.is_enabled, (_("Change the rule"), reverse("peace:rule"))),
    ]
    return lines, []


def _offers(count: int, some: str, none: str) -> Line:
    link = (_("Offers"), reverse("offers:list"))
    return Line(some % {"count": count}, link=link) if count else Line(none, link=link, is_on=False)


def _existing(peace: PeaceRule) -> tuple[list[Line], list[tuple[str, str, str]]]:
    surveys = Survey.objects.filter(is_open=True).count()
    for_satisfied = Offer.objects.filter(is_open=True, needs_satisfaction=True)
    satisfied = for_satisfied.exclude(needs_likely_regular=True).exclude(is_finest=True).count()
    waiting = count_open()
    lines = [
        Line(_("Open surveys: %(count)s.") % {"count": surveys}, link=(_("Surveys"), reverse("surveys:list")))
        if surveys
        else Line(_("There is no survey yet."), is_on=False, link=(_("Surveys"), reverse("surveys:list"))),
        _offers(
            satisfied,
            _("Open offers for the satisfied: %(count)s."),
            _("There is no open offer for the satisfied yet."),
        ),
        Line(
            _("Who says that it was worse than expected is told to a person of the shop."),
            nobody_or(waiting, _("%(people)s wait in the inbox.")),
            link=(_("Inbox"), reverse("inbox_screens:list")),
        ),
        Line(
            _("Who says that it was worse than expected gets no more promotion, at once."),
            key="dissatisfied",
            is_on=peace.leaves_dissatisfied,
            link=(_("Change the rule"), reverse("peace:rule")),
        ),
    ]
    return lines, []


def _regular(
    rules: MechanismRules, meeting: Meeting | None, now: datetime
) -> tuple[list[Line], list[tuple[str, str, str]]]:
    link = (_("Change the rule"), reverse("mechanisms:regulars"))
    rise = _("%(people)s meet it already: they rise with their next purchase.")
    good = nobody_or(meeting.good, rise) if meeting else ""
    likely = forecast_likely(rules, now, 0)
    finest = Offer.objects.filter(is_open=True, needs_likely_regular=True).count()
    kinds = list(TaskKind.objects.filter(is_enabled=True).values_list("name", flat=True))
    tasks = count_open_tasks()
    lines = [
        Line(good_sentence(rules), good, "good", rules.good_is_enabled, link),
        Line(
            likely_sentence(rules),
            nobody_or(likely.count, _("They are %(people)s now.")),
            "likely",
            rules.likely_is_enabled,
            link,
            _("These are not very few any more. Told to so many, the finest offer looks like a racket.")
            if likely.is_many
            else "",
        ),
        _offers(
            finest,
            _("Open offers for likely regulars only: %(count)s."),
            _("There is no open offer for likely regulars yet."),
        ),
        Line(
            _("Done for them by hand: %(kinds)s.") % {"kinds": _(", ").join(kinds)}
            if kinds
            else _("Nothing is done for them by hand."),
            ngettext("%(count)s task is open.", "%(count)s tasks are open.", tasks) % {"count": f"{tasks:,}"},
            link=(_("Special treatment"), reverse("mechanisms:tasks")),
        ),
        Line(_("You can make anybody a regular by hand, on their page.")),
    ]
    return lines, [(_("Kinds of special treatment"), reverse("taskkind:index"), "mechanisms.view_taskkind")]


def _lapse(rules: MechanismRules, lapses: Lapses | None, now: datetime, may: Any) -> Section:
    link = (_("Change the rule"), reverse("mechanisms:lapses"))
    over = len(over_winback(rules, now))
    marked = count_marked(MarkKind.LAPSED)
    told = [nobody_or(marked, _("%(people)s have lapsed."))] if marked or not (lapses and lapses.count) else []
    if lapses and lapses.count:
        told.append(nobody_or(lapses.count, _("%(people)s more will be marked tonight.")))
    has_journey = any(_begins_with_lapse(version) for version in JourneyVersion.objects.filter(live=True))
    journeys = (_("Journeys"), reverse("journeys:list"))
    return Section(
        _("Who sleeps is woken, or left in peace"),
        _("They leave because they stop using it. Help them to use it, invite them a few times, and then let them be."),
        None,
        [
            Line(lapse_sentence(rules), " ".join(told), "lapse", rules.lapse_is_enabled, link),
            Line(_("A journey begins when somebody lapses."), link=journeys)
            if has_journey
            else Line(_("No journey begins when somebody lapses yet."), is_on=False, link=journeys),
            Line(
                winback_sentence(rules),
                nobody_or(over, _("%(people)s would be left in peace now.")),
                "winback",
                rules.winback_is_enabled,
                link,
            ),
        ],
        _reachable([(_("Who has lapsed"), reverse("mechanisms:lapses"), "mechanisms.view_mechanismrules")], may),
    )


def _begins_with_lapse(version: JourneyVersion) -> bool:
    return any(way.get("event") == LAPSED for way in version.compiled["triggers"])


def _reachable(links: list[tuple[str, str, str]], may: Any) -> list[Link]:
    return [(label, url) for label, url, permission in links if may(permission)]
