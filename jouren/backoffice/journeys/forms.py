"""The editor's form of a journey."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from wagtail.admin.forms.models import WagtailAdminModelForm


class JourneyForm(WagtailAdminModelForm):
    """A draft may be unfinished; one that is to be published has to run, and the editor says by field what hinders."""

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.errors or self.is_deferred_validation:
            return
        try:
            self.instance.full_clean_for_publishing()
        except ValidationError as problem:
            for field, messages in problem.message_dict.items():
                for message in messages:
                    self.add_error(field if field in self.fields else None, message)
