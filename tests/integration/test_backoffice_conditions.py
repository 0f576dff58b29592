"""The editor of conditions: what it offers, what it says of a condition, and drafts from before it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from wagtail.models import Revision

from jouren.journeys.compiler import compile_journey
from jouren.journeys.models import Journey
from tests.backoffice import owner_client, staff_client

pytestmark = pytest.mark.django_db

STAGE = {"fact": "pyramid.stage", "op": "gte", "value": 3}
OLD_ROW = {
    "type": "test",
    "value": {"fact": "pyramid.stage", "argument": "", "op": "gte", "value": "3"},
    "id": "85ad4a1c-b4f5-4d7e-8a3c-1c7c1e7d2a11",
}


def check(tree: Any) -> dict[str, Any]:
    answer = owner_client().post("/admin/conditions/check/", {"condition": json.dumps(tree)})
    assert answer.status_code == 200
    return dict(answer.json())


def test_a_condition_that_can_be_asked_has_nothing_to_mend() -> None:
    assert check({"all": [STAGE]}) == {}


@pytest.mark.parametrize(
    ("tree", "path", "message"),
    [
        (None, "", "There is no condition yet."),
        ({"all": [STAGE, {"fact": "", "op": "", "value": None}]}, "all[1]", "Choose what the condition asks."),
        ({"all": [{"any": [STAGE | {"value": None}]}]}, "all[0].any[0]", "“Stage”: the value must be a number."),
        (
            {"not": {"any": [{"fact": "consent", "args": {"channel": "email"}, "op": "is", "value": True}]}},
            "not.any[0]",
            "“Allows” still needs: topic.",
        ),
    ],
)
def test_an_incomplete_condition_says_where_and_why(tree: Any, path: str, message: str) -> None:
    assert check(tree) == {"path": path, "message": message}


def test_an_overlong_condition_is_not_read() -> None:
    answer = owner_client().post("/admin/conditions/check/", {"condition": json.dumps({"all": [STAGE] * 5_000})})
    assert answer.json()["message"] == "There is no condition yet."


def test_the_catalogue_speaks_the_language_of_whoever_asks() -> None:
    data = owner_client().get("/admin/conditions/catalogue/").json()
    assert data["groups"][0]["label"] == "The person"
    assert data["choices"]["stages"]["values"][0] == [1, "Aware"]
    assert not data["value_first"]


def test_only_who_may_see_conditions_is_told_what_there_is() -> None:
    for url, method in (("/admin/conditions/catalogue/", "get"), ("/admin/conditions/check/", "post")):
        assert getattr(staff_client("journeys.view_journey"), method)(url).status_code == 200
        assert getattr(staff_client("messaging.view_message"), method)(url).status_code == 302


def old_journey() -> Journey:
    """A draft as it was stored before conditions were trees: in its row and in its revision."""
    branch = {"type": "branch", "value": {"when": [OLD_ROW], "then": [], "otherwise": []}, "id": str(uuid.uuid4())}
    leave = {"type": "exit", "value": {"reason": "gone", "when": [OLD_ROW]}, "id": str(uuid.uuid4())}
    trigger = {"type": "event", "value": {"event": "order.paid"}, "id": str(uuid.uuid4())}
    journey = Journey.objects.create(name="Old", live=False)
    columns = {"steps": [branch], "exits": [leave], "trigger": [trigger], "entry": [], "goal": [OLD_ROW]}
    with connection.cursor() as cursor:
        for name, value in columns.items():
            cursor.execute(f"UPDATE journeys_journey SET {name} = %s WHERE id = %s", [json.dumps(value), journey.pk])
    journey = Journey.objects.get(pk=journey.pk)
    journey.save_revision()
    revision = Revision.objects.get(pk=journey.latest_revision_id)
    revision.content |= {name: json.dumps(value) for name, value in columns.items()}
    revision.save()
    return journey


def test_a_draft_from_before_opens_in_the_editor_compiles_and_is_published() -> None:
    journey = old_journey()
    compiled = compile_journey(journey)
    assert compiled["entry"] is None
    assert compiled["goal"] == {"all": [STAGE]}
    assert compiled["exits"] == [{"when": {"all": [STAGE]}, "reason": "gone"}]
    assert [step["when"] for step in compiled["steps"].values()] == [{"all": [STAGE]}]
    from_revision = journey.latest_revision.as_object()
    assert compile_journey(from_revision) == compiled
    page = owner_client().get(f"/admin/journeys/edit/{journey.pk}/")
    assert page.status_code == 200
    assert page.context["form"]["goal"].value() == {"all": [STAGE]}
    assert page.context["form"]["entry"].value() is None
    journey.latest_revision.publish()
    assert Journey.objects.get(pk=journey.pk).goal == {"all": [STAGE]}


def test_two_versions_of_a_condition_are_compared_in_words() -> None:
    journey = old_journey()
    first = journey.latest_revision
    journey.goal = {"all": [STAGE | {"value": 4}]}
    second = journey.save_revision()
    url = reverse("journeys:revisions_compare", args=[journey.pk, first.pk, second.pk])
    page = owner_client().get(url).content.decode()
    assert "Stage is at least" in page
    assert '<span class="deletion">Trial</span>' in page
    assert '<span class="addition">Existing</span>' in page
