"""That a form was refused is said at the top of its screen, whatever the form; what was typed is still in it."""

from __future__ import annotations

from html import unescape

import pytest

from jouren.catalog.actions import save_product
from jouren.catalog.models import Product
from tests.backoffice import owner_client

pytestmark = pytest.mark.django_db
REFUSED = "Nothing was saved: some entries need your attention. They are marked below."


@pytest.mark.parametrize(
    ("url", "typed"),
    [
        ("/admin/products/add/", {"description": "From <Uji>"}),
        ("/admin/offers/add/", {"description": "From <Uji>"}),
        ("/admin/orders/enter/", {"email": "hana@", "quantity": "none"}),
        ("/admin/segments/add/", {"description": "From <Uji>"}),
        ("/admin/surveys/add/", {"thanks": "From <Uji>"}),
        ("/admin/webhooks/", {"name": "Parcels <1>"}),
        ("/admin/connectors/", {"connector": "shopify", "source": "From <Uji>"}),
        ("/admin/series/new/", {"description": "From <Uji>"}),
        ("/admin/setup/shop/", {"complaints_email": "nobody@", "complaints_phone": "03-0000"}),
        ("/admin/leaving-in-peace/", {"invitations": "many"}),
    ],
)
def test_a_refused_form_says_so_at_the_top_and_keeps_what_was_typed(url: str, typed: dict[str, str]) -> None:
    save_product(Product(name="Tea", role="trial", price=980))
    page = owner_client().post(url, typed).content.decode()
    assert page.count(REFUSED) == 1
    # Wagtail's button to the first error looks for this class.
    assert "error-message" in page
    for value in typed.values():
        assert value in unescape(page)


def test_a_form_that_is_only_looked_at_is_not_called_refused() -> None:
    page = owner_client().get("/admin/orders/?since=never").content.decode()
    assert "error-message" in page
    assert REFUSED not in page
