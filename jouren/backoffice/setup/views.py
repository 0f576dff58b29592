"""What each step of the set-up shows and keeps."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext as _
from wagtail.admin import messages
from wagtail.users.models import UserProfile

from jouren.backoffice.playbooks.views import told
from jouren.backoffice.setup import forms
from jouren.backoffice.setup.actions import keep_account, keep_look, keep_shop, keep_time, note_mail_taken
from jouren.backoffice.setup.screens import StepScreen
from jouren.backoffice.setup.wording import record_text, relay_line
from jouren.contacts.models import Topic
from jouren.content.legal.items import LegalKind
from jouren.content.legal.making import legal_page, save_legal_page
from jouren.content.models import HomePage
from jouren.core import clock
from jouren.core.allowances import use_allowance
from jouren.core.errors import UserError
from jouren.core.mail_records import check_records, is_domain
from jouren.core.zone import shop_zone_name
from jouren.files.errors import BadFiles
from jouren.journeys.models import DayOff, Journey
from jouren.messaging.mail_test import Outcome, send_test_mail
from jouren.messaging.models import ShopSettings
from jouren.messaging.shop import load_shop
from jouren.playbooks.making import Choices, make
from jouren.playbooks.prefilling import texts_of
from jouren.playbooks.reading import LANGUAGES, find_playbook, playbooks
from jouren.pyramid.naming import PRESETS
from jouren.pyramid.presets import choose_preset, chosen_preset
from jouren.story.actions import save_story
from jouren.story.interview import FIELDS
from jouren.story.queries import is_told, load_story, owner_variables

_TESTS_AN_HOUR = 20


def shop() -> ShopSettings:
    """The shop's settings; new ones where there are none."""
    return ShopSettings.objects.first() or ShopSettings()


def own_language() -> str:
    """The reader's language, if a page can be written in it; else Japanese."""
    own = (get_language() or "").partition("-")[0]
    return own if own in LANGUAGES else LANGUAGES[0]


class AccountScreen(StepScreen):
    """Who works here."""

    key = "account"
    template_name = "backoffice/setup/account.html"

    def make_form(self, data: Any = None, files: Any = None) -> forms.AccountForm:
        user: Any = self.request.user
        profile = UserProfile.get_for_user(user)
        initial = {
            "last_name": user.last_name,
            "first_name": user.first_name,
            "language": profile.preferred_language or own_language(),
        }
        return forms.AccountForm(data, initial=initial)

    def keep(self, form: Any) -> None:
        keep_account(self.staff, form.cleaned_data)


class ShopScreen(StepScreen):
    """Who writes to people."""

    key = "shop"
    template_name = "backoffice/setup/shop.html"

    def make_form(self, data: Any = None, files: Any = None) -> forms.ShopForm:
        return forms.ShopForm(data, instance=shop())

    def keep(self, form: Any) -> None:
        keep_shop(form.save(commit=False), by=self.staff)


class TimeScreen(StepScreen):
    """The clock and the days off."""

    key = "time"
    template_name = "backoffice/setup/time.html"

    def make_form(self, data: Any = None, files: Any = None) -> forms.TimeForm:
        return forms.TimeForm(data, initial={"zone": shop_zone_name()})

    def keep(self, form: Any) -> None:
        keep_time(form.cleaned_data["zone"], form.days(), form.cleaned_data["why"], by=self.staff)

    def after(self) -> str:
        """Days off are mostly added several times over: the screen stays for the next."""
        return self.step.url if "more" in self.request.POST else super().after()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        today = clock.now().date() - timedelta(days=1)
        return {
            **super().get_context_data(**kwargs),
            "days": DayOff.objects.filter(day__gte=today).order_by("day")[:100],
            "all_days": reverse("dayoff:index"),
        }


class LegalScreen(StepScreen):
    """A page that the law asks for."""

    template_name = "backoffice/setup/legal.html"
    kind: LegalKind

    @cached_property
    def page(self) -> Any:
        """The page as it is; None where there is none."""
        return legal_page(self.kind)

    @property
    def language(self) -> str:
        """The language asked for, that of the page, or the reader's."""
        asked = self.request.GET.get("language", "")
        if asked in LANGUAGES:
            return asked
        return self.page.language if self.page is not None else own_language()

    def make_form(self, data: Any = None, files: Any = None) -> forms.LegalForm:
        form = forms.LegalForm(data, kind=self.kind)
        form.initial = {"language": self.language, **self._initial(form)}
        return form

    def _initial(self, form: forms.LegalForm) -> dict[str, str]:
        if self.page is not None and self.page.answers and self.page.language == self.language:
            return {f"item_{key}": text for key, text in self.page.answers.items()}
        known = shop()
        about = "\n".join(filter(None, (known.name, known.postal_address)))
        reach = "\n".join(filter(None, (known.complaints_email, known.complaints_phone)))
        own = {
            "seller": known.name,
            "address": known.postal_address,
            "phone": known.complaints_phone,
            "mail": known.complaints_email or known.sender_address,
            "business": about,
            "contact": reach,
        }
        with override(self.language):
            return {f"item_{item.key}": own.get(item.key, "") or str(item.start) for item in form.items_asked}

    def _check_rights(self, is_to_publish: bool) -> None:
        home = HomePage.objects.order_by("pk").first()
        if home is None:
            return  # which is said when the page is kept
        may = home.permissions_for_user(self.request.user)
        if not (may.can_publish_subpage() if is_to_publish else may.can_add_subpage()):
            raise UserError(_("You may not do this to pages. Ask somebody who may."))

    def keep(self, form: Any) -> None:
        self._check_rights(form.is_to_publish)
        language = form.cleaned_data["language"]
        page = save_legal_page(self.kind, language, form.answers(), publish=form.is_to_publish, by=self.staff)
        text = _("The page is published.") if form.is_to_publish else _("The page is kept as a draft.")
        edit = messages.button(reverse("wagtailadmin_pages:edit", args=[page.pk]), _("Open the page"))
        messages.success(self.request, text, buttons=[edit])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = self.page
        return {
            **super().get_context_data(**kwargs),
            "page": page,
            "edit_url": reverse("wagtailadmin_pages:edit", args=[page.pk]) if page is not None else "",
            "languages": [(key, name, key == self.language) for key, name in forms.LANGUAGE_NAMES.items()],
        }


class LawScreen(LegalScreen):
    """特定商取引法に基づく表記."""

    key = "law"
    kind = LegalKind.COMMERCE


class PrivacyScreen(LegalScreen):
    """The privacy policy."""

    key = "privacy"
    kind = LegalKind.PRIVACY


class LookScreen(StepScreen):
    """Colour and logo."""

    key = "look"
    template_name = "backoffice/setup/look.html"

    def make_form(self, data: Any = None, files: Any = None) -> forms.LookForm:
        kept = shop().colour
        choice = kept if not kept or kept in forms.COLOURS else forms.OWN
        return forms.LookForm(data, files, initial={"choice": choice, "colour": kept if choice == forms.OWN else ""})

    def keep(self, form: Any) -> None:
        given = form.cleaned_data
        keep_look(form.chosen, given["logo"], without_logo=given["without_logo"], by=self.staff)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        known = shop()
        return {
            **super().get_context_data(**kwargs),
            "logo": known.logo,
        }


class MailScreen(StepScreen):
    """The relay, a test mail, and what the DNS says."""

    key = "mail"
    template_name = "backoffice/setup/mail.html"

    def make_form(self, data: Any = None, files: Any = None) -> forms.TestMailForm:
        return forms.TestMailForm(data, initial={"address": getattr(self.request.user, "email", "")})

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Test, or look up, and show the outcome here; else go on."""
        if "test" in request.POST:
            return self._test()
        if "records" in request.POST:
            return self._look_up()
        return redirect(self.after())

    def _test(self) -> HttpResponse:
        form = self.make_form(self.request.POST)
        result = None
        if form.is_valid():
            try:
                self._count()
                result = send_test_mail(form.cleaned_data["address"])
            except UserError as error:
                form.add_error(None, str(error))
        if result is not None and result.outcome == Outcome.ACCEPTED:
            note_mail_taken()
        status = 400 if form.errors else 200
        return self.render_to_response(self.get_context_data(form=form, result=result), status=status)

    def _look_up(self) -> HttpResponse:
        records = forms.RecordsForm(self.request.POST)
        found = None
        if records.is_valid():
            try:
                self._count()
            except UserError as error:
                records.add_error(None, str(error))
            else:
                found = self._found(records.cleaned_data["selector"])
        status = 400 if records.errors else 200
        return self.render_to_response(self.get_context_data(records=records, found=found), status=status)

    def _count(self) -> None:
        use = use_allowance("setup-mail", str(self.staff.pk), timedelta(hours=1))
        if use.count > _TESTS_AN_HOUR:
            raise UserError(_("That was often enough for now. Try again in an hour."))

    @property
    def domain(self) -> str:
        """The domain that mail is sent from, in ASCII; empty where it can have no records."""
        domain = load_shop().sender.address.rpartition("@")[2].lower()
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            return ""
        return domain if is_domain(domain) else ""

    def _found(self, selector: str) -> list[Any]:
        if not self.domain:
            return []
        relay = settings.JOUREN.email.host if settings.JOUREN.email is not None else ""
        report_to = getattr(self.request.user, "email", "")
        return [record_text(each) for each in check_records(self.domain, relay, selector, report_to)]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            "records": kwargs.pop("records", None) or forms.RecordsForm(),
            "result": None,
            "found": None,
            **super().get_context_data(**kwargs),
            "relay": settings.JOUREN.email,
            "line": relay_line(settings.JOUREN.email),
            "sender": load_shop().sender,
            "domain": self.domain,
            "mailbox": reverse("mailbox:list") if settings.JOUREN.email is None else "",
        }


class StagesScreen(StepScreen):
    """What the stages are called."""

    key = "stages"
    template_name = "backoffice/setup/stages.html"

    def make_form(self, data: Any = None, files: Any = None) -> forms.StagesForm:
        return forms.StagesForm(data, initial={"preset": chosen_preset()})

    def keep(self, form: Any) -> None:
        choose_preset(form.cleaned_data["preset"], by=self.staff)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        radios = zip(context["form"]["preset"], PRESETS.values(), strict=True)
        return {**context, "radios": list(radios)}


class StoryScreen(StepScreen):
    """The interview."""

    key = "story"
    template_name = "backoffice/setup/story.html"
    extra_context = {"example": "{{ owner.why }}"}

    def make_form(self, data: Any = None, files: Any = None) -> forms.StoryForm:
        story = load_story()
        initial = {key: getattr(story, key) for key in FIELDS}
        for number, (question, answer) in enumerate(story.questions):
            initial |= {f"question_{number}": question, f"answer_{number}": answer}
        return forms.StoryForm(data, initial=initial)

    def keep(self, form: Any) -> None:
        save_story({key: form.cleaned_data[key] for key in FIELDS}, form.questions(), by=self.staff)


class JourneyScreen(StepScreen):
    """A ready-made journey, filled in with the owner's story."""

    key = "journey"
    template_name = "backoffice/setup/journey.html"

    @property
    def language(self) -> str:
        """The language of the messages: the one asked for, or the reader's."""
        asked = self.request.POST.get("language") or self.request.GET.get("language", "")
        return asked if asked in LANGUAGES else own_language()

    def make_form(self, data: Any = None, files: Any = None) -> forms.JourneyForm:
        first = playbooks(self.language)[0].slug
        return forms.JourneyForm(data, language=self.language, initial={"language": self.language, "playbook": first})

    def keep(self, form: Any) -> None:
        given = form.cleaned_data
        book = find_playbook(given["playbook"], given["language"])
        assert book is not None  # it is one of the choices
        choices = Choices(given["topic"].key, texts=texts_of(book.places, owner_variables()))
        try:
            journey = make(book, choices, by=self.staff)
        except BadFiles as error:
            raise UserError(" ".join(str(problem) for problem in error.problems)) from error
        text = _("“%(name)s” and its messages are drafts now. Look at them, publish the messages, then the journey.")
        edit = messages.button(reverse("journeys:edit", args=[journey.pk]), gettext("Open the journey"))
        messages.success(self.request, text % {"name": journey}, buttons=[edit])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        books, owner = playbooks(self.language), owner_variables()
        rows = [
            (radio, book, told(book), len(book.places), len(texts_of(book.places, owner)))
            for radio, book in zip(context["form"]["playbook"], books, strict=True)
        ]
        return {
            **context,
            "books": rows,
            "is_told": is_told(),
            "has_topics": Topic.objects.exists(),
            "made": Journey.objects.order_by("-pk")[:5],
            "language": self.language,
            "languages": [(key, name, key == self.language) for key, name in forms.LANGUAGE_NAMES.items()],
        }
