"""The commands of `meshport webhook`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from meshport.cli.show import print_data, print_json, print_table, say
from meshport.errors import ServingError
from meshport.names import PortId
from meshport.serving.audit_trail import Trail, apart
from meshport.serving.state import Doors
from meshport.serving.webhooks.desk import COMMAND_LINE, WebhookDesk
from meshport.serving.webhooks.subscriptions import Ask, Standing
from meshport.settings import current_settings


def add_webhook(
    port: str, url: str, consumer: str, events: tuple[str, ...], purpose: str | None
) -> None:
    """Print a new webhook's secret, alone on stdout.

    Raises ContractError MP104, ServingError MP602, MP610, MP661, MP662, AccessError MP702 to MP704,
    MP722, MP734.
    """
    desk = _desk()
    one = desk.doors.access.consumers.get(consumer)
    ask = Ask(PortId.parse(port), url, events, purpose)
    with apart(Trail(desk.doors.access.audit, COMMAND_LINE, desk.doors.now)):
        made = desk.add(ask, one.principal)
    say(f"webhook {made.id} of {consumer}; its secret is not shown again:")
    print_data(made.secret)


def show_webhooks(consumer: str | None, as_json: bool) -> None:
    """List webhooks, all or a consumer's."""
    subscriptions = _desk().subscriptions
    found = subscriptions.of([consumer]) if consumer else subscriptions.all()
    if as_json:
        print_json([one.as_json() for one in found])
        return
    rows = [(one.id, one.owner, str(one.port), one.url, one.disabled or "active") for one in found]
    print_table(("webhook", "consumer", "port", "address", "state"), rows)


def show_deliveries(webhook: str, state: str | None, as_json: bool) -> None:
    """List what a webhook was sent; raises ServingError MP602, MP660."""
    known = [standing.value for standing in Standing]
    if state is not None and state not in known:
        raise ServingError("MP602", f"there is no state `{state}`", hint=", ".join(known))
    subscriptions = _desk().subscriptions
    one = subscriptions.get(webhook)
    found = subscriptions.deliveries(one.id, Standing(state) if state else None)
    if as_json:
        print_json([each.as_json() for each in found])
        return
    rows = [
        (str(each.event), each.type, each.state.value, str(each.attempts), each.error or "–")
        for each in found
    ]
    print_table(("no", "event", "state", "attempts", "why"), rows, numbers=(0, 3))


def test_webhook(webhook: str) -> None:
    """Send a test; raises ServingError MP660."""
    desk = _desk()
    outcome = desk.test(desk.subscriptions.get(webhook))
    if outcome.is_delivered:
        say(f"{webhook} took it: {outcome.status}")
        return
    say(f"{webhook} did not take it: {outcome.words}")
    sys.exit(1)


def replay_webhook(webhook: str, after: int | None) -> None:
    """Queue events again; raises ServingError MP660."""
    desk = _desk()
    queued = desk.replay(desk.subscriptions.get(webhook), after)
    say(f"{queued} events will be sent again by the server")


def remove_webhook(webhook: str) -> None:
    """Forget a webhook; raises ServingError MP660."""
    desk = _desk()
    desk.remove(desk.subscriptions.get(webhook))
    say(f"{webhook} is removed")


def rotate_webhook(webhook: str, overlap: timedelta) -> None:
    """Print a webhook's new secret, alone on stdout; raises ServingError MP660, MP663."""
    desk = _desk()
    secret = desk.rotate(desk.subscriptions.get(webhook), overlap)
    old = f"the old one counts until {desk.doors.now() + overlap:%Y-%m-%d %H:%M} UTC"
    say(f"new secret of {webhook}; {old if overlap else 'the old one counts no more'}:")
    print_data(secret)


def _desk() -> WebhookDesk:
    return WebhookDesk(Doors(current_settings(), lambda: datetime.now(UTC)))
