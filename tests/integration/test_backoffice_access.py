"""Every screen and every change of the back office asks who wants it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from jouren.catalog.models import Coupon, Product, ProductCode
from jouren.contacts.segments.models import Segment
from jouren.content.voices.models import Voice
from jouren.core import clock
from jouren.core.owners import create_owner
from jouren.inbox.models import Survey
from jouren.journeys.models import Journey
from jouren.messaging.models import Message
from jouren.orders.models import Order
from tests.backoffice import ENGLISH, make_person, owner_client, staff_client
from tests.importing import waiting_import
from tests.offering import make_offer

pytestmark = pytest.mark.django_db

OWN = (
    "home_screen",
    "people",
    "segments",
    "products",
    "orders",
    "offers",
    "inbox_screens",
    "surveys",
    "voice_screens",
    "peace",
    "imports",
    "mechanisms",
    "parked",
    "mailbox",
    "clock",
    "setup",
    "conditions",
    "files",
    "playbooks",
    "reports",
    "message_try",
    "api_keys",
    "sending_rules",
    "webhooks",
    "backups",
    "connectors",
    "notices",
    "broadcasts",
    "series",
    "help",
)
# How to use the back office is for everybody who may enter it.
OPEN = ("help:index", "help:page")
VIEWSETS = ("journeys", "messages", "dayoff", "topic", "pyramidrule", "taskkind", "domainlimit")


def own_urls() -> Iterator[tuple[str, str]]:
    """(name, URL) of every view of our own namespaces, with arguments that fit."""
    values = {
        "public_id": uuid.UUID(int=1),
        "pk": 1,
        "event_id": 1,
        "call_id": 1,
        "code_id": 1,
        "coupon_id": 1,
        "order_id": 1,
        "export_id": uuid.UUID(int=1),
        "upload_id": uuid.UUID(int=1),
        "secret_id": 1,
        "received_id": 1,
        "issue_id": 1,
        "place": 0,
        "problem_id": 1,
        "suppression_id": 1,
        "mail_id": "none",
        "stage": "trial",
        "what": "paid",
        "revision_id": 1,
        "item_id": uuid.UUID(int=1),
        "slug": "win-back",
        "language": "ja",
        "name": "orders",
        "intake_id": uuid.UUID(int=1),
    }
    admin = [each for each in get_resolver().url_patterns if str(each.pattern) == "admin/"]
    for space in (space for each in admin for space in each.url_patterns):
        if getattr(space, "namespace", None) not in OWN + VIEWSETS:
            continue
        for view in space.url_patterns:
            assert isinstance(view, URLPattern)
            names = view.pattern.converters or view.pattern.regex.groupindex
            arguments = {name: values.get(name, "1") for name in names}
            if "revision_id_a" in arguments:
                arguments |= {"revision_id_a": "live", "revision_id_b": "latest"}
            yield f"{space.namespace}:{view.name}", reverse(f"{space.namespace}:{view.name}", kwargs=arguments)


URLS = sorted(own_urls())


def test_all_our_screens_are_walked() -> None:
    assert {name.partition(":")[0] for name, _url in URLS} == set(OWN + VIEWSETS)


def test_a_stranger_is_sent_to_the_login() -> None:
    for name, url in URLS:
        for ask in (Client().get, Client().post):
            answer = ask(url)
            assert answer.status_code == 302, name
            assert answer["Location"].startswith("/admin/login/"), name


def test_a_new_password_ends_the_sessions_of_the_old_one() -> None:
    browser = owner_client()
    assert browser.get("/admin/").status_code == 200
    create_owner("owner@example.jp", "correct horse battery", replace_password=True)
    assert browser.get("/admin/")["Location"].startswith("/admin/login/")


def test_staff_without_a_permission_gets_nothing() -> None:
    buyer = make_person(family_name="Secret")
    Order.objects.create(pk=1, contact=buyer, number="Secret", amount=1, currency="JPY", paid_at=clock.now())
    Message.objects.create(pk=1, name="Secret")
    Journey.objects.create(pk=1, name="Secret")
    Segment.objects.create(pk=1, name="Secret", changed_at=clock.now())
    secret = Product.objects.create(pk=1, name="Secret", role="main", price=1)
    ProductCode.objects.create(product=secret, code="Secret")
    offer = make_offer("Secret", pk=1, product=secret)
    Coupon.objects.create(pk=1, offer=offer, name="Secret", kind="unique", discount=1, created_at=clock.now())
    Survey.objects.create(pk=1, name="Secret", title="Secret", questions=["satisfaction"])
    waiting_import(1, "Secret")
    Voice.objects.create(pk=1, contact=buyer, text="Secret", original="Secret", changed_at=clock.now())
    staff = staff_client()
    for name, url in URLS:
        if name in OPEN:
            assert staff.get(url).status_code == 200, name
            continue
        for ask in (staff.get, staff.post):
            answer = ask(url)
            # Wagtail answers a refusal with a way home; 404 and 405 are said before anybody is let in.
            assert answer.status_code in {302, 403, 404, 405}, (name, answer.status_code)
            assert answer.status_code != 302 or answer["Location"] == "/admin/", name
            assert b"Secret" not in answer.content, name


@pytest.mark.parametrize(
    ("url", "permissions"),
    [
        ("/admin/people/", ["contacts.view_contact"]),
        ("/admin/people/stage/trial/", ["contacts.view_contact"]),
        ("/admin/segments/", ["contacts.view_segment"]),
        ("/admin/segments/1/", ["contacts.view_segment"]),
        ("/admin/segments/add/", ["contacts.add_segment"]),
        ("/admin/segments/1/edit/", ["contacts.change_segment"]),
        (
            "/admin/segments/1/enter/",
            ["contacts.view_segment", "contacts.change_contact", "journeys.change_journey"],
        ),
        ("/admin/products/", ["catalog.view_product"]),
        ("/admin/products/retired/", ["catalog.view_product"]),
        ("/admin/products/codes/", ["catalog.view_product"]),
        ("/admin/products/1/", ["catalog.view_product"]),
        ("/admin/products/add/", ["catalog.add_product"]),
        ("/admin/products/1/edit/", ["catalog.change_product"]),
        ("/admin/orders/", ["orders.view_order", "contacts.view_contact"]),
        ("/admin/orders/subscriptions/", ["orders.view_order", "contacts.view_contact"]),
        ("/admin/orders/1/", ["orders.view_order", "contacts.view_contact"]),
        ("/admin/orders/enter/", ["orders.view_order", "contacts.view_contact", "orders.add_order"]),
        ("/admin/orders/1/mark/paid/", ["orders.view_order", "contacts.view_contact", "orders.change_order"]),
        ("/admin/offers/", ["catalog.view_offer"]),
        ("/admin/offers/withdrawn/", ["catalog.view_offer"]),
        ("/admin/offers/1/", ["catalog.view_offer"]),
        ("/admin/offers/1/page/", ["catalog.view_offer"]),
        ("/admin/offers/add/", ["catalog.add_offer"]),
        ("/admin/offers/1/edit/", ["catalog.change_offer"]),
        ("/admin/offers/coupons/1/import/", ["catalog.change_offer", "catalog.view_offer"]),
        ("/admin/offers/1/coupons/add/", ["catalog.change_offer"]),
        ("/admin/offers/coupons/1/", ["catalog.view_offer"]),
        ("/admin/offers/coupons/1/codes.csv", ["catalog.change_offer"]),
        ("/admin/inbox/", ["inbox.view_inquiry", "contacts.view_contact"]),
        ("/admin/inbox/handled/", ["inbox.view_inquiry", "contacts.view_contact"]),
        ("/admin/surveys/", ["inbox.view_survey"]),
        ("/admin/surveys/1/", ["inbox.view_survey"]),
        ("/admin/surveys/add/", ["inbox.add_survey"]),
        ("/admin/surveys/1/edit/", ["inbox.change_survey"]),
        ("/admin/voices/", ["content.view_voice"]),
        ("/admin/voices/1/", ["content.view_voice"]),
        ("/admin/leaving-in-peace/", ["peace.view_peacerule"]),
        ("/admin/imports/", ["imports.view_import"]),
        ("/admin/imports/1/", ["imports.view_import"]),
        ("/admin/imports/1/people/", ["imports.view_import", "contacts.view_contact"]),
        ("/admin/imports/1/people.csv", ["imports.view_import", "contacts.view_contact"]),
        ("/admin/imports/1/columns/", ["imports.view_import", "imports.add_import"]),
        ("/admin/imports/add/", ["imports.view_import", "imports.add_import"]),
        ("/admin/mechanisms/", ["mechanisms.view_mechanismrules"]),
        ("/admin/mechanisms/regulars/", ["mechanisms.view_mechanismrules"]),
        ("/admin/mechanisms/lapses/", ["mechanisms.view_mechanismrules"]),
        ("/admin/mechanisms/tasks/", ["mechanisms.view_task", "contacts.view_contact"]),
        ("/admin/mechanisms/tasks/done/", ["mechanisms.view_task", "contacts.view_contact"]),
        ("/admin/parked/", ["events.view_parkedevent"]),
        ("/admin/mailbox/", ["messaging.view_delivery", "contacts.view_contact"]),
        ("/admin/api-keys/", ["api.view_apikey"]),
        ("/admin/webhooks/", ["webhooks.view_endpoint"]),
        ("/admin/connectors/", ["connectors.view_connection"]),
        ("/admin/journeys/", ["journeys.view_journey"]),
        ("/admin/messages/", ["messaging.view_message"]),
        (
            "/admin/messages/outcomes/",
            ["messaging.view_message", "messaging.view_delivery", "contacts.view_contact"],
        ),
        (
            "/admin/journeys/files/import/",
            [
                "journeys.add_journey",
                "journeys.change_journey",
                "messaging.add_message",
                "messaging.change_message",
            ],
        ),
        *(
            (
                url,
                [
                    "journeys.add_journey",
                    "journeys.change_journey",
                    "messaging.add_message",
                    "messaging.change_message",
                ],
            )
            for url in ("/admin/journeys/ready/", "/admin/journeys/ready/win-back/ja/")
        ),
        ("/admin/series/", ["journeys.view_journey"]),
        ("/admin/series/new/", ["journeys.change_journey"]),
        ("/admin/sending-rules/", ["messaging.view_sendingrules"]),
        ("/admin/broadcasts/", ["broadcasts.view_broadcast"]),
        ("/admin/clock/state/", ["core.change_clock"]),
    ],
)
def test_the_permission_of_a_screen_opens_it_and_each_part_of_it_counts(url: str, permissions: list[str]) -> None:
    Segment.objects.create(pk=1, name="Buyers", changed_at=clock.now())
    Product.objects.create(pk=1, name="Tea", role="main", price=1)
    Order.objects.create(pk=1, contact=make_person(), number="1", amount=1, currency="JPY", paid_at=clock.now())
    offer = make_offer(pk=1)
    Coupon.objects.create(pk=1, offer=offer, name="Spring", kind="unique", discount=1, created_at=clock.now())
    Survey.objects.create(pk=1, name="Tea", title="Tea?", questions=["satisfaction"])
    waiting_import(1, "orders.csv")
    Voice.objects.create(pk=1, text="Tea", original="Tea", changed_at=clock.now())
    assert staff_client(*permissions).get(url).status_code == 200
    for missing in permissions:
        assert staff_client(*[each for each in permissions if each != missing]).get(url).status_code == 302


def test_seeing_people_does_not_allow_to_change_or_erase_them() -> None:
    person = make_person()
    viewer = staff_client("contacts.view_contact")
    page = viewer.get(f"/admin/people/{person.public_id}/")
    assert page.status_code == 200
    assert b"Stop all messages" not in page.content
    for act in ("name", "move", "problem", "stop", "leave", "enter", "voice", "export", "erase"):
        assert viewer.post(f"/admin/people/{person.public_id}/{act}/", {"word": "erase"}).status_code == 302
    person.refresh_from_db()
    assert person.is_present
    assert not person.suppressions.exists()


def test_changes_are_posts_with_a_token() -> None:
    person = make_person()
    browser = owner_client()
    for act in ("name", "move", "problem", "stop", "enter", "export"):
        assert browser.get(f"/admin/people/{person.public_id}/{act}/").status_code == 405
    strict = Client(enforce_csrf_checks=True, headers=ENGLISH)
    strict.cookies = browser.cookies
    assert strict.post(f"/admin/people/{person.public_id}/stop/").status_code == 403
    assert strict.post("/admin/clock/advance/", {"step": "day"}).status_code == 403
    assert clock.target() is None


def test_the_menu_shows_the_areas_in_the_words_of_a_shop() -> None:
    page = owner_client().get("/admin/").content.decode()
    for label in (
        "Home",
        "Customers",
        "Orders",
        "Inbox",
        "Customers' voices",
        "Products",
        "Offers",
        "Journeys",
        "Sending",
        "Messages",
        "Sending rules",
        "Gather people",
        "Operations",
        "Settings",
        "Help",
    ):
        assert f'"{label}"' in page
    for foreign in ("Snippets", "Documents", "Wagtail v", "Workflow tasks"):
        assert f'"{foreign}' not in page


def test_the_menu_hides_what_one_may_not_open() -> None:
    page = staff_client("journeys.view_journey").get("/admin/").content.decode()
    assert '"Journeys"' in page
    for label in ("Customers", "Mailbox", "What got stuck", "API keys", "Who did what"):
        assert f'"{label}"' not in page


def test_the_login_page_bears_our_name_and_sign() -> None:
    create_owner("owner@example.jp", "correct horse battery")
    page = Client(headers=ENGLISH).get("/admin/login/").content.decode()
    assert "Sign in to Jouren" in page
    assert "backoffice/favicon.svg" in page
    assert "Sign in - Jouren" in page
    assert "Wagtail" not in page.split("<main", 1)[1]
