"""What may be done with webhooks, by whom, and whom they may tell what."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from meshport.access.audit import Entry
from meshport.access.principal import Kind, Principal
from meshport.errors import AccessError, MeshportError, ServingError
from meshport.names import PortId
from meshport.serving.audit_trail import Reading, Trail, apart, tell
from meshport.serving.events.event import Event, EventType
from meshport.serving.events.log import EventLog, Numbered, events_state
from meshport.serving.events.sources import Sources
from meshport.serving.identity import Asker
from meshport.serving.releases import in_release
from meshport.serving.state import Doors
from meshport.serving.webhooks.endpoint import endpoint
from meshport.serving.webhooks.sending import Message, Outcome, Sender
from meshport.serving.webhooks.signing_secrets import SigningSecrets
from meshport.serving.webhooks.subscriptions import Ask, Standing, Subscription, Subscriptions

_TESTS_AT_ONCE = 4
DOOR, COMMAND_LINE = "webhooks", "command line"
"""How the audit calls the ways by which webhooks are changed."""


@dataclass
class WebhookDesk:
    """The rules over the webhooks of a running server; `by` is who changes one, None for whoever
    runs commands here."""

    doors: Doors
    _tests: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(_TESTS_AT_ONCE)
    )

    def __post_init__(self) -> None:
        state = events_state(self.doors.settings.home)
        self.log, audit = EventLog(state), self.doors.access.audit
        self.subscriptions = Subscriptions(state, audit)
        self.secrets = SigningSecrets(state, audit)

    @cached_property
    def sender(self) -> Sender:
        """What sends tests."""
        return Sender(self.doors.settings.webhook_hosts)

    def look(self) -> int:
        """Write down what happened; the number of the last event. Raises AccessError MP790."""
        sources = Sources(self.doors.catalog, self.doors.access.agreements)
        return self.log.look(sources, self.doors.now())

    def add(self, ask: Ask, owner: Principal, by: Principal | None = None) -> Subscription:
        """A webhook of its owner; its secret is shown now and never again.

        Raises ServingError MP602, MP610, MP661, MP662 and AccessError MP702 to MP705, MP722, MP734.
        """
        with self._audited("webhook added", ask.port, owner, by) as entry:
            if owner.kind is Kind.AGENT:
                raise AccessError("MP734", "an agent cannot have webhooks", hint="ask a person")
            endpoint(ask.url, self.doors.settings.webhook_hosts)
            self.doors.access.consumers.get(owner.name)
            self._require_sight(Asker(self.doors, owner, ask.purpose), ask.port)
            made = ask.of(owner.name, self.look(), self.doors.now())
            self.subscriptions.add(made, entry)
        return made

    def remove(self, one: Subscription, by: Principal | None = None) -> None:
        """Forget a webhook and what it was sent."""
        with self._changing(one, "webhook removed", by) as entry:
            self.subscriptions.remove(one.id, entry)

    def rotate(self, one: Subscription, overlap: timedelta, by: Principal | None = None) -> str:
        """A new secret, shown now and never again; those before it count until the overlap ends.

        Raises ServingError MP660, MP663.
        """
        with self._changing(one, "webhook secret rotated", by) as entry:
            return self.secrets.rotate(one.id, overlap, self.doors.now(), entry)

    def owners_for(self, by: Principal) -> set[str]:
        """Whose webhooks somebody looks after: its own and those of machines it stands behind."""
        machines = self.doors.desk.machines_of(by.name) if by.kind is Kind.PERSON else []
        return {by.name, *(one.name for one in machines)}

    def test(self, one: Subscription) -> Outcome:
        """Send an event that means nothing, now; raises ServingError MP642 when too busy."""
        now, word = self.doors.now(), secrets.token_hex(8)
        event = Event(EventType.WEBHOOK_TEST, word, one.port, now, one.id, {"webhook": one.id})
        if not self._tests.acquire(blocking=False):
            raise ServingError("MP642", "other webhooks are being tested", hint="try again")
        try:
            return self.sender.send(self.message(one, event.id, event.body), now)
        finally:
            self._tests.release()

    def message(self, one: Subscription, event: str, body: dict[str, Any]) -> Message:
        """What is sent to a webhook about an event."""
        return Message(one.url, self.secrets.of(one.id, self.doors.now()), event, body)

    def replay(self, one: Subscription, after: int | None, by: Principal | None = None) -> int:
        """Send again what came after an event's number, or what was given up; how many."""
        if after is None:
            dead = self.subscriptions.deliveries(one.id, Standing.DEAD, limit=10_000)
            events = sorted(delivery.event for delivery in dead)
        else:
            events = [e.number for e in self.log.after(after, str(one.port)) if self.is_for(one, e)]
        with self._changing(one, "webhook replayed", by) as entry:
            return self.subscriptions.replay(one, events, self.doors.now(), entry)

    def queue(self, one: Subscription, last: int, now: datetime) -> None:
        """Note what a webhook has to be sent of the events up to the last one."""
        events = self.log.after(one.position, str(one.port))
        wanted = [e.number for e in events if e.number <= last and self.is_for(one, e)]
        self.subscriptions.queue(one, wanted, last, now)

    def is_for(self, one: Subscription, event: Numbered) -> bool:
        """Whether it is what the webhook asked for, and its owner's business."""
        is_own = event.consumer is None or event.consumer in self._owned(one.owner)
        return event.type in one.types and is_own

    def why_not(self, one: Subscription, event: Numbered) -> str | None:
        """Why an event is not to be sent now; None where nothing stands against it."""
        try:
            owner = self.doors.access.consumers.get(one.owner)
            if owner.is_disabled:
                return "its owner is shut out"
            # Who lost its access is told so.
            if not EventType(event.type).is_about_access:
                with apart(Trail(self.doors.access.audit, DOOR, self.doors.now)):
                    self._require_sight(Asker(self.doors, owner.principal, one.purpose), one.port)
        except (AccessError, ServingError) as error:
            if error.code == "MP790":
                raise
            return f"its owner cannot read the port: {error.code}"
        return None

    def _owned(self, owner: str) -> Collection[str]:
        machines = self.doors.desk.machines_of(owner)
        return {owner, *(one.name for one in machines)}

    def _require_sight(self, asker: Asker, name: PortId) -> None:
        """Raise ServingError MP610, MP611, AccessError MP702 to MP705 where nothing is seen."""
        port = self.doors.catalog.mesh.find(name)
        if port is None:
            raise ServingError("MP610", f"there is no port {name}")
        _, part = in_release(name, self.doors.catalog.store.of(name.domain).current())
        asker.sight(port, part)
        # An event tells of a release, and shows no column of it.
        tell(name, Reading(part.release, columns=()))

    @contextmanager
    def _changing(self, one: Subscription, act: str, by: Principal | None) -> Iterator[Entry]:
        owner = self.doors.access.consumers.get(one.owner).principal
        with self._audited(act, one.port, owner, by) as entry:
            yield replace(entry, rule=one.id)

    @contextmanager
    def _audited(
        self, act: str, port: PortId, owner: Principal, by: Principal | None
    ) -> Iterator[Entry]:
        """What is about to be done, for the audit; if it is refused that is written down."""
        audit, now = self.doors.access.audit, self.doors.now()
        if by is None:
            done = audit.operated(COMMAND_LINE, act, owner, now)
            entry = replace(done, door=COMMAND_LINE, port=str(port))
        else:
            about = {"consumer": audit.who(owner), "port": str(port)}
            entry = audit.entry(by, now, door=DOOR, act=act, **about)
        try:
            yield entry
        except MeshportError as error:
            if error.code != "MP790":
                audit.record(replace(entry, verdict=error.code))
            raise
