"""Surveys, what people answered, and what a person of the shop is to see to."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jouren.catalog.models import Product
from jouren.contacts.models import Contact
from jouren.inbox.vocabulary import InquiryKind, Question, Satisfaction


class Survey(models.Model):
    """Some questions of the fixed set, about a product or about none. ``title`` is what people see above them."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    title = models.CharField(_("heading"), max_length=100)
    questions = ArrayField(models.CharField(max_length=20, choices=Question), verbose_name=_("questions"))
    thanks = models.CharField(_("thanks"), max_length=500, blank=True)
    is_open = models.BooleanField(_("open"), default=True, db_default=True)

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def asks(self, question: str) -> bool:
        """Whether the question is one of its own."""
        return question in self.questions


class SurveyAnswer(models.Model):
    """What somebody answered once. Append-only: the latest counts, those before are the history.

    What was not asked, or not answered, is empty or null. ``product`` is the survey's at that time, ``delivery_id`` the
    message that asked.
    """

    survey = models.ForeignKey(Survey, models.PROTECT, related_name="answers", db_index=False)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="survey_answers", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, null=True, related_name="+", db_index=False)
    delivery_id = models.BigIntegerField(null=True)
    satisfaction = models.CharField(_("satisfaction"), max_length=20, choices=Satisfaction, blank=True)
    still_using = models.BooleanField(_("still using it"), null=True)
    worth_price = models.BooleanField(_("worth its price"), null=True)
    trouble = models.CharField(_("what troubles them next"), max_length=500, blank=True)
    expectation = models.CharField(_("what they expect"), max_length=500, blank=True)
    answered_at = models.DateTimeField(_("answered"))

    class Meta:
        verbose_name = _("answer to a survey")
        verbose_name_plural = _("answers to surveys")
        indexes = [
            models.Index(fields=["contact", "-answered_at", "-id"], name="inbox_answer_of"),
            models.Index(fields=["survey", "contact", "-answered_at", "-id"], name="inbox_answer_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Inquiry(models.Model):
    """Somebody who needs a person of the shop. ``text`` is their own words; ``note`` what was done about it."""

    kind = models.CharField(_("what it is about"), max_length=20, choices=InquiryKind)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="inquiries", db_index=False)
    survey = models.ForeignKey(Survey, models.PROTECT, null=True, related_name="+", db_index=False)
    text = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField(_("since"))
    handled_at = models.DateTimeField(_("handled"), null=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    note = models.CharField(_("note"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("inquiry")
        verbose_name_plural = _("inquiries")
        indexes = [
            models.Index(fields=["-at", "-id"], condition=Q(handled_at__isnull=True), name="inbox_inquiry_open"),
            models.Index(fields=["-handled_at"], condition=Q(handled_at__isnull=False), name="inbox_inquiry_handled"),
            models.Index(fields=["contact"], name="inbox_inquiry_of"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
