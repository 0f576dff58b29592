"""Messages: their list, their editor with a live preview, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import Column, LiveStatusTagColumn, NumberColumn
from wagtail.snippets.views.snippets import IndexView, InspectView, SnippetViewSet

from jouren.backoffice.figures import message_figures
from jouren.messaging.forms import MessageForm
from jouren.messaging.models import Message
from jouren.messaging.purposes import purpose


class MessageIndexView(IndexView):
    """The list, with what became of each message."""

    def get_table(self, object_list: Sequence[Message], **kwargs: Any) -> Any:
        figures = message_figures([message.pk for message in object_list])
        for message in object_list:
            message.figures = figures[message.pk]
        return super().get_table(object_list, **kwargs)


def answers(message: Message) -> str:
    """The wall or the doubt that a message answers."""
    return " · ".join(filter(None, (message.get_wall_display(), message.get_doubt_display())))


def kind_of(message: Message) -> str:
    """What a message is for, with its language where that is not the reader's."""
    kind, language = message.get_kind_display(), str(message.get_language_display())
    if message.language == str(get_language()).partition("-")[0]:
        return str(kind)
    return _("%(kind)s (%(language)s)") % {"kind": kind, "language": language}


class MessageInspectView(InspectView):
    """A message as it stands: preview, test, figures, versions."""

    template_name = "backoffice/messages/message.html"
    page_title = gettext_lazy("Figures")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        message = self.object
        known = purpose(message.purpose) if message.purpose else None
        return {
            **super().get_context_data(**kwargs),
            "message": message,
            "answers": answers(message),
            "purpose": known.label if known else "",
            "figures": message_figures([message.pk])[message.pk],
            "versions": list(message.published_versions[:20]),
            "may_see_people": self.request.user.has_perms(("messaging.view_delivery", "contacts.view_contact")),
            "try_url": reverse("message_try:show", args=[message.pk]),
            "deliveries_url": reverse("message_try:deliveries", args=[message.pk]),
        }


class MessageViewSet(SnippetViewSet):
    """Messages in the back office."""

    model = Message
    icon = "letter"
    menu_item_is_registered = True
    url_namespace = "messages"
    url_prefix = "messages"
    index_view_class = MessageIndexView
    inspect_view_class = MessageInspectView
    inspect_view_enabled = True
    inspect_template_name = "backoffice/messages/message.html"
    list_display = [
        "name",
        LiveStatusTagColumn(label=gettext_lazy("Status")),
        Column(
            "kind",
            label=pgettext_lazy("of a message", "Kind"),
            accessor=kind_of,
            sort_key="kind",
            classname="jouren-roomy",
        ),
        Column("get_stage_display", label=gettext_lazy("For the stage"), sort_key="stage", classname="jouren-roomy"),
        Column("answers", label=gettext_lazy("Answers"), accessor=answers, classname="jouren-roomy"),
        NumberColumn("figures.sent", label=gettext_lazy("Sent")),
        NumberColumn("figures.opened", label=gettext_lazy("Opened"), classname="jouren-roomy"),
        NumberColumn("figures.clicked", label=gettext_lazy("Clicked"), classname="jouren-roomy"),
    ]
    list_filter = ["kind", "stage", "wall", "doubt", "live"]
    search_fields = ["name"]
    ordering = ["name", "id"]
    edit_handler = ObjectList(
        [
            FieldPanel("name", required_on_save=True),
            MultiFieldPanel(
                [FieldPanel("kind"), FieldPanel("stage"), FieldPanel("topic"), FieldPanel("language")],
                heading=gettext_lazy("What it is for"),
            ),
            MultiFieldPanel(
                [FieldPanel("wall"), FieldPanel("doubt")],
                heading=gettext_lazy("What it answers"),
                classname="collapsed",
            ),
            FieldPanel("bodies"),
        ],
        base_form_class=MessageForm,
    )
