"""The look of the back office: what is overridden of Wagtail's still works, and empty lists say what to do next."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template import loader
from django.test import Client
from django.urls import NoReverseMatch, reverse

import jouren.backoffice
from jouren.backoffice.emptiness import PLACES
from jouren.backoffice.wagtail_hooks import _ICONS
from tests.backoffice import owner_client, staff_client

pytestmark = pytest.mark.django_db

OVERRIDES = Path(jouren.backoffice.__file__).parent / "templates"


@pytest.mark.parametrize(
    "name", sorted(str(path.relative_to(OVERRIDES)) for path in OVERRIDES.glob("wagtail*/**/*.html"))
)
def test_what_is_overridden_exists_in_wagtail_too(name: str) -> None:
    """An override of a template that Wagtail renamed would be shown nowhere, and nobody would see it."""
    template = loader.get_template(name)
    origins = {str(each) for each in _origins(name)}
    assert str(template.origin.name).startswith(str(OVERRIDES))
    assert any("site-packages/wagtail" in origin for origin in origins), name


def _origins(name: str) -> list[Path]:
    import wagtail

    root = Path(wagtail.__file__).parent
    return [path for path in root.glob(f"**/templates/{name}") if path.is_file()]


def test_our_variables_come_before_our_rules_and_after_those_of_wagtail() -> None:
    page = owner_client().get("/admin/").content.decode()
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)
    names = [sheet.split("?")[0].rsplit("/", 1)[1].split(".")[0] for sheet in sheets]
    assert names.index("core") < names.index("look") < names.index("backoffice")


def test_every_variable_that_a_rule_asks_for_is_set() -> None:
    css = {}
    for name in ("look", "backoffice"):
        path = finders.find(f"backoffice/{name}.css")
        assert isinstance(path, str)
        css[name] = Path(path).read_text()
    asked = set(re.findall(r"var\((--jouren-[\w-]+)", css["look"] + css["backoffice"]))
    assert asked <= set(re.findall(r"(--jouren-[\w-]+):", css["look"]))


def test_the_variables_of_wagtail_that_we_set_are_known_to_it() -> None:
    ours, theirs = finders.find("backoffice/look.css"), finders.find("wagtailadmin/css/core.css")
    assert isinstance(ours, str)
    assert isinstance(theirs, str)
    known = Path(theirs).read_text()
    for name in set(re.findall(r"(--w-[\w-]+):", Path(ours).read_text())):
        assert f"{name}:" in known, name


def test_the_menu_names_icons_that_there_are() -> None:
    owner = owner_client()
    sprite = owner.get(reverse("wagtailadmin_sprite")).content.decode()
    page = owner.get("/admin/").content.decode()
    asked = set(re.findall(r'"icon_name": "([\w-]+)"', page))
    assert len(asked) > 15
    assert {name for name in asked if f'id="icon-{name}"' not in sprite} == set()
    for icon in _ICONS:
        assert f'id="icon-{Path(icon).stem}"' in sprite


def test_a_screen_that_is_not_there_says_so_in_our_own_words() -> None:
    answer = owner_client().get("/admin/no/such/screen/")
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "There is no such screen" in page
    assert "Wagtail" not in page.split("<main", 1)[1]


EMPTY = {
    "/admin/inbox/": ("inbox", "/admin/surveys/"),
    "/admin/inbox/handled/": ("inbox_done", ""),
    "/admin/mechanisms/tasks/": ("tasks", "/admin/taskkind/"),
    "/admin/mechanisms/tasks/done/": ("tasks_done", ""),
    "/admin/voices/": ("voices", "/admin/surveys/"),
    "/admin/voices/?state=approved": ("voices_other", ""),
    "/admin/orders/": ("orders", "/admin/imports/add/"),
    "/admin/orders/subscriptions/": ("subscriptions", "/admin/connectors/"),
    "/admin/broadcasts/": ("broadcasts", "/admin/messages/add/"),
    "/admin/imports/": ("imports", ""),
    "/admin/connectors/": ("connectors", ""),
    "/admin/webhooks/": ("webhooks", ""),
    "/admin/images/": ("pictures", "/admin/images/multiple/add/"),
    "/admin/people/": ("people", "/admin/snippets/capture/form/"),
    "/admin/people/stage/regular/": ("stage", "/admin/pyramidrule/"),
    "/admin/parked/": ("stuck", ""),
    "/admin/reports/site-history/": ("history", ""),
}


@pytest.mark.parametrize("url", EMPTY)
def test_an_empty_list_says_what_it_is_for_and_leads_on(url: str) -> None:
    name, way = EMPTY[url]
    page = re.sub(r"&#x27;", "'", owner_client().get(url).content.decode()).replace("&quot;", '"')
    assert str(PLACES[name].text) in page
    assert str(PLACES[name].well) in page
    found = page.split('class="jouren-empty"', 1)[1]
    assert not way or f'href="{way}"' in found


def test_a_way_is_shown_only_to_whom_may_go_it() -> None:
    page = staff_client("inbox.view_inquiry", "contacts.view_contact").get("/admin/inbox/").content.decode()
    assert "Nobody waits for you." in page
    assert "Go to the surveys" not in page


def test_every_way_leads_somewhere() -> None:
    for place in PLACES.values():
        for way in place.ways:
            try:
                reverse(way.url)
            except NoReverseMatch:
                pytest.fail(way.url)


def test_whom_nobody_knows_gets_the_login_with_the_sign() -> None:
    owner_client()  # without anybody who could sign in, the way leads to the first owner's screen
    page = Client(headers={"accept-language": "ja"}).get("/admin/login/").content.decode()
    assert 'class="jouren-logo" role="img" aria-label="Jouren"' in page
    assert "backoffice/look" in page
