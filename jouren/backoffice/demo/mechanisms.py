"""What the demo shop has for the third and fourth mechanism: the ready journey after a trial with its offer at the
regular price, and the finest with its letter, for those alone who are likely to become regulars.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from jouren.backoffice.demo.journeys import publish, purchase, send, until, wait_for_purchase
from jouren.backoffice.demo.offers import FINEST_NAME, make_finest, make_regular
from jouren.backoffice.demo.shop import TOPIC_KEY, make_message
from jouren.backoffice.demo.texts import AFTER_TRIAL, LIKELY_NAME, LIKELY_REGULAR
from jouren.catalog.offers.models import Offer
from jouren.contacts.models import Topic
from jouren.journeys.models import Journey
from jouren.mechanisms.event_types import LIKELY
from jouren.messaging.models import Message
from jouren.messaging.publishing import publish_message
from jouren.playbooks.making import Choices, make
from jouren.playbooks.reading import find_playbook
from jouren.pyramid.models import ChangeReason, PyramidRule
from jouren.pyramid.stages import Stage

_BOOK = "after-trial"


def put_mechanisms() -> None:
    """Lay it on top of the shop, whether that was made on the spot or loaded with its year."""
    _add_rule_of_consent()
    _make_after_trial(make_regular())
    _make_likely(make_finest(Offer.objects.filter(name=FINEST_NAME).first()))


def _add_rule_of_consent() -> None:
    """The year was lived before a new installation came with it."""
    PyramidRule.objects.get_or_create(
        event_type="consent.granted",
        defaults={
            "name": _("Consent on an imported list"),
            "match": {"via": "import"},
            "stage": Stage.PROSPECT,
            "reason": ChangeReason.IMPORTED,
        },
    )


def _make_after_trial(offer: Offer) -> None:
    """The ready journey, filled in by the owner."""
    book = find_playbook(_BOOK, "ja")
    assert book is not None
    journey = make(book, Choices(TOPIC_KEY, texts=AFTER_TRIAL, offer=offer.name))
    for message in Message.objects.filter(name__in=[row.name for row in book.rows]):
        publish_message(message.get_latest_revision_as_object())
    journey.latest_revision.publish()


def _make_likely(offer: Offer) -> None:
    topic = Topic.objects.get(key=TOPIC_KEY)
    shown = {"offer": {"offer": str(offer.pk), "if_closed": "skip"}}
    publish(
        Journey(
            name=LIKELY_NAME,
            description="常連になりそうな方だけに、棚に並べない品をお知らせします。",
            conversion_days=30,
        ),
        conversion=purchase("regular"),
        trigger={"type": "event", "value": {"event": LIKELY, "where": [], "times": 1, "within_days": None}},
        goal=None,
        steps=[
            until(2),
            send(make_message(LIKELY_REGULAR, topic, shown)),
            wait_for_purchase(14, "今回は見送られた"),
        ],
    )
