"""Who sent a request, and what that principal may see: every door asks here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from fastapi import Request

from meshport.access.authorize import Grant, Sight, authorize, openly, sight
from meshport.access.jwt import JWT_CREDENTIAL
from meshport.access.principal import NOBODY, Principal
from meshport.access.tokens import id_in, is_ours
from meshport.contracts.access_class import AccessClass
from meshport.errors import AccessError
from meshport.products.mesh import Port
from meshport.publishing.manifest import PortRelease
from meshport.serving.audit_trail import Reading, Trail, trail_of
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

    is_browsing: bool = False
    """Whether it only looks over what there is, as lists do: then nothing is written down."""

    @property
    def browsing(self) -> Asker:
        """The same, for lists: names are no secret, and nothing else may be shown of it."""
        return replace(self, is_browsing=True)

    @property
    def open_class(self) -> AccessClass:
        """What it sees of ports that it has no agreement on."""
        return self.doors.policy.open_class(self.principal.kind)

    def grant(self, port: Port) -> Grant:
        """The decision about a port; raises AccessError MP702, MP703."""
        with self._noted(port, Reading()) as trail:
            found = self._granted(port)
            self._note(trail, found, Reading())
            return found

    def open_grant(self, port: Port) -> Grant:
        """What it may see of a port without any agreement."""
        found = openly(self.doors.policy, self.principal, port.id, self.purpose)
        self._note(self._trail, found, Reading())
        return found

    def sight(self, port: Port, part: PortRelease, grant: Grant | None = None) -> Sight:
        """What is to be seen of a release; raises AccessError MP702 to MP705."""
        about = Reading(part.release or None)
        with self._noted(port, about) as trail:
            found = sight(self.doors.policy, grant or self._granted(port), port, part)
            self._note(trail, found.grant, replace(about, columns=found.columns))
            return found

    def _granted(self, port: Port) -> Grant:
        policy = self.doors.policy
        return authorize(policy, self.principal, port.id, self.purpose, self.doors.now())

    @property
    def _trail(self) -> Trail:
        return trail_of(self.doors.access.audit, self.doors.now)

    @contextmanager
    def _noted(self, port: Port, about: Reading) -> Iterator[Trail]:
        """Note what is refused in the block; the other way is for the block to note."""
        trail = self._trail
        try:
            yield trail
        except AccessError as error:
            if not self.is_browsing and error.code != "MP790":
                trail.refused(self.principal, port.id, about, error.code)
            raise

    def _note(self, trail: Trail, grant: Grant, reading: Reading) -> None:
        if not self.is_browsing:
            trail.decided(self.principal, grant, reading)


def asker_of(request: Request) -> Asker:
    """Who sent the request; raises AccessError MP701 for a token that is not valid.

    Raises ServingError MP641 where an address sends too many of those, so that trying tokens fills
    no audit.
    """
    doors = doors_of(request)
    trail = trail_of(doors.access.audit, doors.now)
    try:
        principal = _principal(request, doors)
    except AccessError as error:
        count_wrong_token(request, doors)
        trail.asked_by(replace(NOBODY, credential=id_in(_secret(request))))
        trail.answered_with(error)
        raise
    trail.asked_by(principal)
    purpose = request.headers.get(PURPOSE)
    query = f"?{request.url.query}" if request.url.query else ""
    return Asker(doors, principal, purpose, f"{request.url.path}{query}")


def client_of(request: Request) -> str:
    """The address that a request comes from; empty where there is none."""
    return request.client.host if request.client else ""


def count_wrong_token(request: Request, doors: Doors) -> None:
    """Count a token that is not valid; raises ServingError MP641 where an address tries many."""
    doors.wrong_tokens.take(client_of(request)).require()


def confirmed(doors: Doors, principal: Principal) -> Principal:
    """A principal as it is now, for links, which are followed without a token.

    Raises AccessError MP701 where nobody vouches for it any more.
    """
    trail_of(doors.access.audit, doors.now).asked_by(principal)
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
    if sent.partition(" ")[0].lower() != "bearer":
        hint = "send Authorization: Bearer mpt_…"
        raise AccessError("MP701", "the Authorization header is no bearer token", hint=hint)
    secret = _secret(request)
    if doors.issuer and not is_ours(secret):
        return doors.issuer.authenticate(secret, doors.now())
    return doors.access.tokens.authenticate(secret, doors.now())


def _secret(request: Request) -> str:
    return request.headers.get("Authorization", "").partition(" ")[2].strip()
