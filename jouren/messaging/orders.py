"""Orders in messages: ``{{ order.number }}`` and ``{{ product.name }}``, of the order that a journey's walk is about.

A compiled body whose templates ask for them says so (``names_order``). What they show stands in the delivery's context
from when it is planned; where no order is known, the message does not go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import override

from jouren.core.wording import listed
from jouren.messaging.errors import TemplateProblem
from jouren.messaging.models import MessageVersion
from jouren.messaging.templating import variables_of
from jouren.orders.queries import OrderNames, names_of_orders, newest_order

ORDER_VARIABLES = ("order.number", "product.name")
NO_ORDER = "no_order"
"""Why a message that names an order does not go in a walk that is about none."""
MOST_NAMES = 3
_SAMPLE_NUMBER = "1024"

Context = dict[str, Any]


class Asked(NamedTuple):
    """A message that is to go to somebody in a walk about their order ``number``."""

    version_id: int
    contact_id: int
    number: str


def asks_for_order(templates: Sequence[str]) -> bool:
    """Whether templates ask for an order. Malformed ones ask for nothing; their author is told elsewhere."""
    try:
        return any(not variables_of(each).isdisjoint(ORDER_VARIABLES) for each in templates)
    except TemplateProblem:
        return False


def order_contexts(asked: Sequence[Asked]) -> list[Context | None]:
    """What the templates of each are told of its order, in the message's language; None: the person has no such order.

    A few queries in all.
    """
    if not asked:
        return []
    versions = MessageVersion.objects.filter(pk__in={each.version_id for each in asked})
    languages = dict(versions.values_list("pk", "language"))
    known = names_of_orders({(each.contact_id, each.number) for each in asked})
    told: list[Context | None] = []
    for each in asked:
        names = known.get((each.contact_id, each.number))
        with override(languages.get(each.version_id, "ja")):
            told.append(_told(names) if names is not None else None)
    return told


def sample_order(contact_id: int | None = None) -> Context:
    """The newest order of a person; of somebody without one, or of nobody, an invented one."""
    names = newest_order(contact_id) if contact_id is not None else None
    return _told(names or OrderNames(_SAMPLE_NUMBER, (_("Sample product"),)))


def _told(names: OrderNames) -> Context:
    return {"order": {"number": names.number}, "product": {"name": _product_name(names.products)}}


def _product_name(products: Sequence[str]) -> str:
    """The products by name; of many the first ones. Never empty: what was ordered may not be told of yet."""
    if not products:
        return _("what you ordered")
    shown = listed(products[:MOST_NAMES])
    return _("%(products)s and more") % {"products": shown} if len(products) > MOST_NAMES else shown
