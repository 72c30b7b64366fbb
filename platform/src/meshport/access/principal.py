"""Who is asking: people, services, agents acting for a person, and partners outside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What kind of consumer it is; it decides what may be read without an agreement."""

    PERSON = "person"
    SERVICE = "service"
    AGENT = "agent"
    PARTNER = "partner"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Principal:
    """One who asks; `purpose` is there where the token is bound to one."""

    name: str
    kind: Kind
    acts_for: str | None = None
    """The person on whose behalf an agent works."""
    purpose: str | None = None
    credential: str | None = None
    """The id of the token, or of the issuer's key, never the secret."""

    @property
    def is_known(self) -> bool:
        """Whether anybody vouched for it."""
        return self.kind is not Kind.NOBODY


NOBODY = Principal("nobody", Kind.NOBODY)
"""Somebody without a token: sees what could stand on the website."""

DEMO = Principal("demo", Kind.PERSON)
"""Whoever sits at the machine, where the server listens to that machine alone."""
