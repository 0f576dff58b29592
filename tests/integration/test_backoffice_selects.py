"""What selects of the back office say where nothing is chosen."""

from __future__ import annotations

import re

import pytest
from wagtail.models import Page

from jouren.catalog.actions import save_product
from jouren.catalog.models import Product
from tests.backoffice import owner_client

pytestmark = pytest.mark.django_db


def _choices_of_nothing(html: str) -> dict[str, str]:
    """What each select of a page offers as nothing, by its name."""
    found = re.findall(r'<select name="(\w+)"[^>]*>\s*<option value="" selected>([^<]*)<', html)
    return {name: words.strip() for name, words in found}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "/admin/messages/add/",
            {"stage": "Choose…", "topic": "Choose…", "wall": "None of them", "doubt": "None of them"},
        ),
        ("/admin/orders/enter/", {"product": "Choose…"}),
        ("/admin/pyramidrule/new/", {"purchase_kind": "any purchase", "stage": "Choose…"}),
        ("/admin/taskkind/new/", {"occasion": "Choose…"}),
    ],
)
def test_a_select_says_in_words_what_it_means_to_choose_nothing(url: str, expected: dict[str, str]) -> None:
    save_product(Product(name="Tea", role="trial", price=980))
    html = owner_client().get(url).content.decode()
    assert _choices_of_nothing(html) == expected
    assert "---------" not in html


def test_the_editor_of_pages_says_so_too() -> None:
    home = Page.objects.get(depth=2)
    html = owner_client().get(f"/admin/pages/{home.pk}/edit/").content.decode()
    assert _choices_of_nothing(html) == {"wall": "None of them", "doubt": "None of them"}
    assert "---------" not in html
