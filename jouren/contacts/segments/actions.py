"""What changes segments."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.conditions.errors import ConditionError
from jouren.contacts.actions.base import User
from jouren.contacts.errors import BadSegment, SegmentInUse
from jouren.contacts.policies import clean_text
from jouren.contacts.segments.definitions import segments_asked
from jouren.contacts.segments.filling import CHANNEL
from jouren.contacts.segments.listening import listen
from jouren.contacts.segments.models import Segment
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.core.wording import listed

_sql = load_sql("contacts")
MAX_NAME_LENGTH, MAX_DESCRIPTION_LENGTH = 100, 300


@dataclass(frozen=True)
class Use:
    """Where a segment is asked for: what kind of thing it is, its name, and how it is found (a primary key)."""

    kind: str
    name: str
    id: int


UseFinder = Callable[[int], list[Use]]
_use_finders: dict[str, UseFinder] = {}


def register_segment_use(name: str, finder: UseFinder) -> None:
    """Have a room tell where it asks for a segment: ``finder(segment_id)``."""
    _use_finders[name] = finder


@transaction.atomic
def save_segment(
    name: str,
    condition: object,
    *,
    segment: Segment | None = None,
    description: str = "",
    by: User | None = None,
) -> Segment:
    """Make a segment, or change one. Its people are filled in by the workers; nobody is told to have entered or left.

    Raises:
        BadSegment: the name is taken, empty or too long, or the segment would depend on itself.
        ConditionError: the condition cannot be asked.
    """
    # Two who save at once could otherwise make a circle between them.
    _sql.one("segment_lock_definitions")
    saved = segment or Segment(name="", changed_at=clock.now())
    if saved.pk is not None:
        saved.refresh_from_db()
    if saved.deleted_at is not None:
        raise BadSegment(_("Somebody has deleted this segment."), "name")
    cleaned = _cleaned(name, MAX_NAME_LENGTH, saved.pk)
    check_condition(condition, saved.pk, cleaned)
    is_new, is_other = saved.pk is None, saved.condition != condition
    saved.name, saved.description = cleaned, clean_text(description)[:MAX_DESCRIPTION_LENGTH]
    if is_other:
        saved.condition, saved.changed_at = condition, clock.now()
    if is_new:
        saved.save()
    else:  # the filler writes the other columns
        saved.save(update_fields=["name", "description", "condition", "changed_at"])
    if is_other and not is_new:
        fill_anew(_with_dependents({saved.pk}))
        saved.refresh_from_db()
    listen()
    wake(CHANNEL)
    if by is not None:
        log(instance=saved, action=f"contacts.{'add' if is_new else 'change'}_segment", user=by, title=saved.name)
    return saved


def _cleaned(name: str, limit: int, own_id: int | None) -> str:
    cleaned = clean_text(name)
    if not 0 < len(cleaned) <= limit:
        raise BadSegment(_("A segment's name has 1 to %(limit)s characters.") % {"limit": limit}, "name")
    if Segment.objects.filter(name=cleaned, deleted_at=None).exclude(pk=own_id or 0).exists():
        raise BadSegment(_("There is another segment of the name “%(name)s”.") % {"name": cleaned}, "name")
    return cleaned


def check_condition(condition: object, own_id: int | None = None, name: str = "") -> None:
    """Raise ConditionError or BadSegment where a condition cannot be that of a segment.

    ``own_id`` is the segment's, if it has one; ``name`` what it is called in the error.
    """
    if not condition:
        raise ConditionError(_("There is no condition yet."))
    asked = segments_asked(condition)
    others = {each.pk: each for each in Segment.objects.filter(deleted_at=None)}
    if unknown := asked - others.keys():
        raise ConditionError(_("There is no segment %(id)s any more.") % {"id": min(unknown)})
    if own_id is not None and (circle := _circle(own_id, asked, others)):
        names = [name or others[own_id].name, *(others[each].name for each in circle)]
        path = " → ".join(f"“{each}”" for each in [*names[:-1], names[0]])
        raise BadSegment(
            _("A segment cannot depend on itself: %(path)s. Take one of these out of the other.") % {"path": path},
            "condition",
        )


def _circle(own_id: int, asked: frozenset[int], others: Mapping[int, Segment]) -> list[int]:
    """The way from a segment over those it would ask for back to itself; empty where there is none."""
    seen: set[int] = set()

    def walk(ids: frozenset[int]) -> list[int]:
        for each in sorted(ids - seen):
            if each == own_id:
                return [each]
            seen.add(each)
            if each in others and (rest := walk(_asked(others[each]))):
                return [each, *rest]
        return []

    return walk(asked)


def _asked(segment: Segment) -> frozenset[int]:
    try:
        return segments_asked(segment.condition)
    except ConditionError:
        return frozenset()


def _with_dependents(segment_ids: Set[int]) -> list[int]:
    """These segments and those that ask for one of them, at however many removes."""
    asked = {each.pk: _asked(each) for each in Segment.objects.filter(deleted_at=None)}
    found = set(segment_ids)
    while more := {pk for pk, ids in asked.items() if ids & found} - found:
        found |= more
    return sorted(found)


def fill_anew(segment_ids: list[int]) -> None:
    """Have segments filled from scratch, as after a change of their condition."""
    _sql.run("segment_fill_anew", {"ids": segment_ids})
    wake(CHANNEL)


@transaction.atomic
def fill_anew_asking(fact: str, argument: str, values: Collection[object]) -> None:
    """Have the segments filled from scratch that ask a fact with one of these arguments, and those that ask for them.

    For whatever changes a fact's values and is no event of anybody's.
    """
    # A segment that somebody saves just now might begin to ask for it, unseen from here.
    _sql.one("segment_lock_definitions")
    segments = Segment.objects.filter(deleted_at=None)
    asking = {each.pk for each in segments if _asks(each.condition, fact, argument, values)}
    if asking:
        fill_anew(_with_dependents(asking))


def _asks(tree: Any, fact: str, argument: str, values: Collection[object]) -> bool:
    if isinstance(tree, Mapping):
        arguments = tree.get("args")
        if tree.get("fact") == fact and isinstance(arguments, Mapping) and arguments.get(argument) in values:
            return True
        return any(_asks(part, fact, argument, values) for part in tree.values())
    return isinstance(tree, list) and any(_asks(part, fact, argument, values) for part in tree)


def uses_of(segment_id: int) -> list[Use]:
    """Everything that asks for a segment: other segments first."""
    own = [
        Use("segment", each.name, each.pk)
        for each in Segment.objects.filter(deleted_at=None).exclude(pk=segment_id)
        if segment_id in _asked(each)
    ]
    return own + [use for finder in _use_finders.values() for use in finder(segment_id)]


@transaction.atomic
def delete_segment(segment: Segment, *, by: User | None = None) -> None:
    """Delete a segment; the workers clear up. Raises SegmentInUse, with what asks for it."""
    _sql.one("segment_lock_definitions")
    if uses := uses_of(segment.pk):
        raise SegmentInUse(
            _("“%(name)s” is still in use: %(uses)s.")
            % {"name": segment.name, "uses": listed(f"“{use.name}”" for use in uses)},
            uses,
        )
    if by is not None:
        log(instance=segment, action="contacts.delete_segment", user=by, title=segment.name)
    segment.deleted_at = clock.now()
    segment.seen_at = None
    segment.save(update_fields=["deleted_at", "seen_at"])
    listen()
    wake(CHANNEL)


def condition_asks(tree: Any, segment_id: int) -> bool:
    """Whether some JSON holds a condition that asks for a segment: for whoever keeps conditions inside other things."""
    if isinstance(tree, Mapping):
        if tree.get("fact") == "segment" and isinstance(tree.get("args"), Mapping):
            return str(tree["args"].get("segment")) == str(segment_id)
        return any(condition_asks(value, segment_id) for value in tree.values())
    return isinstance(tree, list) and any(condition_asks(value, segment_id) for value in tree)
