"""The things that files hold."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy

from jouren.contacts.segments.models import Segment
from jouren.files.kind import FORMAT, Kind
from jouren.files.segment_kind import SegmentKind
from jouren.files.series_kind import SeriesKind
from jouren.journeys.models import Journey
from jouren.journeys.series.models import Series
from jouren.messaging.models import Message

MESSAGES = Kind("message", "messages", Message, gettext_lazy("message"))
SEGMENTS = SegmentKind("segment", "segments", Segment, gettext_lazy("segment"))
SERIES = SeriesKind("series", "series", Series, gettext_lazy("series"))
JOURNEYS = Kind("journey", "journeys", Journey, gettext_lazy("journey"), steps="steps")
KINDS: Sequence[Kind] = (MESSAGES, SEGMENTS, SERIES, JOURNEYS)
"""What is named comes before what names it."""

__all__ = ["FORMAT", "JOURNEYS", "KINDS", "MESSAGES", "SEGMENTS", "SERIES", "Kind"]
