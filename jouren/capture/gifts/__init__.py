"""Gifts: a file that a form's registrations are thanked with, handed over by a signed link that expires."""
