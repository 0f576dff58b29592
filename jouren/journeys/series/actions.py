"""What changes series: their items, and publishing them.

Who edits a series locks its row against other editors; who publishes it locks it against the engine as well, once all
is ready.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.core.wording import listed
from jouren.journeys.engine import CHANNEL
from jouren.journeys.locks import trying_again
from jouren.journeys.program import NEVER
from jouren.journeys.series.errors import ForeignItem, SeriesFull, SeriesInUse, SeriesProblem, UnfitMessage
from jouren.journeys.series.models import Series, SeriesItem, SeriesPublishing, SeriesVersion
from jouren.journeys.series.order import MAX_ITEMS, Slot, lay_out, without_empty
from jouren.journeys.series.queries import DraftItem, draft_items, fingerprint, journeys_that_send
from jouren.journeys.series.rhythm import Rhythm
from jouren.messaging.errors import InvalidMessage
from jouren.messaging.models import Message, MessageVersion, ShopSettings
from jouren.messaging.publishing import legal_problems, publish_message
from jouren.messaging.vocabulary import Kind

_sql = load_sql("journeys")
MANY_EMPTY_SLOTS = 2_000
By = AbstractBaseUser | None


@transaction.atomic
def create_series(name: str, description: str, rhythm: Rhythm, *, by: By) -> Series:
    """A new series, empty and not published."""
    series = Series.objects.create(name=name, description=description, rhythm=rhythm.to_json())
    log(instance=series, action="wagtail.create", user=by)
    return series


@transaction.atomic
def change_series(series_id: int, name: str, description: str, rhythm: Rhythm, *, by: By) -> Series:
    """Another name or rhythm. The rhythm holds once the series is published. Raises Series.DoesNotExist."""
    series = _lock(series_id)
    series.name, series.description, series.rhythm = name, description, rhythm.to_json()
    series.save(update_fields=["name", "description", "rhythm"])
    log(instance=series, action="wagtail.edit", user=by, content_changed=True)
    return series


@transaction.atomic
def write_series(series: Series, items: Sequence[tuple[UUID, int | None]], *, is_new: bool, by: By) -> None:
    """A series as a whole: name, description and rhythm as ``series`` has them, and these items (id, message) in order.

    An item that keeps its id stays the same one, wherever it stands. People get it so once it is published.

    Raises:
        SeriesFull: it would hold more than it can.
        UnfitMessage: one of the messages is sent by itself, such as a confirmation.
        ForeignItem: one of the items stands in another series.
    """
    _lock(series.pk)
    if len(items) > MAX_ITEMS:
        raise SeriesFull(_("A series holds %(most)s messages at most.") % {"most": f"{MAX_ITEMS:,}"})
    _check_fit(Message.objects.filter(pk__in=[message_id for _id, message_id in items]))
    ids = [item_id for item_id, _message in items]
    foreign = SeriesItem.objects.filter(pk__in=ids).exclude(series=series).select_related("series").first()
    if foreign is not None:
        text = _("Its messages stand in the series “%(name)s” already. To make a copy, remove all lines with an id.")
        raise ForeignItem(text % {"name": foreign.series})
    series.save(update_fields=["name", "description", "rhythm"])
    series.items.exclude(pk__in=ids).delete()
    SeriesItem.objects.bulk_create(
        [
            SeriesItem(id=item_id, series=series, number=number, message_id=message_id)
            for number, (item_id, message_id) in enumerate(items, start=1)
        ],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["number", "message"],
    )
    log(instance=series, action="wagtail.create" if is_new else "wagtail.edit", user=by, content_changed=True)


def _check_fit(messages: Iterable[Message]) -> None:
    for message in messages:
        if message.kind == Kind.TRANSACTIONAL:
            raise UnfitMessage(_("“%(name)s” is sent by itself and cannot be part of a series.") % {"name": message})


@transaction.atomic
def insert_messages(series_id: int, messages: Sequence[Message], number: int | None = None, *, by: By) -> None:
    """Put messages into a series, one after the other from ``number`` on (None: at its end).

    Raises:
        SeriesFull: it would hold more than it can.
        UnfitMessage: one of them is sent by itself, such as a confirmation.
    """
    series = _lock(series_id)
    count = series.items.count()
    if count + len(messages) > MAX_ITEMS:
        raise SeriesFull(_("A series holds %(most)s messages at most.") % {"most": f"{MAX_ITEMS:,}"})
    _check_fit(messages)
    first = _within(number, count + 1)
    series.items.filter(number__gte=first).update(number=F("number") + len(messages))
    SeriesItem.objects.bulk_create(
        [SeriesItem(series=series, number=first + ahead, message=message) for ahead, message in enumerate(messages)]
    )
    log(instance=series, action="journeys.series_insert", user=by, data={"number": first, "messages": len(messages)})


@transaction.atomic
def move_item(item_id: UUID, number: int, *, by: By) -> SeriesItem:
    """Let an item be the ``number``-th (counted from 1; beyond the end: the last). Raises SeriesItem.DoesNotExist."""
    series, item = _lock_item(item_id)
    wanted = _within(number, series.items.count())
    if wanted > item.number:
        series.items.filter(number__gt=item.number, number__lte=wanted).update(number=F("number") - 1)
    elif wanted < item.number:
        series.items.filter(number__gte=wanted, number__lt=item.number).update(number=F("number") + 1)
    if wanted != item.number:
        log(instance=series, action="journeys.series_move", user=by, data={"from": item.number, "to": wanted})
        item.number = wanted
        item.save(update_fields=["number"])
    return item


@transaction.atomic
def remove_item(item_id: UUID, *, by: By) -> int:
    """Take an item out of its series; the message stays. Returns its number. Raises SeriesItem.DoesNotExist."""
    series, item = _lock_item(item_id)
    item.delete()
    series.items.filter(number__gt=item.number).update(number=F("number") - 1)
    log(instance=series, action="journeys.series_remove", user=by, data={"number": item.number})
    return item.number


def _lock(series_id: int) -> Series:
    return Series.objects.select_for_update(no_key=True).get(pk=series_id)


def _lock_item(item_id: UUID) -> tuple[Series, SeriesItem]:
    series = _lock(SeriesItem.objects.values_list("series_id", flat=True).get(pk=item_id))
    return series, SeriesItem.objects.get(pk=item_id)


def _within(number: int | None, most: int) -> int:
    return most if number is None else min(max(number, 1), most)


def publish_series(series_id: int, *, by: By, with_messages: bool = False) -> SeriesVersion:
    """Freeze a series as it stands: from now on people get it so. Publishing what is live already changes nothing.

    ``with_messages``: publish its messages too that are drafts or were edited since.

    Raises:
        SeriesProblem: with all that is wrong; nothing is published.
    """
    return trying_again(lambda: _publish(series_id, by, with_messages))


def _publish(series_id: int, by: By, with_messages: bool) -> SeriesVersion:
    series = _lock(series_id)
    items = draft_items(series_id)
    if with_messages:
        _publish_messages(items, by)
        items = draft_items(series_id)
    problems = problems_of(items) or list(_problems_of_orders(items))
    if problems:
        raise SeriesProblem(problems)
    # Waits for the ticks that read the former version, and has later ones wait: nobody falls asleep at an end that is
    # none any more.
    live = Series.objects.select_for_update().get(pk=series_id).live_version
    digest = fingerprint(series.rhythm, items)
    if live is not None and live.hash == digest:
        return live
    version = _freeze(series, items, live, digest)
    SeriesPublishing.objects.filter(series_id=series_id).delete()
    log(instance=series, action="journeys.series_publish", user=by, data={"version": version.number})
    _sql.run("wake_subscribers", {"series_id": series_id, "now": clock.now(), "never": NEVER})
    wake(CHANNEL)
    return version


def _freeze(series: Series, items: Sequence[DraftItem], live: SeriesVersion | None, digest: str) -> SeriesVersion:
    now = clock.now()
    former = [Slot(*slot) for slot in live.slots] if live else []
    if len(former) - (live.items if live else 0) > MANY_EMPTY_SLOTS:
        former = without_empty(former, _stood_on(former))
    version = SeriesVersion.objects.create(
        series=series,
        number=live.number + 1 if live else 1,
        rhythm=series.rhythm,
        slots=lay_out(former, [(item.id, item.version_id or 0) for item in items], now),
        items=len(items),
        hash=digest,
        created_at=now,
    )
    Series.objects.filter(pk=series.pk).update(live_version=version)
    return version


def _stood_on(slots: Sequence[Slot]) -> set[str]:
    empty = [slot.id for slot in slots if slot.item is None]
    return {place for (place,) in _sql.all("places_stood_on", {"places": empty})}


def problems_of(items: Sequence[DraftItem]) -> list[str]:
    """What keeps a series from being published; empty: nothing does."""
    if not items:
        return [_("The series has no messages yet.")]
    return [*legal_problems(ShopSettings.objects.first() or ShopSettings()), *filter(None, map(_problem_of, items))]


def _problem_of(item: DraftItem) -> str:
    told = {"number": item.number, "name": item.name}
    if item.message_id is None:
        return _("Number %(number)s has no message any more. Remove it.") % told
    if item.kind == Kind.TRANSACTIONAL:
        return _("Number %(number)s, “%(name)s”, is sent by itself and cannot be part of a series.") % told
    if item.version_id is None:
        return _("Number %(number)s, “%(name)s”, is not published yet.") % told
    return ""


def _problems_of_orders(items: Sequence[DraftItem]) -> Iterator[str]:
    """A series goes to people in any journey, also in those that are about no order."""
    ids = [item.version_id for item in items if item.version_id is not None]
    versions = MessageVersion.objects.filter(pk__in=ids, bodies__email__names_order=True)
    naming = set(versions.values_list("pk", flat=True))
    for item in items:
        if item.version_id in naming:
            text = _("Number %(number)s, “%(name)s”, names an order. Let a journey about orders send it by itself.")
            yield text % {"number": item.number, "name": item.name}


def _publish_messages(items: Sequence[DraftItem], by: By) -> None:
    problems = []
    pending = {item.message_id: item for item in reversed(items) if item.is_pending}
    messages = Message.objects.select_related("latest_revision").in_bulk(list(pending))
    for message_id, item in reversed(pending.items()):
        try:
            publish_message(messages[message_id].get_latest_revision_as_object(), by)
        except InvalidMessage as error:
            told = {"number": item.number, "name": item.name, "problem": " ".join(error.problems)}
            problems.append(_("Number %(number)s, “%(name)s”: %(problem)s") % told)
    if problems:
        raise SeriesProblem(problems)


@transaction.atomic
def delete_series(series_id: int, *, by: By) -> None:
    """Delete a series; its messages stay.

    Raises:
        SeriesInUse: a published journey sends it, or people are in it.
    """
    series = _lock(series_id)
    if names := journeys_that_send(series_id):
        raise SeriesInUse(
            _("It cannot be deleted: these journeys send it: %(journeys)s.") % {"journeys": listed(names)}
        )
    log(instance=series, action="wagtail.delete", user=by, deleted=True)
    series.delete()
