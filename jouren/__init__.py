"""Jouren (常連): turns strangers into regulars."""

__version__ = "0.1.0"
