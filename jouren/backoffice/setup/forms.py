"""What is filled in while a shop is set up."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from wagtail.images.fields import WagtailImageField

from jouren.contacts.addresses import normalise_email
from jouren.contacts.errors import BadAddress
from jouren.contacts.models import Topic
from jouren.content.legal.items import ITEMS, LONGEST, LegalKind
from jouren.core.mail_records import is_selector
from jouren.core.schedule import DEFAULT_ZONE
from jouren.messaging.models import ShopSettings
from jouren.playbooks.reading import LANGUAGES, playbooks
from jouren.pyramid.naming import PRESETS
from jouren.story.interview import INTERVIEW, LIMITS, LONGEST_QUESTION, MOST_QUESTIONS, WHAT_CUSTOMERS_ASK
from jouren.story.interview import LONGEST as LONGEST_ANSWER

LONGEST_CLOSURE = timedelta(days=60)
LANGUAGE_NAMES = {"ja": gettext_lazy("Japanese"), "en": gettext_lazy("English")}
OWN = "own"
COLOURS = ("#1f6f54", "#265580", "#7a3b69", "#a1472b", "#8a5a00", "#b0305c", "#4b4f58")


class AccountForm(forms.Form):
    """Who works here, and in which language."""

    last_name = forms.CharField(label=pgettext_lazy("of a person", "Family name"), max_length=150, required=False)
    first_name = forms.CharField(label=pgettext_lazy("of a person", "Given name"), max_length=150, required=False)
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the back office"), choices=[(key, LANGUAGE_NAMES[key]) for key in LANGUAGES]
    )


class ShopForm(forms.ModelForm[ShopSettings]):
    """Who writes to people. What the law asks for is needed here: the step can be skipped instead."""

    class Meta:
        model = ShopSettings
        fields = (
            "name",
            "sender_name",
            "sender_address",
            "reply_to",
            "postal_address",
            "complaints_email",
            "complaints_phone",
        )
        help_texts = {
            "sender_name": gettext_lazy("Empty: the shop's name. A person's name beside it is opened more often."),
            "sender_address": gettext_lazy("At your own domain, such as shop@example.jp."),
            "reply_to": gettext_lazy("Empty: answers go to the sender address. Somebody should read them."),
            "postal_address": gettext_lazy("With postcode and house number. It stands at the end of every mail."),
            "complaints_email": gettext_lazy("A mail address or a telephone number is needed."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("name", "postal_address"):
            self.fields[name].required = True
        for name in self.fields:
            self.fields[name].label = str(self.fields[name].label)[:1].upper() + str(self.fields[name].label)[1:]

    def clean(self) -> dict[str, Any]:
        """One way to complain is needed."""
        given: dict[str, Any] = super().clean() or {}
        if not (given.get("complaints_email") or given.get("complaints_phone") or self.errors):
            raise ValidationError({"complaints_email": _("Give a mail address or a telephone number.")})
        return given


class TimeForm(forms.Form):
    """The clock, and days on which the shop is closed."""

    zone = forms.ChoiceField(label=gettext_lazy("Time zone"))
    first = forms.DateField(
        label=gettext_lazy("Closed from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    last = forms.DateField(
        label=gettext_lazy("until and with"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Empty: one day."),
    )
    why = forms.CharField(
        label=pgettext_lazy("of a closure", "Why"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Such as: New Year"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(
            name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/"))
        )
        field = self.fields["zone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (name, name) for name in (DEFAULT_ZONE, *(each for each in zones if each != DEFAULT_ZONE), "UTC")
        ]

    def clean(self) -> dict[str, Any]:
        """A closure begins before it ends, and ends."""
        given: dict[str, Any] = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        if last and not first:
            raise ValidationError({"first": _("Say on which day it begins.")})
        if first and last and last < first:
            raise ValidationError({"last": _("It ends before it begins.")})
        if first and last and last - first > LONGEST_CLOSURE:
            raise ValidationError({"last": _("At most %(days)s days at once.") % {"days": LONGEST_CLOSURE.days}})
        return given

    def days(self) -> list[date]:
        """The days that are closed."""
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if not first:
            return []
        return [first + timedelta(days=number) for number in range(((last or first) - first).days + 1)]


class LegalForm(forms.Form):
    """The items of a legal page. A draft may be unfinished; what is published has all that the law asks for."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language of the page"), choices=[(key, LANGUAGE_NAMES[key]) for key in LANGUAGES]
    )

    def __init__(self, *args: Any, kind: LegalKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items_asked = ITEMS[kind]
        for item in self.items_asked:
            widget: Any = forms.TextInput() if item.is_short else forms.Textarea(attrs={"rows": 3})
            self.fields[f"item_{item.key}"] = forms.CharField(
                label=item.label, help_text=item.hint, required=False, max_length=LONGEST, widget=widget
            )
        self.fields["has_read"] = forms.BooleanField(
            label=_("I have read every sentence, and it is true for my shop."), required=False
        )

    @property
    def item_fields(self) -> list[forms.BoundField]:
        """The fields of the items."""
        return [self[f"item_{item.key}"] for item in self.items_asked]

    @property
    def is_to_publish(self) -> bool:
        """Whether the page is to go live, not only to be kept."""
        return "publish" in self.data

    def clean(self) -> dict[str, Any]:
        """What goes live is complete, and was read."""
        given: dict[str, Any] = super().clean() or {}
        if not self.is_to_publish:
            return given
        for item in self.items_asked:
            name = f"item_{item.key}"
            if item.is_needed and not given.get(name) and name not in self.errors:
                self.add_error(name, _("The law asks for this. Write it, or keep the page as a draft."))
        if not given.get("has_read"):
            self.add_error("has_read", _("Read the page first: it is published under your name."))
        return given

    def answers(self) -> dict[str, str]:
        """The texts, by item."""
        return {item.key: self.cleaned_data[f"item_{item.key}"] for item in self.items_asked}


class LookForm(forms.Form):
    """Colour and logo. The colour is one of those offered, or (``choice`` is OWN) the shop's own."""

    choice = forms.ChoiceField(
        label=gettext_lazy("Colour of buttons and links"),
        required=False,
        choices=[("", gettext_lazy("as usual")), *((each, each) for each in COLOURS), (OWN, gettext_lazy("my own"))],
        widget=forms.RadioSelect,
    )
    colour = forms.RegexField(
        r"^#[0-9a-fA-F]{6}\Z",
        label=gettext_lazy("My own colour"),
        required=False,
        error_messages={"invalid": gettext_lazy("Give a colour as # and six signs, such as #2f6b4f.")},
        widget=forms.TextInput(attrs={"maxlength": "7", "placeholder": "#2f6b4f"}),
        help_text=gettext_lazy("As # and six signs, as your designer or your logo has it."),
    )
    without_logo = forms.BooleanField(label=gettext_lazy("Show no logo"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Made here: its texts are put together at once, in the language of that moment.
        field = WagtailImageField(label=_("Logo"), required=False)
        field.help_text = _("Wide and on a clear ground is best. PNG, JPEG, WebP or GIF.")
        self.fields["logo"] = field

    def clean(self) -> dict[str, Any]:
        """A colour of one's own has to be given."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("choice") == OWN and not given.get("colour") and "colour" not in self.errors:
            self.add_error("colour", _("Give a colour as # and six signs, such as #2f6b4f."))
        return given

    @property
    def chosen(self) -> str:
        """The colour; empty for the usual one."""
        choice = str(self.cleaned_data["choice"])
        return str(self.cleaned_data["colour"]) if choice == OWN else choice


class TestMailForm(forms.Form):
    """Where the test mail goes."""

    __test__ = False  # not a test, whatever its name makes pytest think

    address = forms.EmailField(label=gettext_lazy("Send a test mail to"), max_length=254)

    def clean_address(self) -> str:
        """An address that can be written to."""
        try:
            return normalise_email(self.cleaned_data["address"]).value
        except BadAddress as error:
            raise ValidationError(str(error)) from error


class RecordsForm(forms.Form):
    """The name of the key that the mail service signs with."""

    selector = forms.CharField(
        label=gettext_lazy("DKIM selector"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Your mail service tells it. Empty: the usual ones are tried."),
    )

    def clean_selector(self) -> str:
        """A name as the DNS has them."""
        selector = str(self.cleaned_data["selector"]).strip()
        if selector and not is_selector(selector):
            raise ValidationError(_("A selector has letters, digits and hyphens, such as s1."))
        return selector


class StagesForm(forms.Form):
    """The way to see the road."""

    preset = forms.ChoiceField(
        label=gettext_lazy("How do you see the road from stranger to regular?"),
        choices=[(preset.key, preset.title) for preset in PRESETS.values()],
        widget=forms.RadioSelect,
    )


class StoryForm(forms.Form):
    """The interview."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for asked in INTERVIEW:
            widget: Any = forms.TextInput() if asked.rows == 1 else forms.Textarea(attrs={"rows": asked.rows})
            self.fields[asked.key] = forms.CharField(
                label=asked.question,
                help_text=asked.hint,
                required=False,
                max_length=LIMITS.get(asked.key, LONGEST_ANSWER),
                widget=widget,
            )
        for number in range(MOST_QUESTIONS):
            self.fields[f"question_{number}"] = forms.CharField(
                label=_("Question %(number)s") % {"number": number + 1}, required=False, max_length=LONGEST_QUESTION
            )
            self.fields[f"answer_{number}"] = forms.CharField(
                label=_("Your answer %(number)s") % {"number": number + 1},
                required=False,
                max_length=LONGEST_ANSWER,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    questions_title = WHAT_CUSTOMERS_ASK

    @property
    def interview(self) -> list[forms.BoundField]:
        """The fields of the interview."""
        return [self[asked.key] for asked in INTERVIEW]

    @property
    def pairs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The fields of what customers ask."""
        return [(self[f"question_{number}"], self[f"answer_{number}"]) for number in range(MOST_QUESTIONS)]

    def questions(self) -> list[tuple[str, str]]:
        """What customers ask, each with its answer."""
        given = self.cleaned_data
        return [(given[f"question_{number}"], given[f"answer_{number}"]) for number in range(MOST_QUESTIONS)]


class JourneyForm(forms.Form):
    """Which ready-made journey, in which language, for which topic."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language of the messages"), choices=[(key, LANGUAGE_NAMES[key]) for key in LANGUAGES]
    )
    topic = forms.ModelChoiceField(
        Topic.objects.order_by("position", "key"),
        to_field_name="key",
        empty_label=None,
        label=gettext_lazy("topic"),
        help_text=gettext_lazy("What people agreed to receive: only they get these messages."),
    )
    playbook = forms.ChoiceField(label=gettext_lazy("Ready-made journey"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["playbook"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(book.slug, book.title) for book in playbooks(language)]
