"""What changes the owner's story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.core import clock
from jouren.core.errors import UserError
from jouren.story.interview import FIELDS, LIMITS, LONGEST, LONGEST_QUESTION, MOST_QUESTIONS
from jouren.story.models import OwnerStory


class BadStory(UserError):
    """An answer cannot be kept. ``field``: which one."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def save_story(
    answers: Mapping[str, str], questions: Sequence[tuple[str, str]] = (), *, by: AbstractBaseUser | None = None
) -> OwnerStory:
    """Keep the answers, by their keys, in place of all that were; those that are not given are empty.

    ``questions``: what customers ask, each with its answer. Messages show them from their next sending on.

    Raises:
        BadStory: a text is too long, or holds template code.
    """
    story = OwnerStory.objects.select_for_update().filter(pk=1).first() or OwnerStory(pk=1)
    for key in FIELDS:
        text = answers.get(key, "").replace("\x00", "").replace("\r\n", "\n").strip()
        _check(key, text, LIMITS.get(key, LONGEST))
        setattr(story, key, text)
    pairs = [(question.strip(), answer.strip()) for question, answer in questions]
    pairs = [pair for pair in pairs if any(pair)]
    if len(pairs) > MOST_QUESTIONS:
        raise BadStory("questions", _("At most %(most)s questions are kept.") % {"most": MOST_QUESTIONS})
    for question, answer in pairs:
        if not (question and answer):
            raise BadStory("questions", _("Write both the question and your answer, or leave both empty."))
        _check("questions", question, LONGEST_QUESTION)
        _check("questions", answer, LONGEST)
    story.questions = [[question.replace("\x00", ""), answer.replace("\x00", "")] for question, answer in pairs]
    story.changed_at = clock.now()
    story.save()
    log(instance=story, action="story.change", user=by)
    return story


def _check(field: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise BadStory(field, _("Write at most %(limit)s characters.") % {"limit": longest})
    # The answers become part of templates: braces there would be read as code.
    if any(mark in text for mark in ("{{", "}}", "{%", "%}", "{#")):
        raise BadStory(field, _("Write it without double braces: they mean something in messages."))
