"""An app whose only migration lets tables in use grow."""
