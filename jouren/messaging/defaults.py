"""The transactional messages that an installation begins with. They can be edited like any other."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy, override

from jouren.core.sql import load_sql
from jouren.messaging.models import Message
from jouren.messaging.publishing import publish_message
from jouren.messaging.vocabulary import Kind

_sql = load_sql("messaging")

_REGISTRATION_JA: dict[str, Any] = {
    "name": gettext_lazy("Confirmation of a registration"),
    "subject": "【ご確認ください】お申し込みはまだ完了していません",
    "before": "<p>{{ contact.name }}</p><p>「{{ form_title }}」へのお申し込み、ありがとうございます。"
    "下のボタンを押すと、お申し込みが完了します。</p>",
    "button": "申し込みを完了する",
    "url": "{{ confirm_url }}",
    "after": "<p>お心当たりのない場合は、このメールを破棄してください。"
    "ボタンを押さないかぎり、お申し込みは完了しません。</p>",
}
_REGISTRATION_EN: dict[str, Any] = {
    "name": gettext_lazy("Confirmation of a registration (English)"),
    "subject": "Please confirm your registration",
    "before": "<p>Dear {{ contact.name }},</p><p>Thank you for asking for “{{ form_title }}”. "
    "Press the button to complete your registration.</p>",
    "button": "Complete my registration",
    "url": "{{ confirm_url }}",
    "after": "<p>If you did not ask for this, ignore this mail: nothing happens unless the button is pressed.</p>",
}
_GIFT_JA: dict[str, Any] = {
    "name": gettext_lazy("New link to a gift"),
    "subject": "「{{ gift_title }}」の新しいリンクをお送りします",
    "before": "<p>{{ contact.name }}</p><p>「{{ gift_title }}」をお受け取りいただくための、新しいリンクです。"
    "下のボタンからご覧ください。</p>",
    "button": "受け取る",
    "url": "{{ gift_url }}",
    "after": "<p>お心当たりのない場合は、このメールを破棄してください。</p>",
}
_GIFT_EN: dict[str, Any] = {
    "name": gettext_lazy("New link to a gift (English)"),
    "subject": "Your new link to “{{ gift_title }}”",
    "before": "<p>Dear {{ contact.name }},</p><p>Here is the new link to “{{ gift_title }}” that you asked for.</p>",
    "button": "Receive it",
    "url": "{{ gift_url }}",
    "after": "<p>If you did not ask for this, ignore this mail.</p>",
}
_TRANSFER_JA: dict[str, Any] = {
    "name": gettext_lazy("Order by bank transfer received"),
    "subject": "ご注文を承りました（注文番号 {{ order_number }}）",
    "before": "<p>{{ contact.name }}</p><p>「{{ offer_name }}」をご注文いただき、ありがとうございます。"
    "下の口座へのお振込みを確認しましたら、お届けの手続きに入ります。</p>"
    "<p>注文番号：{{ order_number }}<br>お支払い金額：{{ order_price }}（税込）<br>お振込先：{{ transfer_to }}</p>"
    "<p>お振込みの際は、お名前のあとに注文番号をお書き添えください。</p>",
    "button": "ご注文の内容を見る",
    "url": "{{ offer_url }}",
    "after": "<p>お心当たりのない場合は、お手数ですがこのメールにご返信ください。</p>",
}
_TRANSFER_EN: dict[str, Any] = {
    "name": gettext_lazy("Order by bank transfer received (English)"),
    "subject": "Your order {{ order_number }}",
    "before": "<p>Dear {{ contact.name }},</p><p>Thank you for ordering “{{ offer_name }}”. "
    "We see to it as soon as your money has come.</p>"
    "<p>Order: {{ order_number }}<br>Please pay: {{ order_price }} (tax included)<br>To: {{ transfer_to }}</p>"
    "<p>Please write the order's number beside your name when you transfer the money.</p>",
    "button": "Look at the order",
    "url": "{{ offer_url }}",
    "after": "<p>If you did not order this, please answer this mail.</p>",
}
_DEFAULTS = {
    ("registration_confirm", "ja"): _REGISTRATION_JA,
    ("registration_confirm", "en"): _REGISTRATION_EN,
    ("gift_link", "ja"): _GIFT_JA,
    ("gift_link", "en"): _GIFT_EN,
    ("transfer_order", "ja"): _TRANSFER_JA,
    ("transfer_order", "en"): _TRANSFER_EN,
}


@transaction.atomic
def ensure_default_messages() -> int:
    """Make and publish the default messages that are not there. Returns how many were made."""
    made = 0
    if all(Message.objects.filter(purpose=purpose, language=language).exists() for purpose, language in _DEFAULTS):
        return made
    _sql.all("lock_defaults")
    for purpose, language in _DEFAULTS:
        if not Message.objects.filter(purpose=purpose, language=language).exists():
            _publish(Message(kind=Kind.TRANSACTIONAL, purpose=purpose, language=language))
            made += 1
    return made


@transaction.atomic
def restore_default_messages() -> None:
    """Give every default message the name and the text again with which an installation begins now."""
    for message in Message.objects.exclude(purpose=""):
        if (message.purpose, message.language) in _DEFAULTS:
            _publish(message)
    ensure_default_messages()


def _publish(message: Message) -> None:
    texts = _DEFAULTS[message.purpose, message.language]
    # Staff read the names in one list, whatever language the visitor reads for whom they are first made.
    with override(settings.LANGUAGE_CODE):
        message.name = str(texts["name"])
    message.bodies = _bodies(texts)
    publish_message(message)


def _bodies(texts: dict[str, Any]) -> Any:
    content = [
        {"type": "text", "value": texts["before"]},
        {"type": "button", "value": {"text": texts["button"], "url": texts["url"]}},
        {"type": "text", "value": texts["after"]},
    ]
    body = {"subject": texts["subject"], "preheader": "", "content": content}
    field = Message._meta.get_field("bodies")
    return field.stream_block.to_python([{"type": "email", "value": body}])  # type: ignore[union-attr]
