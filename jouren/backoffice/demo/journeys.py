"""The demo shop's journeys: problem-led letters before the purchase, the six walls after it, and what follows."""

from __future__ import annotations

import uuid
from typing import Any

from jouren.capture.models import Form
from jouren.journeys.models import Journey
from jouren.messaging.models import Message


def make_journeys(form: Form, messages: dict[str, Message]) -> None:
    """Make and publish them."""
    _make_letters(form, messages)
    _make_walls(messages)
    _make_regulars(messages)
    _make_winback(messages)


def _make_letters(form: Form, messages: dict[str, Message]) -> None:
    publish(
        Journey(
            name="肌の手紙（7日間）",
            description="申し込んだ方に、お手入れの手紙を届け、最後に一度だけお試しを案内します。",
            conversion_days=14,
        ),
        conversion=purchase("trial"),
        trigger={"type": "form", "value": {"form": form.pk}},
        goal=_bought(),
        steps=[
            send(messages["letter1"]),
            until(1),
            send(messages["letter2"]),
            until(3),
            send(messages["letter3"]),
            _wait_for(
                "message.clicked", 2, message=messages["letter3"], then=[send(messages["letter3more"])], otherwise=[]
            ),
            until(7),
            send(messages["offer"]),
            _wait_for(
                "order.paid",
                5,
                then=[],
                otherwise=[
                    step("suppress", {"channel": "", "reason": "お試しを必要とされなかった"}),
                    step("exit", {"reason": "今はお試しを必要とされていない"}),
                ],
            ),
        ],
    )


def _make_walls(messages: dict[str, Message]) -> None:
    publish(
        Journey(
            name="お試しのあと（35日間）",
            description="会社への信頼、商品への信頼、安全、安心、機会、効果。一通に一つの壁に答え、最後に定期便を案内します。",
            conversion_days=60,
        ),
        conversion=purchase("regular"),
        trigger={"type": "purchase", "value": {"kind": "trial", "product": ""}},
        goal=_bought(kind="regular"),
        steps=[
            send(messages["company"]),
            until(3),
            send(messages["product"]),
            until(6),
            send(messages["safety"]),
            until(9),
            send(messages["peace"]),
            until(14),
            # Does one letter more bring the regular order? Three in ten go without it, and the report tells.
            _split(("裏技の手紙も届ける", 70, [send(messages["trick"])]), ("届けない", 30, [])),
            until(18),
            send(messages["opportunity"]),
            until(25),
            send(messages["effect"]),
            until(35),
            send(messages["regular"]),
            wait_for_purchase(14, "定期便は見送られた"),
        ],
    )


def _make_regulars(messages: dict[str, Message]) -> None:
    publish(
        Journey(
            name="常連の方へ",
            description="常連になった方だけに、棚に並べない品をお知らせします。",
            # Whoever knows the shop so well might buy without being told.
            holdout=20,
            conversion_days=30,
        ),
        conversion=purchase("regular"),
        trigger={"type": "stage", "value": {"stage": "5"}},
        goal=None,
        steps=[
            until(3),
            send(messages["welcome_regular"]),
            wait_for_purchase(14, "今回は見送られた"),
        ],
    )


def _make_winback(messages: dict[str, Message]) -> None:
    publish(
        Journey(
            name="休眠の方へ",
            description="しばらくお求めのない方に、ひと言たずね、一度だけお誘いします。",
            conversion_days=30,
        ),
        conversion=purchase("regular"),
        trigger={"type": "event", "value": {"event": "customer.lapsed", "where": [], "times": 1, "within_days": None}},
        goal=None,
        steps=[
            send(messages["miss_you"]),
            _wait_for("order.paid", 10, then=[step("exit", {"reason": "戻ってこられた"})], otherwise=[]),
            send(messages["invite_back"]),
            wait_for_purchase(14, "今回は見送られた"),
        ],
    )


def publish(
    journey: Journey, *, trigger: Any, goal: dict[str, Any] | None, steps: list[Any], conversion: Any = None
) -> None:
    """Publish a journey. ``goal``: the condition that ends it."""
    journey.goal = goal
    streams = (("trigger", [trigger]), ("steps", steps), ("conversion", [conversion] if conversion else []))
    for name, value in streams:
        field = Journey._meta.get_field(name)
        setattr(journey, name, field.stream_block.to_python(value))  # type: ignore[union-attr]
    journey.live = False
    journey.save()
    journey.save_revision().publish()


def purchase(kind: str) -> dict[str, Any]:
    """What counts as a success: a purchase of that kind."""
    return {"type": "purchase", "value": {"kind": kind, "product": "", "amount": None}}


def step(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """One step."""
    return {"type": kind, "value": value, "id": str(uuid.uuid4())}


def send(message: Message) -> dict[str, Any]:
    """A message goes."""
    return step("send", {"message": message.pk})


def until(day: int) -> dict[str, Any]:
    """It goes on at eight in the evening of a day, counted from the beginning."""
    return step("wait_until", {"day": day, "at": "20:00", "business": False})


def _split(*ways: tuple[str, int, list[Any]]) -> dict[str, Any]:
    """By lot: name, share and steps of each way."""
    return step("split", {"ways": [{"name": name, "weight": weight, "then": then} for name, weight, then in ways]})


def _wait_for(
    event: str, days: int, *, then: list[Any], otherwise: list[Any], message: Message | None = None
) -> dict[str, Any]:
    value = {
        "event": event,
        "message": message.pk if message else None,
        "amount": days,
        "unit": "days",
        "then": then,
        "otherwise": otherwise,
    }
    return step("wait_event", value)


def wait_for_purchase(days: int, reason: str) -> dict[str, Any]:
    """So many days for a purchase; who makes none leaves, for that reason."""
    return _wait_for("order.paid", days, then=[], otherwise=[step("exit", {"reason": reason})])


def _bought(**arguments: str) -> dict[str, Any]:
    """Has paid for an order."""
    return {"all": [{"fact": "orders.count", "args": arguments, "op": "gte", "value": 1}]}
