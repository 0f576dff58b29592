"""A voice's own link: its person gives, changes and withdraws their words by it. Nobody makes one without our key."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer

PATH = "/voice/"
_LONGEST = 80


def _signer() -> Signer:
    return Signer(salt="jouren.content.voice", sep=".")


def voice_token(voice_id: int) -> str:
    """The token of a voice's page."""
    return _signer().sign(str(voice_id))


def read_voice_token(token: str) -> int | None:
    """The voice that a token was made for; None when it was not made here."""
    if len(token) > _LONGEST:
        return None
    try:
        return int(_signer().unsign(token))
    except (BadSignature, ValueError):
        return None


def voice_path(voice_id: int) -> str:
    """The address of a voice's page."""
    return f"{PATH}{voice_token(voice_id)}"
