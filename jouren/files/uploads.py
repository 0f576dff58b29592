"""Zips that somebody has sent in and not yet said yes to."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from jouren.core import clock
from jouren.core.errors import UserError
from jouren.files.folders import read_zip
from jouren.files.models import Upload

MAX_UPLOAD = 20_000_000
_KEPT = timedelta(days=1)


class TooLarge(UserError):
    """More than is taken."""


class UploadGone(UserError):
    """It was imported, or forgotten."""


def keep_upload(name: str, content: bytes, user_id: int) -> Upload:
    """Keep a zip until its owner has seen what it would do. Raises TooLarge, NoFiles and BadFiles."""
    if len(content) > MAX_UPLOAD:
        raise TooLarge(_("The zip is larger than %(most)s MB.") % {"most": MAX_UPLOAD // 1_000_000})
    read_zip(content)
    return Upload.objects.create(user_id=user_id, name=name[:200], archive=content, created_at=clock.now())


def find_upload(upload_id: UUID, user_id: int) -> tuple[Upload, dict[str, bytes]]:
    """Somebody's own zip, and its files. Raises UploadGone, NoFiles and BadFiles."""
    upload = Upload.objects.filter(pk=upload_id, user_id=user_id, created_at__gt=clock.now() - _KEPT).first()
    if upload is None:
        raise UploadGone(_("This zip is not kept any more. Send it in again."))
    return upload, read_zip(bytes(upload.archive))


def forget_uploads() -> int:
    """Delete those of more than a day ago. Returns how many."""
    return Upload.objects.filter(created_at__lte=clock.now() - _KEPT).delete()[0]
