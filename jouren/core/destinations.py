"""Where this installation may call, when somebody else has written the address.

An address that a shop types is a way into the network Jouren runs in: its database, its neighbours, the cloud's own
services. So a call goes to public addresses only, and to the very address that was looked at here: who answers the
question for a name differently a second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import idna
from django.conf import settings
from django.utils.translation import gettext as _

from jouren.core.errors import JourenError, UserError

MAX_URL_LENGTH = 2_000
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

_UNWANTED = re.compile(r"[\x00-\x20\x7f\\]")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?")
_PORTS = {"https": 443, "http": 80}

_FORBIDDEN = [
    ipaddress.ip_network(network)
    for network in (
        # Of this host, this network, this provider (IANA's registry of special addresses).
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        # Documentation, relays that are gone, multicast, never given out.
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "192.31.196.0/24", "192.52.193.0/24"),
        *("192.88.99.0/24", "192.175.48.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        # A public address that means the cloud's own services to whoever runs there.
        "168.63.129.16/32",
        # Within what is public of IPv6: protocols, tunnels that carry IPv4 addresses, documentation.
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
]
# All else of IPv6 is loopback, link-local, unique-local, mapped IPv4, translated IPv4, multicast, or not given out.
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")


class ForbiddenDestination(UserError):
    """An address that may not be called; the message says why."""


class NameNotFound(JourenError):
    """Nobody knows the host's name at the moment, or nobody said so in time."""


@dataclass(frozen=True)
class Destination:
    """A web address, taken apart. ``target`` is its path and query; only :meth:`__repr__`'s host is fit for a log."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __repr__(self) -> str:
        return f"<Destination {self.scheme}://{self.authority}>"


def read_destination(url: str) -> Destination:
    """Take a web address apart. Only https is taken; in a sandbox http, too.

    Raises:
        ForbiddenDestination: it is no such address, or holds a user name or a password.
    """
    if not url or len(url) > MAX_URL_LENGTH or _UNWANTED.search(url):
        raise ForbiddenDestination(_("This is no web address. Write it like https://shop.example.jp/hook."))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ForbiddenDestination(_("This is no web address. Write it like https://shop.example.jp/hook.")) from None
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.JOUREN.sandbox):
        raise ForbiddenDestination(_("The address must begin with https://."))
    if "@" in parts.netloc:
        raise ForbiddenDestination(_("The address may not hold a user name or a password."))
    path, query = (quote(part, safe="%/:=&?~+!$,;'@()*[]|") for part in (parts.path or "/", parts.query))
    return Destination(parts.scheme, _host(host), port or _PORTS[parts.scheme], f"{path}?{query}" if query else path)


def _host(name: str) -> str:
    if ":" in name:  # an IPv6 address, which urlsplit has checked
        return name
    try:
        ascii_name = name if name.isascii() else idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        ascii_name = ""
    if len(ascii_name) > 253 or not _HOST.fullmatch(ascii_name):
        raise ForbiddenDestination(_("“%(host)s” is no name of a host.") % {"host": name[:100]})
    return ascii_name


def is_public(address: Address) -> bool:
    """Whether an address is one that anybody in the internet may be called at."""
    if isinstance(address, ipaddress.IPv6Address) and address not in _PUBLIC_IPV6:
        return False
    return not any(address in network for network in _FORBIDDEN)


def addresses_of(destination: Destination, seconds: float, resolve: Resolve | None = None) -> list[Address]:
    """The addresses of a destination's host, asked for once; each may be called.

    Raises:
        ForbiddenDestination: one of them lies within a private network.
        NameNotFound: there is none, or the answer took longer than ``seconds``.
    """
    found = _within(seconds, lambda: (resolve or _resolve)(destination.host, destination.port))
    addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in found]
    if not addresses:
        raise NameNotFound(f"There is no address of {destination.host}.")
    if any(not _may_be_called(address) for address in addresses):
        raise ForbiddenDestination(
            _("“%(host)s” lies within a private network, which may not be called.") % {"host": destination.host}
        )
    return addresses


def _may_be_called(address: Address) -> bool:
    exceptions = (ipaddress.ip_network(network) for network in settings.OUTGOING_PRIVATE_NETWORKS)
    return is_public(address) or any(address in network for network in exceptions)


def _resolve(host: str, port: int) -> Sequence[str]:
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def _within(seconds: float, ask: Callable[[], Sequence[str]]) -> Sequence[str]:
    """The system's resolver knows no time limit: it is asked in a thread, and left alone when it takes too long."""
    answer: queue.SimpleQueue[Sequence[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def work() -> None:
        try:
            answer.put(ask())
        except (OSError, UnicodeError) as error:
            answer.put(error)

    threading.Thread(target=work, name="resolver", daemon=True).start()
    try:
        found = answer.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        raise NameNotFound("Nobody has said in time where the host is.") from None
    if isinstance(found, OSError | UnicodeError):
        raise NameNotFound("The name of the host is not known.") from found
    return found
