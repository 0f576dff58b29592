"""Screens of ready-made journeys."""
