"""Journeys as files in tests: written out, changed as text, taken in again, here or elsewhere."""

from __future__ import annotations

from typing import Any

from jouren.contacts.segments.models import Segment
from jouren.files.exporting import export_journeys
from jouren.files.importing import Imported, import_files
from jouren.files.models import Identity
from jouren.journeys.models import Journey
from jouren.journeys.series.models import Series
from jouren.messaging.models import Message
from tests.walking import newsletter


def a_message(name: str = "ようこそ", **fields: Any) -> Message:
    """A message with a body, never published."""
    body = {
        "subject": f"{name}、{{{{ contact.name }}}}",
        "preheader": "",
        "content": [
            {"type": "text", "value": "<p>はじめまして。</p><p><b>ご質問</b>はございますか。</p>"},
            {"type": "button", "value": {"text": "見る", "url": "https://example.jp/"}},
        ],
    }
    details = {"kind": "help", "stage": 2, "topic": newsletter(), "language": "ja", "live": False} | fields
    message = Message(name=name, **details)
    block = Message._meta.get_field("bodies").stream_block  # type: ignore[union-attr]
    message.bodies = block.to_python([{"type": "email", "value": body}])
    message.save()
    return message


def take(files: dict[str, bytes], *, act: bool = True, **options: Any) -> Imported:
    """Import files."""
    return import_files(files, act=act, **options)


def elsewhere() -> None:
    """As if this were another installation: nothing that was made is here, only what files refer to."""
    Journey.objects.all().delete()
    Series.objects.all().delete()
    Segment.objects.all().delete()
    Message.objects.filter(purpose="").delete()
    Identity.objects.all().delete()


def edited(files: dict[str, bytes], file: str, old: str, new: str) -> dict[str, bytes]:
    """The files with a text replaced in one of them."""
    text = files[file].decode()
    assert old in text, text
    return {**files, file: text.replace(old, new).encode()}


__all__ = ["a_message", "edited", "elsewhere", "export_journeys", "take"]
