"""The command ``jouren``."""

from jouren.cli.group import main

__all__ = ["main"]
