"""What this room offers to conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from jouren.catalog.queries import PRODUCTS
from jouren.conditions.choices import register_choices
from jouren.conditions.registry import Argument, Fact, FactType, Group, register_fact
from jouren.inbox.queries import satisfaction_choices
from jouren.inbox.vocabulary import Satisfaction

_SAID = (
    " FROM inbox_surveyanswer r"
    " WHERE r.satisfaction <> '' AND (%(product)s::bigint IS NULL OR r.product_id = %(product)s::bigint)"
)
_OF_EACH = (
    "SELECT DISTINCT ON (r.contact_id) r.contact_id, r.satisfaction"
    + _SAID
    + " ORDER BY r.contact_id, r.answered_at DESC, r.id DESC"
)
_OWN = "SELECT r.satisfaction::text" + _SAID + " AND r.contact_id = c.id"
_LAST = " ORDER BY r.answered_at DESC, r.id DESC LIMIT 1"

SATISFACTION = Fact(
    "survey.satisfaction",
    FactType.TEXT,
    _("Said last, compared with what they expected"),
    "{j}.satisfaction::text",
    f"LEFT JOIN ({_OF_EACH}) AS {{j}} ON {{j}}.contact_id = c.id",
    (
        Argument(
            "product",
            _("product"),
            FactType.NUMBER,
            is_required=False,
            most=2**63 - 1,
            choices=PRODUCTS,
            empty=_("any product"),
        ),
    ),
    batch_sql=_OWN + _LAST,
    past_sql=_OWN + " AND r.answered_at <= %(now)s::timestamptz" + _LAST,
    changed_by=frozenset({"survey.answered"}),
    group=Group.ORDERS,
    choices="satisfactions",
)

IS_SATISFIED: Mapping[str, Any] = {
    "fact": SATISFACTION.name,
    "op": "in",
    "value": [each.value for each in Satisfaction if each.is_satisfied],
}
"""Holds for those whose last answer says that they are satisfied."""


def register() -> None:
    """Make this room's fact known, and the list of answers."""
    register_fact(SATISFACTION)
    register_choices("satisfactions", satisfaction_choices)
