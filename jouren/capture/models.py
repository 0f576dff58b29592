"""Forms on pages, who filled them in, and the visits before that."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel

from jouren.capture.widgets import SuggestingInput

MAX_PROBLEM_LENGTH = 500


class Asking(models.TextChoices):
    """Whether a form asks for something."""

    NO = "no", _("Do not ask")
    OPTIONAL = "optional", _("Ask")
    REQUIRED = "required", _("Ask, and require an answer")


class ProblemField(models.TextChoices):
    """How a form asks what the visitor wants solved."""

    NO = "no", _("Do not ask")
    LIST = "list", _("Choose from a list")
    TEXT = "text", _("In own words")


class Form(models.Model):
    """A sign-up form, placed on any number of pages. ``public_id`` is what URLs and pages know it by."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(_("title"), max_length=100, help_text=_("What people sign up for."))
    introduction = models.CharField(_("introduction"), max_length=300, blank=True)
    ask_name = models.CharField(_("name"), max_length=10, choices=Asking, default=Asking.OPTIONAL)
    ask_kana = models.CharField(_("name in kana"), max_length=10, choices=Asking, default=Asking.NO)
    ask_problem = models.CharField(_("problem"), max_length=10, choices=ProblemField, default=ProblemField.NO)
    problem_question = models.CharField(_("question about the problem"), max_length=200, blank=True)
    problem_choices = models.TextField(_("problems to choose from"), blank=True, help_text=_("One a line."))
    topic = models.ForeignKey(
        "contacts.Topic",
        models.PROTECT,
        related_name="+",
        verbose_name=_("topic"),
        help_text=_("What people allow you to send when they sign up."),
    )
    consent_text = models.TextField(
        _("consent text"),
        max_length=2000,
        help_text=_("What people agree to. Every wording is kept, with who agreed to it."),
    )
    button_text = models.CharField(_("button text"), max_length=30)
    thanks_text = models.TextField(_("text after the form was sent"), max_length=1000, blank=True)
    confirmed_text = models.TextField(_("text after the confirmation"), max_length=1000, blank=True)
    after_page = models.ForeignKey(
        "wagtailcore.Page",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("page to go to after the confirmation"),
    )
    gift = models.ForeignKey(
        "wagtaildocs.Document",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("gift"),
        help_text=_(
            "A file, such as a PDF, that people get once they have confirmed: on the page they see then, and by the "
            "block “Gift” in a message. Nobody gets it by the document's own address."
        ),
    )
    gift_title = models.CharField(
        _("name of the gift"),
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text=_("Empty: the title of the file."),
    )
    gift_days = models.PositiveSmallIntegerField(
        _("days for which the gift's link is good"),
        default=7,
        db_default=7,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=_("After that, people can have a new link mailed to them."),
    )
    is_open = models.BooleanField(_("open"), default=True, help_text=_("A closed form takes no sign-ups."))
    created_at = models.DateTimeField(auto_now_add=True)

    panels = [
        FieldPanel("title"),
        FieldPanel("introduction"),
        MultiFieldPanel(
            [
                FieldPanel("ask_name"),
                FieldPanel("ask_kana"),
                FieldPanel("ask_problem"),
                FieldPanel("problem_question"),
                FieldPanel("problem_choices"),
            ],
            heading=_("What it asks"),
        ),
        MultiFieldPanel([FieldPanel("topic"), FieldPanel("consent_text")], heading=_("What people allow")),
        FieldPanel("button_text", widget=SuggestingInput),
        MultiFieldPanel(
            [FieldPanel("thanks_text"), FieldPanel("confirmed_text"), FieldPanel("after_page")],
            heading=_("Afterwards"),
        ),
        MultiFieldPanel([FieldPanel("gift"), FieldPanel("gift_title"), FieldPanel("gift_days")], heading=_("Gift")),
        FieldPanel("is_open"),
    ]

    class Meta:
        verbose_name = _("form")
        verbose_name_plural = _("forms")
        ordering = ["title", "id"]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """A list to choose from needs something to choose, each short enough to be kept."""
        choices = self.problems
        if self.ask_problem == ProblemField.LIST and not choices:
            raise ValidationError({"problem_choices": _("Write at least one problem to choose from.")})
        if any(len(choice) > MAX_PROBLEM_LENGTH for choice in choices):
            raise ValidationError({"problem_choices": _("A problem has at most 500 characters.")})

    @property
    def gift_name(self) -> str:
        """What people read of its gift; empty where it has none."""
        return self.gift_title or (self.gift.title if self.gift is not None else "")

    @property
    def problems(self) -> list[str]:
        """The problems to choose from, in order, each once."""
        lines = (line.strip() for line in self.problem_choices.splitlines())
        return list(dict.fromkeys(line for line in lines if line))


class Visitor(models.Model):
    """A browser that looked at pages. ``token_hash`` is of the cookie's random value, which is stored nowhere.

    ``contact`` is null until somebody signs up from it. ``utm``, ``referrer`` and ``page`` are of the first visit.
    The cookie gives no authority: it shows and changes nothing of the contact.
    """

    token_hash = models.BinaryField(max_length=32, unique=True)
    contact = models.ForeignKey("contacts.Contact", models.SET_NULL, null=True, related_name="+")
    utm = models.JSONField(default=dict)
    referrer = models.CharField(max_length=500, blank=True)
    page = models.CharField(max_length=500, blank=True)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")
        indexes = [
            models.Index(fields=["id"], condition=models.Q(contact__isnull=True), name="capture_visitor_unknown"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Touch(models.Model):
    """One look at one page by a visitor."""

    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="touches")
    at = models.DateTimeField()
    page = models.CharField(max_length=500)
    utm = models.JSONField(default=dict)
    referrer = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["visitor", "at"], name="capture_touch_of")]

    def __str__(self) -> str:
        return self.page


class RegistrationState(models.TextChoices):
    """Where a registration stands."""

    PENDING = "pending", _("Waiting for the confirmation")
    CONFIRMED = "confirmed", _("Confirmed")


class Registration(models.Model):
    """A form that somebody sent. Nothing of it counts until the person confirms it from the mail.

    ``data`` holds what was written (``family_name``, ``given_name``, ``family_kana``, ``given_kana``, ``problem``)
    and is emptied once it was applied to the contact. ``source`` is the first touch: ``utm_*``, ``referrer``, ``page``.
    ``token_hash`` is of the confirmation link's secret. ``was_erased``: the address had been erased before.
    """

    form = models.ForeignKey(Form, models.SET_NULL, null=True, related_name="registrations")
    form_title = models.CharField(max_length=100)
    contact = models.ForeignKey("contacts.Contact", models.CASCADE, related_name="+")
    email = models.CharField(max_length=254)
    was_erased = models.BooleanField(default=False)
    data = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=RegistrationState, default=RegistrationState.PENDING)
    token_hash = models.BinaryField(max_length=32, unique=True)
    visitor = models.ForeignKey(Visitor, models.SET_NULL, null=True, related_name="+")
    source = models.JSONField(default=dict)
    page = models.CharField(max_length=500, blank=True)
    language = models.CharField(max_length=5)
    consent_text = models.ForeignKey("contacts.ConsentText", models.PROTECT, related_name="+")
    topic = models.ForeignKey("contacts.Topic", models.PROTECT, related_name="+")
    ip_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        indexes = [
            models.Index(fields=["created_at"], condition=models.Q(state="pending"), name="capture_reg_pending"),
        ]

    def __str__(self) -> str:
        return f"{self.form_title} {self.pk}"
