"""Which addresses may be called: none that leads into the network this installation runs in."""

from __future__ import annotations

import dataclasses
import ipaddress
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from jouren.core.destinations import (
    ForbiddenDestination,
    NameNotFound,
    addresses_of,
    is_public,
    read_destination,
)


@pytest.fixture
def real_shop() -> Iterator[None]:
    with override_settings(JOUREN=dataclasses.replace(settings.JOUREN, sandbox=False)):
        yield


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "100.100.100.200",  # a cloud's metadata
        "169.254.169.254",  # most clouds' metadata
        "192.0.0.192",  # a cloud's metadata
        "168.63.129.16",  # a cloud's own services, in public space
        "198.18.0.1",
        "192.88.99.1",
        "203.0.113.5",
        "224.0.0.1",
        "239.255.255.255",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",  # public IPv4 in disguise: whoever means it can say it plainly
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",  # a cloud's metadata
        "ff02::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
    ],
)
def test_addresses_that_are_not_everybodys_are_never_called(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(ForbiddenDestination, match="within a private network"):
        addresses_of(read_destination("https://hooks.example/"), 5, lambda host, port: [address])


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "99.255.255.255", "172.32.0.1", "2606:4700::1", "2a00::1"])
def test_public_addresses_may_be_called(address: str) -> None:
    found = addresses_of(read_destination("https://hooks.example/"), 5, lambda host, port: [address])
    assert [str(each) for each in found] == [address]


@given(st.ip_addresses())
def test_whatever_python_knows_as_special_is_not_public(address: Any) -> None:
    special = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
    assert not (is_public(address) and (special or address.is_reserved or address.is_unspecified))


def test_one_private_address_among_public_ones_forbids_the_host() -> None:
    with pytest.raises(ForbiddenDestination):
        addresses_of(read_destination("https://hooks.example/"), 5, lambda host, port: ["8.8.8.8", "10.0.0.1"])


def test_a_scope_does_not_disguise_an_address() -> None:
    with pytest.raises(ForbiddenDestination):
        addresses_of(read_destination("https://hooks.example/"), 5, lambda host, port: ["fe80::1%eth0"])


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "[::1]", "localhost"])
def test_other_ways_of_writing_this_machine_are_seen_through(host: str) -> None:
    with pytest.raises((ForbiddenDestination, NameNotFound)):
        addresses_of(read_destination(f"https://{host}/"), 5)


@override_settings(OUTGOING_PRIVATE_NETWORKS=["127.0.0.0/8"])
def test_a_network_may_be_opened_on_purpose_and_only_that_one() -> None:
    assert addresses_of(read_destination("https://a.example/"), 5, lambda host, port: ["127.0.0.9"])
    with pytest.raises(ForbiddenDestination):
        addresses_of(read_destination("https://a.example/"), 5, lambda host, port: ["10.0.0.9"])


def test_a_name_that_nobody_knows_and_one_that_takes_too_long_are_not_found() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    place = read_destination("https://hooks.example/")
    with pytest.raises(NameNotFound):
        addresses_of(place, 5, unknown)
    with pytest.raises(NameNotFound):
        addresses_of(place, 5, lambda host, port: [])
    never = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        never.wait(30)
        return ["8.8.8.8"]

    with pytest.raises(NameNotFound):
        addresses_of(place, 0.01, slow)
    never.set()


def test_an_address_is_taken_apart() -> None:
    place = read_destination("https://Hooks.Example:8443/a%20b?x=1&y=#part")
    assert (place.host, place.port, place.target, place.authority) == (
        "hooks.example",
        8443,
        "/a%20b?x=1&y=",
        "hooks.example:8443",
    )
    assert read_destination("https://お店.example").host == "xn--t8jz70l.example"
    assert read_destination("https://[2606:4700::1]/").authority == "[2606:4700::1]"
    assert read_destination("https://a.example/道").target == "/%E9%81%93"


def test_a_log_never_gets_the_path_which_may_be_a_secret() -> None:
    assert repr(read_destination("https://hooks.example/services/T0/secret?key=1")) == (
        "<Destination https://hooks.example>"
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example",
        "//hooks.example/",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "gopher://hooks.example/",
        "https://",
        "https:///path",
        "https://user@hooks.example/",
        "https://user:word@hooks.example/",
        "https://hooks.example:99999/",
        "https://hooks.example:x/",
        "https://hooks example/",
        "https://hooks.example/\r\nX: y",
        "https://hooks.example\\@10.0.0.1/",
        "https://[::1",
        "https://-bad-.example/",
        "https://" + "a" * 300 + ".example/",
        "https://a.example/" + "x" * 2_000,
    ],
)
def test_what_is_no_such_address_is_refused(url: str) -> None:
    with pytest.raises(ForbiddenDestination):
        read_destination(url)


def test_plain_http_is_for_a_sandbox_alone(real_shop: None) -> None:
    with pytest.raises(ForbiddenDestination, match="must begin with https://"):
        read_destination("http://hooks.example/")
    assert read_destination("https://hooks.example/").port == 443


def test_a_sandbox_may_call_by_plain_http() -> None:
    assert read_destination("http://hooks.example/").port == 80
