"""What a shop sets up once: days off, topics, promotion rules, attributes, limits of receiving domains."""

from __future__ import annotations

from typing import Any

from django.forms import modelform_factory
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.viewsets.model import ModelViewSet

from jouren.contacts.models import Topic
from jouren.journeys.models import DayOff
from jouren.messaging.models import DomainLimit
from jouren.pyramid.models import PyramidRule


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


class TopicViewSet(_SettingViewSet):
    """What people can ask for or decline."""

    model = Topic
    icon = "list-ul"
    menu_label = _("Topics")
    menu_order = 310
    list_display = ["name", "key", "is_offered"]
    ordering = ["position", "key"]
    form_fields = ["name", "key", "description", "position", "is_offered"]

    def get_form_class(self, for_update: bool = False) -> type[WagtailAdminModelForm]:
        return modelform_factory(Topic, form=TopicForm, fields=self.form_fields)


class PyramidRuleViewSet(_SettingViewSet):
    """When somebody rises in the pyramid."""

    model = PyramidRule
    icon = "pyramid"
    menu_label = _("Promotion rules")
    menu_order = 320
    list_display = ["name", "event_type", "at_least", "get_stage_display", "is_enabled"]
    ordering = ["position", "id"]
    form_fields = ["name", "event_type", "match", "at_least", "stage", "reason", "is_enabled", "position"]


class DomainLimitViewSet(_SettingViewSet):
    """How fast one receiving domain may be written to."""

    model = DomainLimit
    icon = "globe"
    menu_label = _("Limits of domains")
    menu_order = 330
    list_display = ["domain", "per_second"]
    ordering = ["domain"]
    form_fields = ["domain", "per_second"]


VIEWSETS = (DayOffViewSet, TopicViewSet, PyramidRuleViewSet, DomainLimitViewSet)
