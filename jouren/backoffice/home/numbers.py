"""The three numbers: new leads, first purchases and repeat purchases; this month against last, up to the same day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.ui.components import Component

from jouren.backoffice.home.pyramid import VIEW_PEOPLE
from jouren.backoffice.templatetags.backoffice_tags import grouped
from jouren.reports.kept import Kept
from jouren.reports.overview import Month, Overview

VIEW_ORDERS = "orders.view_order"
User = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True)
class Kind:
    """One of the three: what it counts, and who may see it."""

    key: str
    label: Any
    meaning: Any
    permission: str
    of: Callable[[Month], int]


KINDS = (
    Kind(
        "leads",
        gettext_lazy("New leads"),
        gettext_lazy("People who registered for the first time"),
        VIEW_PEOPLE,
        lambda month: month.leads,
    ),
    Kind(
        "first",
        gettext_lazy("First purchases"),
        gettext_lazy("People's first paid order, at a trial or the regular price"),
        VIEW_ORDERS,
        lambda month: month.first,
    ),
    Kind(
        "repeat",
        gettext_lazy("Repeat purchases"),
        gettext_lazy("All later paid orders"),
        VIEW_ORDERS,
        lambda month: month.repeat,
    ),
)


@dataclass(frozen=True)
class Number:
    """One number of this month, that of the month before up to the same day, and the difference in words."""

    key: str
    label: str
    meaning: str
    now: int
    before: int
    change: str


def allowed_kinds(user: Any) -> list[Kind]:
    """Those of the three that somebody may see."""
    return [kind for kind in KINDS if user.has_perm(kind.permission)]


class NumbersPanel(Component):
    """The three numbers."""

    name = "numbers"
    template_name = "backoffice/home/numbers.html"
    order = 20

    def __init__(self, kept: Kept[Overview]) -> None:
        self.kept = kept

    def get_context_data(self, parent_context: dict[str, Any]) -> dict[str, Any]:
        found = self.kept.answer
        kinds = allowed_kinds(parent_context["request"].user)
        if found is None or not kinds:
            return {"numbers": []}
        return {"numbers": list(numbers(found, kinds)), "month": found.months[-1].start, "overview": found}


def numbers(found: Overview, kinds: list[Kind]) -> Iterator[Number]:
    """Each of the kinds in this month and in the month before, up to the same day and hour."""
    for kind in kinds:
        now, before = kind.of(found.months[-1]), kind.of(found.before)
        yield Number(kind.key, str(kind.label), str(kind.meaning), now, before, _change(now - before))


def _change(difference: int) -> str:
    if not difference:
        return _("as many")
    number = grouped(abs(difference))
    return _("%(number)s more") % {"number": number} if difference > 0 else _("%(number)s fewer") % {"number": number}
