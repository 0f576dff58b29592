"""Texts of Wagtail's that no catalogue reaches: made once a process in the language of whoever came first, or kept.

Each mend has its test in ``tests/browser/test_languages.py``: when Wagtail has mended it, the mend can go.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.urls import reverse_lazy
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy, gettext_noop
from wagtail.admin.forms.collections import GroupCollectionManagementPermissionFormSet
from wagtail.documents.forms import GroupDocumentPermissionFormSet
from wagtail.images.forms import GroupImagePermissionFormSet
from wagtail.models import Page
from wagtail.sites.views import IndexView as SiteIndexView
from wagtail.snippets.views.snippets import SnippetViewSet
from wagtail.snippets.widgets import AdminSnippetChooser
from wagtail.users.forms import PagePermissionsForm

# Not by its own name: these texts are in Wagtail's catalogue, and none of ours.
_lent = gettext_lazy
_COLLECTION_RIGHTS = {
    GroupCollectionManagementPermissionFormSet: {
        "add_collection": ("Add", "Add collections"),
        "change_collection": ("Edit", "Edit collections"),
        "delete_collection": ("Delete", "Delete collections"),
    },
    GroupImagePermissionFormSet: {
        "add_image": ("Add", "Add/edit images you own"),
        "change_image": ("Edit", "Edit any image"),
        "choose_image": ("Choose", "Select images in choosers"),
    },
    GroupDocumentPermissionFormSet: {
        "add_document": ("Add", "Add/edit documents you own"),
        "change_document": ("Edit", "Edit any document"),
        "choose_document": ("Choose", "Select documents in choosers"),
    },
}
_CHOOSER_TEXTS = {
    "choose_one_text": "Choose %(object)s",
    "choose_another_text": "Choose another %(object)s",
    "link_to_chosen_text": "Edit this %(object)s",
}
# The list of sites is reached from where a page is used.
_SITE_COLUMNS = {"port": "port", "site_name": "site name", "root_page": "root page"}
# Wagtail shows these rights under their English names, by way of the catalogue.
_RIGHTS = (gettext_noop("Can lock"), gettext_noop("Can unlock"), gettext_noop("Can publish"))


def speak_the_readers_language() -> None:
    """Called once, before the first viewset is registered. Safe to repeat."""
    for formset, rights in _COLLECTION_RIGHTS.items():
        # The list is also what the formset's field looks its labels up in.
        formset.permission_types[:] = [(name, _lent(short), _lent(long)) for name, (short, long) in rights.items()]
        formset.form.base_fields["collection"].label = _lent("Collection")
    PagePermissionsForm.base_fields["page"].label = _lent("Page")
    PagePermissionsForm.base_fields["permissions"].label_from_instance = _page_right
    SnippetViewSet.breadcrumbs_items = [{"url": reverse_lazy("wagtailadmin_home"), "label": _lent("Home")}]
    for column in SiteIndexView.columns:
        if column.name in _SITE_COLUMNS:
            column.label = capfirst(_lent(_SITE_COLUMNS[column.name]))
    for name, text in _CHOOSER_TEXTS.items():
        setattr(AdminSnippetChooser, name, _chooser_text(text))


def _page_right(permission: Permission) -> str:
    """A right over pages in the words of its column; its own name is kept in English."""
    words = {codename: long for codename, _short, long in Page.permission_types}
    return str(words.get(permission.codename, permission.name))


def _chooser_text(text: str) -> property:
    def told(chooser: Any) -> str:
        return gettext(text) % {"object": chooser.model._meta.verbose_name}

    # The chooser sets these when it is made; what it sets is what it would say for good.
    return property(told, lambda chooser, value: None)
