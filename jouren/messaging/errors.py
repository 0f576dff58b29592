"""What can go wrong with messages.

JourenError
├── UserError
│   ├── InvalidMessage     a message cannot be published; ``problems`` says all that is wrong
│   └── UnknownPurpose     no published message serves a transactional purpose
├── TemplateProblem        a template cannot be rendered with what is known of a person
└── DeliveryError          a message was not taken; ``permanent`` or not
"""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError

from jouren.core.errors import JourenError, UserError


class FieldProblem(str):
    """A sentence of :class:`InvalidMessage` about one field of the message."""

    field: str

    def __new__(cls, text: str, field: str) -> FieldProblem:
        """``field``: its name in the model."""
        problem = super().__new__(cls, text)
        problem.field = field
        return problem


class InvalidMessage(UserError, ValidationError):
    """A message cannot be published. ``problems`` are sentences fit to show to its author."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        ValidationError.__init__(self, self.problems)

    def __str__(self) -> str:
        return " ".join(self.problems)


class UnknownPurpose(UserError):
    """No published message serves this purpose."""


class TemplateProblem(JourenError):
    """A template is wrong, or asks for a variable that does not exist."""


class DeliveryError(JourenError):
    """A channel did not take a message.

    ``permanent``: trying again is useless. ``code`` is the three-digit reply (0: none), ``enhanced`` the enhanced
    status code (RFC 3463) such as ``5.1.1``, or empty.
    """

    def __init__(self, text: str, *, permanent: bool, code: int = 0, enhanced: str = "") -> None:
        super().__init__(text)
        self.permanent = permanent
        self.code = code
        self.enhanced = enhanced
