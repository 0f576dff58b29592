"""The rules as sentences that a shop owner reads."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from jouren.backoffice.templatetags.backoffice_tags import grouped
from jouren.events.errors import InvalidEvent
from jouren.events.types import event_type
from jouren.mechanisms.models import MechanismRules
from jouren.mechanisms.vocabulary import Bar
from jouren.peace.models import PeaceRule
from jouren.pyramid.models import PyramidRule
from jouren.pyramid.reactions import PURCHASE
from jouren.pyramid.stages import Stage

CONFIRMED, CONSENT = "registration.confirmed", "consent.granted"


def promotion_sentence(rule: PyramidRule) -> str:
    """When somebody rises by this rule."""
    times = ngettext("once", "%(count)s times", rule.at_least) % {"count": rule.at_least}
    told = {"times": times, "stage": Stage(rule.stage).label}
    if rule.event_type == CONFIRMED and rule.at_least == 1:
        return _("Who registered and confirmed their address becomes “%(stage)s”.") % told
    if (rule.event_type, rule.match, rule.at_least) == (CONSENT, {"via": "import"}, 1):
        return _("Who had agreed to mail, as an imported list says, becomes “%(stage)s”.") % told
    if rule.event_type != PURCHASE:
        return _("Whoever has had “%(event)s” %(times)s becomes “%(stage)s”.") % {**told, "event": _event(rule)}
    texts = {
        "trial": _("Who bought a trial %(times)s becomes “%(stage)s”."),
        "regular": _("Who bought at the regular price %(times)s becomes “%(stage)s”."),
    }
    sentence = texts.get(str(rule.match.get("kind")), _("Who bought %(times)s becomes “%(stage)s”.")) % told
    if product := rule.match.get("products"):
        sentence += " " + _("Only “%(product)s” counts.") % {"product": product}
    return sentence


def _event(rule: PyramidRule) -> str:
    try:
        return str(event_type(rule.event_type).label)
    except InvalidEvent:
        return rule.event_type


def peace_sentence(rule: PeaceRule) -> str:
    """Whom the rule leaves in peace for not buying."""
    invited = ngettext("%(count)s invitation", "%(count)s invitations", rule.invitations) % {"count": rule.invitations}
    return _(
        "Who stands no higher than “%(stage)s”, got %(invited)s and has not bought %(waited)s after the last of these "
        "is left in peace."
    ) % {"stage": Stage(rule.up_to_stage).label, "invited": invited, "waited": days(rule.days)}


def likely_sentence(rules: MechanismRules) -> str:
    """Who is likely to become a regular."""
    return _(
        "Who bought at the regular price at least %(times)s, the last time within %(days)s, and said last "
        "“%(answer)s”, is likely to become a regular."
    ) % {
        "times": ngettext("once", "%(count)s times", rules.likely_purchases) % {"count": rules.likely_purchases},
        "days": days(rules.likely_days),
        "answer": Bar(rules.likely_bar).label,
    }


def good_sentence(rules: MechanismRules) -> str:
    """Who is a good customer."""
    return _("Who bought for ¥%(amount)s or more at the regular price within a year becomes “%(stage)s”.") % {
        "amount": grouped(rules.good_amount),
        "stage": Stage.REGULAR.label,
    }


def lapse_sentence(rules: MechanismRules) -> str:
    """Who has lapsed."""
    if not rules.lapse_by_product:
        return _("Whoever has not bought for %(days)s has lapsed.") % {"days": days(rules.lapse_days)}
    return _(
        "Whoever has not bought for %(times)s times as long as what they bought lasts has lapsed; where nobody knows "
        "how long it lasts, after %(days)s."
    ) % {"times": rules.lapse_times, "days": days(rules.lapse_days)}


def winback_sentence(rules: MechanismRules) -> str:
    """Whom nothing wins back."""
    invited = ngettext("%(count)s invitation", "%(count)s invitations", rules.winback_messages)
    return _(
        "Who lapsed, got %(invited)s since then and has not bought %(waited)s after the last of these is left in peace."
    ) % {"invited": invited % {"count": rules.winback_messages}, "waited": days(rules.winback_days)}


def days(number: int) -> str:
    """So many days."""
    return ngettext("%(count)s day", "%(count)s days", number) % {"count": number}


def people(number: int) -> str:
    """So many people."""
    return ngettext("%(count)s person", "%(count)s people", number) % {"count": grouped(number)}


def nobody_or(number: int, sentence: str) -> str:
    """A count of people in a sentence that has %(people)s; short where there is nobody."""
    return sentence % {"people": people(number)} if number else pgettext("whom a rule concerns now", "Nobody now.")
