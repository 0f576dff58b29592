"""What tells colleagues something, and what they do with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model

from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.events.actions import NewEvent, record_events
from jouren.team.mailing import CHANNEL
from jouren.team.models import Notice
from jouren.team.names import colleague_name
from jouren.team.texts import fill_texts, plain

_sql = load_sql("team")
MAIL_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Telling:
    """Colleagues are to be told of a person who came to a step. ``text`` is of :func:`jouren.team.texts.check_text`;
    of a person's own words (``is_plain``) nothing is filled in.

    What the inbox tells comes from no journey: ``journey_id`` is :data:`jouren.team.models.INBOX`, and ``walk_id`` the
    inquiry's id.
    """

    user_ids: Sequence[int]
    contact_id: int
    journey_id: int
    journey: str
    text: str
    walk_id: int
    step: str
    occurrence: int = 1
    is_plain: bool = False


def tell_colleagues(tellings: Sequence[Telling], now: datetime) -> None:
    """Put notices on colleagues' lists and call for a mail, in the caller's transaction; a step tells once.

    A colleague gets one mail an hour about a journey at most; what comes meanwhile goes into the next.
    """
    filled = iter(fill_texts([(telling.text, telling.contact_id) for telling in tellings if not telling.is_plain]))
    texts = [plain(telling.text) if telling.is_plain else next(filled) for telling in tellings]
    single = [
        (user_id, telling, text)
        for telling, text in zip(tellings, texts, strict=True)
        for user_id in dict.fromkeys(telling.user_ids)
    ]
    rows = _sql.all(
        "tell",
        {
            "user_ids": [user_id for user_id, _telling, _text in single],
            "contact_ids": [telling.contact_id for _user, telling, _text in single],
            "journey_ids": [telling.journey_id for _user, telling, _text in single],
            "journeys": [telling.journey[:200] for _user, telling, _text in single],
            "texts": [text for _user, _telling, text in single],
            "walk_ids": [telling.walk_id for _user, telling, _text in single],
            "steps": [telling.step for _user, telling, _text in single],
            "occurrences": [telling.occurrence for _user, telling, _text in single],
            "now": now,
        },
    )
    if not rows:
        return
    _sql.run(
        "call_for_mail",
        {
            "user_ids": [row[0] for row in rows],
            "journey_ids": [row[1] for row in rows],
            "now": now,
            "pause": MAIL_PAUSE,
        },
    )
    told: dict[tuple[int, str], list[int]] = defaultdict(list)
    for user_id, _journey, walk_id, step in rows:
        told[walk_id, step].append(user_id)
    names = colleague_names({row[0] for row in rows})
    record_events(
        [
            NewEvent(
                "team.told",
                telling.contact_id,
                {
                    "journey": telling.journey_id,
                    "name": telling.journey,
                    "who": [names[user_id] for user_id in told[telling.walk_id, telling.step]],
                    "text": text,
                },
                occurred_at=now,
            )
            for telling, text in zip(tellings, texts, strict=True)
            if (telling.walk_id, telling.step) in told
        ]
    )
    wake(CHANNEL)


def colleague_names(user_ids: Iterable[int]) -> dict[int, str]:
    """What colleagues are called: by their name, or that of their account."""
    users = get_user_model().objects.filter(pk__in=user_ids).order_by("pk")
    return {user.pk: colleague_name(user) for user in users}


def finish_notices(user_id: int, notice_ids: Iterable[int] | None = None) -> int:
    """Take notices off a colleague's own list: these, or (None) all. Returns how many were on it."""
    open_ones = Notice.objects.filter(user_id=user_id, done_at=None)
    if notice_ids is not None:
        open_ones = open_ones.filter(pk__in=list(notice_ids))
    return open_ones.update(done_at=clock.now())
