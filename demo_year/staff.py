"""What the two who run the shop do: a newsletter a month, the inbox, voices, special treatment, seminars."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from functools import partial

from django.contrib.auth.models import User

from demo_year.news import newsletters
from demo_year.personas import Persona
from demo_year.shoppers import Shoppers
from demo_year.travel import Travel
from jouren.backoffice.demo import texts
from jouren.backoffice.demo.letters import Letter
from jouren.backoffice.demo.shop import make_message
from jouren.broadcasts.actions import Wording, change_broadcast, create_broadcast, start_broadcast
from jouren.contacts.models import Topic
from jouren.content.voices.actions import approve_voice, decline_voice
from jouren.content.voices.errors import BadVoice, NotApproved
from jouren.content.voices.models import Voice
from jouren.content.voices.vocabulary import State
from jouren.core import clock
from jouren.inbox.inquiries import handle_inquiry
from jouren.inbox.models import Inquiry
from jouren.journeys.actions import enrol_by_hand
from jouren.journeys.models import Journey
from jouren.mechanisms.models import Task
from jouren.mechanisms.tasks_for_people import finish_task
from jouren.mechanisms.vocabulary import TaskState
from jouren.orders.by_hand import attend_seminar
from jouren.pyramid.models import PyramidPosition
from jouren.pyramid.stages import Stage

_SEMINAR = "泡の教室（工房）"
_SEMINAR_DAYS = (150, 300)
_SEATS = 9
_NOTES = (
    "お電話でお話をうかがい、使い方をお伝えしました。",
    "返金のご希望をうかがいました。",
    "メールでお詫びしました。",
)
_DAY = timedelta(days=1)


class Staff:
    """Those who work in the back office. ``user`` is under whose name they do."""

    def __init__(self, shoppers: Shoppers, travel: Travel, chance: random.Random, user: User) -> None:
        self._shoppers, self._travel, self._chance, self._user = shoppers, travel, chance, user
        self._begin = clock.now()
        for month, letter in enumerate(newsletters()):
            at = self._on_day(12 + month * 29, hour=10)
            travel.plan(at, partial(self._send_newsletter, letter, month + 1))
        for day in range(1, 366):
            travel.plan(self._on_day(day, hour=9), self._work)
        for day in _SEMINAR_DAYS:
            travel.plan(self._on_day(day, hour=14), self._hold_seminar)

    def _on_day(self, day: int, *, hour: int) -> datetime:
        local = self._begin + day * _DAY
        return local.replace(hour=(hour - 9) % 24, minute=self._chance.randint(0, 50), second=0, microsecond=0)

    def _send_newsletter(self, letter: Letter, number: int) -> None:
        topic = Topic.objects.get(name=texts.PAGE_TITLE)
        message = make_message(letter, topic, {})
        broadcast = create_broadcast(f"つきしろ便り 第{number}号")
        change_broadcast(broadcast.pk, variants=[Wording(message.pk)], is_archived=True)
        start_broadcast(broadcast.pk)

    def _work(self) -> None:
        """A morning: not everything is done on the day on which it comes."""
        chance = self._chance
        for inquiry in Inquiry.objects.filter(handled_at=None):
            if chance.random() < 0.4:
                handle_inquiry(inquiry.pk, chance.choice(_NOTES), by=self._user)
        for voice in Voice.objects.filter(state=State.RECEIVED):
            if chance.random() < 0.25:
                self._judge(voice)
        for task in Task.objects.filter(state=TaskState.OPEN):
            if chance.random() < 0.12:
                finish_task(task.pk, TaskState.DONE, "手紙を書いて、白いタオルを添えました。", by=self._user)
        if chance.random() < 0.05:
            self._offer_series()

    def _judge(self, voice: Voice) -> None:
        try:
            approve_voice(voice.pk, voice.original, given=voice.given, seen=voice.changed_at, by=self._user)
        except (BadVoice, NotApproved):
            decline_voice(voice.pk, seen=voice.changed_at, note="言い回しが強いため、載せません。", by=self._user)

    def _offer_series(self) -> None:
        customers = PyramidPosition.objects.filter(stage__gte=Stage.EXISTING).values_list("contact_id", flat=True)
        chosen = self._chance.sample(sorted(customers), min(2, len(customers)))
        enrol_by_hand(Journey.objects.get(name=texts.SERIES_NAME), chosen)

    def _hold_seminar(self) -> None:
        guests: list[Persona] = [each for each in self._shoppers.by_contact.values() if each.bought]
        for guest in self._chance.sample(guests, min(_SEATS, len(guests))):
            if guest.contact_id is not None:
                attend_seminar(guest.contact_id, _SEMINAR, by=self._user)
