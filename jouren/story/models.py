"""What the owner answered in the interview."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from jouren.story.interview import LONGEST, LONGEST_NAME, LONGEST_PROBLEM


class OwnerStory(models.Model):
    """The answers; one row at most. An empty one was not given. ``questions``: pairs of a question and its answer."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    name = models.CharField(_("name that stands under the mails"), max_length=LONGEST_NAME, blank=True, default="")
    why = models.TextField(_("why this shop"), max_length=LONGEST, blank=True, default="")
    for_whom = models.TextField(_("for whom"), max_length=LONGEST, blank=True, default="")
    problem = models.CharField(_("the problem that it solves"), max_length=LONGEST_PROBLEM, blank=True, default="")
    belief = models.TextField(_("what it believes"), max_length=LONGEST, blank=True, default="")
    never = models.TextField(_("what it would never do"), max_length=LONGEST, blank=True, default="")
    first_step = models.TextField(_("a first step"), max_length=LONGEST, blank=True, default="")
    questions = models.JSONField(_("what customers ask"), default=list, blank=True)
    changed_at = models.DateTimeField(_("changed"), null=True)

    class Meta:
        verbose_name = _("owner's story")
        verbose_name_plural = _("owner's story")
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
