"""What goes live, or ends, at a moment that its author has set: pages, journeys, messages, each on its own.

Wagtail's own command stops at its first failure and goes by real time. Here every object is a transaction of its own;
what fails is kept with its reason for its author to see, tried again from time to time, and holds up nothing else.
Moments are those of ``core.clock``, and a sandbox's clock stops at each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from wagtail.log_actions import log
from wagtail.models import DraftStateMixin, Page, Revision

from jouren.content.models import ScheduleFailure
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.loops import Loop
from jouren.core.outage import is_away

logger = logging.getLogger(__name__)

TRY_AGAIN_AFTER = timedelta(minutes=10)
FAILED = "content.schedule_failed"
_PUBLISH, _END = ScheduleFailure.What.PUBLISH, ScheduleFailure.What.END


@dataclass(frozen=True, slots=True)
class Due:
    """One thing to do: what, to which object, and for publishing the revision."""

    what: ScheduleFailure.What
    model: type[models.Model]
    object_id: str
    revision_id: int | None = None

    @property
    def content_type(self) -> ContentType:
        """How a failure knows the object: by its most specific type, as revisions do."""
        return ContentType.objects.get_for_model(self.model, for_concrete_model=False)


def publish_due() -> int:
    """Publish and end what has come due. Returns how many objects were changed."""
    now = clock.now()
    _forget_what_nobody_waits_for()
    resting = set(
        ScheduleFailure.objects.filter(tried_at__gt=now - TRY_AGAIN_AFTER).values_list(
            "content_type_id", "object_id", "revision_id"
        )
    )
    return sum(
        _carry_out(due, now)
        for due in _due_at(now)
        if (due.content_type.pk, due.object_id, due.revision_id) not in resting
    )


def next_due() -> datetime | None:
    """The earliest moment after now that an author has set."""
    now = clock.now()
    goings_live = Revision.objects.filter(approved_go_live_at__gt=now)
    moments = [goings_live.aggregate(first=models.Min("approved_go_live_at"))["first"]]
    for model in _models():
        endings = model.objects.filter(live=True, expire_at__gt=now)
        moments.append(endings.aggregate(first=models.Min("expire_at"))["first"])
    return min((moment for moment in moments if moment is not None), default=None)


def is_busy() -> bool:
    """Whether something is due now that was not tried yet."""
    tried = set(ScheduleFailure.objects.values_list("content_type_id", "object_id", "revision_id"))
    return any((due.content_type.pk, due.object_id, due.revision_id) not in tried for due in _due_at(clock.now()))


def failures() -> list[ScheduleFailure]:
    """What could not be published or ended, and still waits for it; the latest first."""
    return [failure for failure in ScheduleFailure.objects.order_by("-tried_at") if _still_waits(failure)]


def failure_of(instance: models.Model) -> ScheduleFailure | None:
    """Why an object that was to go live, or to end, has not."""
    kind = ContentType.objects.get_for_model(instance, for_concrete_model=False)
    found = ScheduleFailure.objects.filter(content_type=kind, object_id=str(instance.pk)).first()
    return found if found is not None and _still_waits(found) else None


def _still_waits(failure: ScheduleFailure) -> bool:
    if failure.what == _PUBLISH:
        return bool(Revision.objects.filter(pk=failure.revision_id, approved_go_live_at__isnull=False).exists())
    instance = failure.instance
    return bool(instance and instance.live and instance.expire_at and instance.expire_at <= clock.now())


def _models() -> list[Any]:
    """Everything that has drafts. Pages of all kinds are in one table."""
    drafts = [each for each in apps.get_models() if issubclass(each, DraftStateMixin) and not issubclass(each, Page)]
    return [Page, *drafts]


def _due_at(now: datetime) -> Iterator[Due]:
    for model in _models():
        for instance in model.objects.filter(live=True, expire_at__lte=now).order_by("expire_at"):
            yield Due(_END, _specific_model(instance), str(instance.pk))
    revisions = Revision.objects.filter(approved_go_live_at__lte=now).select_related("content_type")
    for revision in revisions.order_by("approved_go_live_at").defer("content"):
        model = revision.content_type.model_class()
        if model is not None:
            yield Due(_PUBLISH, model, revision.object_id, revision.pk)


def _specific_model(instance: Any) -> type[models.Model]:
    found: type[models.Model] = (instance.specific_class if isinstance(instance, Page) else None) or type(instance)
    return found


def _carry_out(due: Due, now: datetime) -> bool:
    """Do it; when it fails, keep why, in every language that somebody may read it in."""
    act: Callable[[Due, datetime], bool] = _publish if due.what == _PUBLISH else _end
    texts: dict[str, str] = {}
    problem: Exception | None = None
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            try:
                with transaction.atomic():
                    return act(due, now)
            except Exception as error:
                if is_away(error):
                    raise
                problem, texts[language] = error, _reason(error)
    _keep(due, texts, problem, now)
    return False


def _publish(due: Due, now: datetime) -> bool:
    """Publish the revision, unless somebody else has, or is about to."""
    waiting = Revision.objects.select_for_update(skip_locked=True, of=("self",))
    revision = waiting.filter(pk=due.revision_id, approved_go_live_at__lte=now).first()
    if revision is None:
        return False
    moment = parse_datetime(revision.content.get("go_live_at") or "")
    if moment is not None and moment > timezone.now():
        # Over by a sandbox's clock, but not by Wagtail's, which would put it off once more.
        revision.content = {**revision.content, "go_live_at": None}
    revision.publish(log_action="wagtail.publish.scheduled")
    _forget(due)
    return True


def _end(due: Due, now: datetime) -> bool:
    base = Page if issubclass(due.model, Page) else due.model
    waiting = base._default_manager.select_for_update(skip_locked=True, of=("self",))
    instance: Any = waiting.filter(pk=due.object_id, live=True, expire_at__lte=now).first()
    if instance is None:
        return False
    specific = instance.specific if isinstance(instance, Page) else instance
    specific.unpublish(set_expired=True, log_action="wagtail.unpublish.scheduled")
    _forget(due)
    return True


def _forget(due: Due) -> None:
    ScheduleFailure.objects.filter(content_type=due.content_type, object_id=due.object_id).delete()


def _forget_what_nobody_waits_for() -> None:
    for failure in ScheduleFailure.objects.all():
        if not _still_waits(failure):
            failure.delete()


def _reason(error: Exception) -> str:
    """What an author can understand of it."""
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, UserError):
        return str(error)
    return _("An error inside Jouren (%(error)s). Please tell whoever looks after your installation.") % {
        "error": type(error).__name__
    }


def _keep(due: Due, texts: dict[str, str], problem: Exception | None, now: datetime) -> None:
    with transaction.atomic():
        failure, is_new = ScheduleFailure.objects.select_for_update().get_or_create(
            content_type=due.content_type,
            object_id=due.object_id,
            defaults={"what": due.what, "revision_id": due.revision_id, "texts": texts, "tried_at": now},
        )
        is_new = is_new or (failure.revision_id, failure.texts) != (due.revision_id, texts)
        failure.what, failure.revision_id, failure.texts, failure.tried_at = due.what, due.revision_id, texts, now
        failure.save()
        instance = failure.instance
        if is_new and instance is not None:
            log(instance=instance, action=FAILED, data={"reason": texts})
    if is_new:
        expected = isinstance(problem, UserError | ValidationError)
        logger.error(
            "What was scheduled failed: %s %s (%s): %s",
            due.what.value,
            due.content_type,
            due.object_id,
            problem,
            exc_info=None if expected else problem,
        )


schedule_loop = Loop(name="schedule", channel=clock.CHANNEL, tick=publish_due, poll_seconds=5)
