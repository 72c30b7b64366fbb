"""/access/…: asking for access, deciding, and one's own agreements."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from meshport.access.agreements import Act, Agreement, Terms
from meshport.errors import AccessError, ContractError
from meshport.names import PortId
from meshport.serving import access_pages
from meshport.serving.agreement_view import AgreementView, agreement_for, view_desk
from meshport.serving.identity import VARIES_BY, Asker, asker_of
from meshport.serving.negotiation import form_wanted, split_suffix, suffix_of
from meshport.serving.origin import own_origin
from meshport.serving.ports_routes import json_answer
from meshport.serving.router import DoorRouter
from meshport.serving.sent import Said, Wanted, is_form, sent_as

router = DoorRouter(dependencies=[Depends(own_origin)])
_DONE_HERE = {act.value for act in Act} - {Act.REQUEST, Act.BREAK_GLASS}


@router.post("/access/requests", include_in_schema=False)
def ask(request: Request, wanted: Annotated[Wanted, Depends(sent_as(Wanted))]) -> Response:
    """Ask for access; 201 with the agreement and where it is."""
    asker = _known(request)
    desk, terms = asker.doors.desk, _terms(wanted, asker)
    act = desk.break_glass if wanted.is_break_glass else desk.request
    made = act(terms, asker.principal, asker.doors.now())
    return _done(request, asker, made, status=201)


@router.post("/access/agreements/{number}/{act}", include_in_schema=False)
def decide(
    request: Request, number: str, act: str, said: Annotated[Said, Depends(sent_as(Said))]
) -> Response:
    """Approve, deny, ask, answer, cancel, revoke, or ask for renewal."""
    asker = _known(request)
    if act not in _DONE_HERE:
        raise AccessError("MP735", f"`{act[:40]}` is nothing that can be done to an agreement")
    one = _numbered(asker, number)
    now = asker.doors.now()
    after = asker.doors.desk.act(one.number, Act(act), asker.principal, now, said.note)
    return _done(request, asker, after)


@router.reads("/access/purposes")
def purposes(request: Request) -> Response:
    """What data may be asked for."""
    found = asker_of(request).doors.desk.purposes.all
    return json_answer({"purposes": [vars(purpose) for purpose in found]})


@router.reads("/access", "/access.{suffix}", "/access/agreements")
def mine(request: Request) -> Response:
    """What concerns the asker: its agreements, what waits for its decision, and the rest."""
    asker = _known(request)
    view, form = view_desk(asker), form_wanted(request, suffix_of(request))
    return _private(view.as_json()) if form == "json" else access_pages.desk_page(view, form)


@router.reads("/access/agreements/{number}")
def one(request: Request, number: str) -> Response:
    """An agreement, for those it concerns."""
    digits, suffix = split_suffix(number)
    asker = _known(request)
    view = AgreementView(asker, _numbered(asker, digits))
    form = form_wanted(request, suffix)
    return _private(view.as_json()) if form == "json" else access_pages.agreement_page(view, form)


def _terms(wanted: Wanted, asker: Asker) -> Terms:
    """The terms; who names no consumer asks for itself. Raises AccessError MP733."""
    try:
        port = PortId.parse(wanted.port)
    except ContractError as error:
        raise AccessError("MP733", f"there is no port {wanted.port}") from error
    return Terms(
        consumer=wanted.consumer or asker.principal.name,
        port=port,
        purpose=wanted.purpose,
        access_class=wanted.access_class,
        reason=wanted.reason,
        days=wanted.days,
        scope=tuple(wanted.scope) if wanted.scope is not None else None,
    )


def _done(request: Request, asker: Asker, one: Agreement, status: int = 200) -> Response:
    """The agreement as it is now, or for a page's form the way to its page."""
    where = f"/access/agreements/{one.number}"
    if is_form(request):
        return RedirectResponse(where, status_code=303)
    answer = _private(AgreementView(asker, one).as_json())
    answer.status_code = status
    answer.headers["Location"] = where
    return answer


def _private(content: dict[str, Any]) -> Response:
    vary = {"Vary": f"Accept, {VARIES_BY}", "Cache-Control": "private, no-cache"}
    return json_answer(content, vary)


def _known(request: Request) -> Asker:
    asker = asker_of(request)
    if not asker.principal.is_known:
        raise AccessError("MP705", "agreements are for those we know", hint="send a token")
    return asker


def _numbered(asker: Asker, number: str) -> Agreement:
    if number.isascii() and number.isdigit() and len(number) < 19:
        return agreement_for(asker, int(number))
    raise AccessError("MP731", f"there is no agreement {number[:40]}")
