"""What erasing and merging people does to what they answered, and to what waits for a person of the shop."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.inbox.models import Inquiry, SurveyAnswer


def forget_people(contact_ids: Sequence[int]) -> None:
    """Forget their words, and that they waited. What they chose stays, nobody's by now, so that figures stay true."""
    SurveyAnswer.objects.filter(contact__in=contact_ids).update(trouble="", expectation="")
    Inquiry.objects.filter(contact__in=contact_ids).delete()


def merge_people(kept_id: int, gone_id: int) -> None:
    """Give one person's answers and inquiries to the other."""
    SurveyAnswer.objects.filter(contact=gone_id).update(contact=kept_id)
    Inquiry.objects.filter(contact=gone_id).update(contact=kept_id)
