"""What a check finds out: who is known, who would get consent, and to which stage the pyramid's rules would lead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from jouren.catalog.queries import roles_of_codes
from jouren.contacts.actions import Foreseen, PastPerson, foresee_people
from jouren.contacts.actions.identities import normalise_identity
from jouren.contacts.actions.imported import CHANNEL, VIA
from jouren.contacts.policies import DEFAULT_TOPIC, clean_kana, clean_name
from jouren.core import clock
from jouren.core.sql import hot_cursor, load_sql
from jouren.events.types import event_type
from jouren.imports.models import Import
from jouren.orders.models import Buyer, Order
from jouren.orders.policies import check_moment, codes_of, found_kind
from jouren.orders.telling import Telling
from jouren.pyramid.foreseeing import counted_already, rules_about, rules_met
from jouren.pyramid.models import PyramidRule

_sql = load_sql("imports")
MOST_WHERE = 200
_TYPES = ("order.placed", "order.paid", "order.shipped", "order.cancelled", "order.refunded")
_DESCRIBING = frozenset({"order.placed", "order.paid"})


def check_tellings(tellings: Sequence[Telling]) -> None:
    """Refuse what telling of it would refuse. Raises UserError."""
    now = clock.now()
    for telling in tellings:
        event_type(telling.type).check(telling.payload)
        check_moment(telling.occurred_at, now)
    for kind, value in tellings[0].identities:
        normalise_identity(kind, value)
    for name, text in tellings[0].names.items():
        (clean_kana if name.endswith("kana") else clean_name)(text)


class Foresight:
    """Puts aside what a check sees of an import's people, and reports on all of them."""

    def __init__(self, run: Import) -> None:
        self._run = run

    def see_orders(self, orders: Sequence[tuple[str, Sequence[Telling]]]) -> None:
        """Orders that would be told: whose they are, and which rules their events would satisfy."""
        run = self._run
        people = foresee_people([PastPerson(tellings[0].identities) for _number, tellings in orders])
        numbers = [tellings[0].payload["order"] for _number, tellings in orders]
        known = Buyer.objects.filter(source=run.source, thing="order", number__in=numbers)
        told = set(known.values_list("number", flat=True))
        paid = Order.objects.filter(source=run.source, number__in=told, paid_at__isnull=False)
        counted = set(paid.values_list("number", flat=True))
        run.orders += len(orders)
        run.orders_known += len(told)
        rules = rules_about(_TYPES)
        had = counted_already([each.contact_id for each in people if each.contact_id is not None], rules)
        kinds = _roles(run.source, [each for _number, tellings in orders for each in tellings])
        seen: list[_Seen] = []
        for (_number, tellings), number, person in zip(orders, numbers, people, strict=True):
            if person.is_erased:
                run.people_erased += 1
                continue
            who = _who(person, tellings[0].identities)
            seen.append(_Seen(who, person.contact_id, tellings[0].occurred_at))
            for telling in tellings:
                if number in (counted if telling.type == "order.paid" else told):
                    continue
                payload = _with_kind(telling, kinds)
                for rule in rules_met(telling.type, payload, telling.occurred_at, run.source, rules):
                    before = had.get((person.contact_id or 0, rule.pk), 0)
                    seen.append(_Seen(who, person.contact_id, telling.occurred_at, rule, before))
        _copy(run.pk, seen)

    def see_people(self, people: Sequence[PastPerson]) -> None:
        """Customers who would be kept: whether they are known, and whether their consent would be kept."""
        run = self._run
        foreseen = foresee_people(people, has_proof=run.consent_text_id is not None)
        rules = rules_about(["consent.granted"])
        had = counted_already([each.contact_id for each in foreseen if each.contact_id is not None], rules)
        details = {"channel": CHANNEL, "topic": DEFAULT_TOPIC, "via": VIA}
        seen: list[_Seen] = []
        for each, person in zip(people, foreseen, strict=True):
            if person.is_erased:
                run.people_erased += 1
                continue
            who = _who(person, each.identities)
            if not person.agrees or each.agreed is None:
                seen.append(_Seen(who, person.contact_id, run.created_at))
                continue
            at, where = each.agreed
            seen.append(_Seen(who, person.contact_id, at, agreed_where=where))
            for rule in rules_met("consent.granted", details, at, run.source, rules):
                before = had.get((person.contact_id or 0, rule.pk), 0)
                seen.append(_Seen(who, person.contact_id, at, rule, before, agreed_where=where))
        _copy(run.pk, seen)

    def report(self) -> None:
        """Reckon what was seen together, into the import."""
        run = self._run
        _sql.run("analyze_seen")
        row = _sql.one("seen_people", {"import_id": run.pk})
        run.people_made, run.people_known, run.consents = row or (0, 0, 0)
        rules = {rule.pk: rule for rule in rules_about([*_TYPES, "consent.granted"])}
        asked = {
            "import_id": run.pk,
            "rule_ids": list(rules),
            "at_least": [rule.at_least for rule in rules.values()],
            "stages": [rule.stage for rule in rules.values()],
        }
        _sql.run("forget_foreseen", {"import_id": run.pk})
        _sql.run("foresee", asked)
        run.report["stages"] = [
            {
                "stage": stage,
                "rule_id": rule_id,
                "rule": "" if rule_id is None else rules[rule_id].name,
                "people": people,
            }
            for stage, rule_id, people in _sql.all("foreseen_stages", {"import_id": run.pk})
        ]


def _roles(source: str, tellings: Sequence[Telling]) -> dict[str, str]:
    codes = {code for each in tellings if each.type in _DESCRIBING for code in codes_of(each.payload)}
    return roles_of_codes(source, codes)


def _with_kind(telling: Telling, roles: Mapping[str, str]) -> dict[str, Any]:
    """The payload as it would be recorded: with the kind that its products' roles say now."""
    payload = dict(telling.payload)
    if telling.type in _DESCRIBING:
        codes = codes_of(payload)
        named = [roles.get(code) for code in codes]
        payload |= {"products": codes, "kind": found_kind("", named, payload["amount"])}
    return payload


def _who(person: Foreseen, identities: Collection[tuple[str, str]]) -> str:
    """By what somebody is counted once: their id, or else the mail address, under which most rows know them."""
    if person.contact_id is not None:
        return f"={person.contact_id}"
    return max(identities, key=lambda each: each[0] == CHANNEL)[1]


class _Seen(NamedTuple):
    """Whom a row is about, and when; ``rule``: the one that it would satisfy, which had counted ``had`` before.

    ``agreed_where``: where they agreed to mail, at that moment; None: they did not.
    """

    who: str
    contact_id: int | None
    at: datetime
    rule: PyramidRule | None = None
    had: int = 0
    agreed_where: str | None = None


def _line(import_id: int, seen: _Seen) -> str:
    rule_id = None if seen.rule is None else seen.rule.pk
    where, agrees = None, "f"
    if seen.agreed_where is not None:
        where, agrees = _plain(" ".join(seen.agreed_where.replace("\x00", "").split())[:MOST_WHERE]), "t"
    cells = (import_id, _plain(seen.who), seen.contact_id, rule_id, seen.had, seen.at.isoformat(), agrees, where)
    return "\t".join("\\N" if cell is None else str(cell) for cell in cells) + "\n"


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\")


def _copy(import_id: int, rows: Sequence[_Seen]) -> None:
    with hot_cursor().copy(_sql.text("see")) as copy:
        copy.write("".join([_line(import_id, row) for row in rows]))


def forget_people(contact_ids: Sequence[int]) -> None:
    """Forget where checks foresaw people who are erased."""
    _sql.run("forget_foreseen_people", {"contact_ids": list(contact_ids)})
