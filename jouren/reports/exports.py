"""A report as CSV: asked for, written by a job, fetched by whoever asked, forgotten after some days."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import get_language, override, pgettext
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.core import clock
from jouren.core.errors import UserError
from jouren.journeys.models import Journey, JourneyVersion
from jouren.reports.models import ExportState, ReportExport
from jouren.reports.queries import Period, Report, StepReport, make_report
from jouren.reports.rows import Row, rows_of

KEPT = timedelta(days=7)
MOST_KEPT = 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class TooManyExports(UserError):
    """Somebody has asked for more than are kept."""


class ExportGone(UserError):
    """It was never asked for by this user, or is forgotten."""


@transaction.atomic
def ask_for_export(journey: Journey, version: int | None, period: Period, *, by: AbstractBaseUser) -> ReportExport:
    """Have a report written as CSV by a job. Raises TooManyExports."""
    from jouren.reports.tasks import write_report

    now = clock.now()
    if ReportExport.objects.filter(user_id=by.pk, created_at__gt=now - KEPT).count() >= MOST_KEPT:
        text = _("You have %(most)s files already. Each is removed after %(days)s days; ask again then.")
        raise TooManyExports(text % {"most": MOST_KEPT, "days": KEPT.days})
    export = ReportExport.objects.create(
        journey=journey,
        user_id=by.pk,
        language=get_language() or "ja",
        version=version,
        since=period.since,
        until=period.until,
        created_at=now,
    )
    log(instance=journey, action="reports.export", user=by)
    write_report.defer(export_id=str(export.pk))
    return export


def find_export(export_id: UUID, user_id: int) -> ReportExport:
    """Somebody's own export, without its content. Raises ExportGone."""
    kept = ReportExport.objects.filter(pk=export_id, user_id=user_id, created_at__gt=clock.now() - KEPT)
    export = kept.defer("content").select_related("journey").first()
    if export is None:
        raise ExportGone(_("This file is not kept any more. Ask for it again."))
    return export


def write_export(export_id: str) -> None:
    """Write an export that was asked for; what becomes of it stands in its row."""
    export = ReportExport.objects.filter(pk=export_id).select_related("journey").first()
    if export is None or export.state == ExportState.DONE:
        return
    _note(export, state=ExportState.RUNNING, percent=5)
    try:
        with override(export.language):
            content = _content(export)
    except Exception:
        _note(export, state=ExportState.FAILED)
        raise
    _note(export, state=ExportState.DONE, percent=100, content=content)


def forget_exports() -> int:
    """Delete those whose time is over. Returns how many."""
    return ReportExport.objects.filter(created_at__lte=clock.now() - KEPT).delete()[0]


def _note(export: ReportExport, **values: Any) -> None:
    ReportExport.objects.filter(pk=export.pk).update(**values)


def _content(export: ReportExport) -> bytes:
    versions = export.journey.versions.order_by("-live", "-number")
    chosen = versions.filter(number=export.version).first() if export.version else None
    shown: JourneyVersion | None = chosen or versions.first()
    period = Period(export.since, export.until)
    report = make_report(export.journey, chosen, period, progress=lambda percent: _note(export, percent=percent))
    return report_csv(rows_of(shown.compiled, report) if shown else [], report)


def report_csv(rows: list[Row], report: Report) -> bytes:
    """The rows of a report, for spreadsheets: UTF-8 with a byte order mark, no cell a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([harmless(cell) for cell in _heads()])
    for number, row in enumerate(rows, start=1):
        writer.writerow([number, row.depth, harmless(row.text), *_cells(row, report)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith(_FORMULA) else text


def _heads() -> list[str]:
    return [
        _("No."),
        _("Level"),
        _("Step or way"),
        _("People who came"),
        _("Share (%)"),
        _("People here"),
        pgettext("people of a journey", "Left"),
        _("Hours here: half"),
        _("Hours here: nine of ten"),
        _("Sent"),
        _("Came back"),
        pgettext("of messages", "Delivered"),
        _("Opened"),
        _("Clicked"),
        pgettext("of messages", "Replies"),
        _("Unsubscribed"),
        _("Withheld"),
        _("Successes"),
        _("Yen"),
    ]


def _cells(row: Row, report: Report) -> list[Any]:
    share = "" if row.share is None else f"{row.share * 100:.1f}"
    people = "" if row.people is None else row.people
    if row.figures is None:
        return [people, share, *[""] * 14]
    figures = row.figures
    times = [_hours(figures.median), _hours(figures.late)] if row.waits else ["", ""]
    sending = [*_sending(figures, report), *_successes(figures, report)] if row.sends else [""] * 10
    return [people, share, figures.here, figures.left, *times, *sending]


def _sending(figures: StepReport, report: Report) -> list[Any]:
    return [
        figures.sent,
        figures.bounced,
        figures.delivered,
        figures.opened,
        figures.clicked,
        figures.replied if report.counts_replies else "",
        figures.unsubscribed,
        figures.withheld,
    ]


def _successes(figures: StepReport, report: Report) -> list[Any]:
    if report.goal is None:
        return ["", ""]
    return [figures.successes.people, figures.successes.yen if report.counts_yen else ""]


def _hours(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds / 3600:.1f}"
