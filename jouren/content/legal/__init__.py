"""Pages that the law asks for: made from a form, edited like any other page."""
