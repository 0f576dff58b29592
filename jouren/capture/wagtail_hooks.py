"""How the back office shows and edits forms."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.ui.tables import BooleanColumn, Column
from wagtail.models import ReferenceIndex
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import InspectView, SnippetViewSet

from jouren.capture.models import Form
from jouren.capture.queries import form_figures
from jouren.core import clock


class FormScreen(InspectView):
    """How a form stands: its address, where it is used, who filled it in."""

    template_name = "capture/admin/form.html"
    page_title = _("Figures")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = self.object
        return {
            **super().get_context_data(**kwargs),
            "form": form,
            "figures": form_figures(form, clock.now()),
            "address": settings.JOUREN.base_url + reverse("capture:form", args=[form.public_id]),
            "usage": ReferenceIndex.get_grouped_references_to(form).count(),
            "usage_url": reverse(form.snippet_viewset.get_url_name("usage"), args=[form.pk]),
        }


class FormViewSet(SnippetViewSet):
    """Forms, by title."""

    model = Form
    icon = "form"
    menu_label = _("Forms")
    menu_hook = "register_gather_menu_item"
    menu_order = 20
    list_display = [
        "title",
        Column("topic", label=_("topic"), sort_key="topic", classname="jouren-roomy"),
        BooleanColumn("is_open", label=_("open"), sort_key="is_open"),
    ]
    list_filter = ["is_open"]
    search_fields = ["title"]
    inspect_view_enabled = True
    inspect_view_class = FormScreen
    inspect_template_name = "capture/admin/form.html"


register_snippet(FormViewSet)


@hooks.register("before_serve_document")  # type: ignore[untyped-decorator]
def refuse_gifts_by_number(document: Any, request: HttpRequest) -> None:
    """A gift has a link of its own; by the document's address, which can be guessed, only staff get it."""
    if not request.user.has_perm("wagtailadmin.access_admin") and Form.objects.filter(gift=document).exists():
        raise Http404
