"""The demo shop's year as a file, and how it gets into an empty installation. ``make demo-year`` makes it anew."""
