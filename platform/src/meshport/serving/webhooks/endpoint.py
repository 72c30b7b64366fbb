"""Where a webhook may send: not into our own network, unless the operator says so.

An address is looked up right before each sending, every address of the name has to be public, and
the connection goes to the address that was judged: a name that means something else a moment later
(DNS rebinding) is of no use.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from meshport.errors import ServingError
from meshport.settings import is_loopback

MAX_URL = 2_000
Resolve = Callable[[str, int], list[str]]
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,252}[a-z0-9_])?\.?|[0-9a-f:.]+")
_SAFE = re.compile(r"[!-~]+")
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


@dataclass(frozen=True)
class Endpoint:
    """A web address, taken apart; `is_allowed`: the operator lets it be anywhere."""

    url: str
    host: str
    port: int
    target: str
    is_tls: bool
    is_allowed: bool


def endpoint(url: str, allowed: Collection[str]) -> Endpoint:
    """The address in a text; raises ServingError MP661 where nothing is sent there.

    `allowed` are the hosts that may be private. Plain http is for those of them that are loopback.
    """
    if len(url) > MAX_URL or not _SAFE.fullmatch(url):
        raise unfit("it is no address", "at most 2,000 printable ASCII characters")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise unfit("it is no address", None) from error
    is_allowed = host in allowed
    if not _HOST.fullmatch(host) or port == 0:
        raise unfit("it names no host", "write https://hooks.example.com/orders")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise unfit("it holds a user, a password or a fragment", "leave that out")
    if parts.scheme != "https" and not (
        parts.scheme == "http" and is_allowed and is_loopback(host)
    ):
        raise unfit("it is no https address", "nothing is sent in the clear")
    is_tls = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    found = Endpoint(url, host, port or (443 if is_tls else 80), target, is_tls, is_allowed)
    if not is_allowed and (is_loopback(host) or (_is_literal(host) and not is_public(host))):
        raise _private()
    return found


def addresses(one: Endpoint, resolve: Resolve) -> list[str]:
    """The addresses of its host.

    Raises OSError where it has none, ServingError MP661 where one of them is not public.
    """
    found = resolve(one.host, one.port)
    if not one.is_allowed and not all(map(is_public, found)):
        raise _private()
    return found


def resolved(host: str, port: int) -> list[str]:
    """What the system says a name means; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an IP address can be anybody's, also the one that is wrapped in another."""
    try:
        one = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(one, ipaddress.IPv6Address):
        inner = one.ipv4_mapped or one.sixtofour or (one.teredo or (None, None))[1]
        if any(one in network for network in _NAT64):
            inner = ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if one.is_site_local:
            return False
    return one.is_global and not (one.is_multicast or one.is_reserved or one.is_unspecified)


def unfit(fact: str, hint: str | None) -> ServingError:
    """MP661: an address that nothing is sent to."""
    return ServingError("MP661", fact, hint=hint)


def _private() -> ServingError:
    hint = "give an address on the internet; the operator can allow others"
    return unfit("it leads into a private network", hint)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
