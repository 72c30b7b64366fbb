"""An issuer of JSON web tokens: real keys, behind a real HTTP server on this machine."""

from __future__ import annotations

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from meshport.settings import OidcSettings
from tests.building import NOW

AUDIENCE = "meshport"
KEYS = {
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa-1"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "ec-1"}),
    "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "ed-1"}),
}
OTHER_RSA = RSAKey.generate_key(2048, {"kid": "rsa-2"})


class IssuerServer:
    """Serves its discovery document and its keys; counts how often it is asked."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [key.as_dict(private=False) for key in KEYS.values()]
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, bytes]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(
            target=lambda: self._server.serve_forever(0.01), daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def settings(self) -> OidcSettings:
        return OidcSettings(self.address, AUDIENCE)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a good token says at NOW; None takes a claim away."""
        given = {
            "iss": self.address,
            "aud": AUDIENCE,
            "sub": "user-7",
            "email": "anna@example.com",
            "iat": int(NOW.timestamp()),
            "exp": int((NOW + timedelta(minutes=5)).timestamp()),
            **changes,
        }
        return {name: value for name, value in given.items() if value is not None}

    def token(self, algorithm: str = "RS256", key: Any = None, **changes: Any) -> str:
        """A signed token."""
        signing = key or KEYS[algorithm]
        return sign(self.claims(**changes), {"alg": algorithm, "kid": signing.kid}, signing)

    def stop(self) -> None:
        """Be gone: the port answers nobody."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                status, body = issuer._answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if status == 302:
                    self.send_header("Location", body.decode())
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _answer(self, path: str) -> tuple[int, bytes]:
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            content = {"issuer": self.address, "jwks_uri": f"{self.address}/keys"}
            return 200, json.dumps(content).encode()
        if path == "/keys":
            return 200, json.dumps({"keys": self.keys}).encode()
        return 404, b""


@contextmanager
def issuing() -> Iterator[IssuerServer]:
    """An issuer for the length of a block."""
    issuer = IssuerServer()
    try:
        yield issuer
    finally:
        issuer.stop()


def sign(claims: dict[str, Any], header: dict[str, Any], key: Any) -> str:
    """A token with that header and these claims."""
    return jwt.encode(header, claims, key, algorithms=[header["alg"]])


def signed_by_hand(claims: dict[str, Any], header: dict[str, Any]) -> str:
    """A token with a good RSA signature below whatever header."""
    signed = ".".join(map(encoded, ({"alg": "RS256", "kid": "rsa-1", **header}, claims)))
    private = KEYS["RS256"].get_op_key("sign")
    return f"{signed}.{_base64(private.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def unsigned(claims: dict[str, Any], **header: Any) -> str:
    """A token without a signature."""
    parts = [{"alg": "none", "typ": "JWT", **header}, claims]
    return ".".join([*map(encoded, parts), ""])


def signed_with_the_public_key(claims: dict[str, Any], key: RSAKey, form: str) -> str:
    """A token that takes the key which everybody knows for a shared secret (RFC 8725, 2.1)."""
    secret = key.as_pem(private=False) if form == "pem" else key.as_der(private=False)
    signed = ".".join(map(encoded, ({"alg": "HS256", "kid": key.kid}, claims)))
    digest = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{_base64(digest)}"


def encoded(part: dict[str, Any]) -> str:
    """One part of a token."""
    return _base64(json.dumps(part).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
