"""Special treatment (特別扱い) as tasks for the shop's own people: opened by what happens, seen to by staff."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.contacts.policies import clean_text
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_event, record_events
from jouren.mechanisms.errors import AlreadyDone, BadNote
from jouren.mechanisms.models import Task, TaskKind
from jouren.mechanisms.vocabulary import Occasion, TaskState
from jouren.team.actions import Telling, colleague_names, tell_colleagues
from jouren.team.models import INBOX
from jouren.team.queries import colleagues_who_may

_sql = load_sql("mechanisms")
MAY_DO = "mechanisms.change_task"
MAX_NOTE_LENGTH = 1_000
_STEP = "b0a3d9f4-6a0e-4f0e-8f56-7b1a6f3c2d10"


def open_tasks_for(contact_ids: Collection[int], occasion: Occasion) -> int:
    """Open what is to be done for these people then, once each, and tell who may do it. Returns how many tasks."""
    if not contact_ids:
        return 0
    now = clock.now()
    asked = {"contact_ids": sorted(set(contact_ids)), "occasion": occasion.value, "now": now}
    rows = _sql.all("open_tasks", asked)
    names = dict(TaskKind.objects.values_list("pk", "name"))
    record_events(
        [NewEvent("task.opened", contact_id, {"task": pk, "name": names[kind]}) for pk, contact_id, kind in rows]
    )
    with translation.override(settings.LANGUAGE_CODE):
        title = _("Special treatment")
    who = colleagues_who_may(MAY_DO)
    told = [Telling(who, person, INBOX, title, names[kind], pk, _STEP, is_plain=True) for pk, person, kind in rows]
    if told:
        tell_colleagues(told, now)
    return len(rows)


@transaction.atomic
def take_task(task_id: int, *, by: AbstractBaseUser) -> Task:
    """Say who does it. Raises Task.DoesNotExist, AlreadyDone."""
    task = _open_task(task_id)
    task.who_id = by.pk
    task.save(update_fields=["who"])
    log(instance=task, action="mechanisms.take_task", user=by, title=str(task.pk))
    return task


@transaction.atomic
def finish_task(task_id: int, state: str, note: str, *, by: AbstractBaseUser) -> Task:
    """Note that it was done, or is not needed, with a note.

    Raises:
        Task.DoesNotExist: there is none of that id.
        AlreadyDone: somebody else was faster; the message says who.
        BadNote: the note is very long, or ``state`` is neither.
    """
    note = clean_text(note)
    if state not in {TaskState.DONE.value, TaskState.NOT_NEEDED.value}:
        raise BadNote(_("Say whether it is done or not needed."))
    if len(note) > MAX_NOTE_LENGTH:
        raise BadNote(_("Write at most %(limit)s characters.") % {"limit": MAX_NOTE_LENGTH})
    task = _open_task(task_id)
    task.state, task.note, task.done_at, task.who_id = state, note, clock.now(), by.pk
    task.save(update_fields=["state", "note", "done_at", "who"])
    payload = {"task": task.pk, "name": task.kind.name, "outcome": state, "who": colleague_names([by.pk])[by.pk]}
    record_event(NewEvent("task.done", task.contact_id, {**payload, "note": note}))
    log(instance=task, action="mechanisms.finish_task", user=by, title=str(task.pk))
    return task


def _open_task(task_id: int) -> Task:
    task = Task.objects.select_for_update(no_key=True, of=("self",)).select_related("kind").get(pk=task_id)
    if task.state != TaskState.OPEN:
        who = colleague_names([task.who_id or 0]).get(task.who_id or 0, "—")
        raise AlreadyDone(_("%(who)s has seen to it already.") % {"who": who})
    return task
