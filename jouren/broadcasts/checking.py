"""Whether a broadcast can be sent as it stands: all that its author still has to mend, by step of the editor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from jouren.broadcasts.audience import check_audience, zones_of_people
from jouren.broadcasts.errors import InvalidBroadcast, Problem
from jouren.broadcasts.models import Broadcast, Variant, variant_name
from jouren.broadcasts.occurrences import next_occurrence
from jouren.broadcasts.policies import begin_of
from jouren.broadcasts.vocabulary import Timing
from jouren.conditions.errors import ConditionError
from jouren.core.zone import shop_zone
from jouren.messaging.errors import InvalidMessage
from jouren.messaging.models import MessageVersion, ShopSettings
from jouren.messaging.publishing import legal_problems, with_subject
from jouren.messaging.vocabulary import Kind

CHANNEL = "email"


def check_broadcast(broadcast: Broadcast, now: datetime) -> None:
    """Raises InvalidBroadcast with all that keeps a broadcast from being sent."""
    if problems := find_problems(broadcast, now):
        raise InvalidBroadcast(problems)


def find_problems(broadcast: Broadcast, now: datetime) -> list[Problem]:
    """All that keeps it from being sent, in the author's language."""
    variants = list(broadcast.variants.select_related("message", "message__topic"))
    versions = {each.place: each.message.published_versions.first() for each in variants}
    found = [Problem("what", text) for text in _what(variants, versions)]
    found += [Problem("whom", text) for text in _whom(broadcast)]
    found += [Problem("when", text) for text in _when(broadcast, now)]
    found += [Problem("more", text) for text in _more(broadcast, variants, versions.get(0))]
    return found


def _what(variants: Sequence[Variant], versions: dict[int, MessageVersion | None]) -> Iterator[str]:
    if not variants:
        yield _("Choose the message.")
        return
    for variant in variants:
        message, version = variant.message, versions[variant.place]
        if version is None or not message.live:
            yield _("The message “%(name)s” is not published yet. Open it and publish it.") % {"name": message}
            continue
        if version.names_order:
            yield naming_order(version)
        if version.kind == Kind.TRANSACTIONAL:
            yield _("“%(name)s” is a transactional message. Those are not sent to many.") % {"name": message}
        elif not version.topic:
            yield _("The message “%(name)s” has no topic. Choose the one that people agreed to.") % {"name": message}
        if CHANNEL not in version.bodies:
            yield _("The message “%(name)s” has no mail.") % {"name": message}
        elif variant.subject:
            yield from _subject(version, variant.subject)
    published = [version for version in versions.values() if version is not None]
    if len({version.topic for version in published}) > 1:
        yield _("All versions need the same topic: it decides who may get them.")
    if len({version.kind for version in published}) > 1:
        yield _("All versions need to be of the same kind (help, ask or care): the sending rules tell them apart.")
    yield from _doubles(variants, versions)
    yield from legal_problems(ShopSettings.objects.first() or ShopSettings())


def naming_order(version: MessageVersion) -> str:
    """What is wrong with a message that names an order."""
    return _("“%(name)s” names an order, and a broadcast is about none. Send it by a journey that orders begin.") % {
        "name": version.name
    }


def _doubles(variants: Sequence[Variant], versions: dict[int, MessageVersion | None]) -> Iterator[str]:
    seen: dict[tuple[int, str], int] = {}
    for variant in variants:
        version = versions[variant.place]
        subject = variant.subject or (version.bodies.get(CHANNEL, {}).get("subject", "") if version else "")
        first = seen.setdefault((variant.message_id, subject), variant.place)
        if first != variant.place:
            names = {"first": variant_name(first), "second": variant_name(variant.place)}
            yield _("Versions %(first)s and %(second)s are the same. Give one another subject or message.") % names


def _subject(version: MessageVersion, subject: str) -> Iterator[str]:
    try:
        with_subject(version.bodies[CHANNEL], subject)
    except InvalidMessage as error:
        yield from (f"“{subject}”: {problem}" for problem in error.problems)


def _whom(broadcast: Broadcast) -> Iterator[str]:
    try:
        check_audience(broadcast.audience)
    except ConditionError as error:
        yield _("The condition cannot be asked: %(problem)s") % {"problem": error}


def _when(broadcast: Broadcast, now: datetime) -> Iterator[str]:
    if broadcast.timing == Timing.ONCE:
        yield from _once(broadcast, now)
    if broadcast.timing == Timing.REPEAT:
        if not broadcast.weekdays and not broadcast.month_days:
            yield _("Choose at least one day of the week or of the month.")
        elif next_occurrence(broadcast, now) is None:
            yield _("There is no such day up to the last day.")
    if broadcast.is_local and broadcast.timing != Timing.NOW and _has_rest(broadcast):
        yield _(
            "A test with a rest cannot go by each person's clock: the rest would come at another hour. Let the test "
            "have 100 percent, or go by the shop's clock."
        )


def _once(broadcast: Broadcast, now: datetime) -> Iterator[str]:
    if broadcast.day is None:
        yield _("Choose the day.")
        return
    if begin_of(broadcast.day, broadcast.at, shop_zone()) <= now:
        yield _("That moment is over. Choose a later one, or send at once.")
        return
    if broadcast.is_local:
        past = [zone.key for zone in zones_of_people() if begin_of(broadcast.day, broadcast.at, zone) <= now]
        if past:
            yield _("Where some people live (%(zones)s) that hour is over already. Choose a later day.") % {
                "zones": ", ".join(sorted(past)[:3])
            }


def _has_rest(broadcast: Broadcast) -> bool:
    return broadcast.test_percent < 100 and broadcast.variants.count() > 1


def _more(broadcast: Broadcast, variants: Sequence[Variant], version: MessageVersion | None) -> Iterator[str]:
    if broadcast.again_hours is None:
        return
    if not broadcast.again_subject.strip():
        yield _("The second sending needs a subject of its own.")
        return
    own = version.bodies.get(CHANNEL, {}).get("subject", "") if version else ""
    if broadcast.again_subject in {own, *(each.subject for each in variants)}:
        yield _("The second sending needs another subject than the first: who passed over that one would do so again.")
    elif version is not None and CHANNEL in version.bodies:
        yield from _subject(version, broadcast.again_subject)
