"""Whatever series goes out comes back as it was."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from jouren.files.exporting import export_journeys
from jouren.journeys.series.actions import create_series, insert_messages
from jouren.journeys.series.models import Series
from jouren.journeys.series.rhythm import make_rhythm
from tests.examples import examples
from tests.filing import a_message, elsewhere, take
from tests.series import order, send_series
from tests.walking import draft_journey

pytestmark = pytest.mark.django_db

rhythms = st.one_of(
    st.builds(dict, every=st.just("day")),
    st.builds(dict, every=st.just("days"), days=st.integers(1, 365)),
    st.builds(dict, every=st.just("weekdays"), weekdays=st.lists(st.integers(0, 6), min_size=1)),
)


@given(
    rhythms, st.times(), st.booleans(), st.sampled_from(["now", "rhythm"]), st.lists(st.sampled_from("abc"), max_size=6)
)
@examples(16)
def test_any_series_comes_back_as_it_was(
    chosen: dict[str, Any], at: Any, business: bool, first: str, names: list[str]
) -> None:
    if business and chosen.get("weekdays") and min(chosen["weekdays"]) > 4:
        business = False
    with transaction.atomic():
        rhythm = make_rhythm(**{"days": None, "weekdays": [], "business": business, "first": first, **chosen}, at=at)
        messages = {name: a_message(name) for name in "abc"}
        series = create_series("Letters", "二行\nあります", rhythm, by=None)
        insert_messages(series.pk, [messages[name] for name in names], by=None)
        draft_journey([send_series(series)], name="W")
        files = export_journeys()
        elsewhere()
        take(files)
        assert export_journeys() == files
        assert Series.objects.get().rhythm == rhythm.to_json()
        assert order(Series.objects.get()) == "".join(names)
        transaction.set_rollback(True)
