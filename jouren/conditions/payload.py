"""Questions to the payload of an event: only purchases of at least 3,000 yen, only visits of that page.

    [{"field": "amount", "op": "gte", "value": 3000}, {"field": "kind", "op": "eq", "value": "trial"}]

All of them must hold. They are asked by the same operators as facts, of the row ``r`` of ``events_event``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from jouren.conditions.operators import OPERATORS, placeholder_cast
from jouren.conditions.registry import FactType
from jouren.events.errors import InvalidEvent
from jouren.events.types import event_type

MOST = 10
KINDS: Mapping[type, FactType] = {
    str: FactType.TEXT,
    int: FactType.NUMBER,
    float: FactType.NUMBER,
    bool: FactType.BOOLEAN,
    list: FactType.SET,
}
"""What can be asked of a payload's field, by its Python type."""

FIELD_LABELS: Mapping[str, str | Promise] = {
    "amount": pgettext_lazy("detail of an event", "amount"),
    "by": pgettext_lazy("detail of an event", "by whom"),
    "cart": pgettext_lazy("detail of an event", "cart"),
    "channel": pgettext_lazy("detail of an event", "channel"),
    "currency": pgettext_lazy("detail of an event", "currency"),
    "coupon": pgettext_lazy("detail of an event", "coupon"),
    "coupons": pgettext_lazy("detail of an event", "coupons"),
    "delivery": pgettext_lazy("detail of an event", "delivery"),
    "form": pgettext_lazy("detail of an event", "form (number)"),
    "from": pgettext_lazy("detail of an event", "from which stage"),
    "further": pgettext_lazy("detail of an event", "adds to an answer given before"),
    "gone": pgettext_lazy("detail of an event", "merged person (number)"),
    "inquiry": pgettext_lazy("detail of an event", "inquiry (number)"),
    "journey": pgettext_lazy("detail of an event", "journey (number)"),
    "kind": pgettext_lazy("detail of an event", "kind"),
    "message": pgettext_lazy("detail of an event", "message (number)"),
    "name": pgettext_lazy("detail of an event", "name"),
    "note": pgettext_lazy("detail of an event", "note"),
    "offer": pgettext_lazy("detail of an event", "offer"),
    "offer_id": pgettext_lazy("detail of an event", "offer (number)"),
    "order": pgettext_lazy("detail of an event", "order number"),
    "page": pgettext_lazy("detail of an event", "page"),
    "percent": pgettext_lazy("detail of an event", "how much of it (percent)"),
    "product": pgettext_lazy("detail of an event", "product (number)"),
    "products": pgettext_lazy("detail of an event", "products"),
    "reason": pgettext_lazy("detail of an event", "reason"),
    "reasons": pgettext_lazy("detail of an event", "reasons"),
    "reference": pgettext_lazy("detail of an event", "reference of an offer"),
    "referrer": pgettext_lazy("detail of an event", "page before"),
    "registration": pgettext_lazy("detail of an event", "registration (number)"),
    "satisfaction": pgettext_lazy("detail of an event", "compared with what was expected"),
    "segment": pgettext_lazy("detail of an event", "segment (number)"),
    "source": pgettext_lazy("detail of an event", "by what"),
    "still_using": pgettext_lazy("detail of an event", "still using it"),
    "survey": pgettext_lazy("detail of an event", "survey (number)"),
    "tag": pgettext_lazy("detail of an event", "tag"),
    "text": pgettext_lazy("detail of an event", "text"),
    "title": pgettext_lazy("detail of an event", "title"),
    "to": pgettext_lazy("detail of an event", "to which stage"),
    "topic": pgettext_lazy("detail of an event", "topic"),
    "trouble": pgettext_lazy("detail of an event", "what troubles them next"),
    "url": pgettext_lazy("detail of an event", "link"),
    "version": pgettext_lazy("detail of an event", "version"),
    "via": pgettext_lazy("detail of an event", "by which way"),
    "video": pgettext_lazy("detail of an event", "video"),
    "what": pgettext_lazy("detail of an event", "what was changed"),
    "who": pgettext_lazy("detail of an event", "who"),
    "worth_price": pgettext_lazy("detail of an event", "worth its price"),
}
"""What editors call the fields of payloads; one that is not here goes by its name."""

Place = Callable[[object], str]
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_FIELD = {
    FactType.TEXT: "(r.payload ->> {field})",
    FactType.NUMBER: "(CASE WHEN jsonb_typeof(r.payload -> {field}) = 'number'"
    " THEN (r.payload ->> {field})::numeric END)",
    FactType.BOOLEAN: "(CASE WHEN jsonb_typeof(r.payload -> {field}) = 'boolean'"
    " THEN (r.payload ->> {field})::boolean END)",
    FactType.SET: "(CASE WHEN jsonb_typeof(r.payload -> {field}) = 'array' THEN"
    " ARRAY(SELECT jsonb_array_elements_text(r.payload -> {field})) END)",
}


@dataclass(frozen=True, slots=True)
class PayloadTest:
    """One question; ``value`` is what the operator's parser made of it, a list as a tuple."""

    field: str
    kind: FactType
    op: str
    value: Any

    def sql(self, place: Place) -> str:
        """A boolean expression over ``r``; NULL means no."""
        operator = OPERATORS[self.kind][self.op]
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        # No operator of these kinds goes by the time.
        bound = operator.bind(value, _NEVER, UTC)
        places = [place(each) + placeholder_cast(each) for each in bound if not isinstance(each, bool)]
        field = f"{place(self.field)}::text"
        return operator.sql(_FIELD[self.kind].format(field=field), places, value)


@dataclass(frozen=True, slots=True)
class PayloadTests:
    """Questions that must all hold; none asks nothing."""

    tests: tuple[PayloadTest, ...] = ()

    def sql(self, place: Place) -> str:
        """A boolean expression over ``r``; NULL means no."""
        return "(" + " AND ".join(f"({test.sql(place)})" for test in self.tests) + ")" if self.tests else "true"


def read_tests(raw: object, arguments: Mapping[str, Any]) -> PayloadTests:
    """Read and check the questions to the payload of ``arguments["type"]``. Raises ValueError with a message."""
    if raw is None or raw == "":
        return PayloadTests()
    if not isinstance(raw, list) or len(raw) > MOST:
        raise ValueError(_("at most %(most)s details of an event can be asked.") % {"most": MOST})
    return PayloadTests(tuple(_read(each, arguments["type"]) for each in raw))


def _read(raw: object, type_name: str) -> PayloadTest:
    if not isinstance(raw, Mapping) or raw.keys() - {"field", "op", "value"}:
        raise ValueError(_("a detail of an event is asked by field, op and value."))
    kind = _kind(type_name, raw.get("field"))
    op = raw.get("op")
    if not isinstance(op, str) or op not in OPERATORS[kind]:
        raise ValueError(_("choose how the detail of the event is compared."))
    value = OPERATORS[kind][op].parse(raw.get("value"))
    return PayloadTest(str(raw["field"]), kind, op, tuple(value) if isinstance(value, list) else value)


def _kind(type_name: str, name: object) -> FactType:
    if not name:
        raise ValueError(_("choose which detail of the event is asked."))
    try:
        python = event_type(type_name).fields.get(str(name))
    except InvalidEvent:
        python = None
    if python is None or python not in KINDS:
        raise ValueError(_("the event has no detail %(name)s.") % {"name": str(name)[:50]})
    return KINDS[python]
