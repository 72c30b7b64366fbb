"""Requests that change something come from this server's own pages, or from no page at all.

A browser adds cookies, and whatever a proxy knows about its user, to requests that pages of others
make it send. It also says where they come from, which is held against where they go to.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

from meshport.errors import AccessError

_SAFE = ("GET", "HEAD", "OPTIONS")
_OWN = ("same-origin", "none")
"""What browsers say of a page's own requests, and of what a person typed (Fetch Metadata)."""


async def own_origin(request: Request) -> None:
    """A dependency of routes that change something; raises AccessError MP742.

    Programs that are no browsers say neither where they come from nor send what others could
    borrow: they pass. Schemes are not compared, because a proxy may have taken TLS away.
    """
    if request.method in _SAFE:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        is_own = site in _OWN
    else:
        is_own = origin is None or urlsplit(origin).netloc == request.headers.get("Host", "")
    if not is_own:
        fact = "a page of another site sent this"
        raise AccessError("MP742", fact, hint="use the form on this server's page")
