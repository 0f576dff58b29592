"""The steps of the set-up in their order: what each is for, why the law asks, and when it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jouren.backoffice.home.checklist import Step, register, steps
from jouren.core.models import ShopZone
from jouren.journeys.models import Journey
from jouren.messaging.models import ShopSettings
from jouren.messaging.publishing import legal_problems
from jouren.pyramid.presets import is_preset_chosen
from jouren.story.queries import is_told

CHANGE_SHOP = ("messaging.change_shopsettings",)
MAKE_JOURNEY = ("journeys.add_journey", "journeys.change_journey", "messaging.add_message", "messaging.change_message")


@dataclass(frozen=True)
class SetupStep:
    """One screen of the set-up. ``key`` names it in its URL and, with ``setup-`` before it, on the checklist.

    ``what_for`` says what the shop gains, ``law`` what the law asks (empty: nothing).
    """

    key: str
    title: Any
    what_for: Any
    is_done: Callable[[], bool]
    permissions: tuple[str, ...]
    law: Any = ""

    @property
    def name(self) -> str:
        """Its name on the checklist. Saying who you are stood there before, under a name of its own."""
        return self.key if self.key == "shop" else f"setup-{self.key}"

    @property
    def url(self) -> str:
        """Where its screen is."""
        return reverse(f"setup:{self.key}")


def _shop() -> ShopSettings:
    return ShopSettings.objects.first() or ShopSettings()


def _mail_works() -> bool:
    return settings.JOUREN.email is not None and _shop().mail_taken_at is not None


STEPS: Sequence[SetupStep] = (
    SetupStep(
        "account",
        _("Your account"),
        _("Your name, and the language that you read here."),
        lambda: True,  # whoever reads this has one
        CHANGE_SHOP,
    ),
    SetupStep(
        "shop",
        _("Say who you are"),
        _("Readers see at once from whom a mail comes, and answers reach you."),
        lambda: not legal_problems(_shop()),
        CHANGE_SHOP,
        _(
            "Advertising mail must name the sender, a postal address and a contact for complaints (特定電子メール法). "
            "Without them no such mail goes out."
        ),
    ),
    SetupStep(
        "time",
        _("Time zone and closures"),
        _("“Day 3 at 19:00” goes by this clock, and on days off nothing is promised for a business day."),
        ShopZone.objects.exists,
        CHANGE_SHOP,
    ),
    SetupStep(
        "law",
        _("Page on commercial law (特商法)"),
        _("Whoever hesitates looks here whether a shop is real."),
        lambda: bool(_shop().commerce_law_url),
        CHANGE_SHOP,
        _(
            "Whoever sells at a distance in Japan must say who sells, what it costs, when it comes and how to return "
            "it (特定商取引法, article 11). Every mail and page then leads there."
        ),
    ),
    SetupStep(
        "privacy",
        _("Privacy page"),
        _("People leave an address more readily where they read what becomes of it."),
        lambda: bool(_shop().privacy_url),
        CHANGE_SHOP,
        _(
            "Whoever takes personal data must tell what it is used for, to whom it goes and how to ask about it "
            "(個人情報保護法)."
        ),
    ),
    SetupStep(
        "look",
        _("Colours and logo"),
        _("Your pages look like your shop."),
        lambda: bool(_shop().colour or _shop().logo_id),
        CHANGE_SHOP,
    ),
    SetupStep(
        "mail",
        _("Mail that arrives"),
        _("A test shows whether mail leaves, and three records keep it out of spam."),
        _mail_works,
        CHANGE_SHOP,
    ),
    SetupStep(
        "stages",
        _("Names of the stages"),
        _("See the road from stranger to regular as your trade does."),
        is_preset_chosen,
        ("pyramid.view_pyramidrule", "pyramid.change_pyramidrule"),
    ),
    SetupStep(
        "story",
        _("Your story"),
        _("A short interview. Its answers become the first letters, in your own words."),
        is_told,
        ("story.change_ownerstory",),
    ),
    SetupStep(
        "journey",
        _("First journey"),
        _("A ready-made journey is filled in with your answers: drafts, not a blank page."),
        Journey.objects.exists,
        MAKE_JOURNEY,
    ),
)


def step_of(key: str) -> SetupStep | None:
    """The step of that key; None where there is none."""
    return next((step for step in STEPS if step.key == key), None)


def neighbours(key: str) -> tuple[SetupStep | None, SetupStep | None]:
    """The steps before and after one."""
    place = next(number for number, step in enumerate(STEPS) if step.key == key)
    return (STEPS[place - 1] if place else None), (STEPS[place + 1] if place + 1 < len(STEPS) else None)


def register_setup_steps() -> None:
    """Put them on the checklist, before what a shop does next."""
    for place, step in enumerate(STEPS):
        register(
            Step(
                step.name,
                step.title,
                step.law or step.what_for,
                _url_of(step.key),
                step.is_done,
                order=place,
                permissions=step.permissions,
            )
        )


def _url_of(key: str) -> Callable[[], str]:
    return lambda: reverse(f"setup:{key}")


@dataclass(frozen=True)
class Standing:
    """A step as it stands in this shop."""

    step: SetupStep
    number: int
    is_done: bool
    is_skipped: bool

    @property
    def is_left(self) -> bool:
        """Whether it is still to be done."""
        return not self.is_done and not self.is_skipped


def standings() -> list[Standing]:
    """All steps with how each stands."""
    known = {state.key: state for state in steps()}
    return [
        Standing(step, number, known[step.name].is_done, known[step.name].is_skipped)
        for number, step in enumerate(STEPS, start=1)
    ]
