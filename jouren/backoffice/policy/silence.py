"""Newsletters that have gone quiet, told on the first screen and where topics are kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.contacts.models import Topic
from jouren.contacts.policies import zone_of
from jouren.core import clock
from jouren.messaging.queries import topic_paces
from jouren.messaging.sending_rules.queries import stored_rules
from jouren.messaging.sending_rules.silence import Pace


def paces() -> dict[str, Pace]:
    """How regularly each topic is written about, by its key, in days of the shop's calendar."""
    return topic_paces(clock.now(), zone_of(stored_rules().zone))


def offered_topics(silent: Mapping[str, Pace]) -> list[tuple[Topic, Pace]]:
    """Of silent topics, by their keys, those that people are offered."""
    topics = Topic.objects.filter(key__in=silent, is_offered=True) if silent else []
    return [(topic, silent[topic.key]) for topic in topics]


def silence_text(topic: Topic, pace: Pace) -> str:
    """That a topic is silent, and what is usual."""
    assert pace.usual is not None
    return _(
        "“%(topic)s” has been silent for %(days)s; usually something comes every %(usual)s. Readers forget soon."
    ) % {"topic": topic.name, "days": days_text(pace.silent_for), "usual": days_text(pace.usual)}


def pace_text(pace: Pace | None) -> str:
    """When a topic was last written about, and how often it usually is."""
    if pace is None:
        return "—"
    last = date_format(pace.last, "SHORT_DATE_FORMAT")
    if pace.usual is None:
        return last
    return _("%(last)s, usually every %(usual)s") % {"last": last, "usual": days_text(pace.usual)}


def days_text(duration: timedelta) -> str:
    """A duration in whole days, at least one."""
    days = max(1, round(duration / timedelta(days=1)))
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
