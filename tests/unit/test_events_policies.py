"""Which payloads a rule or a trigger wants."""

from __future__ import annotations

from jouren.events.policies import fits


def test_a_payload_matches_by_equal_fields_and_by_what_a_list_holds() -> None:
    payload = {"kind": "trial", "products": ["tea", "cup"]}
    assert fits(payload, {})
    assert fits(payload, {"kind": "trial", "products": "cup"})
    assert not fits(payload, {"kind": "regular"})
    assert not fits(payload, {"products": "pot"})
    assert not fits(payload, {"shop": "x"})
