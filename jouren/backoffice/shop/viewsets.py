"""What a shop sets up once: days off, topics, promotion rules, attributes, limits of receiving domains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.validators import validate_domain_name
from django.forms import modelform_factory
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.ui.tables import BooleanColumn, Column
from wagtail.admin.views.generic import EditView, IndexView
from wagtail.admin.viewsets.model import ModelViewSet

from jouren.backoffice.policy.silence import pace_text, paces, silence_text
from jouren.contacts.models import Topic
from jouren.core.selects import ChoosingForm
from jouren.events.errors import InvalidEvent
from jouren.events.types import event_type, event_types
from jouren.journeys.models import DayOff
from jouren.mechanisms.models import TaskKind
from jouren.messaging.models import DomainLimit
from jouren.orders.models import PURCHASE_KINDS
from jouren.pyramid.models import PyramidRule
from jouren.pyramid.reactions import PURCHASE


class _SettingViewSet(ModelViewSet):
    """A short list that is edited under Settings."""

    add_to_settings_menu = True
    copy_view_enabled = False
    add_to_reference_index = False


class DayOffViewSet(_SettingViewSet):
    """Days on which the shop is closed."""

    model = DayOff
    icon = "calendar-alt"
    menu_label = _("Days off")
    menu_order = 300
    list_display = ["day", "name"]
    ordering = ["-day"]
    form_fields = ["day", "name"]


class TopicForm(WagtailAdminModelForm):
    """A topic's key is fixed once made: what people agreed to names it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["key"].disabled = True


class TopicIndexView(IndexView):
    """The list, with how regularly each topic is written about."""

    def get_table(self, object_list: Sequence[Any], **kwargs: Any) -> Any:
        known = paces()
        for topic in object_list:
            topic.pace_text = pace_text(known.get(topic.key))
        return super().get_table(object_list, **kwargs)


class TopicEditView(EditView):
    """A topic, with a notice where it has gone silent."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        topic = self.object
        pace = paces().get(topic.key)
        return {
            **super().get_context_data(**kwargs),
            "silence": silence_text(topic, pace) if pace and pace.is_silent else "",
            "pace": pace_text(pace) if pace else "",
        }


class TopicViewSet(_SettingViewSet):
    """What people can ask for or decline."""

    model = Topic
    index_view_class = TopicIndexView
    edit_view_class = TopicEditView
    edit_template_name = "backoffice/shop/topic.html"
    icon = "list-ul"
    menu_label = _("Topics")
    menu_order = 310
    list_display = [
        "name",
        Column("key", label=_("Key"), classname="jouren-roomy"),
        Column("pace_text", label=_("Last sent")),
        BooleanColumn("is_offered", label=_("Offered")),
    ]
    ordering = ["position", "key"]
    form_fields = ["name", "key", "description", "position", "is_offered"]

    def get_form_class(self, for_update: bool = False) -> type[WagtailAdminModelForm]:
        return modelform_factory(Topic, form=TopicForm, fields=self.form_fields)


class RuleForm(ChoosingForm, WagtailAdminModelForm):
    """A promotion rule: events by their names, a purchase's details as a shop says them.

    What a rule of another event asks of the payload is kept as it is.
    """

    field_order = ("name", "event_type", "purchase_kind", "product", "at_least", "stage", "is_enabled", "reason")

    purchase_kind = forms.ChoiceField(
        label=_("Kind of purchase"),
        choices=[("", _("any purchase")), *PURCHASE_KINDS],
        required=False,
    )
    product = forms.CharField(
        label=_("Product"),
        max_length=100,
        required=False,
        help_text=_("Empty: every product counts."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(kind.name, kind.label) for kind in event_types() if kind.reacts]
        self.fields["event_type"] = forms.ChoiceField(
            label=self.fields["event_type"].label,
            choices=choices,
            # What most rules are about.
            initial=PURCHASE,
            help_text=_("What has to happen for somebody to rise."),
        )
        self.fields["at_least"].help_text = _("1: at the first time. 3: at the third.")
        self.fields["stage"].help_text = _("Nobody is ever put back by a rule.")
        self.fields["reason"].help_text = _("What the way through the pyramid on a person's page gives as the reason.")
        if self.instance.event_type == PURCHASE:
            self.fields["purchase_kind"].initial = self.instance.match.get("kind", "")
            self.fields["product"].initial = self.instance.match.get("products", "")

    def clean(self) -> dict[str, Any]:
        """Say in the rule's own terms what the two fields ask."""
        cleaned: dict[str, Any] = super().clean()
        event = cleaned.get("event_type")
        if event == PURCHASE:
            asked = {"kind": cleaned.get("purchase_kind"), "products": cleaned.get("product", "").strip()}
            self.instance.match = {name: value for name, value in asked.items() if value}
        elif event != self.instance.event_type:
            self.instance.match = {}
        return cleaned


def _event_label(rule: PyramidRule) -> str:
    try:
        return str(event_type(rule.event_type).label)
    except InvalidEvent:
        return rule.event_type


class PyramidRuleViewSet(_SettingViewSet):
    """When somebody rises in the pyramid."""

    model = PyramidRule
    icon = "pyramid"
    menu_label = _("Promotion rules")
    menu_order = 320
    list_display = [
        "name",
        Column("event", label=_("Event"), accessor=_event_label),
        Column("at_least", label=_("How often"), classname="jouren-roomy"),
        Column("get_stage_display", label=_("Leads to")),
        BooleanColumn("is_enabled", label=_("Enabled")),
    ]
    ordering = ["position", "id"]
    form_fields = ["name", "event_type", "at_least", "stage", "reason", "is_enabled"]

    def get_form_class(self, for_update: bool = False) -> type[WagtailAdminModelForm]:
        return modelform_factory(PyramidRule, form=RuleForm, fields=self.form_fields)


class DomainLimitForm(WagtailAdminModelForm):
    """A limit, of what can be a domain: one that is mistyped would limit nothing."""

    def clean_domain(self) -> str:
        """What stands after the @ of an address, in small letters."""
        domain = str(self.cleaned_data["domain"]).strip().rpartition("@")[2].lower()
        validate_domain_name(domain)
        return domain


class DomainLimitViewSet(_SettingViewSet):
    """How fast one receiving domain may be written to."""

    model = DomainLimit
    icon = "globe"
    menu_label = _("Limits of domains")
    menu_order = 330
    list_display = ["domain", "per_second"]
    ordering = ["domain"]
    form_fields = ["domain", "per_second"]

    def get_form_class(self, for_update: bool = False) -> type[WagtailAdminModelForm]:
        return modelform_factory(DomainLimit, form=DomainLimitForm, fields=self.form_fields)


class TaskKindForm(ChoosingForm, WagtailAdminModelForm):
    """A kind of special treatment."""


class TaskKindViewSet(_SettingViewSet):
    """What the shop does by hand for its best customers."""

    model = TaskKind
    icon = "pick"
    menu_label = _("Special treatment")
    menu_order = 325
    list_display = [
        "name",
        Column("get_occasion_display", label=pgettext_lazy("of special treatment", "When")),
        BooleanColumn("is_enabled", label=_("Enabled")),
    ]
    ordering = ["position", "id"]
    form_fields = ["name", "description", "occasion", "position", "is_enabled"]

    def get_form_class(self, for_update: bool = False) -> type[WagtailAdminModelForm]:
        return modelform_factory(TaskKind, form=TaskKindForm, fields=self.form_fields)


VIEWSETS = (DayOffViewSet, TopicViewSet, PyramidRuleViewSet, TaskKindViewSet, DomainLimitViewSet)
