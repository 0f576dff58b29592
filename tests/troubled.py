"""A way to a running product on which answers get lost: before it was asked, and after it had taken everything in."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Trouble:
    """``pending``: what happens to the next requests, ``before`` or ``after`` they reach the product; then nothing."""

    def __init__(self, *pending: str) -> None:
        self.pending = list(pending)
        self.requests = 0
        self._lock = threading.Lock()

    def next(self) -> str:
        """What happens to the request that has just come."""
        with self._lock:
            self.requests += 1
            return self.pending.pop(0) if self.pending else ""


@contextmanager
def troubled_way(port: int, trouble: Trouble) -> Iterator[str]:
    """The address of a server that passes posts on to the product at ``port``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            what, status, answer = trouble.next(), 503, b""
            if what != "before":
                product = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                product.request("POST", self.path, body, dict(self.headers))
                told = product.getresponse()
                status, answer = told.status, told.read()
                product.close()
            if what:
                status, answer = 503, b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
