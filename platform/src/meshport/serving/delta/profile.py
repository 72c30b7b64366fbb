"""A consumer's profile: the small file with which clients of the protocol find the door."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request
from fastapi.responses import Response

from meshport.errors import AccessError
from meshport.serving.delta.routes import address_of, body_of
from meshport.serving.router import DoorRouter
from meshport.serving.state import doors_of

router = DoorRouter()
FILE = "meshport.share"


@router.reads("/profile")
def profile(request: Request) -> Response:
    """The profile of whoever sends a token, with that token in it."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        hint = f"send Authorization: Bearer mpt_…, or post token=mpt_… to {request.url.path}"
        raise AccessError("MP705", "a profile is made for the token that is sent", hint=hint)
    return _profile(request, secret.strip())


@router.post("/profile")
def profile_from_form(request: Request, body: Annotated[bytes, Depends(body_of)]) -> Response:
    """The same for a form, which is what a page can send without a script."""
    sent = parse_qs(body.decode("utf-8", "replace"), max_num_fields=5).get("token", [""])
    return _profile(request, sent[0].strip())


def _profile(request: Request, secret: str) -> Response:
    tokens, now = doors_of(request).access.tokens, doors_of(request).now()
    owner = tokens.authenticate(secret, now)
    (token,) = (one for one in tokens.of(owner.name) if one["id"] == owner.credential)
    expires_at = datetime.fromisoformat(token["expires_at"]).astimezone(UTC)
    content = {
        "shareCredentialsVersion": 1,
        "endpoint": f"{address_of(request)}/",
        "bearerToken": secret,
        "expirationTime": expires_at.strftime("%Y-%m-%dT%H:%M:%S.0Z"),
    }
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{FILE}"',
    }
    return Response(json.dumps(content, indent=1), 200, headers, "application/json")
