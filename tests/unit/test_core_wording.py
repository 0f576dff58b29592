"""Lists and shares, as each language writes them."""

from __future__ import annotations

from django.utils import translation

from jouren.core.wording import listed, percent


def test_a_list_and_a_share_are_written_as_the_reader_writes_them() -> None:
    assert (listed(["a", "b"]), percent(0.1234), percent(0.7, 0)) == ("a, b", "12.3 %", "70 %")
    with translation.override("ja"):
        assert (listed(["a", "b"]), percent(0.1234), percent(0.7, 0)) == ("a、b", "12.3%", "70%")
