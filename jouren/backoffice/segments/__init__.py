"""Segments in the back office: their list, editor and pages."""
