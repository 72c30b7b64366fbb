"""Who sent a request, and what that principal may see: every door asks here."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from meshport.access.authorize import Grant, Sight, authorize, openly, sight
from meshport.access.jwt import JWT_CREDENTIAL
from meshport.access.principal import NOBODY, Principal
from meshport.access.tokens import is_ours
from meshport.contracts.access_class import AccessClass
from meshport.errors import AccessError
from meshport.products.mesh import Port
from meshport.publishing.manifest import PortRelease
from meshport.serving.demo import DEMO_CREDENTIAL, demo_principal
from meshport.serving.state import Doors, doors_of

PURPOSE = "Meshport-Purpose"
VARIES_BY = f"Authorization, {PURPOSE}, Cookie"
"""What besides the address an answer depends on (RFC 9110, section 12.5.5)."""


@dataclass(frozen=True)
class Asker:
    """A principal and the purpose it named."""

    doors: Doors
    principal: Principal
    purpose: str | None
    address: str = "/"
    """What was asked for, to come back to."""

    @property
    def open_class(self) -> AccessClass:
        """What it sees of ports that it has no agreement on."""
        return self.doors.policy.open_class(self.principal.kind)

    def grant(self, port: Port) -> Grant:
        """The decision about a port; raises AccessError MP702, MP703."""
        policy = self.doors.policy
        return authorize(policy, self.principal, port.id, self.purpose, self.doors.now())

    def open_grant(self, port: Port) -> Grant:
        """What it may see of a port without any agreement."""
        return openly(self.doors.policy, self.principal, port.id, self.purpose)

    def sight(self, port: Port, part: PortRelease, grant: Grant | None = None) -> Sight:
        """What is to be seen of a release; raises AccessError MP702 to MP705."""
        return sight(self.doors.policy, grant or self.grant(port), port, part)


def asker_of(request: Request) -> Asker:
    """Who sent the request; raises AccessError MP701 for a token that is not valid."""
    doors = doors_of(request)
    purpose = request.headers.get(PURPOSE)
    query = f"?{request.url.query}" if request.url.query else ""
    return Asker(doors, _principal(request, doors), purpose, f"{request.url.path}{query}")


def confirmed(doors: Doors, principal: Principal) -> Principal:
    """A principal as it is now, for links, which are followed without a token.

    Raises AccessError MP701 where nobody vouches for it any more.
    """
    if principal == NOBODY:
        return NOBODY
    credential = principal.credential
    if credential and credential.startswith(JWT_CREDENTIAL) and doors.issuer:
        return doors.issuer.holder(principal.name, credential)
    if credential and credential != DEMO_CREDENTIAL:
        return doors.access.tokens.holder(credential, doors.now())
    if not doors.is_demo:
        raise AccessError("MP701", "the demo is over", hint="send a token")
    return principal


def _principal(request: Request, doors: Doors) -> Principal:
    sent = request.headers.get("Authorization")
    if sent is None:
        return demo_principal(request, doors) if doors.is_demo else NOBODY
    scheme, _, secret = sent.partition(" ")
    if scheme.lower() != "bearer":
        hint = "send Authorization: Bearer mpt_…"
        raise AccessError("MP701", "the Authorization header is no bearer token", hint=hint)
    secret = secret.strip()
    if doors.issuer and not is_ours(secret):
        return doors.issuer.authenticate(secret, doors.now())
    return doors.access.tokens.authenticate(secret, doors.now())
