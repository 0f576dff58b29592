"""What a shop needs before anybody can become a regular, in the order to do it."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.models import Page

from jouren.backoffice.home.checklist import Step, register
from jouren.capture.models import Form
from jouren.content.models import HomePage, LandingPage
from jouren.journeys.models import Journey
from jouren.messaging.models import Message, ShopSettings
from jouren.messaging.publishing import legal_problems
from jouren.messaging.vocabulary import Kind


def _form_url() -> str:
    return reverse(Form.snippet_viewset.get_url_name("add"))  # type: ignore[attr-defined]


def _page_url() -> str:
    home = HomePage.objects.first()
    return reverse("wagtailadmin_pages:add_subpage", args=[home.pk]) if home else reverse("wagtailadmin_explore_root")


STEPS = (
    Step(
        "shop",
        _("Say who you are"),
        _("The law asks for name, address and a contact in every mail."),
        lambda: reverse("wagtailsettings:edit", args=["messaging", "shopsettings"]),
        lambda: not legal_problems(ShopSettings.objects.first() or ShopSettings()),
        10,
    ),
    Step(
        "form",
        _("Make a form"),
        _("People with a problem leave their address here."),
        _form_url,
        Form.objects.exists,
        20,
    ),
    Step(
        "page",
        _("Make a page with the form on it"),
        _("What visitors from a search or a post see first."),
        _page_url,
        lambda: Page.objects.live().type(LandingPage).exists(),
        30,
    ),
    Step(
        "message",
        _("Write a message"),
        _("Help first: one useful answer to their problem."),
        lambda: reverse("messages:add"),
        lambda: Message.objects.exclude(kind=Kind.TRANSACTIONAL).filter(live=True).exists(),
        40,
    ),
    Step(
        "journey",
        _("Make a journey"),
        _("Which message goes when, from each person's own start."),
        lambda: reverse("journeys:add"),
        lambda: Journey.objects.filter(live=True).exists(),
        50,
    ),
)


def register_first_steps() -> None:
    """Put them on the list."""
    for step in STEPS:
        register(step)
