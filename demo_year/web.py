"""A visitor's browser without a network: it calls the product's WSGI application, as the web server does."""

from __future__ import annotations

import io
import re
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

from jouren.wsgi import application

_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
)
IMAGE_PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
_STAMP = re.compile(r'name="stamp" value="([^"]+)"')


class Browser:
    """One person's browser, with its cookies. ``number`` chooses its kind and its address."""

    def __init__(self, number: int) -> None:
        self.agent = _AGENTS[number % len(_AGENTS)]
        self.address = f"198.51.{100 + number // 250}.{1 + number % 250}"
        self._cookies = SimpleCookie()

    def get(self, url: str, *, referrer: str = "", agent: str = "") -> Answer:
        """The answer to a GET of a path, or of an address of the shop."""
        return self._ask("GET", url, b"", referrer, agent)

    def post(self, url: str, data: dict[str, Any] | None = None) -> Answer:
        """The answer to a form that is sent."""
        return self._ask("POST", url, urlencode(data or {}, doseq=True).encode(), "", "")

    def _ask(self, method: str, url: str, body: bytes, referrer: str, agent: str) -> Answer:
        parts = urlsplit(url)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1:8000",
            "HTTP_USER_AGENT": agent or self.agent,
            "HTTP_ACCEPT_LANGUAGE": "ja",
            "REMOTE_ADDR": self.address,
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if referrer:
            environ["HTTP_REFERER"] = referrer
        if self._cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{name}={each.value}" for name, each in self._cookies.items())
        answer = Answer()
        content = application(environ, answer.begin)
        try:
            answer.body = b"".join(content)
        finally:
            getattr(content, "close", lambda: None)()
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self._cookies.load(value)
        return answer


class Answer:
    """A status, headers and a body."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = b""

    def begin(self, status: str, headers: list[tuple[str, str]], _failure: Any = None) -> Any:
        """``start_response`` of WSGI."""
        self.status, self.headers = int(status.split(maxsplit=1)[0]), headers
        return lambda _data: None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @property
    def location(self) -> str:
        """Where a redirect leads; empty for other answers."""
        return next((value for name, value in self.headers if name.lower() == "location"), "")

    @property
    def stamp(self) -> str:
        """The stamp of the form on the page."""
        found = _STAMP.search(self.text)
        return found[1] if found else ""

    def link(self, pattern: str) -> str:
        """The first link on the page that fits; empty where there is none."""
        found = re.search(rf'href="({pattern})"', self.text)
        return found[1].replace("&amp;", "&") if found else ""
