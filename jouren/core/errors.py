"""The exceptions that people see.

JourenError
├── UserError        the request cannot be done as asked; the message says what and how to mend it
└── ConfigError      a setting is wrong; says its name, the value's form, and an example
"""

from __future__ import annotations


class JourenError(Exception):
    """Base of all errors that Jouren raises on purpose."""


class UserError(JourenError):
    """Something asked for cannot be done; ``str(error)`` is fit to show to the person who asked."""


class ConfigError(JourenError):
    """A setting has a value that cannot be used."""
