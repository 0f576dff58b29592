"""Messages out of files: CSV, Markdown, or a zip of Markdown. Everything in a file is hostile.

``drafts``: what a message is before it is made, and what its columns mean. ``markdown``: a text to the blocks of a
message. ``files``: what a shop hands over, file by file and row by row, with all that is wrong in it. ``actions``:
keeping what was read until its author agrees, and making it.
"""
