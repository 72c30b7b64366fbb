"""The catalog's own token endpoint, for clients that know no other way to send a token.

It hands back the token that was sent as the client's secret. See "OAuth2TokenRequest" in the
catalog's specification, and RFC 6749, section 4.4.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request
from fastapi.responses import Response

from meshport.errors import AccessError
from meshport.serving.delta.routes import body_of
from meshport.serving.identity import count_wrong_token
from meshport.serving.router import DoorRouter
from meshport.serving.state import doors_of

router = DoorRouter()
_HEADERS = {"Cache-Control": "no-store"}


@router.post("/v1/oauth/tokens")
def tokens(request: Request, body: Annotated[bytes, Depends(body_of)]) -> Response:
    """The token of a client that sends its own name and, as its secret, that token.

    Raises ServingError MP641 where an address tries too many.
    """
    try:
        sent = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
    except ValueError:
        return _refusal("invalid_request", "no more than a name and a secret is asked for")
    given = {name: values[-1] for name, values in sent.items()}
    if given.get("grant_type") != "client_credentials":
        return _refusal("unsupported_grant_type", "client_credentials is the only one")
    name, secret = _client(request) or (given.get("client_id"), given.get("client_secret", ""))
    doors = doors_of(request)
    try:
        owner = doors.access.tokens.authenticate(secret, doors.now())
    except AccessError as error:
        count_wrong_token(request, doors)
        return _refusal("invalid_client", error.fact)
    if name and name != owner.name:
        return _refusal("invalid_client", "the token is not that client's")
    (token,) = (one for one in doors.access.tokens.of(owner.name) if one["id"] == owner.credential)
    rest = datetime.fromisoformat(token["expires_at"]) - doors.now()
    answer = {
        "access_token": secret,
        "token_type": "bearer",
        "expires_in": int(rest.total_seconds()),
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
    }
    return Response(json.dumps(answer), 200, _HEADERS, "application/json")


def _client(request: Request) -> tuple[str, str] | None:
    """Name and secret as HTTP's own authentication has them (RFC 7617)."""
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(sent, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, secret


def _refusal(error: str, description: str) -> Response:
    status = HTTPStatus.UNAUTHORIZED if error == "invalid_client" else HTTPStatus.BAD_REQUEST
    content = {"error": error, "error_description": description}
    return Response(json.dumps(content), status, _HEADERS, "application/json")
