"""`meshport webhook`: be called when something happens to a port."""

from __future__ import annotations

from typing import Annotated

import typer

from meshport.cli.options import Format, FormatOption
from meshport.serving.limits import MOST_OVERLAP_HOURS, OVERLAP_HOURS

webhooks = typer.Typer(help="Be called when something happens to a port.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="the webhook's id")]


@webhooks.command("add")
def add(
    port: Annotated[str, typer.Argument(help="DOMAIN.PORT.vN")],
    url: Annotated[str, typer.Argument(help="an https address")],
    consumer: Annotated[str, typer.Option(help="whose access it rests on")],
    event: Annotated[list[str] | None, typer.Option(help="only this one; may be repeated")] = None,
    purpose: Annotated[str | None, typer.Option(help="that of the agreement")] = None,
) -> None:
    """Add a webhook; its secret is printed now and never again.

    Example: meshport webhook add orders.orders.v1 https://example.com/orders --consumer mailer
    """
    from meshport.cli.webhooks import add_webhook

    add_webhook(port, url, consumer, tuple(event or ()), purpose)


@webhooks.command("list")
def list_webhooks(
    consumer: Annotated[str | None, typer.Option(help="only this consumer's")] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show webhooks and where they stand.

    Example: meshport webhook list --consumer mailer
    """
    from meshport.cli.webhooks import show_webhooks

    show_webhooks(consumer, format is Format.JSON)


@webhooks.command("deliveries")
def deliveries(
    webhook: Id,
    state: Annotated[str | None, typer.Option(help="only these, for example dead")] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show what a webhook was sent and is to be sent.

    Example: meshport webhook deliveries whk_3f9c0a7e2b441d08 --state dead
    """
    from meshport.cli.webhooks import show_deliveries

    show_deliveries(webhook, state, format is Format.JSON)


@webhooks.command("test")
def test(webhook: Id) -> None:
    """Send an event that means nothing, now; ends with 1 where it is not taken.

    Example: meshport webhook test whk_3f9c0a7e2b441d08
    """
    from meshport.cli.webhooks import test_webhook

    test_webhook(webhook)


@webhooks.command("replay")
def replay(
    webhook: Id,
    after: Annotated[int | None, typer.Option(help="all events after this number")] = None,
) -> None:
    """Send again what was given up, or all after an event; starts a disabled one again.

    Example: meshport webhook replay whk_3f9c0a7e2b441d08 --after 41
    """
    from meshport.cli.webhooks import replay_webhook

    replay_webhook(webhook, after)


@webhooks.command("rotate")
def rotate(
    webhook: Id,
    overlap_hours: Annotated[
        int,
        typer.Option(
            min=0, max=MOST_OVERLAP_HOURS, help="the old secret counts so long; 0: no more"
        ),
    ] = OVERLAP_HOURS,
) -> None:
    """Give a webhook a new secret, printed now and never again; the old one counts a while.

    Example: meshport webhook rotate whk_3f9c0a7e2b441d08
    """
    from datetime import timedelta

    from meshport.cli.webhooks import rotate_webhook

    rotate_webhook(webhook, timedelta(hours=overlap_hours))


@webhooks.command("remove")
def remove(webhook: Id) -> None:
    """Remove a webhook.

    Example: meshport webhook remove whk_3f9c0a7e2b441d08
    """
    from meshport.cli.webhooks import remove_webhook

    remove_webhook(webhook)
