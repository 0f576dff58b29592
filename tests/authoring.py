"""What an author may write, whatever blocks there are: invented from the blocks themselves."""

from __future__ import annotations

import uuid
from typing import Any

from hypothesis import strategies as st
from wagtail import blocks
from wagtail.blocks.field_block import BaseChoiceBlock, ChooserBlock

from jouren.conditions.blocks import ConditionBlock

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20) | st.sampled_from(
    [
        "no",
        "8:00",
        "ようこそ\n二行目",
        "a: b # c",
        " x ",
        "1e5",
        "#",
        "- a",
        "{{ contact.name }}",
        "'",
        '"',
        "|",
        "\u2028x",
    ]
)
CONDITIONS = st.sampled_from(
    [
        None,
        {"all": []},
        {"fact": "pyramid.stage", "op": "gte", "value": 3},
        {"any": [{"not": {"fact": "contact.tags", "op": "contains", "value": "お茶"}}]},
        {"all": [{"fact": "consent", "args": {"channel": "email", "topic": "newsletter"}, "op": "is", "value": True}]},
        {"fact": "", "op": "eq", "value": ""},
    ]
)
PROSE = st.lists(
    st.sampled_from(
        ["<p>はじめまして。</p>", "<h2>見出し</h2>", '<p><a href="https://example.jp/">見る</a> &amp; <b>x</b></p>']
    )
).map("".join)


def written(block: Any, most: int = 2) -> st.SearchStrategy[Any]:
    """JSON as the database holds it for a block; parts may be missing, as in a draft."""
    if isinstance(block, blocks.BaseStreamBlock):
        parts = [
            st.fixed_dictionaries({"type": st.just(name), "value": written(each, most - 1), "id": st.uuids().map(str)})
            for name, each in block.child_blocks.items()
            if most > 1 or name in {"send", "wait"}
        ]
        return st.lists(st.one_of(parts), max_size=2, unique_by=lambda part: part["id"])
    if isinstance(block, blocks.ListBlock):
        item = st.fixed_dictionaries(
            {"type": st.just("item"), "value": written(block.child_block, most), "id": st.uuids().map(str)}
        )
        return st.lists(item, max_size=2)
    if isinstance(block, blocks.BaseStructBlock):
        return st.fixed_dictionaries({name: written(each, most) for name, each in block.child_blocks.items()})
    return _value(block)


def _value(block: Any) -> st.SearchStrategy[Any]:
    if isinstance(block, ConditionBlock):
        return CONDITIONS
    if isinstance(block, ChooserBlock):
        return st.sampled_from([None, *block.model_class._default_manager.values_list("pk", flat=True)[:3]])
    if isinstance(block, BaseChoiceBlock):
        values = [value for value, _label in block.field.choices if value not in ("", None)]
        one = st.sampled_from(values) if values else st.nothing()
        if isinstance(block, blocks.MultipleChoiceBlock):
            return st.lists(one, max_size=2, unique=True) if values else st.just([])
        return st.none() | one
    if isinstance(block, blocks.BooleanBlock):
        return st.booleans()
    if isinstance(block, blocks.IntegerBlock):
        least, most = block.field.min_value, block.field.max_value
        return st.none() | st.integers(least if least is not None else -1000, most if most is not None else 1000)
    if isinstance(block, blocks.TimeBlock):
        return st.none() | st.times().map(lambda at: at.replace(microsecond=0).isoformat())
    if isinstance(block, blocks.DateBlock):
        return st.none() | st.dates().map(str)
    if isinstance(block, blocks.RichTextBlock):
        return PROSE
    if isinstance(block, blocks.StaticBlock):
        return st.none()
    if isinstance(block, blocks.CharBlock | blocks.TextBlock):
        most = getattr(block.field, "max_length", None) or 30
        return TEXTS.map(lambda text: text[:most])
    raise TypeError(f"Say in tests/authoring.py what may stand in a {type(block).__name__}.")


def said(raw: Any) -> Any:
    """What a raw value says: the identities of parts of lists, and how nothing is written, are no part of that."""
    if isinstance(raw, dict):
        if raw.get("type") == "item":
            return said(raw["value"])
        if "value" in raw and "type" in raw:
            return {"type": raw["type"], "value": said(raw["value"]), "id": str(uuid.UUID(str(raw["id"])))}
        return {key: said(value) for key, value in raw.items()}
    if isinstance(raw, list):
        return [said(each) for each in raw] or None
    return None if raw in ("", False) else raw
