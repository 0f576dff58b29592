"""The shop's logo and colour on everything that visitors see."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file

from jouren.messaging.models import ShopSettings
from tests.capture_pages import make_form, make_page, visitor

pytestmark = pytest.mark.django_db

STYLE = re.compile(r'<link rel="stylesheet" href="(/theme/[^"]*)">')
LOGO = re.compile(r'<header class="top"[^>]*><img src="([^"]+)" width="(\d+)" height="(\d+)" alt="([^"]*)">')


@pytest.fixture
def pages() -> list[str]:
    form = make_form()
    thanks = reverse("capture:thanks", args=[form.public_id])
    return [make_page(form).url, reverse("capture:form", args=[form.public_id]), thanks, "/no/such/", "/backnumber/"]


def _shop(**fields: object) -> ShopSettings:
    shop: ShopSettings = ShopSettings.load()
    for name, value in fields.items():
        setattr(shop, name, value)
    shop.save()
    return shop


def _html(path: str) -> str:
    return str(visitor("en").get(path).content.decode())


def test_a_shop_without_logo_and_colour_is_known_by_its_name(pages: list[str]) -> None:
    _shop(name="こもれび & Co")
    for path in pages:
        page = _html(path)
        assert "<p>こもれび &amp; Co</p></header>" in page, path
        assert not STYLE.search(page)


def test_a_shop_without_a_name_has_no_empty_bar() -> None:
    _shop(name="")
    assert 'class="top"' not in _html("/no/such/")


def test_the_colour_is_on_every_page(pages: list[str]) -> None:
    _shop(colour="#C2410C")
    for path in pages:
        found = STYLE.search(_html(path))
        assert found, path
        style = Client().get(found[1])
        assert style["Content-Type"] == "text/css; charset=utf-8"
        assert "--button: #c2410c;" in style.content.decode()
        assert "immutable" in style["Cache-Control"]
        assert not style.cookies


@pytest.mark.parametrize("colour", ['"><b>', "red", "#12345;", "}*{a:b"])
def test_what_is_no_colour_does_not_reach_a_page(colour: str) -> None:
    """Only what gets around the form could be one: the form refuses it."""
    _shop(colour=colour)
    page = _html("/no/such/")
    assert not STYLE.search(page)
    assert colour not in page


@pytest.mark.parametrize(
    "path", ["1-12345", "1-1234567", "1-12345g", "1-123456;", "2-123456", "0-123456", "1-FFFFFF", "99999-123456"]
)
def test_no_other_address_gives_a_style(path: str) -> None:
    assert Client().get(f"/theme/{path}.css").status_code == 404


def test_a_style_is_only_read() -> None:
    assert Client().post("/theme/1-123456.css").status_code == 405


def test_the_logo_is_on_every_page_with_the_name_for_whom_hears_it(
    pages: list[str], settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    image = get_image_model().objects.create(title="x", file=get_test_image_file(filename="logo.png", size=(1600, 400)))
    # As Wagtail would make it; it would leave the file it does that in to the garbage collector.
    small = get_test_image_file(filename="logo.max-640x160.png", size=(640, 160))
    image.renditions.create(filter_spec="max-640x160", focal_point_key="", width=640, height=160, file=small)
    _shop(name='"こもれび"<', logo=image)
    addresses = set()
    for path in pages:
        found = LOGO.search(_html(path))
        assert found, path
        assert found.groups()[1:] == ("640", "160", "&quot;こもれび&quot;&lt;")
        addresses.add(found[1])
    # The last request: a file that is sent to its end closes the connection of the test.
    (address,) = addresses
    picture = Client().get(address)
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/png")
    assert b"".join(picture.streaming_content).startswith(b"\x89PNG")  # type: ignore[attr-defined]


# Wagtail opens a file to write into before it looks for the one to read.
@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")
def test_a_logo_whose_file_is_gone_leaves_the_name(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    image = get_image_model().objects.create(title="x", file=get_test_image_file(filename="logo.png"))
    _shop(name="Komorebi", logo=image)
    Path(image.file.path).unlink()
    assert "<p>Komorebi</p></header>" in _html("/no/such/")
