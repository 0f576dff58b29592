"""Journeys: their list, their editor with a live preview, and their figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import Column, NumberColumn, StatusTagColumn
from wagtail.snippets.views.snippets import IndexView, InspectView, SnippetViewSet, UnpublishView

from jouren.backoffice.figures import JourneyPeople, journey_people
from jouren.backoffice.journeys.forms import JourneyForm
from jouren.journeys.models import Journey, JourneyVersion
from jouren.journeys.neighbours import warnings_of
from jouren.journeys.preview import FlowStep, flow
from jouren.journeys.queries import StepFigures, figures
from jouren.journeys.wording import describe_triggers
from jouren.messaging.queries import help_and_ask_of_run
from jouren.messaging.vocabulary import RunKind


class JourneyIndexView(IndexView):
    """The list, with how each journey stands."""

    def get_base_queryset(self) -> Any:
        return super().get_base_queryset().select_related("latest_revision")

    def get_table(self, object_list: Sequence[Journey], **kwargs: Any) -> Any:
        ids = [journey.pk for journey in object_list]
        people = journey_people(ids)
        numbers = dict(JourneyVersion.objects.filter(journey_id__in=ids, live=True).values_list("journey_id", "number"))
        for journey in object_list:
            journey.people = people.get(journey.pk, JourneyPeople())
            journey.version_text = state_text(journey, numbers.get(journey.pk))
            edited = journey.latest_revision.created_at if journey.latest_revision else None
            journey.edited_text = date_format(timezone.localtime(edited), "SHORT_DATETIME_FORMAT") if edited else ""
        return super().get_table(object_list, **kwargs)


def state_text(journey: Journey, number: int | None) -> str:
    """Whether a journey runs, in words."""
    if number is not None:
        running = _("Running, version %(number)s") % {"number": number}
        return f"{running} · {_('edited since')}" if journey.has_unpublished_changes else running
    return _("Paused") if journey.first_published_at else _("Draft")


class JourneyInspectView(InspectView):
    """How a journey stands: its flow with people and messages at every step, and its versions."""

    template_name = "backoffice/journeys/figures.html"
    page_title = gettext_lazy("Figures")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        versions = list(self.object.versions.order_by("-number")[:20])
        live = next((version for version in versions if version.live), None)
        shown = live or (versions[0] if versions else None)
        counts = figures(self.object)
        may_pause = self.permission_policy.user_has_permission(self.request.user, "publish")
        return {
            **super().get_context_data(**kwargs),
            "journey": self.object,
            "versions": versions,
            "live": live,
            "shown": shown,
            "trigger": describe_triggers(shown.compiled) if shown else "",
            "rows": _rows(flow(shown.compiled), counts.steps) if shown else [],
            "figures": counts,
            "balance": help_and_ask_of_run(RunKind.JOURNEY, str(self.object.pk)),
            "warnings": warnings_of(self.object, live.compiled) if live else [],
            "state": state_text(self.object, live.number if live else None),
            "pause_url": reverse("journeys:unpublish", args=[self.object.pk]) if live and may_pause else "",
        }


def _rows(steps: Sequence[FlowStep], counts: dict[str, StepFigures], depth: int = 0) -> list[dict[str, Any]]:
    """The flow as table rows. ``way`` names the side of a fork that begins there."""
    rows: list[dict[str, Any]] = []
    for step in steps:
        rows.append({"step": step, "figures": counts.get(step.id, StepFigures()), "depth": depth, "way": ""})
        for way, inner in step.ways:
            rows.append({"step": None, "depth": depth + 1, "way": way, "is_empty": not inner})
            rows += _rows(inner, counts, depth + 2)
    return rows


class PauseView(UnpublishView):
    """Pausing. Wagtail's own view goes past ``Journey.unpublish``, and the versions would run on."""

    template_name = "backoffice/journeys/pause.html"

    def unpublish(self) -> HttpResponse | None:
        if (answer := self.run_hook("before_unpublish", self.request, self.object)) is not None:
            return answer  # type: ignore[no-any-return]
        self.object.unpublish(user=self.request.user)
        return self.run_hook("after_unpublish", self.request, self.object)  # type: ignore[no-any-return]


class JourneyViewSet(SnippetViewSet):
    """Journeys in the back office."""

    model = Journey
    icon = "route"
    menu_item_is_registered = True
    url_namespace = "journeys"
    url_prefix = "journeys"
    index_view_class = JourneyIndexView
    inspect_view_class = JourneyInspectView
    unpublish_view_class = PauseView
    inspect_view_enabled = True
    inspect_template_name = "backoffice/journeys/figures.html"
    list_display = [
        "name",
        StatusTagColumn("version_text", label=gettext_lazy("State"), primary=lambda journey: journey.live),
        NumberColumn("people.active", label=gettext_lazy("On the way")),
        NumberColumn("people.finished", label=gettext_lazy("Finished"), classname="jouren-roomy"),
        NumberColumn("people.left", label=pgettext_lazy("people of a journey", "Left"), classname="jouren-roomy"),
        Column("edited_text", label=gettext_lazy("Last edited"), classname="jouren-when jouren-roomy"),
    ]
    search_fields = ["name"]
    ordering = ["name", "id"]
    edit_handler = ObjectList(
        [
            FieldPanel("name"),
            FieldPanel("description"),
            MultiFieldPanel(
                [
                    FieldPanel("trigger"),
                    FieldPanel("entry"),
                    FieldRowPanel([FieldPanel("reentry"), FieldPanel("reentry_days"), FieldPanel("key")]),
                    FieldPanel("entries_per_hour"),
                ],
                heading=gettext_lazy("Who enters"),
            ),
            FieldPanel("steps"),
            MultiFieldPanel(
                [FieldPanel("goal"), FieldPanel("exits")],
                heading=gettext_lazy("Who leaves before the end"),
                classname="collapsed",
            ),
            FieldPanel("zone"),
        ],
        base_form_class=JourneyForm,
    )
