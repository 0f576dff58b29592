"""Imports in the back office: sent in, mapped, checked, run, and what was wrong."""
