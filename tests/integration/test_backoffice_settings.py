"""What a shop sets up once: topics, promotion rules, limits of domains, its own data."""

from __future__ import annotations

import pytest

from jouren.contacts.models import Topic
from jouren.messaging.models import DomainLimit, ShopSettings
from jouren.pyramid.models import PyramidRule
from tests.backoffice import owner_client, staff_client

pytestmark = pytest.mark.django_db


def rule(**changed: str) -> dict[str, str]:
    values = {
        "name": "Many purchases",
        "event_type": "order.paid",
        "purchase_kind": "",
        "product": "",
        "at_least": "5",
        "stage": "5",
        "reason": "rule",
        "is_enabled": "on",
        "position": "9",
    }
    return values | changed


def test_rules_are_told_by_the_names_of_events_and_stages() -> None:
    page = owner_client().get("/admin/pyramidrule/").content.decode()
    assert "Purchase" in page
    assert "Regular" in page
    assert "order.paid" not in page


def test_a_rule_is_added() -> None:
    assert owner_client().post("/admin/pyramidrule/new/", rule()).status_code == 302
    made = PyramidRule.objects.get(name="Many purchases")
    assert (made.event_type, made.at_least, made.stage, made.match) == ("order.paid", 5, 5, {})


@pytest.mark.parametrize(
    ("field", "value"),
    [("event_type", "no.such"), ("purchase_kind", "free"), ("product", "x" * 101), ("at_least", "0"), ("stage", "7")],
)
def test_a_rule_that_could_never_fire_is_refused_at_its_field(field: str, value: str) -> None:
    answer = owner_client().post("/admin/pyramidrule/new/", rule(**{field: value}))
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert not PyramidRule.objects.filter(name="Many purchases").exists()


def test_a_rule_asks_for_purchases_as_a_shop_says_them() -> None:
    browser = owner_client()
    browser.post("/admin/pyramidrule/new/", rule(purchase_kind="trial", product=" tea "))
    made = PyramidRule.objects.get(name="Many purchases")
    assert made.match == {"kind": "trial", "products": "tea"}
    page = browser.get(f"/admin/pyramidrule/edit/{made.pk}/").context["form"]
    assert (page["purchase_kind"].value(), page["product"].value()) == ("trial", "tea")
    browser.post(f"/admin/pyramidrule/edit/{made.pk}/", rule(event_type="registration.confirmed"))
    made.refresh_from_db()
    assert made.match == {}


def test_what_a_rule_of_another_event_asks_is_kept() -> None:
    other = PyramidRule.objects.create(
        name="Many purchases", event_type="registration.confirmed", match={"form": 3}, stage=2, position=9
    )
    owner_client().post(
        f"/admin/pyramidrule/edit/{other.pk}/", rule(event_type="registration.confirmed", at_least="2", stage="2")
    )
    other.refresh_from_db()
    assert (other.at_least, other.match) == (2, {"form": 3})


def test_a_topics_key_stays_once_made() -> None:
    browser = owner_client()
    values = {"name": "Events", "key": "events", "description": "", "position": "5", "is_offered": "on"}
    assert browser.post("/admin/topic/new/", values).status_code == 302
    topic = Topic.objects.get(key="events")
    browser.post(f"/admin/topic/edit/{topic.pk}/", values | {"name": "Meetings", "key": "meetings"})
    topic.refresh_from_db()
    assert (topic.name, topic.key) == ("Meetings", "events")


def test_a_limit_below_zero_is_refused() -> None:
    answer = owner_client().post("/admin/domainlimit/new/", {"domain": "docomo.ne.jp", "per_second": "-1"})
    assert "per_second" in answer.context["form"].errors
    assert not DomainLimit.objects.exists()


def test_a_limit_is_of_a_domain_that_can_be() -> None:
    browser = owner_client()
    answer = browser.post("/admin/domainlimit/new/", {"domain": "docomo ne jp", "per_second": "3"})
    assert answer.context["form"].errors == {"domain": ["Enter a valid domain name."]}
    browser.post("/admin/domainlimit/new/", {"domain": " @Docomo.ne.jp", "per_second": "3"})
    assert DomainLimit.objects.get().domain == "docomo.ne.jp"


def test_the_shops_own_data_is_kept() -> None:
    browser = owner_client()
    where = browser.get("/admin/settings/messaging/shopsettings/")["Location"]
    assert browser.post(where, {"name": "やまだ屋"}).status_code == 302
    shop = ShopSettings.objects.first()
    assert shop is not None
    assert shop.name == "やまだ屋"


def test_settings_of_wagtail_that_mean_nothing_here_are_not_in_the_menu() -> None:
    page = owner_client().get("/admin/").content.decode()
    for label in ("Days off", "Topics", "Promotion rules", "Limits of domains", "Users", "Groups"):
        assert f'"{label}"' in page
    for label in ("Workflows", "Collections", "Sites"):
        assert f'"{label}"' not in page


def test_staff_without_the_right_changes_no_rule() -> None:
    staff_client("contacts.view_contact").post("/admin/pyramidrule/new/", rule())
    assert not PyramidRule.objects.filter(name="Many purchases").exists()
