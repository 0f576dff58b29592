"""Publishing what was imported: the same way, with the same checks, as from the editor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction

from jouren.core.errors import UserError
from jouren.files.errors import BadFiles, Problem
from jouren.files.kinds import JOURNEYS, MESSAGES, SERIES
from jouren.journeys.actions import stands_still
from jouren.journeys.checking import checked_program
from jouren.journeys.compiler import JourneyProblem
from jouren.journeys.history import people_on_versions
from jouren.journeys.impact import impact_of
from jouren.journeys.models import Inside, Journey, JourneyVersion, PublishChoice
from jouren.journeys.series.actions import publish_series
from jouren.journeys.series.errors import SeriesProblem

if TYPE_CHECKING:
    from jouren.files.importing import Document


class Publishing(NamedTuple):
    """Something that is published: its file and name, how many people are inside, and in lines what it does to them."""

    file: str
    name: str
    people: int
    lines: tuple[str, ...]


Tell = Callable[..., list[str]] | None


def publish_all(
    documents: Sequence[Document], *, inside: Inside, act: bool, by: AbstractBaseUser | None, tell: Tell
) -> list[Publishing]:
    """Publish what is not published as it stands: messages, then series, then journeys. Raises BadFiles with all that
    stands against it."""
    published: list[Publishing] = []
    problems: list[Problem] = []
    renewed: set[int] = set()
    for document in documents:
        if document.kind is MESSAGES and _has_news(document.thing):
            try:
                _publish(document.thing, by)
            except (UserError, ValidationError) as error:
                problems += [
                    Problem(document.file, 0, text) for text in getattr(error, "problems", None) or [str(error)]
                ]
                continue
            renewed.add(document.thing.pk)
            published.append(Publishing(document.file, document.name, 0, ()))
    if problems:
        raise BadFiles(problems)
    published += _publish_series([each for each in documents if each.kind is SERIES], by)
    journeys = [each for each in documents if each.kind is JOURNEYS]
    waiting = [each for each in journeys if _has_news(each.thing) or each.messages & renewed]
    return published + _publish_journeys(waiting, inside=inside, act=act, by=by, tell=tell)


def _publish_series(documents: Sequence[Document], by: AbstractBaseUser | None) -> list[Publishing]:
    published: list[Publishing] = []
    problems: list[Problem] = []
    for document in documents:
        former = document.thing.live_version_id
        try:
            version = publish_series(document.thing.pk, by=by)
        except SeriesProblem as error:
            line = document.node.lines.get("messages", 0)
            problems += [Problem(document.file, line, text) for text in error.problems]
            continue
        if version.pk != former:
            published.append(Publishing(document.file, document.name, 0, ()))
    if problems:
        raise BadFiles(problems)
    return published


def _publish_journeys(
    waiting: list[Document], *, inside: Inside, act: bool, by: AbstractBaseUser | None, tell: Tell
) -> list[Publishing]:
    """A journey may start another one, which must be published before it: again, as long as one more succeeds."""
    published: list[Publishing] = []
    while waiting:
        refused: list[tuple[Document, Problem]] = []
        for document in waiting:
            try:
                with transaction.atomic():
                    published.append(_publish_journey(document, inside=inside, act=act, by=by, tell=tell))
            except JourneyProblem as error:
                refused.append((document, Problem(document.file, _line(document, error.field), str(error))))
        if len(refused) == len(waiting):
            raise BadFiles([problem for _document, problem in refused])
        waiting = [document for document, _problem in refused]
    return published


def _publish_journey(
    document: Document, *, inside: Inside, act: bool, by: AbstractBaseUser | None, tell: Tell
) -> Publishing:
    journey: Journey = document.thing
    compiled = checked_program(journey)
    former = journey.versions.order_by("-number").first()
    people = dict(people_on_versions(journey))
    lines: list[str] = []
    if former is not None and people:
        moved = _moved(former, people, inside)
        if moved and tell is not None:
            goes_on = stands_still(journey) and not former.live
            impact = impact_of(journey, compiled, moved, goes_on=goes_on)
            lines = tell(impact, former, moved, compiled)
    if act or not people:
        revision = journey.latest_revision or journey.save_revision(user=by, clean=False)
        PublishChoice.objects.update_or_create(revision=revision, defaults={"inside": inside})
        revision.publish(user=by, skip_permission_checks=True)
    return Publishing(document.file, document.name, sum(people.values()), tuple(lines))


def _moved(former: JourneyVersion, people: dict[int, int], inside: Inside) -> list[JourneyVersion]:
    """The versions whose people go on in the new one."""
    if inside == Inside.FINISH:
        return []
    if inside == Inside.MOVE:
        return [former] if former.pk in people else []
    return list(JourneyVersion.objects.filter(pk__in=people).order_by("-number"))


def _has_news(thing: Any) -> bool:
    row = type(thing).objects.get(pk=thing.pk)
    return not row.live or row.has_unpublished_changes or not row.versions.exists()


def _publish(thing: Any, by: AbstractBaseUser | None) -> None:
    revision = thing.latest_revision or thing.save_revision(user=by, clean=False)
    revision.publish(user=by, skip_permission_checks=True)


def _line(document: Document, field: str) -> int:
    return document.node.lines.get(field, 0)
