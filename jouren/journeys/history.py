"""The published versions of a journey: who is on each, what each changed, and one of them as a draft again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log
from wagtail.models import Revision

from jouren.core.errors import UserError
from jouren.core.sql import load_sql
from jouren.journeys.actions import User
from jouren.journeys.changes import Changes, compare
from jouren.journeys.models import Journey, JourneyVersion

_sql = load_sql("journeys")


class VersionLost(UserError):
    """What the author had written for a version is not kept any more."""


@dataclass(frozen=True)
class Published:
    """A version, how many people are on it now, and what it changed (None: the first one)."""

    version: JourneyVersion
    people: int
    changes: Changes | None


def published_versions(journey: Journey, *, most: int = 50) -> list[Published]:
    """The newest versions, the latest first."""
    versions = list(journey.versions.select_related("published_by").order_by("-number")[: most + 1])
    people = people_on_versions(journey)
    before = [*versions[1:], None]
    return [
        Published(version, people[version.pk], compare(former.compiled, version.compiled) if former else None)
        for version, former in zip(versions[:most], before, strict=False)
    ]


def people_on_versions(journey: Journey) -> Counter[int]:
    """How many are on the way through each version, by its id."""
    people: Counter[int] = Counter()
    for version_id, _step, count in _sql.all("active_versions", {"journey_id": journey.pk}):
        people[version_id] += count
    return people


def older_with_people(people: Counter[int]) -> list[tuple[JourneyVersion, int]]:
    """Of versions with people on the way (by id) those that are not live, the newest first, with how many."""
    versions = JourneyVersion.objects.filter(pk__in=people, live=False).order_by("-number")
    return [(version, people[version.pk]) for version in versions]


@transaction.atomic
def restore_version(version: JourneyVersion, *, by: User | None = None) -> Revision:
    """Make what an author had written for a version the journey's draft; for people, nothing changes by that.

    Its steps are those of then, by identity: who has got the message of one does not get it again. Its messages are
    those of today.

    Raises:
        VersionLost: it was not kept.
    """
    journey = Journey.objects.get(pk=version.journey_id)
    draft = journey.with_content_json(_content(version))
    # When it was to go live, or to end, was that time's business.
    draft.go_live_at, draft.expire_at = None, journey.expire_at
    revision: Revision = draft.save_revision(user=by, clean=False)
    log(instance=journey, action="journeys.restore", user=by, data={"version": version.number}, revision=revision)
    return revision


def _content(version: JourneyVersion) -> dict[str, Any]:
    if version.content is not None:
        return dict(version.content)
    revision = Revision.objects.filter(pk=version.revision_id).first()
    if revision is None:
        raise VersionLost(
            _("What was written for version %(number)s is not kept any more.") % {"number": version.number}
        )
    return dict(revision.content)
