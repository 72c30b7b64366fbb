"""`meshport consumer`, `meshport token` and `meshport access`: identities and agreements."""

from __future__ import annotations

from typing import Annotated

import typer

from meshport.cli.options import Format, FormatOption

consumers = typer.Typer(help="People, services, agents and partners.", no_args_is_help=True)
tokens = typer.Typer(help="Bearer tokens: shown once, expiring, revocable.", no_args_is_help=True)
access = typer.Typer(help="Ask for access to ports, and decide.", no_args_is_help=True)

As = Annotated[str, typer.Option("--as", help="who does it: a consumer's name")]
Number = Annotated[int, typer.Argument(help="the agreement's number")]
Note = Annotated[str, typer.Option(help="what to say to the other side")]


@consumers.command("add")
def add(
    name: Annotated[str, typer.Argument(help="for example anna@example.com or mailer")],
    kind: Annotated[str, typer.Option(help="person, service, agent or partner")] = "person",
    acts_for: Annotated[str | None, typer.Option(help="the person an agent works for")] = None,
    contact: Annotated[str | None, typer.Option(help="the person behind it")] = None,
) -> None:
    """Register a consumer.

    Example: meshport consumer add shopping-agent --kind agent --acts-for anna@example.com
    """
    from meshport.cli.access import add_consumer

    add_consumer(name, kind, acts_for, contact)


@consumers.command("list")
def list_consumers(format: FormatOption = Format.TEXT) -> None:
    """Show every consumer.

    Example: meshport consumer list --format json
    """
    from meshport.cli.access import show_consumers

    show_consumers(format is Format.JSON)


@consumers.command("disable")
def disable(name: Annotated[str, typer.Argument()]) -> None:
    """Let none of a consumer's tokens count any more, from now.

    Example: meshport consumer disable mailer
    """
    from meshport.cli.access import disable_consumer

    disable_consumer(name)


@tokens.command("create")
def create(
    consumer: Annotated[str, typer.Argument()],
    days: Annotated[int, typer.Option(help="how long it lives, at most 366")] = 90,
    purpose: Annotated[str | None, typer.Option(help="the only purpose it is for")] = None,
) -> None:
    """Make a token; it is printed now and never again.

    Example: meshport token create mailer --purpose direct-marketing
    """
    from meshport.cli.access import create_token

    create_token(consumer, days, purpose)


@tokens.command("revoke")
def revoke_token(token: Annotated[str, typer.Argument(help="its id")]) -> None:
    """Let a token count no more, from now.

    Example: meshport token revoke 1f0c9a7e2b44
    """
    from meshport.cli.access import revoke_token_command

    revoke_token_command(token)


@tokens.command("list")
def list_tokens(
    consumer: Annotated[str, typer.Argument()], format: FormatOption = Format.TEXT
) -> None:
    """Show a consumer's tokens, without what could be used.

    Example: meshport token list mailer
    """
    from meshport.cli.access import show_tokens

    show_tokens(consumer, format is Format.JSON)


@access.command("request")
def request(
    port: Annotated[str, typer.Argument(help="DOMAIN.PORT.vN")],
    consumer: Annotated[str, typer.Option(help="who is to read")],
    purpose: Annotated[str, typer.Option(help="one of catalog/purposes.yaml")],
    access_class: Annotated[str, typer.Option("--class", help="the access class")],
    reason: Annotated[str, typer.Option(help="what it is for, in a sentence")],
    days: Annotated[int, typer.Option()] = 90,
    scope: Annotated[
        str | None, typer.Option(help="only these values of the row scope: SP,RJ")
    ] = None,
    by: As = "",
    break_glass: Annotated[
        bool, typer.Option("--break-glass", help="read at once, four hours, seen by all")
    ] = False,
) -> None:  # fmt: skip
    """Ask for access to a port.

    Example: meshport access request customers.customers.v1 --consumer mailer --class restricted
    --purpose direct-marketing --reason "the weekly newsletter" --as anna@example.com
    """
    from meshport.cli.access import Ask, request_access

    wanted = Ask(port, consumer, purpose, access_class, reason, days, scope)
    request_access(wanted, by or consumer, break_glass)


def _decision(act: str, help_text: str) -> None:
    name = act.replace("_", "-")
    example = f"Example: meshport access {name} 1 --as rosa@example.com"

    @access.command(name, help=f"{help_text}\n\n{example}")
    def decide(number: Number, by: As, note: Note = "") -> None:
        from meshport.cli.access import act_on

        act_on(number, act, by, note)


_decision("approve", "Grant what is asked for, or renew it: for the port's owner.")
_decision("deny", "Refuse what is asked for: for the port's owner.")
_decision("ask", "Ask back before deciding: for the port's owner.")
_decision("answer", "Answer what the owner asked.")
_decision("revoke", "End an agreement now: for the port's owner.")
_decision("cancel", "Give up a request or an agreement of one's own.")
_decision("ask_renewal", "Ask for another term of an agreement.")


@access.command("list")
def list_agreements(
    consumer: Annotated[str | None, typer.Option(help="only this consumer's")] = None,
    waiting_for: Annotated[
        str | None, typer.Option(help="only what this person has to decide")
    ] = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show agreements and requests, and where they stand.

    Example: meshport access list --waiting-for rosa@example.com
    """
    from meshport.cli.access import show_agreements

    show_agreements(consumer, waiting_for, format is Format.JSON)


@access.command("show")
def show(number: Number, format: FormatOption = Format.TEXT) -> None:
    """Show one agreement with its whole history.

    Example: meshport access show 1
    """
    from meshport.cli.access import show_agreement

    show_agreement(number, format is Format.JSON)
