"""The codec of a block, by the block's class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from functools import partial
from typing import Any

from wagtail import blocks
from wagtail.blocks.field_block import BaseChoiceBlock, ChooserBlock

from jouren.conditions.blocks import ConditionBlock
from jouren.files.codecs.base import Codec
from jouren.files.codecs.conditions import ConditionCodec
from jouren.files.codecs.prose import ProseCodec
from jouren.files.codecs.structures import ListCodec, NothingCodec, StreamCodec, StructCodec
from jouren.files.codecs.values import ChoiceCodec, FlagCodec, ManyCodec, MomentCodec, NameCodec, NumberCodec, TextCodec
from jouren.files.references import model_named

STEPS = "#/$defs/steps"


def codec_of(block: Any, *, has_ids: bool = False, within: frozenset[str] = frozenset()) -> Codec:
    """How a block stands in a file. ``has_ids``: streams within it are steps, or hold steps.

    Two keys of a block's Meta say what cannot be seen from its class: ``refers_to`` (``"app.Model"``), for a choice
    among rows, whose names are written in place of their ids; and ``words``, for other words than the values.

    Raises:
        TypeError: nobody has said how such a block is written.
    """
    make = partial(codec_of, has_ids=has_ids, within=within)
    if isinstance(block, blocks.BaseStreamBlock):
        is_nested = bool(within) and set(block.child_blocks) <= within
        inner = partial(codec_of, has_ids=has_ids, within=within or frozenset(block.child_blocks if has_ids else ()))
        return StreamCodec(block, inner, has_ids=has_ids, reference=STEPS if is_nested else "")
    if isinstance(block, blocks.ListBlock):
        return ListCodec(make(block.child_block))
    if isinstance(block, blocks.BaseStructBlock):
        return StructCodec(block, make)
    for kind, made in _CODECS:
        if isinstance(block, kind):
            return made(block)
    raise TypeError(f"No codec for {type(block).__name__}: say in jouren/files/codecs/blocks.py how it is written.")


def _text(block: Any) -> Codec:
    return TextCodec(block.field.run_validators, getattr(block.field, "max_length", None))


def _number(block: Any) -> Codec:
    field = block.field
    return NumberCodec(
        field.run_validators, (field.min_value, field.max_value), is_whole=isinstance(block, blocks.IntegerBlock)
    )


def _choice(block: Any) -> Codec:
    referred = getattr(block.meta, "refers_to", "")
    if referred:
        one: Codec = NameCodec(partial(model_named, referred), as_text=True)
    else:
        is_fixed = not callable(block._constructor_kwargs["choices"])
        one = ChoiceCodec(lambda: block.field.choices, getattr(block.meta, "words", None), is_fixed=is_fixed)
    return ManyCodec(one) if isinstance(block, blocks.MultipleChoiceBlock) else one


_CODECS: Sequence[tuple[type, Callable[[Any], Codec]]] = (
    (ConditionBlock, lambda block: ConditionCodec()),
    (blocks.RichTextBlock, lambda block: ProseCodec(block.features)),
    (ChooserBlock, lambda block: NameCodec(lambda: block.model_class)),
    (BaseChoiceBlock, _choice),
    (blocks.BooleanBlock, lambda block: FlagCodec()),
    (blocks.IntegerBlock, _number),
    (blocks.FloatBlock, _number),
    (blocks.DateTimeBlock, lambda block: MomentCodec(datetime)),
    (blocks.DateBlock, lambda block: MomentCodec(date)),
    (blocks.TimeBlock, lambda block: MomentCodec(time)),
    (blocks.CharBlock, _text),
    (blocks.TextBlock, _text),
    (blocks.URLBlock, _text),
    (blocks.EmailBlock, _text),
    (blocks.RegexBlock, _text),
    (blocks.StaticBlock, lambda block: NothingCodec()),
)
