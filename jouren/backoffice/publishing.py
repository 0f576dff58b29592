"""Tells an author, where they look, that something they had scheduled could not be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from wagtail.admin import messages
from wagtail.admin.admin_url_finder import AdminURLFinder

from jouren.content.models import ScheduleFailure
from jouren.content.schedule import failure_of, failures


@dataclass(frozen=True)
class Failed:
    """A failure as a screen tells it, and where it can be mended."""

    text: str
    url: str


def failed_schedules(user: Any) -> Iterator[Failed]:
    """What failed among the things this user may edit."""
    finder = AdminURLFinder(user)
    for failure in failures():
        instance = failure.instance
        url = finder.get_edit_url(instance) if instance is not None else None
        if url:
            yield Failed(f"{_headline(failure, instance)} {failure.reason}", url)


def tell_author(request: HttpRequest, instance: Any) -> None:
    """A hook before an editor is shown: why this very thing has not gone live, or not ended."""
    if request.method != "GET":
        return
    failure = failure_of(instance)
    if failure is not None:
        remedy = _("Mend it and publish again. Until then it is tried again by itself every ten minutes.")
        text = format_html("<b>{}</b> {} {}", _headline(failure, instance), failure.reason, remedy)
        messages.error(request, text)


def _headline(failure: ScheduleFailure, instance: Any) -> str:
    texts = {
        ScheduleFailure.What.PUBLISH: _("“%(name)s” was to go live and could not."),
        ScheduleFailure.What.END: _("“%(name)s” was to end and could not."),
    }
    return texts[ScheduleFailure.What(failure.what)] % {"name": instance}
