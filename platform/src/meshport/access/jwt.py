"""A company's own tokens: JSON web tokens of one issuer (RFC 7519, RFC 8725).

The only importer of joserfc.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from joserfc.jwt import JWTClaimsRegistry

from meshport.access.consumers import Consumers
from meshport.access.issuer_keys import IssuerKeys, Jwk
from meshport.access.principal import Principal
from meshport.errors import AccessError
from meshport.settings import OidcSettings

JWT_CREDENTIAL = "jwt:"
"""How the credential of a principal begins that an issuer vouched for; the key's name follows."""
LEEWAY_SECONDS = 30
_MAX_LENGTH = 16_384
_MIN_RSA_BITS = 2048
# Signatures alone, none of them made with a secret that we would have to share.
_KEY_TYPES = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP", "Ed25519": "OKP"}
_CURVES = {"EC": "P-256", "OKP": "Ed25519"}
# What a stranger's bytes make parsers say.
_FAULTS = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


class _Registry(jws.JWSRegistry):
    """Takes the listed algorithms and no others, whatever the library recommends."""

    max_header_length = 4096

    def __init__(self) -> None:
        super().__init__(algorithms=list(_KEY_TYPES), strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        if name not in _KEY_TYPES:
            raise ValueError(f"the algorithm {name} is not taken")
        return self.algorithms[name]


class Issuer:
    """One issuer whose tokens are taken."""

    def __init__(self, settings: OidcSettings, consumers: Consumers) -> None:
        self.settings = settings
        self.consumers = consumers
        self.keys = IssuerKeys(settings)
        self._registry = _Registry()

    def authenticate(self, token: str, now: datetime) -> Principal:
        """The registered consumer that the token is about.

        Raises AccessError MP701 for a token that is not genuine, not for us, or not valid now: one
        answer for all of them; MP740 where nobody is registered by the name in it, and MP741 where
        the issuer's keys cannot be read.
        """
        try:
            kid, claims = self._verified(token, now)
            self._check(claims, now)
            name = self._name(claims)
        except _FAULTS as error:
            hint = "sign in again at the issuer, or use a token of meshport"
            raise AccessError(
                "MP701", "the token is not valid, or not any more", hint=hint
            ) from error
        return self.holder(name, f"{JWT_CREDENTIAL}{kid or ''}")

    def holder(self, name: str, credential: str) -> Principal:
        """The registered consumer of that name; raises AccessError MP740, MP701 (shut out)."""
        known = {one.name: one for one in self.consumers.all()}
        found = known.get(name)
        if found is None:
            hint = f"the platform team adds you: meshport consumer add {name[:80]}"
            raise AccessError("MP740", f"`{name[:80]}` is not registered here", hint=hint)
        # Who acts for somebody is shut out with that person.
        if found.is_disabled or (found.acts_for and known[found.acts_for].is_disabled):
            raise AccessError("MP701", f"{name} is shut out", hint="ask the platform team")
        return Principal(found.name, found.kind, found.acts_for, credential=credential)

    def _verified(self, token: str, now: datetime) -> tuple[str | None, dict[str, Any]]:
        """The key's name and the claims; raises one of _FAULTS where there is no good signature."""
        if len(token) > _MAX_LENGTH:
            raise ValueError("the token is too long")
        signed = jws.extract_compact(token.encode("ascii"), registry=self._registry)
        header = signed.headers()
        kid = header.get("kid")
        # RFC 7797's option is for other uses than JWT.
        if not isinstance(kid, str | None) or "b64" in header or header["alg"] not in _KEY_TYPES:
            raise ValueError("the header is not one of ours")
        fitting = [k for k in self.keys.named(kid, now) if _fits(k, header["alg"])]
        # Without a name in the header it has to be clear which key is meant.
        if len(fitting) != 1:
            raise ValueError("there is no such key")
        if not jws.validate_compact(signed, _public(fitting[0]), registry=self._registry):
            raise ValueError("the signature is wrong")
        claims = json.loads(signed.payload)
        if not isinstance(claims, dict):
            raise TypeError("the claims are no object")
        return kid, claims

    def _check(self, claims: dict[str, Any], now: datetime) -> None:
        JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.audience},
            exp={"essential": True},
        ).validate(claims)

    def _name(self, claims: dict[str, Any]) -> str:
        """Who it is about, by the claim of the settings."""
        wanted = [self.settings.claim] if self.settings.claim else ["email", "sub"]
        claim = next(name for name in [*wanted, ""] if name in claims or not name)
        name = claims.get(claim)
        if not isinstance(name, str) or not name:
            raise ValueError("the token names nobody")
        if claim == "email" and claims.get("email_verified", True) is not True:
            raise ValueError("nobody verified that the address is theirs")
        return name.lower() if claim == "email" else name


def _fits(key: Jwk, algorithm: str) -> bool:
    kind = _KEY_TYPES[algorithm]
    is_for_it = key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
    return is_for_it and key.get("kty") == kind and key.get("crv") == _CURVES.get(kind)


def _public(key: Jwk) -> RSAKey | ECKey | OKPKey:
    """The key; raises one of _FAULTS where it is none, or too weak to rely on."""
    wanted = {name: key[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in key}
    if "n" in wanted and len(wanted["n"]) * 6 < _MIN_RSA_BITS:  # base64url: six bits a character
        raise ValueError("the key is too short")
    made = import_key(wanted)
    if not isinstance(made, RSAKey | ECKey | OKPKey):
        raise TypeError("the key is no public key")
    return made
