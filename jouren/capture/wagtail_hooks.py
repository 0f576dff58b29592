"""How the back office edits forms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import SnippetViewSet

from jouren.capture.models import Form


class FormViewSet(SnippetViewSet):
    """Forms, by title."""

    model = Form
    icon = "form"
    menu_label = _("Forms")
    menu_hook = "register_gather_menu_item"
    menu_order = 20
    list_display = ["title", "topic", "is_open"]
    list_filter = ["is_open"]
    search_fields = ["title"]
    inspect_view_enabled = True


register_snippet(FormViewSet)
