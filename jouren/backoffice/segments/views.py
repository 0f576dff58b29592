"""Segments: how many people are in each, who they are, where they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from jouren.backoffice.people.listing import shown_identity
from jouren.backoffice.screens import Act, Screen
from jouren.backoffice.segments.forms import SegmentForm
from jouren.conditions.errors import ConditionError
from jouren.conditions.moments import day_of
from jouren.conditions.wording import describe_parts
from jouren.contacts.errors import BadSegment
from jouren.contacts.models import Contact
from jouren.contacts.queries import find_contact_by_public_id
from jouren.contacts.segments.actions import check_condition, delete_segment, save_segment, uses_of
from jouren.contacts.segments.models import Segment
from jouren.contacts.segments.queries import Day, Size, growth, people_in_segment, segments, sizes
from jouren.core import clock
from jouren.core.zone import shop_zone
from jouren.journeys.group_entry import Stop, entries_of
from jouren.journeys.models import GroupEntry

PAGE = 50
MOST_LISTED = 500
GROWTH_DAYS = 30
ENTER = ("contacts.view_segment", "contacts.change_contact", "journeys.change_journey")
"""What is asked of those who put all people of a segment into a journey: as for one person, and to see the segment."""

_LISTS: Mapping[str, tuple[str, str | Promise]] = {
    "segment": ("segments:segment", gettext_lazy("segment")),
    "journey": ("journeys:edit", gettext_lazy("journey")),
    "offer": ("offers:offer", gettext_lazy("offer")),
    "broadcast": ("broadcasts:show", gettext_lazy("broadcast")),
}


@dataclass(frozen=True)
class Row:
    """A segment in the list. ``problem``: why its people cannot be kept any more."""

    segment: Segment
    size: Size
    problem: str


@dataclass(frozen=True)
class UseLine:
    """Something that asks for a segment, in words; ``url`` is empty where it has no screen."""

    kind: str
    name: str
    url: str


def problem_of(segment: Segment) -> str:
    """Why a segment's condition cannot be asked any more; empty where it can."""
    try:
        check_condition(segment.condition, segment.pk, segment.name)
    except (ConditionError, BadSegment) as error:
        return error.message if isinstance(error, ConditionError) else str(error)
    return ""


class SegmentsScreen(Screen):
    """All segments with their sizes."""

    permissions = ("contacts.view_segment",)
    template_name = "backoffice/segments/list.html"
    page_title = gettext_lazy("Segments")
    header_icon = "circles"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        listed = list(segments()[:MOST_LISTED])
        known = sizes([segment.pk for segment in listed])
        return {
            **super().get_context_data(**kwargs),
            "rows": [Row(segment, known.get(segment.pk, Size()), problem_of(segment)) for segment in listed],
            "may_add": self.request.user.has_perm("contacts.add_segment"),
        }


class OfSegment:
    """A view about the segment that its URL names."""

    kwargs: dict[str, Any]

    @cached_property
    def segment(self) -> Segment:
        """The segment that the URL names."""
        found = segments().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found


class SegmentScreen(OfSegment, Screen):
    """One segment: whom it is about, who is in it, how it grew, what uses it."""

    permissions = ("contacts.view_segment",)
    template_name = "backoffice/segments/segment.html"
    parents = (("segments:list", gettext_lazy("Segments")),)
    header_icon = "circles"

    def get_page_title(self) -> str:
        return self.segment.name

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        segment, user = self.segment, self.request.user
        may_see_people = user.has_perm("contacts.view_contact")
        after = self._after()
        before = after.pk if after else None
        found = people_in_segment(segment.pk, before=before, limit=PAGE + 1) if may_see_people else []
        prefetch_related_objects([member.contact for member in found], "identities")
        days = growth(segment.pk, GROWTH_DAYS)
        uses = use_lines(segment.pk)
        joint, parts = describe_parts(segment.condition)
        return {
            **super().get_context_data(**kwargs),
            "segment": segment,
            "size": sizes([segment.pk]).get(segment.pk, Size()),
            "problem": problem_of(segment),
            "joint": joint,
            "parts": parts,
            "days": days,
            "bars": bars(days),
            "busiest": max((max(day.entered, day.left) for day in days), default=0),
            "entered": sum(day.entered for day in days),
            "left": sum(day.left for day in days),
            "uses": uses,
            "members": [(member, shown_identity(member.contact)) for member in found[:PAGE]],
            "next": found[PAGE - 1].contact.public_id if len(found) > PAGE else None,
            "is_later_page": after is not None,
            "may_enter": user.has_perms(ENTER),
            "entries": entry_lines(segment.pk) if user.has_perms(ENTER) else [],
            "may_see_people": may_see_people,
            "may_change": user.has_perm("contacts.change_segment"),
            "may_delete": user.has_perm("contacts.delete_segment") and not uses,
        }

    def _after(self) -> Contact | None:
        try:
            return find_contact_by_public_id(UUID(self.request.GET["after"]))
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True)
class Bar:
    """A day of the picture: heights in percent of the busiest."""

    day: date
    entered: int
    left: int
    up: int
    down: int


def bars(days: list[Day]) -> list[Bar]:
    """Every one of the last days, the earliest first; none where nobody moved."""
    if not days:
        return []
    known = {day.day: day for day in days}
    busiest = max(max(day.entered, day.left) for day in days) or 1
    today = day_of(clock.now(), shop_zone())
    shown = [today - timedelta(days=ago) for ago in reversed(range(GROWTH_DAYS))]
    moved = [known.get(day, Day(day, 0, 0)) for day in shown]
    return [
        Bar(each.day, each.entered, each.left, _height(each.entered, busiest), _height(each.left, busiest))
        for each in moved
    ]


def _height(count: int, busiest: int) -> int:
    return max(4, round(100 * count / busiest)) if count else 0


@dataclass(frozen=True)
class EntryLine:
    """What became of the people who were put into a journey; ``stop`` says why not all were looked at."""

    entry: GroupEntry
    stop: str


def entry_lines(segment_id: int) -> list[EntryLine]:
    """The last times that a segment's people were put into a journey."""
    return [
        EntryLine(entry, str(Stop(entry.stopped_by).label) if entry.stopped_by in Stop.values else "")
        for entry in entries_of(segment_id)
    ]


def use_lines(segment_id: int) -> list[UseLine]:
    """What asks for a segment."""
    lines = []
    for use in uses_of(segment_id):
        url, kind = _LISTS.get(use.kind, ("", use.kind))
        lines.append(UseLine(str(kind), use.name, reverse(url, args=[use.id]) if url else ""))
    return lines


class _Editor(Screen):
    """GET shows the form; POST saves it or says what is wrong, at its field."""

    template_name = "backoffice/segments/edit.html"
    parents = (("segments:list", gettext_lazy("Segments")),)
    header_icon = "circles"
    edited: Segment | None = None

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save the segment."""
        form = SegmentForm(request.POST, segment=self.edited)
        if form.is_valid():
            try:
                saved = save_segment(
                    form.cleaned_data["name"],
                    form.cleaned_data["condition"],
                    segment=self.edited,
                    description=form.cleaned_data["description"],
                    by=self.staff,
                )
            except BadSegment as error:
                form.add_error(error.field, str(error))
            except ConditionError as error:
                form.add_error("condition", error.in_words)
            else:
                messages.success(request, _("The segment “%(name)s” is saved.") % {"name": saved.name})
                return redirect("segments:segment", saved.pk)
        return self.render_to_response(self.get_context_data(form=form))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        form = kwargs.get("form") or SegmentForm(segment=self.edited)
        return {**context, "form": form, "media": form.media, "edited": self.edited}


class AddScreen(_Editor):
    """A new segment."""

    permissions = ("contacts.add_segment",)
    page_title = gettext_lazy("Add a segment")


class EditScreen(OfSegment, _Editor):
    """Another name or condition."""

    permissions = ("contacts.change_segment",)

    def get_page_title(self) -> str:
        return _("Change “%(name)s”") % {"name": self.segment.name}

    @property
    def edited(self) -> Segment:  # type: ignore[override]
        """The segment that is changed."""
        return self.segment


class Delete(OfSegment, Act):
    """Delete it, unless something still asks for it."""

    permissions = ("contacts.delete_segment",)
    is_gone = False

    def act(self) -> str:
        delete_segment(self.segment, by=self.staff)
        self.is_gone = True
        return _("The segment “%(name)s” is deleted.") % {"name": self.segment.name}

    def back(self) -> str:
        return reverse("segments:list") if self.is_gone else reverse("segments:segment", args=[self.kwargs["pk"]])
