"""What forms refuse is said in Japanese as a person would say it."""

from __future__ import annotations

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.utils import translation


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (forms.CharField(max_length=3), "あいうえ", "3文字以内で入力してください（いまは4文字です）。"),
        (forms.CharField(min_length=3), "あ", "3文字以上で入力してください（いまは1文字です）。"),
        (forms.IntegerField(min_value=1), "0", "1以上の数を入力してください。"),
        (forms.IntegerField(max_value=9), "10", "9以下の数を入力してください。"),
        (forms.SlugField(), "あ い", "半角の英数字と「-」「_」だけで入力してください。"),
    ],
)
def test_djangos_refusals_are_said_in_our_words(field: forms.Field, value: str, said: str) -> None:
    with translation.override("ja"):
        with pytest.raises(ValidationError) as refused:
            field.clean(value)
        assert refused.value.messages == [said]
