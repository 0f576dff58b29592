"""Pictures beside the files that show them, named by their title and the beginning of their hash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha1
from pathlib import PurePosixPath
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.text import slugify
from django.utils.translation import gettext as _
from wagtail.images import get_image_model
from wagtail.images.fields import WagtailImageField

from jouren.core.errors import UserError

FOLDER = "pictures"
_NAME = re.compile(r"(?P<title>.+)-(?P<hash>[0-9a-f]{10})\.[a-z]{2,5}")


class BadPicture(UserError):
    """A file is no picture that may be shown."""


class Pictures:
    """Those of a folder that is read (``files``: content by name), or that is written (``used``)."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self._files = files or {}
        self.used: dict[str, Any] = {}
        self.made: list[Any] = []
        """Pictures that were brought in. Their files stay when a transaction is rolled back: see :meth:`forget`."""

    def name_of(self, image: Any) -> str:
        """The name of its file; it is noted as used."""
        title = slugify(image.title, allow_unicode=True)[:60] or "picture"
        suffix = PurePosixPath(image.file.name).suffix.lower()
        name = f"{title}-{image.get_file_hash()[:10]}{suffix}"
        self.used[name] = image
        return name

    def find(self, name: str) -> list[int]:
        """The ids of pictures with this name: one that is here already, or one made of the file."""
        parts = _NAME.fullmatch(name)
        if parts is None:
            return []
        content = self._files.get(name)
        if content is not None:
            digest = sha1(content, usedforsecurity=False).hexdigest()
            if not digest.startswith(parts["hash"]):
                raise BadPicture(
                    _("The picture %(name)s was changed. Give a changed picture a new name.") % {"name": name}
                )
            here = get_image_model().objects.filter(file_hash=digest).order_by("pk").first()
            return [here.pk if here else self._make(name, parts["title"], content).pk]
        found = get_image_model().objects.filter(file_hash__startswith=parts["hash"]).order_by("pk")
        return list(found.values_list("pk", flat=True)[:1])

    def _make(self, name: str, title: str, content: bytes) -> Any:
        try:
            file = WagtailImageField().clean(SimpleUploadedFile(name, content))
        except ValidationError as error:
            raise BadPicture(f"{name}: {' '.join(error.messages)}") from error
        image = get_image_model()(title=title, file=file)
        image.file_size = len(content)
        image._set_file_hash()
        image.save()
        self.made.append(image)
        return image

    def forget(self) -> None:
        """Delete the files of pictures whose rows were rolled back."""
        for image in self.made:
            image.file.delete(save=False)
        self.made.clear()
