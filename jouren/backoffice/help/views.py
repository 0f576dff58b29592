"""The help: a list of all pages by area, and a page. For everybody who may enter the back office."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.translation import get_language, pgettext, pgettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from jouren.backoffice.help.areas import AREAS
from jouren.backoffice.help.pages import Page, read_entry, read_page


def readers_language() -> str:
    """The language without its country: "ja" or "en"."""
    return (get_language() or "en").partition("-")[0]


class IndexScreen(WagtailAdminTemplateMixin, TemplateView):
    """Every page of the help that there is."""

    template_name = "backoffice/help/index.html"
    page_title = pgettext_lazy("how to use the back office", "Help")
    header_icon = "help"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.get_header_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        language = readers_language()
        listed = [(area.label, [read_entry(page, language) for page in area.pages]) for area in AREAS]
        groups = [(label, [entry for entry in entries if entry]) for label, entries in listed]
        return super().get_context_data(
            groups=[(label, entries) for label, entries in groups if entries], language=language, **kwargs
        )


class PageScreen(WagtailAdminTemplateMixin, TemplateView):
    """One page, in the reader's language where it is written in it."""

    template_name = "backoffice/help/page.html"
    header_icon = "help"

    @cached_property
    def page(self) -> Page:
        """The page at this address. Raises Http404."""
        page = read_page(self.kwargs["name"], readers_language())
        if page is None:
            raise Http404
        return page

    def get_page_title(self) -> str:
        return self.page.title

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = {"url": reverse("help:index"), "label": pgettext("how to use the back office", "Help")}
        return [*self.breadcrumbs_items, above, {"url": "", "label": self.page.title}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_translated = self.page.language == readers_language()
        return super().get_context_data(help=self.page, is_translated=is_translated, **kwargs)
