"""Sends events to webhooks: what is due, when it is due, until it is taken or given up.

One process of a home delivers at a time; the lock ends with it, however it ends. An attempt is
written down before it is made: whoever comes after a killed process tries again a little later.
"""

from __future__ import annotations

import logging
import random
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue

from meshport.errors import MeshportError
from meshport.publishing.lock import unleased
from meshport.serving.webhooks.desk import WebhookDesk
from meshport.serving.webhooks.sending import Message, Outcome, Sender
from meshport.serving.webhooks.subscriptions import Delivery, Standing, Subscription

WAITS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
"""Seconds after the first, second … attempt, as Standard Webhooks proposes."""
ATTEMPTS = len(WAITS) + 1
JITTER = 0.2
"""Every wait is longer by up to this part, so that an endpoint that is back is not stormed."""
AT_ONCE = 16
LOOK_SECONDS = 1.0
_TAKE_OVER_SECONDS = 5.0
_PRUNE = timedelta(hours=1)
_LOG = logging.getLogger(__name__)


class Deliverer:
    """The one who delivers; `tick` is one round, for one thread."""

    def __init__(self, desk: WebhookDesk, sender: Sender, chance: random.Random) -> None:
        self.desk = desk
        self.sender = sender
        self._chance = chance
        self._busy: set[str] = set()
        self._done: SimpleQueue[tuple[Delivery, Outcome]] = SimpleQueue()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._pruned_at: datetime | None = None

    def run(self, home: Path) -> None:
        """Deliver until `close`, or wait to take over from the process that does."""
        home.mkdir(parents=True, exist_ok=True)
        while not self._stop.is_set():
            with unleased(home / "webhooks.lock") as is_ours:
                while is_ours and not self._stop.is_set():
                    self._round()
                    self._wake.wait(LOOK_SECONDS)
            self._stop.wait(_TAKE_OVER_SECONDS)

    def _round(self) -> None:
        try:
            self.tick()
        except (MeshportError, OSError):
            return  # a disk that is full, or files that are being edited: once more in a second
        except Exception:  # noqa: BLE001  a thread that dies delivers nothing any more
            _LOG.exception("webhooks could not be sent")

    def close(self) -> None:
        """End; what is under way is cut and sent again by whoever comes next."""
        self._stop.set()
        self._wake.set()
        self.sender.close()

    def tick(self) -> None:
        """Write down what came of attempts, see what happened, begin what is due.

        Raises AccessError MP790.
        """
        now = self.desk.doors.now()
        self._wake.clear()
        self._note_done(now)
        webhooks = {one.id: one for one in self.desk.subscriptions.all()}
        # Where nobody listens, nobody looks: who is added later hears what comes after.
        last = self.desk.look() if webhooks else 0
        for one in webhooks.values():
            if not one.disabled and one.position < last:
                self.desk.queue(one, last, now)
        for delivery in self.desk.subscriptions.due(now):
            to = webhooks.get(delivery.webhook)
            if to and to.id not in self._busy and len(self._busy) < AT_ONCE:
                self._begin(delivery, to, now)
        if self._pruned_at is None or now - self._pruned_at > _PRUNE:
            self.desk.log.prune(now)
            self.desk.secrets.prune(now)
            self._pruned_at = now

    def wait(self, seconds: float) -> bool:
        """Wait until an attempt is done; whether one is."""
        return self._wake.wait(seconds)

    @property
    def under_way(self) -> int:
        """How many attempts are being made, or have ended and are not written down."""
        return len(self._busy)

    def _begin(self, delivery: Delivery, one: Subscription, now: datetime) -> None:
        event = self.desk.log.numbered(delivery.event)
        if event is None:
            return
        refusal = self.desk.why_not(one, event)
        if refusal:
            self._note(delivery, Standing.WITHHELD, now, None, refusal)
            return
        delivery = replace(delivery, attempts=delivery.attempts + 1)
        self._note(delivery, Standing.WAITING, self._later(delivery, None, now), None, None)
        self._busy.add(one.id)
        message = self.desk.message(one, event.id, event.body)
        work = threading.Thread(target=self._send, args=(delivery, message), daemon=True)
        work.start()

    def _send(self, delivery: Delivery, message: Message) -> None:
        try:
            outcome = self.sender.send(message, self.desk.doors.now())
        except Exception as error:  # noqa: BLE001  a thread that dies would hold its webhook for ever
            outcome = Outcome(error=f"could not be sent: {type(error).__name__}")
        self._done.put((delivery, outcome))
        self._wake.set()

    def _note_done(self, now: datetime) -> None:
        with suppress(Empty):
            while True:
                delivery, outcome = self._done.get_nowait()
                try:
                    self._note_one(delivery, outcome, now)
                finally:
                    # What could not be written down is sent again, which is allowed.
                    self._busy.discard(delivery.webhook)

    def _note_one(self, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        state, next_at = Standing.WAITING, now
        if outcome.is_delivered:
            state = Standing.DELIVERED
        elif delivery.attempts >= ATTEMPTS or outcome.is_gone:
            state = Standing.DEAD
        else:
            next_at = self._later(delivery, outcome.wait, now)
        self._note(delivery, state, next_at, outcome.status, outcome.words)
        if outcome.is_gone:
            self.desk.subscriptions.disable(delivery.webhook, "the endpoint answered 410 Gone")

    def _later(self, delivery: Delivery, asked: float | None, now: datetime) -> datetime:
        wait = WAITS[min(delivery.attempts, len(WAITS)) - 1]
        longer = max(float(wait), asked or 0.0) * (1 + JITTER * self._chance.random())
        return now + timedelta(seconds=longer)

    def _note(
        self,
        delivery: Delivery,
        state: Standing,
        next_at: datetime,
        status: int | None,
        error: str | None,
    ) -> None:
        self.desk.subscriptions.note(delivery, state, next_at, status, error)
