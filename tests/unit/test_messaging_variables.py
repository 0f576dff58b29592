"""How a letter calls people."""

from __future__ import annotations

import pytest

from jouren.messaging.variables import contact_variables


@pytest.mark.parametrize(
    ("family_name", "given_name", "language", "letter", "name"),
    [
        ("", "", "en", "ja", "お客様"),
        ("", "", "ja", "en", "customer"),
        ("", "", "en", "", "customer"),
        ("山田", "花子", "ja", "en", "山田 花子 様"),
        ("Yamada", "Hanako", "en", "ja", "Hanako Yamada"),
    ],
)
def test_whoever_has_no_name_is_addressed_in_the_letters_language(
    family_name: str, given_name: str, language: str, letter: str, name: str
) -> None:
    told = contact_variables(family_name, given_name, language, "a@example.jp", letter_language=letter)
    assert told["name"] == name
