"""Keeping what files came to until its author agrees, and making the messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from jouren.contacts.models import Topic
from jouren.core import clock
from jouren.journeys.series.actions import insert_messages
from jouren.journeys.series.errors import UnreadableFile
from jouren.journeys.series.intake.drafts import Draft, Read
from jouren.journeys.series.models import SeriesIntake
from jouren.messaging.models import Message

KEPT = timedelta(days=1)


@transaction.atomic
def keep_intake(series_id: int, read: Read, *, by: AbstractBaseUser) -> SeriesIntake:
    """Keep what was read for whoever brought it, for a day; nobody else sees it."""
    now = clock.now()
    SeriesIntake.objects.filter(created_at__lt=now - KEPT).delete()
    return SeriesIntake.objects.create(
        series_id=series_id,
        user_id=by.pk,
        created_at=now,
        drafts=[draft.to_json() for draft in read.drafts],
        problems=[remark.to_json() for remark in read.problems],
        notes=[remark.to_json() for remark in read.notes],
    )


def intake_of(intake_id: UUID, series_id: int, *, by: AbstractBaseUser) -> SeriesIntake | None:
    """What this person had read for a series; None when it was made, or is forgotten."""
    return SeriesIntake.objects.filter(pk=intake_id, series_id=series_id, user_id=by.pk).first()


@transaction.atomic
def make_intake(intake_id: UUID, number: int | None, *, by: AbstractBaseUser) -> int:
    """Make the messages that were read, as drafts, and put them into their series. Returns how many.

    ``number``: that of the first one; None: they come at the end.

    Raises:
        UnreadableFile: they were made already, or forgotten.
        SeriesFull: they do not fit any more; nothing is made.
    """
    intake = SeriesIntake.objects.select_for_update().filter(pk=intake_id, user_id=by.pk).first()
    if intake is None:
        raise UnreadableFile(_("These messages were made already, or it is too long ago. Bring the file again."))
    drafts = [Draft(**raw) for raw in intake.drafts]
    insert_messages(intake.series_id, make_messages(drafts), number, by=by)
    intake.delete()
    return len(drafts)


@transaction.atomic
def write_message(series_id: int, draft: Draft, number: int | None, *, by: AbstractBaseUser) -> Message:
    """Make one message, as a draft, at a place of a series. Raises SeriesFull."""
    (message,) = make_messages([draft])
    insert_messages(series_id, [message], number, by=by)
    return message


def make_messages(drafts: Sequence[Draft]) -> list[Message]:
    """Messages of drafts, unpublished, in one statement."""
    topics = {topic.key: topic for topic in Topic.objects.all()}
    return Message.objects.bulk_create(
        [
            Message(
                name=draft.name,
                kind=draft.kind,
                stage=draft.stage,
                topic=topics.get(draft.topic),
                wall=draft.wall,
                doubt=draft.doubt,
                language=draft.language,
                bodies=_bodies(draft),
                live=False,
                has_unpublished_changes=True,
            )
            for draft in drafts
        ]
    )


def _bodies(draft: Draft) -> Any:
    field: Any = Message._meta.get_field("bodies")
    body = {"subject": draft.subject, "preheader": draft.preheader, "content": draft.blocks}
    return field.stream_block.to_python([{"type": "email", "value": body}])
