"""Where a request comes from."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest

# One household or office gets a whole /64 of IPv6: its other addresses are the same people.
_IPV6_NETWORK = 64


def client_address(request: HttpRequest) -> str:
    """The visitor's IP address; behind a proxy in our own network, the one that the proxy saw. Empty when unknown."""
    peer = _address(request.META.get("REMOTE_ADDR", ""))
    if peer is not None and not peer.is_global:
        forwarded = _address(request.headers.get("X-Forwarded-For", "").rpartition(",")[2])
        peer = forwarded or peer
    return str(peer or "")


def client_network(request: HttpRequest) -> str:
    """What stands for one connection: the IPv4 address, or the network of an IPv6 one. Empty when unknown."""
    address = _address(client_address(request))
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))
    return str(address or "")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None
