"""Finding people by parts of names, ふりがな, addresses and numbers."""

from __future__ import annotations

import pytest

from jouren.contacts import actions
from jouren.contacts.models import Contact
from jouren.contacts.queries import find_by_email, find_contact_by_public_id, search_contacts

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> dict[str, Contact]:
    made = {
        "yamada": ("山田", "太郎", "やまだ", "たろう", "taro.yamada@example.jp"),
        "tanaka": ("田中", "花子", "タナカ", "ハナコ", "hana@example.com"),
        "nakata": ("中田", "中", "ナカタ", "アタル", "ataru@example.jp"),
        "smith": ("Smith", "John", "", "", "john@smith.example"),
    }
    return {
        key: actions.create_contact(family_name=f, given_name=g, family_kana=fk, given_kana=gk, email=mail)
        for key, (f, g, fk, gk, mail) in made.items()
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("山田", ["yamada"]),
        ("田", ["tanaka"]),
        ("中田", ["nakata"]),
        ("山田太郎", ["yamada"]),
        ("太郎 山田", ["yamada"]),
        ("ヤマダ", ["yamada"]),
        ("やまだ たろう", ["yamada"]),
        ("ﾀﾅｶ", ["tanaka"]),
        ("なか", ["tanaka", "nakata"]),
        ("yamada", ["yamada"]),
        ("TARO.Yama", ["yamada"]),
        ("taro.yamada@ex", ["yamada"]),
        ("john@smith.example", ["smith"]),
        ("smith", ["smith"]),
        ("田中中", []),
        ("%", []),
        ("_", []),
        ("' OR 1=1", []),
        ("nobody@example.jp", []),
        ("\x00", ["smith", "tanaka", "nakata", "yamada"]),
        ("", ["smith", "tanaka", "nakata", "yamada"]),
    ],
)
def test_parts_of_names_and_addresses_find_people_in_the_order_of_their_kana(
    people: dict[str, Contact], text: str, found: list[str]
) -> None:
    assert [contact.pk for contact in search_contacts(text)] == [people[key].pk for key in found]


def test_a_shop_number_finds_its_person(people: dict[str, Contact]) -> None:
    actions.attach_identity(people["smith"].pk, "shop", "C-0042")
    assert search_contacts("C-0042") == [people["smith"]]


def test_a_changed_name_is_found_and_the_old_one_no_more(people: dict[str, Contact]) -> None:
    actions.change_name(people["yamada"].pk, family_name="佐藤", family_kana="さとう")
    assert search_contacts("佐藤") == [people["yamada"]]
    assert search_contacts("山田") == []


def test_pages_follow_each_other_without_gap_or_repeat(people: dict[str, Contact]) -> None:
    twins = [actions.create_contact(family_name="双子", family_kana="ふたご") for _ in range(5)]
    seen: list[int] = []
    cursor = None
    while page := search_contacts(after=cursor, limit=2):
        seen += [contact.pk for contact in page]
        cursor = (page[-1].kana_key, page[-1].pk)
    assert seen == [contact.pk for contact in search_contacts()]
    assert len(seen) == len(set(seen)) == len(people) + len(twins)


def test_the_erased_are_found_by_nothing(people: dict[str, Contact]) -> None:
    gone = people["yamada"]
    actions.erase_contact(gone.pk)
    assert search_contacts("山田") == []
    assert find_by_email("taro.yamada@example.jp") is None
    assert find_contact_by_public_id(gone.public_id) is None


@pytest.mark.parametrize("text", ["", "1", "not-a-uuid", "../etc"])
def test_a_wrong_public_id_finds_nobody(text: str) -> None:
    assert find_contact_by_public_id(text) is None


def test_a_search_can_be_kept_to_some_people(people: dict[str, Contact]) -> None:
    wanted = {person.pk for key, person in people.items() if key != "yamada"}
    found = search_contacts(among=lambda ids: wanted & set(ids))
    assert found == [contact for contact in search_contacts() if contact.pk in wanted]
    assert search_contacts("佐藤", among=lambda ids: wanted & set(ids)) == []


def test_pages_of_some_people_follow_each_other(people: dict[str, Contact], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jouren.contacts.search._FIRST_LOOK", 2)
    monkeypatch.setattr("jouren.contacts.search._LONGER_LOOK", 3)
    everybody = [contact.pk for contact in search_contacts()]
    wanted = set(everybody[1::2])
    seen, cursor = [], None
    while page := search_contacts(after=cursor, limit=1, among=lambda ids: wanted & set(ids)):
        seen += [contact.pk for contact in page]
        cursor = (page[-1].kana_key, page[-1].pk)
    assert seen == everybody[1::2]
