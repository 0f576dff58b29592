"""Backups: one file with the database, the media folder and the secret key, and the way back from it.

``archive`` knows the file, ``postgres`` the tools of PostgreSQL; ``making`` and ``restoring`` are the two ways, and
``settling`` what follows a restore; ``schedule`` and ``runs`` are the backups that make themselves.
"""
