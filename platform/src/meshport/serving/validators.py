"""Entity tags: exact, because what is served is immutable (RFC 9110, section 8.8.3)."""

from __future__ import annotations

import hashlib

from fastapi import Request

ENCODING = "3"
"""Part of every tag: to be raised when the same rows would be encoded differently."""


def entity_tag(*parts: str) -> str:
    """A strong tag: the same for the same parts, another for any other."""
    digest = hashlib.sha256("\n".join((ENCODING, *parts)).encode()).hexdigest()
    return f'"{digest[:32]}"'


def is_fresh(request: Request, tag: str) -> bool:
    """Whether the client has that very representation (`If-None-Match`)."""
    sent = ",".join(request.headers.getlist("if-none-match"))
    tags = {part.strip().removeprefix("W/") for part in sent.split(",")}
    return tag in tags or "*" in tags
