"""What may be done with webhooks, by whom, and whom they may tell what."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from meshport.access.authorize import authorize, sight
from meshport.access.principal import Kind, Principal
from meshport.errors import AccessError, ServingError
from meshport.products.mesh import Port
from meshport.serving.events.event import Event, EventType
from meshport.serving.events.log import EventLog, Numbered, events_state
from meshport.serving.events.sources import Sources
from meshport.serving.releases import in_release
from meshport.serving.state import Doors
from meshport.serving.webhooks.endpoint import endpoint
from meshport.serving.webhooks.sending import Message, Outcome, Sender
from meshport.serving.webhooks.subscriptions import Ask, Standing, Subscription, Subscriptions

_TESTS_AT_ONCE = 4


@dataclass
class WebhookDesk:
    """The rules over the webhooks of a running server."""

    doors: Doors
    _tests: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(_TESTS_AT_ONCE)
    )

    def __post_init__(self) -> None:
        state = events_state(self.doors.settings.home)
        self.log, self.subscriptions = EventLog(state), Subscriptions(state)

    @cached_property
    def sender(self) -> Sender:
        """What sends tests."""
        return Sender(self.doors.settings.webhook_hosts)

    def look(self) -> int:
        """Write down what happened; the number of the last event. Raises AccessError MP790."""
        sources = Sources(self.doors.catalog, self.doors.access.agreements)
        return self.log.look(sources, self.doors.now())

    def add(self, ask: Ask, by: Principal) -> Subscription:
        """A webhook of whoever asks; its secret is shown now and never again.

        Raises ServingError MP602, MP610, MP661, MP662 and AccessError MP702 to MP705, MP722, MP734.
        """
        if by.kind is Kind.AGENT:
            raise AccessError("MP734", "an agent cannot have webhooks", hint="ask a person")
        endpoint(ask.url, self.doors.settings.webhook_hosts)
        self.doors.access.consumers.get(by.name)
        self._require_sight(by, self._port(ask), ask.purpose)
        return self.subscriptions.add(ask, by.name, self.look(), self.doors.now())

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
            return self.sender.send(Message(one.url, one.secret, event.id, event.body), now)
        finally:
            self._tests.release()

    def replay(self, one: Subscription, after: int | None) -> int:
        """Send again what came after an event's number, or what was given up; how many."""
        if after is None:
            dead = self.subscriptions.deliveries(one.id, Standing.DEAD, limit=10_000)
            events = sorted(delivery.event for delivery in dead)
        else:
            events = [e.number for e in self.log.after(after, str(one.port)) if self.is_for(one, e)]
        return self.subscriptions.replay(one, events, self.doors.now())

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
                port = self._port(Ask(one.port, one.url))
                principal = Principal(owner.name, owner.kind, owner.acts_for)
                self._require_sight(principal, port, one.purpose)
        except (AccessError, ServingError) as error:
            if error.code == "MP790":
                raise
            return f"its owner cannot read the port: {error.code}"
        return None

    def _owned(self, owner: str) -> Collection[str]:
        machines = self.doors.desk.machines_of(owner)
        return {owner, *(one.name for one in machines)}

    def _port(self, ask: Ask) -> Port:
        found = self.doors.catalog.mesh.find(ask.port)
        if found is None:
            raise ServingError("MP610", f"there is no port {ask.port}")
        return found

    def _require_sight(self, principal: Principal, port: Port, purpose: str | None) -> None:
        """Raise AccessError MP702 to MP705 where somebody sees nothing of a port."""
        policy = self.doors.policy
        grant = authorize(policy, principal, port.id, purpose, self.doors.now())
        _, part = in_release(port.id, self.doors.catalog.store.of(port.id.domain).current())
        sight(policy, grant, port, part)
