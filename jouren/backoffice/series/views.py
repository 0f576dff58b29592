"""One series, page by page: its messages in order, who stands where, and moving and removing them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.backoffice.screens import Act
from jouren.backoffice.series.forms import KINDS
from jouren.backoffice.series.screens import ADD, CHANGE, PAGE, PUBLISH, VIEW, SeriesPart, series_url
from jouren.contacts.models import Contact
from jouren.core.errors import UserError
from jouren.journeys.series.actions import move_item, remove_item
from jouren.journeys.series.models import SeriesItem, SeriesPublishing
from jouren.journeys.series.order import MAX_ITEMS
from jouren.journeys.series.progress import people_at, progress_in
from jouren.journeys.series.queries import (
    Filter,
    ItemFigures,
    PageItem,
    draft_items,
    item_figures,
    journeys_that_send,
    page_of_items,
    pending_in,
)

MAX_TEXT = 200


def state_labels() -> dict[str, str]:
    """The states of an item in words."""
    return {
        "draft": _("draft"),
        "new": _("not in the published series yet"),
        "changed": _("changed since"),
        "published": _("published"),
        "gone": _("the message was deleted"),
    }


class SeriesScreen(SeriesPart):
    """Fifty messages of the series, with what became of them; searched and sifted, if wished."""

    permissions = VIEW
    template_name = "backoffice/series/series.html"

    def get_page_title(self) -> str:
        return str(self.series)

    def get_page_subtitle(self) -> str:
        return ""

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = {"url": reverse("series:list"), "label": _("Series")}
        return [*self.breadcrumbs_items, above, {"url": "", "label": str(self.series)}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        chosen, first = self._chosen(), self._first()
        items = draft_items(self.series.pk)
        listed = page_of_items(self.series, chosen, from_number=first, limit=PAGE + 1)
        progress = progress_in(self.series)
        user = self.request.user
        return {
            **super().get_context_data(**kwargs),
            "rows": self._rows(listed[:PAGE], progress.by_number),
            "next_from": listed[PAGE].number if len(listed) > PAGE else None,
            "first": first,
            "total": len(items),
            "pages": [(start, min(start + PAGE - 1, len(items))) for start in range(1, len(items) + 1, PAGE)],
            "chosen": chosen,
            "is_sifted": chosen != Filter(),
            "kinds": KINDS,
            "states": [(state, label) for state, label in state_labels().items() if state != "gone"],
            "pending": pending_in(self.series, items),
            "progress": progress,
            "journeys": journeys_that_send(self.series.pk),
            "publishing": SeriesPublishing.objects.filter(series=self.series).first(),
            "is_full": len(items) >= MAX_ITEMS,
            "may": {
                "change": user.has_perms(CHANGE),
                "add": user.has_perms(ADD),
                "publish": user.has_perms(PUBLISH),
                "edit_message": user.has_perm("messaging.change_message"),
                "see_people": user.has_perm("contacts.view_contact"),
            },
        }

    def _chosen(self) -> Filter:
        asked = self.request.GET
        kind, state = asked.get("kind", ""), asked.get("state", "")
        return Filter(
            text=asked.get("q", "").replace("\x00", "").strip()[:MAX_TEXT],
            kind=kind if kind in dict(KINDS) else "",
            state=state if state in state_labels() else "",
        )

    def _first(self) -> int:
        asked = self.request.GET.get("from", "")
        return min(max(int(asked), 1), MAX_ITEMS) if asked.isdecimal() and len(asked) < 9 else 1

    def _rows(self, items: list[PageItem], people: Any) -> list[dict[str, Any]]:
        figures = item_figures(self.series.pk, [item.id for item in items])
        published = self._published_numbers()
        labels = state_labels()
        return [
            {
                "item": item,
                "state": labels[item.state],
                "figures": figures.get(item.id, ItemFigures()),
                "people": people.get(published.get(item.id, -1), 0),
                "published_number": published.get(item.id),
            }
            for item in items
        ]

    def _published_numbers(self) -> dict[str, int]:
        """Which number each item has in the published series, by which people stand."""
        live = self.series.live_version
        items = [slot[1] for slot in live.slots if slot[1] is not None] if live else []
        return {item: number for number, item in enumerate(items, start=1)}


class PeopleScreen(SeriesPart):
    """Who got a certain message of the series as their last one; number 0: nobody's first has come yet."""

    permissions = (*VIEW, "contacts.view_contact")
    template_name = "backoffice/series/people.html"
    page_title = gettext_lazy("Who stands here")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        number = self.kwargs["number"]
        if number > MAX_ITEMS:
            raise Http404
        found = people_at(self.series, number, limit=PAGE + 1)
        contacts = Contact.objects.in_bulk([each.contact_id for each in found[:PAGE]])
        return {
            **super().get_context_data(**kwargs),
            "number": number,
            "rows": [
                {"person": contacts[each.contact_id], "standing": each}
                for each in found[:PAGE]
                if each.contact_id in contacts
            ],
            "has_more": len(found) > PAGE,
            "page_size": PAGE,
        }


class _ItemAct(Act):
    permissions = CHANGE

    @cached_property
    def item(self) -> SeriesItem:
        """The item of the URL. Raises Http404."""
        return get_object_or_404(SeriesItem, pk=self.kwargs["item_id"])


class Move(_ItemAct):
    """Up, down, or to a number."""

    def act(self) -> str:
        to = self.request.POST.get("to", "")
        steps = {"up": -1, "down": 1}
        if to in steps:
            wanted = self.item.number + steps[to]
        elif to.isdecimal() and len(to) < 9:
            wanted = int(to)
        else:
            raise UserError(_("Say to which number it is moved: 1 for the beginning."))
        self.item.number = move_item(self.item.pk, wanted, by=self.staff).number
        return _("The message is number %(number)s now.") % {"number": self.item.number}

    def back(self) -> str:
        return f"{series_url(self.item.series_id, number=self.item.number)}#item-{self.item.pk}"


class Remove(_ItemAct):
    """Out of the series; the message itself stays."""

    def act(self) -> str:
        number = remove_item(self.item.pk, by=self.staff)
        return _("Number %(number)s is taken out of the series. The message is still there.") % {"number": number}

    def back(self) -> str:
        return series_url(self.item.series_id, number=self.item.number)
