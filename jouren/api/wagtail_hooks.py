"""The screen on which a shop makes and revokes the keys of other systems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import include, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View
from wagtail import hooks
from wagtail.admin import messages
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.log_actions import LogActionRegistry, log

from jouren.api.keys import make_key, revoke_key
from jouren.api.models import ApiKey


class KeyForm(forms.Form):
    """What a key is for."""

    name = forms.CharField(label=gettext_lazy("What is it for?"), max_length=100)


class _Permitted:
    """Asks for the permission of the method before anything else."""

    permissions: Mapping[str, str] = {}
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        permission = self.permissions.get(request.method or "")
        if permission is None or not request.user.has_perm(permission):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc, no-any-return]


class KeysScreen(_Permitted, WagtailAdminTemplateMixin, TemplateView):
    """All keys; a POST makes one and shows it this once."""

    permissions = {"GET": "api.view_apikey", "HEAD": "api.view_apikey", "POST": "api.add_apikey"}
    template_name = "api/keys.html"
    page_title = gettext_lazy("API keys")
    header_icon = "key"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.page_title}]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make a key."""
        form = KeyForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        key = make_key(form.cleaned_data["name"])
        log(instance=ApiKey.objects.latest("pk"), action="api.make_key", user=request.user)
        response = self.render_to_response(self.get_context_data(new_key=key))
        response["Cache-Control"] = "no-store"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = {"keys": ApiKey.objects.order_by("revoked_at", "-created_at")[:200], "form": KeyForm()}
        may = {f"may_{verb}": self.request.user.has_perm(f"api.{verb}_apikey") for verb in ("add", "change")}
        return {**super().get_context_data(**kwargs), **context, **may, **kwargs}


class RevokeKey(_Permitted, View):
    """End a key at once."""

    permissions = {"POST": "api.change_apikey"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Revoke it and go back to the list."""
        key = get_object_or_404(ApiKey, pk=pk)
        revoke_key(key.pk)
        log(instance=key, action="api.revoke_key", user=request.user)
        messages.success(request, _("The key “%(name)s” no longer works.") % {"name": key.name})
        return redirect("api_keys:list")


class KeysMenuItem(MenuItem):
    """The entry in the menu, for whoever may see keys."""

    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("api.view_apikey"))


def _menu_item() -> MenuItem:
    return KeysMenuItem(gettext_lazy("API keys"), reverse("api_keys:list"), name="api-keys", icon_name="key", order=30)


def _urls() -> list[Any]:
    patterns = [
        path("", KeysScreen.as_view(), name="list"),
        path("<int:pk>/revoke/", RevokeKey.as_view(), name="revoke"),
    ]
    return [path("api-keys/", include((patterns, "api_keys")))]


def _permissions() -> QuerySet[Permission]:
    return Permission.objects.filter(
        content_type__app_label="api", codename__in=["view_apikey", "add_apikey", "change_apikey"]
    )


def _acts(actions: LogActionRegistry) -> None:
    actions.register_action("api.make_key", gettext_lazy("Make API key"), gettext_lazy("API key made"))
    actions.register_action("api.revoke_key", gettext_lazy("Revoke API key"), gettext_lazy("API key revoked"))


hooks.register("register_operations_menu_item", _menu_item)
hooks.register("register_admin_urls", _urls)
hooks.register("register_permissions", _permissions)
hooks.register("register_log_actions", _acts)
