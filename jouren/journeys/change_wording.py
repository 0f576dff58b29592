"""Changes between two versions in the words of an author: rule by rule, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.conditions.errors import ConditionError
from jouren.conditions.tree import All, AnyOf, Leaf, Node, Not, parse_tree
from jouren.core.wording import listed
from jouren.journeys.changes import Changes, StepChange
from jouren.journeys.conversions import conversion_days, conversion_of, describe_conversion
from jouren.journeys.models import Precedence, Reentry
from jouren.journeys.shape import Compiled, Place, content, places
from jouren.journeys.steps import describe_step, ways_of
from jouren.journeys.versions import endings_of
from jouren.journeys.wording import describe_trigger, describe_triggers, reason_text
from jouren.messaging.models import MessageVersion

Raw = Mapping[str, Any]


class ChangeText(NamedTuple):
    """One change as it is read. ``kind``: added, removed, changed, moved, or rule. ``where``: the way it stands in."""

    kind: str
    what: str
    before: str = ""
    after: str = ""
    where: str = ""
    step: str = ""


def change_texts(changes: Changes, old: Compiled, new: Compiled) -> list[ChangeText]:
    """All changes in words, rules first."""
    was, now = ({place.step: place for place in places(compiled)} for compiled in (old, new))
    rules = [_rule_text(name, old, new) for name in changes.rules]
    return [*rules, *(_step_text(change, old, new, was, now) for change in changes.steps)]


def summary(changes: Changes) -> str:
    """Changes in a line: how many steps were added, removed, changed and moved."""
    counts = {kind: len(changes.of(kind)) for kind in ("added", "removed", "changed", "moved")}
    parts = []
    if counts["added"]:
        parts.append(ngettext("%(n)s step added", "%(n)s steps added", counts["added"]) % {"n": counts["added"]})
    if counts["removed"]:
        parts.append(
            ngettext("%(n)s step removed", "%(n)s steps removed", counts["removed"]) % {"n": counts["removed"]}
        )
    if counts["changed"]:
        parts.append(
            ngettext("%(n)s step changed", "%(n)s steps changed", counts["changed"]) % {"n": counts["changed"]}
        )
    if counts["moved"]:
        parts.append(ngettext("%(n)s step moved", "%(n)s steps moved", counts["moved"]) % {"n": counts["moved"]})
    parts += [_RULES[name][0]() for name in changes.rules]
    return _(", ").join(parts)


def _step_text(
    change: StepChange, old: Compiled, new: Compiled, was: Mapping[str, Place], now: Mapping[str, Place]
) -> ChangeText:
    compiled, place = (new, now.get(change.step)) if change.after is not None else (old, was.get(change.step))
    where = _way_text(compiled, place)
    before = describe_step(change.before) if change.before is not None else ""
    after = describe_step(change.after) if change.after is not None else ""
    what = after or before
    if change.kind == "moved":
        return ChangeText("moved", what, _way_text(old, was.get(change.step)), where, where, change.step)
    if change.kind != "changed" or change.before is None or change.after is None:
        return ChangeText(change.kind, what, where=where, step=change.step)
    if before == after:
        before, after = _details(change.before), _details(change.after)
    if before == after:
        before, after = "", _("Its settings are different.")
    return ChangeText("changed", what, before, after, where, change.step)


def _way_text(compiled: Compiled, place: Place | None) -> str:
    """The way that a step stands in: “when it happens” of “Wait for …”; empty on the main way."""
    if place is None or place.inside is None:
        return ""
    fork, number = place.inside
    raw = compiled["steps"][fork]
    return _("in the way “%(way)s” of “%(fork)s”") % {"way": ways_of(raw)[number].label, "fork": describe_step(raw)}


def _details(raw: Raw) -> str:
    """What distinguishes a step whose line is the same: its message's version, its conditions, its ways."""
    said = content(raw)
    parts = []
    if version_id := said.get("message_version"):
        number = MessageVersion.objects.filter(pk=version_id).values_list("number", flat=True).first()
        parts.append(_("version %(number)s of the message") % {"number": number or "?"})
    if "when" in said:
        parts.append(condition_text(said["when"]))
    for way in said.get("ways", ()):
        name = f"{way['name']} {way['weight']}" if "weight" in way else way["name"]
        parts.append(f"{name}: {condition_text(way['when'])}" if "when" in way else name)
    return " / ".join(parts)


def condition_text(tree: Any) -> str:
    """A condition in a line; empty for none."""
    if not tree:
        return ""
    try:
        return _node_text(parse_tree(tree), is_inner=False)
    except ConditionError:
        return _("a condition that cannot be asked any more")


def _node_text(node: Node, *, is_inner: bool = True) -> str:
    match node:
        case Leaf():
            return _leaf_text(node)
        case Not():
            return _("not (%(condition)s)") % {"condition": _node_text(node.part, is_inner=False)}
        case All() | AnyOf():
            word = _(" and ") if isinstance(node, All) else _(" or ")
            text = word.join(_node_text(part) for part in node.parts)
            return f"({text})" if is_inner and len(node.parts) > 1 else text
    return "?"


def _leaf_text(leaf: Leaf) -> str:
    arguments = [str(value) for _name, value in leaf.use.arguments if value not in (None, "")]
    fact = str(leaf.use.fact.label) + (f" ({', '.join(arguments)})" if arguments else "")
    values = leaf.value if isinstance(leaf.value, list | tuple | frozenset | set) else [leaf.value]
    value = listed(_value_text(each) for each in values)
    return _("%(fact)s %(how)s %(value)s") % {"fact": fact, "how": leaf.operator.label, "value": value}


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def _rule_text(name: str, old: Compiled, new: Compiled) -> ChangeText:
    label, tell = _RULES[name]
    return ChangeText("rule", label(), tell(old), tell(new))


def _reentry(compiled: Compiled) -> str:
    text = str(Reentry(compiled["reentry"]).label)
    if compiled["reentry"] == Reentry.AFTER:
        return f"{text} ({compiled.get('reentry_days', 0)})"
    return f"{text} ({compiled['key']})" if compiled["reentry"] == Reentry.KEYED else text


def _exits(compiled: Compiled) -> str:
    exits = [f"{reason_text(each['reason'])}: {condition_text(each['when'])}" for each in compiled["exits"]]
    exits += [f"{reason_text(each['reason'])}: {describe_trigger(each)}" for each in endings_of(compiled)]
    return " / ".join(exits) or _("none")


def _conversion(compiled: Compiled) -> str:
    days = conversion_days(compiled)
    within = ngettext("within %(days)s day", "within %(days)s days", days) % {"days": days}
    return f"{describe_conversion(conversion_of(compiled))} ({within})"


_RULES: Mapping[str, tuple[Callable[[], str], Callable[[Compiled], str]]] = {
    "triggers": (lambda: _("Who enters"), describe_triggers),
    "entry": (lambda: _("Only who"), lambda compiled: condition_text(compiled["entry"]) or _("everybody")),
    "reentry": (lambda: _("How often"), _reentry),
    "entries_per_hour": (
        lambda: _("People an hour at most"),
        lambda compiled: str(compiled.get("entries_per_hour") or _("no limit")),
    ),
    "precedence": (
        lambda: _("Two journeys on one day"),
        lambda compiled: str(Precedence(compiled.get("precedence", Precedence.LIKE_OTHERS)).label),
    ),
    "goal": (lambda: _("Goal"), lambda compiled: condition_text(compiled["goal"]) or _("none")),
    "holdout": (
        lambda: _("Held back to compare"),
        lambda compiled: f"{compiled['holdout']} %" if compiled.get("holdout") else _("nobody"),
    ),
    "conversion": (lambda: _("What counts as a success"), _conversion),
    "exits": (lambda: _("Exits"), _exits),
    "zone": (lambda: _("Time zone"), lambda compiled: str(compiled["zone"])),
}
