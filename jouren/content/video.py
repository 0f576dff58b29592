"""Which videos a page can show: those of YouTube and Vimeo, found in the address people copy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_VIMEO_PATH = re.compile(r"/(?:video/)?(\d{1,12})(?:/([0-9a-f]{6,20}))?/?")
_YOUTUBE_PATH = re.compile(r"/(?:embed|shorts|live)/([^/]+)/?")


@dataclass(frozen=True)
class Video:
    """A video. ``player`` is what an iframe shows, ``watch`` the service's own page."""

    service: str
    player: str
    watch: str


def read_video_url(url: str) -> Video | None:
    """The video behind an address; None when it is no video of a known service."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"}:
        return None
    if host in {"youtube.com", "youtube-nocookie.com", "youtu.be"}:
        return _youtube(host, parts.path, parts.query)
    if host in {"vimeo.com", "player.vimeo.com"}:
        return _vimeo(parts.path, parts.query)
    return None


def _youtube(host: str, path: str, query: str) -> Video | None:
    in_path = _YOUTUBE_PATH.fullmatch(path)
    if host == "youtu.be":
        found = path.strip("/")
    elif in_path:
        found = in_path.group(1)
    else:
        found = parse_qs(query).get("v", [""])[0] if path == "/watch" else ""
    if not _YOUTUBE_ID.fullmatch(found):
        return None
    # The address without cookies; `rel=0` keeps suggestions to the same channel.
    player = f"https://www.youtube-nocookie.com/embed/{found}?autoplay=1&rel=0"
    return Video("YouTube", player, f"https://www.youtube.com/watch?v={found}")


def _vimeo(path: str, query: str) -> Video | None:
    match = _VIMEO_PATH.fullmatch(path)
    if match is None:
        return None
    number, secret = match.group(1), match.group(2) or parse_qs(query).get("h", [""])[0]
    secret = secret if re.fullmatch(r"[0-9a-f]{6,20}", secret) else ""
    player = f"https://player.vimeo.com/video/{number}?autoplay=1&dnt=1" + (f"&h={secret}" if secret else "")
    return Video("Vimeo", player, f"https://vimeo.com/{number}" + (f"/{secret}" if secret else ""))
