"""How Sphinx makes the site of these pages: ``make docs``.

Every page is Markdown, as GitHub and the back office read it.
"""

project = "Jouren"
copyright = "the authors of Jouren"
language = "en"
extensions = ["myst_parser"]
exclude_patterns = ["schemas"]

myst_heading_anchors = 4

html_theme = "furo"
html_title = "Jouren 常連"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f6f54", "color-brand-content": "#1f6f54"},
    "dark_css_variables": {"color-brand-primary": "#7fcbb0", "color-brand-content": "#7fcbb0"},
}
