"""What the commands about identities and agreements do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from meshport.access.agreements import Act, Agreement, Terms
from meshport.access.consumers import KINDS, Consumer
from meshport.access.desk import Desk
from meshport.access.principal import Kind, Principal
from meshport.access.purposes import read_purposes
from meshport.access.register import AccessRegister
from meshport.cli.show import print_data, print_json, print_table, say
from meshport.contracts.classification import read_classifications
from meshport.errors import AccessError
from meshport.names import PortId
from meshport.products.mesh import load_mesh
from meshport.settings import current_settings


@dataclass(frozen=True)
class Ask:
    """What a request on the command line says."""

    port: str
    consumer: str
    purpose: str
    access_class: str
    reason: str
    days: int
    scope: str | None

    def terms(self) -> Terms:
        """The terms; raises ContractError MP104 for what is no port."""
        # A scope that names no value is not the same as none: the desk refuses it.
        scope = None
        if self.scope is not None:
            scope = tuple(value for one in self.scope.split(",") if (value := one.strip()))
        port = PortId.parse(self.port)
        about = (self.consumer, port, self.purpose, self.access_class, self.reason)
        return Terms(*about, days=self.days, scope=scope)


def add_consumer(name: str, kind: str, acts_for: str | None, contact: str | None) -> None:
    """Register a consumer; raises AccessError MP720, MP721."""
    if kind not in KINDS:
        raise AccessError("MP721", f"`{kind}` is no kind", hint=f"one of {', '.join(KINDS)}")
    wanted = Consumer(name, Kind(kind), acts_for, contact, "", is_disabled=False)
    _register().consumers.add(wanted, "command line", _now())
    say(f"added {kind} {name}; give it a token: meshport token create {name}")


def show_consumers(as_json: bool) -> None:
    """List them."""
    found = _register().consumers.all()
    if as_json:
        print_json([vars(one) for one in found])
        return
    rows = [
        (c.name, c.kind.value, c.acts_for or c.contact or "–", "no" if c.is_disabled else "yes")
        for c in found
    ]
    print_table(("consumer", "kind", "person behind", "enabled"), rows)


def disable_consumer(name: str) -> None:
    """Shut a consumer out; raises AccessError MP722."""
    _register().consumers.disable(name, _now())
    say(f"{name} is shut out from now on")


def create_token(consumer: str, days: int, purpose: str | None) -> None:
    """Print a new token, alone on stdout; raises AccessError MP722, MP723, MP730."""
    if purpose:
        read_purposes(current_settings().root).get(purpose)
    made = _register().tokens.create(consumer, _now(), days, purpose)
    say(f"token {made.id} of {consumer}, until {made.expires_at:%Y-%m-%d}; it is not shown again:")
    print_data(made.secret)


def revoke_token_command(token: str) -> None:
    """End a token; raises AccessError MP724."""
    _register().tokens.revoke(token, _now())
    say(f"token {token} counts no more")


def show_tokens(consumer: str, as_json: bool) -> None:
    """List a consumer's tokens."""
    found = [dict(row) for row in _register().tokens.of(consumer)]
    if as_json:
        print_json(found)
        return
    rows = [
        (t["id"], t["purpose"] or "any", t["created_at"][:10], t["expires_at"][:10],
         "revoked" if t["revoked_at"] else "–")
        for t in found
    ]  # fmt: skip
    print_table(("token", "purpose", "made", "until", "state"), rows)


def request_access(ask: Ask, by: str, is_break_glass: bool) -> None:
    """Ask, and print the agreement's number; raises AccessError MP722, MP730, MP733, MP734."""
    desk = _desk()
    principal = _principal(desk, by)
    terms = ask.terms()
    if is_break_glass:
        made = desk.break_glass(terms, principal, _now())
        say(f"agreement {made.number}: access until {made.until:%H:%M} UTC, and everybody sees it")
    else:
        made = desk.request(terms, principal, _now())
        waits = ", ".join(desk.deciders(terms)) or "nobody: the port has no owner"
        say(f"agreement {made.number} waits for {waits}")
    print_data(str(made.number))


def act_on(number: int, act: str, by: str, note: str) -> None:
    """Decide, or take a step of one's own; raises AccessError MP731 to MP735."""
    desk = _desk()
    after = desk.act(number, Act(act), _principal(desk, by), _now(), note)
    until = f", until {after.until:%Y-%m-%d}" if after.state.grants and after.until else ""
    say(f"agreement {number} is {after.state}{until}")


def show_agreements(consumer: str | None, waiting_for: str | None, as_json: bool) -> None:
    """List agreements and where they stand."""
    desk = _desk()
    if waiting_for:
        found = desk.waiting_for(waiting_for, _now())
    elif consumer:
        found = desk.agreements.of_consumer(consumer, _now())
    else:
        found = desk.agreements.all(_now())
    if as_json:
        print_json([one.as_json() for one in found])
    else:
        _show(found)


def show_agreement(number: int, as_json: bool) -> None:
    """One agreement with its history; raises AccessError MP731."""
    found = _desk().agreements.get(number, _now())
    if as_json:
        print_json(found.as_json())
        return
    _show([found])
    rows = [(e.at[:19], e.act.value, e.by, e.note or "") for e in found.events]
    print_table(("when", "what", "who", "words"), rows)


def _show(found: Sequence[Agreement]) -> None:
    rows = []
    for one in found:
        terms = one.terms
        until = f"{one.until:%Y-%m-%d}" if one.until else "–"
        scope = ",".join(terms.scope) if terms.scope else "all rows"
        about = (terms.consumer, str(terms.port), terms.access_class, terms.purpose, scope)
        rows.append((str(one.number), one.state.value, *about, until))
    headings = ("no", "state", "consumer", "port", "class", "purpose", "rows", "until")
    print_table(headings, rows, numbers=(0,))


def _register() -> AccessRegister:
    return AccessRegister.at_home(current_settings().home)


def _desk() -> Desk:
    root = current_settings().root
    return _register().desk(load_mesh(root), read_classifications(root))


def _principal(desk: Desk, name: str) -> Principal:
    # Whoever may write to the meshport home can do everything anyway: the name is for the history.
    one = desk.consumers.get(name)
    return Principal(one.name, one.kind, one.acts_for)


def _now() -> datetime:
    return datetime.now(UTC)
