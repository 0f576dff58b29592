"""Journeys: their list, their editor with a live preview, and their figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList, PublishingPanel
from wagtail.admin.ui.tables import Column, NumberColumn, StatusTagColumn
from wagtail.admin.widgets.button import Button
from wagtail.snippets.views.snippets import IndexView, InspectView, SnippetViewSet, UnpublishView

from jouren.backoffice.figures import JourneyPeople, journey_people
from jouren.backoffice.files.views import ImportScreen
from jouren.backoffice.journeys.dry_runs import DryRunCsv, DryRunPeopleScreen, DryRunScreen, DryRunsScreen
from jouren.backoffice.journeys.forms import JourneyForm
from jouren.backoffice.journeys.persona import PersonaScreen
from jouren.backoffice.journeys.publishing import JourneyCreateView, JourneyEditView, PublishScreen
from jouren.backoffice.journeys.results import tell_results
from jouren.backoffice.journeys.running import MoveScreen, PauseScreen, ResumeScreen
from jouren.backoffice.journeys.versions import CompareScreen, RestoreView, VersionsScreen
from jouren.backoffice.playbooks.views import PlaybooksScreen
from jouren.backoffice.screens import asking_again
from jouren.journeys.checking import notes_of
from jouren.journeys.history import older_with_people
from jouren.journeys.models import Journey, JourneyVersion, Pause
from jouren.journeys.preview import FlowStep, flow
from jouren.journeys.queries import StepFigures
from jouren.journeys.results import StepSuccesses
from jouren.journeys.wording import describe_triggers
from jouren.reports.kept import Kept, Standing, standing_of


class JourneyIndexView(IndexView):
    """The list, with how each journey stands."""

    def get_base_queryset(self) -> Any:
        return super().get_base_queryset().select_related("latest_revision")

    @cached_property
    def header_more_buttons(self) -> list[Any]:
        """What concerns all journeys."""
        buttons = list(super().header_more_buttons)
        if ImportScreen.is_allowed(self.request):
            label = _("Import or download as files")
            buttons.append(Button(label, url=reverse("files:import"), icon_name="upload", priority=90))
        if PlaybooksScreen.is_allowed(self.request):
            buttons.append(
                Button(_("Ready-made journeys"), url=reverse("playbooks:list"), icon_name="route", priority=80)
            )
        return buttons

    def get_table(self, object_list: Sequence[Journey], **kwargs: Any) -> Any:
        ids = [journey.pk for journey in object_list]
        people = journey_people(ids)
        numbers = dict(JourneyVersion.objects.filter(journey_id__in=ids, live=True).values_list("journey_id", "number"))
        paused = set(Pause.objects.filter(journey_id__in=ids, resumed_at=None).values_list("journey_id", flat=True))
        for journey in object_list:
            journey.people = people.get(journey.pk, JourneyPeople())
            journey.version_text = state_text(journey, numbers.get(journey.pk), is_paused=journey.pk in paused)
            edited = journey.latest_revision.created_at if journey.latest_revision else None
            journey.edited_text = date_format(timezone.localtime(edited), "SHORT_DATETIME_FORMAT") if edited else ""
        return super().get_table(object_list, **kwargs)


def state_text(journey: Journey, number: int | None, *, is_paused: bool) -> str:
    """Whether a journey runs, in words."""
    if number is None:
        return _("Unpublished") if journey.first_published_at else _("Draft")
    text = _("Paused, version %(number)s") if is_paused else _("Running, version %(number)s")
    running = text % {"number": number}
    return f"{running} · {_('edited since')}" if journey.has_unpublished_changes else running


class JourneyInspectView(InspectView):
    """How a journey stands: its flow with people and messages at every step, and where those on older versions are."""

    template_name = "backoffice/journeys/figures.html"
    page_title = gettext_lazy("Figures")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The figures; while they are counted for the first time, the screen asks again by itself."""
        answer = super().get(request, *args, **kwargs)
        return asking_again(answer, self.kept)

    @cached_property
    def live(self) -> JourneyVersion | None:
        """The version that people enter."""
        found: JourneyVersion | None = self.object.versions.filter(live=True).first()
        return found

    @cached_property
    def shown(self) -> JourneyVersion | None:
        """The version that was asked for, or the one that people enter, or the last one."""
        return self._asked_for() or self.live or self.object.versions.order_by("-number").first()

    @cached_property
    def kept(self) -> Kept[Standing]:
        """The figures, as of which moment."""
        return standing_of(self.object, self.shown)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        journey: Journey = self.object
        live = self.live
        pause = Pause.objects.filter(journey=journey, resumed_at=None).first()
        urls = {
            name: reverse(f"journeys:{name}", args=[journey.pk])
            for name in ("pause", "resume", "move", "versions", "dry_runs", "persona")
        }
        return {
            **super().get_context_data(**kwargs),
            "journey": journey,
            "live": live,
            "shown": self.shown,
            "trigger": describe_triggers(self.shown.compiled) if self.shown else "",
            **self._counted(),
            "hints": notes_of(journey, live.compiled) if live else [],
            "state": state_text(journey, live.number if live else None, is_paused=pause is not None),
            "pause": pause,
            "turned_away": pause.turned_away.count() if pause else 0,
            "may_export": self.request.user.has_perms(("journeys.view_journey", "messaging.view_message")),
            "may_publish": self.permission_policy.user_has_permission(self.request.user, "publish"),
            "urls": urls,
        }

    def _counted(self) -> dict[str, Any]:
        """What needs counting; nothing of it while that is done for the first time."""
        told: dict[str, Any] = {"kept": self.kept}
        standing, shown = self.kept.answer, self.shown
        if standing is None:
            return told
        told |= {
            "figures": standing.figures,
            "balance": standing.balance,
            "older": older_with_people(standing.on_versions),
        }
        if shown is None or standing.results is None:
            return told
        results = tell_results(standing.results, shown.compiled)
        rows = _rows(flow(shown.compiled), standing.figures.steps, results.steps)
        return told | {"results": results, "rows": rows}

    def _asked_for(self) -> JourneyVersion | None:
        number = self.request.GET.get("version", "")
        if not number.isdecimal() or len(number) > 9:
            return None
        version: JourneyVersion | None = self.object.versions.filter(number=int(number)).first()
        return version


def _rows(
    steps: Sequence[FlowStep], counts: dict[str, StepFigures], successes: dict[str, StepSuccesses], depth: int = 0
) -> list[dict[str, Any]]:
    """The flow as table rows. ``way`` names the side of a fork that begins there."""
    rows: list[dict[str, Any]] = []
    for step in steps:
        rows.append(
            {
                "step": step,
                "figures": counts.get(step.id, StepFigures()),
                "successes": successes.get(step.id, StepSuccesses()),
                "depth": depth,
                "way": "",
            }
        )
        for way, inner in step.ways:
            rows.append({"step": None, "depth": depth + 1, "way": way, "is_empty": not inner})
            rows += _rows(inner, counts, successes, depth + 2)
    return rows


class JourneyUnpublishView(UnpublishView):
    """Unpublishing. Wagtail's own view goes past ``Journey.unpublish``, and the versions would run on."""

    template_name = "backoffice/journeys/unpublish.html"

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
    unpublish_view_class = JourneyUnpublishView
    add_view_class = JourneyCreateView
    edit_view_class = JourneyEditView
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
            FieldPanel("name", required_on_save=True),
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
            FieldPanel("precedence"),
            MultiFieldPanel(
                [FieldPanel("goal"), FieldPanel("exits")],
                heading=gettext_lazy("Who leaves before the end"),
                classname="collapsed",
            ),
            MultiFieldPanel(
                [FieldPanel("conversion"), FieldPanel("conversion_days"), FieldPanel("holdout")],
                heading=gettext_lazy("What it brings"),
                classname="collapsed",
            ),
            FieldPanel("zone"),
            PublishingPanel(),
        ],
        base_form_class=JourneyForm,
    )

    def get_urlpatterns(self) -> list[Any]:
        return [
            *super().get_urlpatterns(),
            path("publish/<int:pk>/<int:revision_id>/", PublishScreen.as_view(), name="publish"),
            path("pause/<int:pk>/", PauseScreen.as_view(), name="pause"),
            path("resume/<int:pk>/", ResumeScreen.as_view(), name="resume"),
            path("move/<int:pk>/", MoveScreen.as_view(), name="move"),
            path("versions/<int:pk>/", VersionsScreen.as_view(), name="versions"),
            path("dry-runs/<int:pk>/", DryRunsScreen.as_view(), name="dry_runs"),
            path("dry-runs/<int:pk>/<int:run_id>/", DryRunScreen.as_view(), name="dry_run"),
            path("dry-runs/<int:pk>/<int:run_id>/people/", DryRunPeopleScreen.as_view(), name="dry_run_people"),
            path("dry-runs/<int:pk>/<int:run_id>/csv/", DryRunCsv.as_view(), name="dry_run_csv"),
            path("persona/<int:pk>/", PersonaScreen.as_view(), name="persona"),
            path("versions/<int:pk>/compare/", CompareScreen.as_view(), name="compare"),
            path("versions/<int:pk>/<int:number>/restore/", RestoreView.as_view(), name="restore"),
        ]
