"""What the screens say of offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.backoffice.history import HistoryLine, history_of
from jouren.catalog.eligibility import ALWAYS_FEW_PEOPLE, FEW_PEOPLE, FEW_PERCENT, Reason, is_more_than_few
from jouren.catalog.offers.actions import ASKED_BY_LAW
from jouren.catalog.offers.models import Offer
from jouren.catalog.offers.queries import Reach
from jouren.catalog.offers.vocabulary import ApplicationState, ButtonKind
from jouren.catalog.offers.wording import moment_text
from jouren.conditions.wording import describe
from jouren.core.money import money_text
from jouren.core.wording import listed
from jouren.pyramid.stages import Stage

_LABELS = {field.attname: field.verbose_name for field in Offer._meta.concrete_fields}
_TOLD_BY_NAME = frozenset({"condition", "description", "button_url"})


def when_text(offer: Offer) -> str:
    """From when to when it stands, and the personal deadline."""
    parts = []
    if offer.starts_at:
        parts.append(_("from %(moment)s") % {"moment": moment_text(offer.starts_at)})
    if offer.ends_at:
        parts.append(_("until %(moment)s") % {"moment": moment_text(offer.ends_at)})
    if offer.personal_hours:
        parts.append(_("%(hours)s hours from first sight") % {"hours": offer.personal_hours})
    return listed(parts) or _("without end")


def whom_lines(offer: Offer) -> list[str]:
    """For whom it is, each in a sentence; none: for everybody."""
    lines = []
    if offer.least_stage and offer.most_stage == offer.least_stage:
        lines.append(_("On the stage “%(stage)s”.") % {"stage": Stage(offer.least_stage).label})
    elif offer.least_stage:
        lines.append(_("From the stage “%(stage)s” on.") % {"stage": Stage(offer.least_stage).label})
    if offer.most_stage and offer.most_stage != offer.least_stage:
        lines.append(_("Up to the stage “%(stage)s”.") % {"stage": Stage(offer.most_stage).label})
    if offer.condition and (text := describe(offer.condition)):
        lines.append(text)
    if offer.is_limited_information:
        lines.append(_("Limited information: customers at the regular price only."))
    if offer.needs_satisfaction:
        lines.append(_("Known to be satisfied."))
    if offer.needs_likely_regular:
        lines.append(_("Likely to become a regular."))
    if offer.is_once:
        lines.append(_("Each person can take it once."))
    return lines


def warnings(offer: Offer, reach: Reach | None) -> list[str]:
    """What staff should look at, each in a sentence or two."""
    told = []
    if offer.is_finest and reach is not None and is_more_than_few(reach.audience, reach.customers):
        told.append(_not_few(reach))
    missing = [str(_LABELS[name]) for name in ASKED_BY_LAW if not getattr(offer, name)]
    if missing and offer.button_kind != ButtonKind.TRANSFER:
        text = _("Not written yet: %(items)s. The law asks for these where people place the order.")
        told.append(text % {"items": listed(missing)})
    if not offer.product.is_on_sale:
        told.append(_("The product is no longer on sale."))
    if offer.product.price and offer.price > offer.product.price:
        told.append(_("The offer costs more than the product's own price."))
    return told


def _not_few(reach: Reach) -> str:
    meant = ngettext("It is meant for %(count)s person.", "It is meant for %(count)s people.", reach.audience)
    known = ngettext("There is %(count)s such customer.", "There are %(count)s such customers.", reach.customers)
    text = _(
        "The finest offer is for very few: at most %(people)s people, and at most %(percent)s %% of the customers at "
        "the regular price (%(always)s people are few in any shop). %(known)s %(meant)s Narrow down for whom it is."
    )
    return text % {
        "people": FEW_PEOPLE,
        "percent": FEW_PERCENT,
        "always": ALWAYS_FEW_PEOPLE,
        "known": known % {"count": f"{reach.customers:,}"},
        "meant": meant % {"count": f"{reach.audience:,}"},
    }


def reason_text(reason: str) -> str:
    """A reason of refusal by its label."""
    return str(Reason(reason).label) if reason in Reason.values else reason


def history(offer: Offer, limit: int) -> list[HistoryLine]:
    """What was done with an offer, the latest first."""
    return history_of(offer, limit, partial(_details, offer))


def _details(offer: Offer, data: Mapping[str, Any]) -> Iterable[str]:
    if "order" in data:
        state = data.get("state", "")
        label = ApplicationState(state).label if state in ApplicationState.values else state
        yield _("%(order)s: %(state)s") % {"order": data["order"], "state": label}
    if "coupon" in data:
        yield str(data["coupon"])
    for name, (before, now) in (data.get("changes") or {}).items():
        label = str(_LABELS.get(name, name))
        if name in _TOLD_BY_NAME or name.endswith("_text"):
            yield label
        else:
            told = {"before": _value(offer, name, before), "now": _value(offer, name, now)}
            yield _("%(field)s: %(before)s → %(now)s") % {"field": label, **told}


def _value(offer: Offer, name: str, value: Any) -> str:
    if value is None or value == "":
        return "—"
    if name == "price":
        return money_text(value, offer.currency)
    if name in {"least_stage", "most_stage"} and value in Stage.values:
        return str(Stage(value).label)
    if name == "button_kind" and value in ButtonKind.values:
        return str(ButtonKind(value).label)
    if name in {"starts_at", "ends_at"} and (moment := parse_datetime(str(value))) is not None:
        return moment_text(moment)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)
