"""Which file a journey or a message is, and folders that wait for somebody's yes."""

from __future__ import annotations

import uuid

from django.db import models


class Identity(models.Model):
    """What an authored thing is called in files, here and in every other installation. ``stem``: its file's name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20)
    object_id = models.BigIntegerField()
    stem = models.CharField(max_length=100)

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id"], name="files_identity_object"),
            models.UniqueConstraint(fields=["kind", "stem"], name="files_identity_stem"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}/{self.stem}"


class Upload(models.Model):
    """A zip that was sent in and shown. Gone once it is imported, or after a day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    archive = models.BinaryField()
    created_at = models.DateTimeField(db_index=True)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.pk}"
