"""The pages that visitors see."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, HelpPanel, MultiFieldPanel
from wagtail.fields import StreamField
from wagtail.models import Page

from jouren.capture.visits import follow_visit
from jouren.content.blocks import PageBlocks
from jouren.content.forms import PageForm
from jouren.content.legal.items import LegalKind
from jouren.content.voices.models import Voice  # noqa: F401 — a model of this room, in a file of its own
from jouren.messaging.shop import link_legal_page
from jouren.messaging.vocabulary import Doubt, Wall


class StoryPage(Page):
    """What both kinds of page have: a headline and a body of blocks."""

    headline = models.CharField(
        _("headline"), max_length=150, blank=True, help_text=_("Large, at the top. Empty: the page's title.")
    )
    lead = models.CharField(
        _("lead"), max_length=300, blank=True, help_text=_("One or two sentences under the headline.")
    )
    language = models.CharField(
        _("language of the text"), max_length=5, choices=[("ja", _("Japanese")), ("en", _("English"))], default="ja"
    )
    body = StreamField(PageBlocks(), verbose_name=_("body"), blank=True)
    wall = models.CharField(
        _("wall it answers"), max_length=20, choices=Wall.choices, blank=True, default="", db_default=""
    )
    doubt = models.CharField(
        _("doubt it answers"), max_length=20, choices=Doubt.choices, blank=True, default="", db_default=""
    )

    content_panels = [
        *Page.content_panels,
        MultiFieldPanel([FieldPanel("headline"), FieldPanel("lead"), FieldPanel("language")], heading=_("Top")),
        FieldPanel("body"),
        MultiFieldPanel([FieldPanel("wall"), FieldPanel("doubt")], heading=_("What it answers")),
    ]
    base_form_class = PageForm

    class Meta:
        abstract = True

    def get_template(self, request: HttpRequest, *args: Any, **kwargs: Any) -> str:
        """Both kinds look the same."""
        return "content/page.html"

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show the page and remember the visit."""
        response: HttpResponseBase = super().serve(request, *args, **kwargs)
        follow_visit(request, response)
        return response

    def first_form_id(self) -> str:
        """The id of the first form block, which buttons lead to; empty when there is none."""
        return next((block.id for block in self.body if block.block_type == "form"), "")


class HomePage(StoryPage):
    """The page at the root of the site."""

    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["content.LandingPage", "content.LegalPage"]

    class Meta:
        verbose_name = _("home page")
        verbose_name_plural = _("home pages")


class LandingPage(StoryPage):
    """A page that visitors land on from a search, a post or an advertisement."""

    parent_page_types = ["content.HomePage", "content.LandingPage"]
    subpage_types = ["content.LandingPage"]

    class Meta:
        verbose_name = _("landing page")
        verbose_name_plural = _("landing pages")


class LegalPage(StoryPage):
    """A page that the law asks for. ``answers`` is what the form was filled in with, to change it there again."""

    kind = models.CharField(_("which page"), max_length=20, choices=LegalKind.choices, default=LegalKind.COMMERCE)
    answers = models.JSONField(default=dict, blank=True, editable=False)

    parent_page_types = ["content.HomePage"]
    subpage_types: list[str] = []
    content_panels = [
        HelpPanel(_("A draft to check: it is no legal advice. Read every sentence and make it true for your shop.")),
        *Page.content_panels,
        MultiFieldPanel([FieldPanel("headline"), FieldPanel("lead"), FieldPanel("language")], heading=_("Top")),
        FieldPanel("body"),
    ]

    class Meta:
        verbose_name = _("legal page")
        verbose_name_plural = _("legal pages")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Once it is live, mails and the foot of all pages lead to it, unless the shop names another address."""
        super().save(*args, **kwargs)
        if self.live:
            parts = self.get_url_parts()
            if parts and parts[2]:
                link_legal_page(self.kind, parts[2])


class ScheduleFailure(models.Model):
    """Something scheduled that could not be done. ``texts`` gives the reason by language (``{"ja": "…"}``)."""

    class What(models.TextChoices):
        """What was to happen."""

        PUBLISH = "publish", _("Go live")
        END = "end", _("End")

    content_type = models.ForeignKey("contenttypes.ContentType", models.CASCADE, related_name="+")
    object_id = models.CharField(max_length=255)
    what = models.CharField(max_length=10, choices=What)
    revision_id = models.BigIntegerField(null=True)
    texts = models.JSONField(default=dict)
    tried_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["content_type", "object_id"], name="content_schedule_failure_of"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.content_type_id} {self.object_id}"

    @property
    def instance(self) -> Any:
        """The page, journey or message; None when it is gone."""
        model = self.content_type.model_class()
        return model._default_manager.filter(pk=self.object_id).first() if model else None

    @property
    def reason(self) -> str:
        """Why it failed, in the reader's language."""
        texts: dict[str, str] = self.texts
        return texts.get(get_language() or "", "") or next(iter(texts.values()), "")
