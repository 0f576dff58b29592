"""Names of this room's acts in the audit log."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry, LogFormatter


class _Moved(LogFormatter):
    label = gettext_lazy("Move people to a version")

    def format_message(self, log_entry: Any) -> str:
        people = log_entry.data["people"]
        text = ngettext(
            "Moved %(people)s person to version %(version)s", "Moved %(people)s people to version %(version)s", people
        )
        return text % {"people": people, "version": log_entry.data["version"]}


class _Paused(LogFormatter):
    label = gettext_lazy("Pause journey")

    def format_message(self, log_entry: Any) -> str:
        people = log_entry.data["people"]
        return ngettext("Paused, with %(people)s person inside", "Paused, with %(people)s people inside", people) % {
            "people": people
        }


class _Resumed(LogFormatter):
    label = gettext_lazy("Resume journey")

    def format_message(self, log_entry: Any) -> str:
        data = log_entry.data
        texts = {
            "at_once": _("Resumed: everybody went on at once"),
            "spread": _("Resumed: what was overdue was spread over %(hours)s hours"),
            "skip": _("Resumed: what was more than %(days)s days overdue was skipped"),
            "shift": _("Resumed: everybody was put later by the length of the pause"),
        }
        return texts[data["how"]] % {"hours": data["hours"], "days": data["days"]}


class _Restored(LogFormatter):
    label = gettext_lazy("Restore a version as a draft")

    def format_message(self, log_entry: Any) -> str:
        return _("Restored version %(version)s as a draft") % {"version": log_entry.data["version"]}


class _Exported(LogFormatter):
    label = gettext_lazy("Download a dry run")

    def format_message(self, log_entry: Any) -> str:
        return _("Downloaded a dry run with the people in it")


class _SegmentEntered(LogFormatter):
    label = gettext_lazy("Put the people of a segment into a journey")

    def format_message(self, log_entry: Any) -> str:
        return _("Had the people of the segment “%(segment)s” put in") % {"segment": log_entry.data["segment"]}


_ACTS = {
    "journeys.enter_segment": _SegmentEntered,
    "journeys.export_dry_run": _Exported,
    "journeys.move": _Moved,
    "journeys.pause": _Paused,
    "journeys.resume": _Resumed,
    "journeys.restore": _Restored,
}
_SERIES_ACTS = {
    "journeys.series_insert": (
        gettext_lazy("Put messages into a series"),
        gettext_lazy("Messages put into the series"),
    ),
    "journeys.series_move": (
        gettext_lazy("Move a message of a series"),
        gettext_lazy("A message of the series moved"),
    ),
    "journeys.series_remove": (
        gettext_lazy("Take a message out of a series"),
        gettext_lazy("A message taken out of the series"),
    ),
    "journeys.series_publish": (gettext_lazy("Publish a series"), gettext_lazy("Series published")),
}


def register_acts(actions: LogActionRegistry) -> None:
    """Tell the audit log how to name what staff do to journeys that run, and to series."""
    for name, formatter in _ACTS.items():
        actions.register_action(name)(formatter)
    for name, (label, message) in _SERIES_ACTS.items():
        actions.register_action(name, label, message)


hooks.register("register_log_actions", register_acts)
