"""What can happen to a port, and how it is told: CloudEvents 1.0 in structured mode.

Events are thin: they say what happened and where to read on, and hold no row.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from meshport.names import PortId

MEDIA_TYPE = "application/cloudevents+json"


class EventType(StrEnum):
    """The kinds of events."""

    RELEASE_PUBLISHED = "meshport.release.published"
    RELEASE_REFUSED = "meshport.release.refused"
    CONTRACT_DEPRECATED = "meshport.contract.deprecated"
    ACCESS_GRANTED = "meshport.access.granted"
    ACCESS_EXPIRING = "meshport.access.expiring"
    ACCESS_EXPIRED = "meshport.access.expired"
    ACCESS_REVOKED = "meshport.access.revoked"
    WEBHOOK_TEST = "meshport.webhook.test"

    @property
    def is_about_access(self) -> bool:
        """Whether it is for one consumer, who is told also when its access has ended."""
        return self.value.startswith("meshport.access.")


SENT = tuple(one for one in EventType if one is not EventType.WEBHOOK_TEST)
"""What one can ask to be told; a test is sent to whoever asks for it."""


@dataclass(frozen=True)
class Event:
    """One thing that happened to a port; `key` is the same whoever finds out, and when."""

    type: EventType
    key: str
    port: PortId
    at: datetime
    subject: str
    data: dict[str, Any]
    consumer: str | None = None
    """Whose business it is alone."""
    contract_version: str | None = None

    @property
    def id(self) -> str:
        """Stays the same however often it is told; also the `webhook-id`."""
        digest = hashlib.sha256(f"{self.type} {self.key} {self.port}".encode())
        return f"evt_{digest.hexdigest()[:24]}"

    @property
    def body(self) -> dict[str, Any]:
        """The event as a CloudEvent."""
        version = self.contract_version
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": self.port.path,
            "type": self.type.value,
            "subject": self.subject,
            "time": self.at.isoformat(),
            "datacontenttype": "application/json",
            **({"dataschema": f"{self.port.urn}:{version}"} if version else {}),
            "data": {"port": str(self.port), **self.data},
        }
