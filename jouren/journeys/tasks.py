"""Jobs of journeys."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.utils import translation
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from jouren.journeys import dry_run, group_entry
from jouren.journeys.series.actions import publish_series
from jouren.journeys.series.errors import SeriesProblem
from jouren.journeys.series.models import SeriesPublishing


@app.task(name="journeys.publish_series")
def publish_series_with_messages(series_id: int, user_id: int, language: str) -> None:
    """Publish a series and its drafts for that user. What hinders it is kept, in their language, for its screen."""
    with translation.override(language):
        try:
            publish_series(series_id, by=get_user_model().objects.get(pk=user_id), with_messages=True)
        except SeriesProblem as error:
            _keep(series_id, error.problems)
        except Exception:
            _keep(series_id, [_("Publishing broke off. Please try again.")])
            raise
        else:
            SeriesPublishing.objects.filter(series_id=series_id).delete()


def _keep(series_id: int, problems: list[str]) -> None:
    SeriesPublishing.objects.filter(series_id=series_id).update(problems=problems)


@app.task(name="journeys.play_dry_run", pass_context=False)
def play_dry_run(run_id: int) -> None:
    """Play a dry run. Killed on the way it begins anew."""
    dry_run.play_all(run_id)


@app.periodic(cron="50 4 * * *")
@app.task(name="journeys.forget_dry_runs", queueing_lock="journeys.forget_dry_runs", pass_context=False)
def forget_dry_runs(timestamp: int) -> None:
    """Once a day: delete old dry runs. ``timestamp`` is the scheduler's."""
    dry_run.forget_old_dry_runs()


@app.task(name="journeys.enter_segment", pass_context=False)
def enter_segment(entry_id: int) -> None:
    """Put the people of a segment into a journey, for a while; what is left is a job of its own. Killed it goes on."""
    group_entry.go_on(entry_id)


@app.periodic(cron="*/5 * * * *")
@app.task(name="journeys.take_up_entries", queueing_lock="journeys.take_up_entries", pass_context=False)
def take_up_entries(timestamp: int) -> None:
    """Every five minutes: give those a job again whose own one was lost. ``timestamp`` is the scheduler's."""
    group_entry.take_up_lost()
