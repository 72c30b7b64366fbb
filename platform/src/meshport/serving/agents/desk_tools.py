"""request_access and request_status: an agent asks, people decide. No tool here decides."""

from __future__ import annotations

from typing import Any

from fastapi.concurrency import run_in_threadpool

from meshport.access.agreements import Agreement, State, Terms
from meshport.access.principal import Kind
from meshport.contracts.access_class import AGENT, access_classes
from meshport.errors import AccessError, ServingError
from meshport.serving.agents.arguments import RequestAccess, RequestStatus
from meshport.serving.agents.call import Call, Told, shown_scope
from meshport.serving.agents.cells import counted, plain
from meshport.serving.agreement_view import AgreementView, agreement_for

_SHOWN = 20
_NEXT = {
    State.REQUESTED: "Wait: a person decides. Ask request_status later.",
    State.ASKED: "The owner asks something back; a person answers it on the agreement's page.",
    State.ACTIVE: "Read: it counts now.",
    State.EXPIRING: "Read: it counts, but ends soon.",
}
_OVER = "It is over; ask anew with request_access if it is still needed."


async def request(call: Call, wanted: RequestAccess) -> Told:
    """The request, new or still open; raises ServingError MP602, MP610, AccessError MP705, MP722,
    MP730, MP733."""
    return await run_in_threadpool(_request, call, wanted)


async def status(call: Call, wanted: RequestStatus) -> Told:
    """How requests stand; raises AccessError MP705, MP731."""
    return await run_in_threadpool(_status, call, wanted)


def _request(call: Call, wanted: RequestAccess) -> Told:
    _require_known(call)
    desk, now, port = call.doors.desk, call.doors.now(), call.port(wanted.id)
    terms = Terms(
        consumer=call.principal.name,
        port=port.id,
        purpose=wanted.purpose,
        access_class=_class(call, wanted),
        reason=wanted.reason,
        days=wanted.days,
        scope=tuple(wanted.row_scope) if wanted.row_scope is not None else None,
    )
    # An agent that forgot must not fill the owner's desk.
    one = _same(desk.agreements.of(terms.consumer, port.id, now), terms)
    words = "was asked for before" if one else "is asked for"
    one = one or desk.request(terms, call.principal, now)
    return Told(_shown(call, one), f"Agreement {one.number} {words}; it is {one.state}.")


def _status(call: Call, wanted: RequestStatus) -> Told:
    _require_known(call)
    if wanted.number is not None:
        one = agreement_for(call.asker, wanted.number)
        return Told({"agreements": [_shown(call, one)], "notes": []}, f"It is {one.state}.")
    name, now = call.principal.name, call.doors.now()
    own = [one for one in call.doors.desk.agreements.all(now) if one.terms.consumer == name]
    shown = list(reversed(own))[:_SHOWN]
    notes = [] if own else ["You never asked for access: use request_access."]
    if len(own) > _SHOWN:
        notes.append(f"{len(own) - _SHOWN} older ones are not shown.")
    found = [_shown(call, one) for one in shown]
    return Told(
        {"agreements": found, "notes": notes}, f"{counted(len(found), 'agreement')} of yours."
    )


def _class(call: Call, wanted: RequestAccess) -> str:
    if wanted.access_class is not None:
        return wanted.access_class
    if call.principal.kind is Kind.AGENT:
        return AGENT
    known = [one.name for one in access_classes(call.doors.catalog.scale) if one.name != AGENT]
    raise ServingError("MP602", "`access_class` is missing", hint=f"classes: {', '.join(known)}")


def _same(held: list[Agreement], terms: Terms) -> Agreement | None:
    """The open request that says the same."""
    alike = (terms.purpose, terms.access_class, terms.scope)
    for one in held:
        said = (one.terms.purpose, one.terms.access_class, one.terms.scope)
        if one.is_open and said == alike:
            return one
    return None


def _shown(call: Call, one: Agreement) -> dict[str, Any]:
    view, last = AgreementView(call.asker, one), one.events[-1]
    return {
        "number": one.number,
        "state": one.state.value,
        "port": str(one.terms.port),
        "purpose": one.terms.purpose,
        "access_class": one.terms.access_class,
        "row_scope": shown_scope(one.terms.scope),
        "until": one.until.isoformat() if one.until else None,
        "waits_for": [plain(name, 100) for name in view.waits_for[:5]],
        "last_act": last.act.value,
        "last_note": plain(last.note or "", 300),
        "next": _NEXT.get(one.state, _OVER),
    }


def _require_known(call: Call) -> None:
    if not call.principal.is_known:
        raise AccessError("MP705", "agreements are for those we know", hint="send a token")
