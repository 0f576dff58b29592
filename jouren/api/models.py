from django.db import models
from django.utils.translation import gettext_lazy as _


class ApiKey(models.Model):
    """Lets another system record events. Only the key's hash is kept: the key itself is shown once, when it is made."""

    name = models.CharField(_("name"), max_length=100)
    hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("made"), editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name
