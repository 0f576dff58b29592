"""Makers of what tests about surveys need: a survey, somebody who was sent it, and their page."""

from __future__ import annotations

from typing import Any

from jouren.catalog.actions import save_product
from jouren.catalog.models import Product
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.inbox.actions import save_survey
from jouren.inbox.models import Survey
from jouren.inbox.vocabulary import Question
from jouren.messaging.models import Delivery
from jouren.messaging.surveys import survey_path
from jouren.messaging.tracking import make_token
from jouren.messaging.vocabulary import State
from tests.messages import published, reader
from tests.sending import plan


def make_survey(**fields: Any) -> Survey:
    """A survey about tea that asks everything but what is expected."""
    product = save_product(Product(name="お茶", role="trial", price=980))
    questions = [each.value for each in Question if each is not Question.EXPECTATION]
    values = {"name": "お茶のあと", "title": "お茶はいかがでしたか？", "product": product, "questions": questions}
    return save_survey(Survey(**{**values, **fields}))


def sent_survey(survey: Survey, email: str = "hana@example.jp") -> Delivery:
    """A message with the survey that has gone to somebody."""
    version = published(("survey", {"survey": str(survey.pk)}), kind="care")
    (delivery,) = plan(version, reader(email))
    Delivery.objects.filter(pk=delivery.pk).update(state=State.SENT, sent_at=clock.now())
    delivery.refresh_from_db()
    return delivery


def page_of(survey: Survey, delivery: Delivery, answer: str = "above") -> str:
    """The address that a button in the mail leads to."""
    return survey_path(survey.pk, answer, make_token(delivery.pk))


def person_of(delivery: Delivery) -> Contact:
    """Who was sent it."""
    return Contact.objects.get(pk=delivery.contact_id)
