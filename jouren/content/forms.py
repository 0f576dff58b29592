"""The editor's form of a page."""

from __future__ import annotations

from wagtail.admin.forms.pages import WagtailAdminPageForm

from jouren.core.selects import ChoosingForm


class PageForm(ChoosingForm, WagtailAdminPageForm):
    """A page answers a wall and a doubt, or none."""
