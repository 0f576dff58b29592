"""The demo shop's people, with a past: signed up, tried, bought again. Their history triggers no message."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from jouren.backoffice.demo import products, texts
from jouren.backoffice.demo.shop import TOPIC_KEY
from jouren.capture.models import Form
from jouren.contacts.actions import create_contact, grant_consent, keep_consent_text, note_problem, verify_identity
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.events import reactor
from jouren.events.actions import NewEvent, record_event
from jouren.orders.actions import record_order

# 姓, せい, 名, めい
_NAMES = [
    ("佐藤", "さとう", "美咲", "みさき"),
    ("鈴木", "すずき", "健一", "けんいち"),
    ("高橋", "たかはし", "由美子", "ゆみこ"),
    ("田中", "たなか", "誠", "まこと"),
    ("伊藤", "いとう", "さくら", "さくら"),
    ("渡辺", "わたなべ", "隆", "たかし"),
    ("山本", "やまもと", "恵子", "けいこ"),
    ("中村", "なかむら", "大輔", "だいすけ"),
    ("小林", "こばやし", "千尋", "ちひろ"),
    ("加藤", "かとう", "浩二", "こうじ"),
    ("吉田", "よしだ", "明日香", "あすか"),
    ("山田", "やまだ", "花子", "はなこ"),
    ("佐々木", "ささき", "翔", "しょう"),
    ("山口", "やまぐち", "文", "あや"),
    ("松本", "まつもと", "正", "ただし"),
    ("井上", "いのうえ", "香織", "かおり"),
    ("木村", "きむら", "直樹", "なおき"),
    ("林", "はやし", "静", "しずか"),
    ("清水", "しみず", "亮", "りょう"),
    ("斎藤", "さいとう", "真由", "まゆ"),
    ("阿部", "あべ", "光", "ひかる"),
    ("森田", "もりた", "和子", "かずこ"),
    ("池田", "いけだ", "悟", "さとる"),
    ("橋本", "はしもと", "奈々", "なな"),
]
_SOURCES = [
    {"utm_source": "x", "utm_medium": "social", "utm_campaign": "yofukashi"},
    {"utm_source": "instagram", "utm_medium": "social"},
    {"referrer": "https://www.google.com/"},
    {"referrer": "https://blog.example/hada"},
    {},
]
# From this person on, they came so long ago that the trial was another one.
_FIRST_OF_OLD = 18


def make_people() -> None:
    """Make everybody, and let the pyramid take in their past."""
    chance = random.Random(20261122)  # noqa: S311 — the same demo every time
    form = Form.objects.get(title=texts.FORM["title"])
    now = clock.now()
    for number, name in enumerate(_NAMES):
        _make_person(number, name, form, now, chance)
    while reactor.tick():
        pass


def _make_person(
    number: int, name: tuple[str, str, str, str], form: Form, now: datetime, chance: random.Random
) -> None:
    family, family_kana, given, given_kana = name
    # The last ones came this week, the first ones most of a year ago.
    signed_up = now - timedelta(days=1 + number * number // 2, minutes=chance.randint(0, 900))
    email = f"demo{number + 1:02d}@mail.example"
    contact = create_contact(
        email=email,
        family_name=family,
        given_name=given,
        family_kana=family_kana,
        given_kana=given_kana,
        source=chance.choice(_SOURCES),
        created_at=signed_up,
    )
    note_problem(contact.pk, chance.choice(texts.PROBLEMS), source=form.title, at=signed_up)
    # One in six never pressed the button in the confirmation mail.
    if number % 6 == 5:
        return
    verify_identity(contact.pk, "email", email, at=signed_up)
    text = keep_consent_text(texts.FORM["consent_text"])
    grant_consent(contact.pk, "email", TOPIC_KEY, text=text, via="form", page="/letters/", at=signed_up)
    payload = {"form": form.pk, "title": form.title, "registration": -number - 1}
    record_event(
        NewEvent("registration.confirmed", contact.pk, payload, signed_up, key=f"demo-{number}", historical=True)
    )
    _buy(contact, number, signed_up, now, chance)


def _buy(contact: Contact, number: int, signed_up: datetime, now: datetime, chance: random.Random) -> None:
    """Half try the set, half of those come back, a few come back every month."""
    orders: list[tuple[str, int, list[str], datetime]] = []
    if number % 2 == 0:
        tried = signed_up + timedelta(days=chance.randint(7, 12))
        is_old = number >= _FIRST_OF_OLD
        price, code = (
            (products.OLD_TRIAL_PRICE, products.OLD_TRIAL) if is_old else (products.TRIAL_PRICE, products.TRIAL)
        )
        orders.append(("trial", price, [code], tried))
        times = {0: 5, 1: 1, 2: 0}[number // 2 % 3]
        for month in range(1, times + 1):
            orders.append(("regular", *_regular_order(times, month), tried + timedelta(days=30 * month)))
    for place, (kind, amount, codes, at) in enumerate(orders):
        if at < now:
            key = f"D{number + 1:02d}-{place + 1}"
            record_order(contact.pk, key, kind, amount, products=codes, occurred_at=at, source="demo", historical=True)


def _regular_order(times: int, month: int) -> tuple[int, list[str]]:
    """Amount and codes: who comes once takes a pack, who comes every month the subscription, and a towel in time."""
    if times == 1:
        return products.PACK_PRICE, [products.PACK]
    if month == 3:
        return products.MONTHLY_PRICE + products.TOWEL_PRICE, [products.MONTHLY, products.TOWEL]
    return products.MONTHLY_PRICE, [products.MONTHLY]
