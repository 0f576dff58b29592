"""The codec of a model's field, by the field's class."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import models
from wagtail.fields import StreamField

from jouren.conditions.fields import ConditionField
from jouren.files.codecs.base import Codec
from jouren.files.codecs.blocks import codec_of
from jouren.files.codecs.conditions import ConditionCodec
from jouren.files.codecs.values import ChoiceCodec, FlagCodec, NameCodec, NumberCodec, TextCodec
from jouren.pyramid.stages import Stage


def codec_of_field(field: Any, *, has_ids: bool = False) -> Codec:
    """How a field stands in a file. Raises TypeError where nobody has said so."""
    if isinstance(field, StreamField):
        return codec_of(field.stream_block, has_ids=has_ids)
    if isinstance(field, ConditionField):
        return ConditionCodec()
    if isinstance(field, models.ForeignKey):
        return NameCodec(partial(_target, field))
    if field.choices:
        words = {str(stage.value): stage.key for stage in Stage} if field.choices == Stage.choices else None
        return ChoiceCodec(lambda: field.choices, words)
    if isinstance(field, models.BooleanField):
        return FlagCodec()
    if isinstance(field, models.IntegerField):
        return NumberCodec(field.run_validators)
    if isinstance(field, models.FloatField):
        return NumberCodec(field.run_validators, is_whole=False)
    if isinstance(field, models.CharField | models.TextField):
        return TextCodec(field.run_validators, field.max_length)
    raise TypeError(f"No codec for {field!r}: say in jouren/files/codecs/fields.py how it is written.")


def _target(field: Any) -> Any:
    return field.related_model
