"""The editor's form of a message."""

from __future__ import annotations

from wagtail.admin.forms.models import WagtailAdminModelForm

from jouren.core.selects import CHOOSE, ChoosingForm
from jouren.messaging.errors import FieldProblem, InvalidMessage


class MessageForm(ChoosingForm, WagtailAdminModelForm):
    """A draft may be unfinished; what is to be published is checked in full, and the editor says what is wrong."""

    # Empty only in a draft.
    when_empty = {"stage": CHOOSE, "topic": CHOOSE}

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.errors or self.is_deferred_validation:
            return
        from jouren.messaging.publishing import check_message

        try:
            check_message(self.instance)
        except InvalidMessage as error:
            for problem in error.problems:
                field = problem.field if isinstance(problem, FieldProblem) else None
                self.add_error(field if field in self.fields else None, problem)
