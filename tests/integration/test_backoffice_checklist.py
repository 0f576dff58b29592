"""The first steps: registered by any area, put aside and found again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jouren.backoffice.home import checklist
from jouren.backoffice.home.checklist import Step, UnknownStep

pytestmark = pytest.mark.django_db


@pytest.fixture
def tea() -> Iterator[Step]:
    """A step that some area registers, between two others."""
    step = Step("tea", "Choose your tea", "People like tea.", lambda: "/admin/tea/", lambda: False, 25)
    checklist.register(step)
    yield step
    checklist._steps.pop("tea")


def state(key: str) -> checklist.StepState:
    return next(each for each in checklist.steps() if each.key == key)


def test_a_registered_step_has_its_place(tea: Step) -> None:
    keys = [each.key for each in checklist.steps()]
    assert keys.index("form") + 1 == keys.index("tea") == keys.index("page") - 1
    assert state("tea").url == "/admin/tea/"
    assert state("tea").is_left


def test_a_step_is_put_aside_and_taken_back(tea: Step) -> None:
    checklist.skip("tea")
    assert checklist.skip("tea") == tea
    assert state("tea").is_skipped
    assert not state("tea").is_left
    checklist.unskip("tea")
    assert state("tea").is_left


def test_no_step_of_that_name() -> None:
    with pytest.raises(UnknownStep):
        checklist.skip("coffee")
    with pytest.raises(UnknownStep):
        checklist.unskip("coffee")
