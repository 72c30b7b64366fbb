"""/webhooks: add one, see what it was sent, test it, replay, rotate its secret, remove it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response

from meshport.errors import AccessError, ContractError, ServingError
from meshport.names import PortId
from meshport.serving.identity import VARIES_BY, Asker, asker_of
from meshport.serving.origin import own_origin
from meshport.serving.ports_routes import json_answer
from meshport.serving.quota import counted
from meshport.serving.router import DoorRouter
from meshport.serving.rows.faults import bad
from meshport.serving.sent import Replay, Rotation, WantedWebhook, sent_as
from meshport.serving.webhooks.desk import WebhookDesk
from meshport.serving.webhooks.running import webhooks_lifespan
from meshport.serving.webhooks.subscriptions import Ask, Standing, Subscription

router = DoorRouter(lifespan=webhooks_lifespan, dependencies=[Depends(own_origin)])
PATH = "/webhooks"
_HEADERS = {"Cache-Control": "private, no-store", "Vary": VARIES_BY}


@router.post(PATH, include_in_schema=False)
def add(
    request: Request, wanted: Annotated[WantedWebhook, Depends(sent_as(WantedWebhook))]
) -> Response:
    """Add a webhook; 201 with its secret, which is never shown again."""
    asker = _known(request)
    try:
        port = PortId.parse(wanted.port)
    except ContractError as error:
        raise ServingError("MP610", f"there is no port {wanted.port}") from error
    purpose = wanted.purpose or asker.purpose or asker.principal.purpose
    ask = Ask(port, wanted.url, tuple(wanted.events), purpose)
    one = _desk(request).add(ask, asker.principal, asker.principal)
    answer = _answer({**one.as_json(), "secret": one.secret})
    answer.status_code = 201
    answer.headers["Location"] = f"{PATH}/{one.id}"
    return answer


@router.reads(PATH)
def mine(request: Request) -> Response:
    """The asker's webhooks, and those of the machines it stands behind."""
    desk = _desk(request)
    owners = desk.owners_for(_known(request).principal)
    return _answer({"webhooks": [one.as_json() for one in desk.subscriptions.of(owners)]})


@router.reads(f"{PATH}/{{webhook}}")
def one(request: Request, webhook: str) -> Response:
    """One webhook."""
    return _answer(_own(request, webhook).as_json())


@router.reads(f"{PATH}/{{webhook}}/deliveries")
def deliveries(request: Request, webhook: str) -> Response:
    """What it was sent and is to be sent, the newest first; `?state=dead` what was given up."""
    found = _own(request, webhook)
    state = request.query_params.get("state")
    known = [standing.value for standing in Standing]
    if state is not None and state not in known:
        raise bad("state", f"there is no state `{state[:40]}`", f"states: {', '.join(known)}")
    sent = _desk(request).subscriptions.deliveries(found.id, Standing(state) if state else None)
    return _answer({"webhook": found.id, "deliveries": [each.as_json() for each in sent]})


@router.post(f"{PATH}/{{webhook}}/test", include_in_schema=False)
def test(request: Request, webhook: str) -> Response:
    """Send an event that means nothing, and say what came of it."""
    found = _own(request, webhook)
    counted(request, _known(request))
    outcome = _desk(request).test(found)
    words = {"delivered": outcome.is_delivered, "status": outcome.status, "error": outcome.words}
    return _answer({"webhook": found.id, **words})


@router.post(f"{PATH}/{{webhook}}/replay", include_in_schema=False)
def replay(
    request: Request, webhook: str, wanted: Annotated[Replay, Depends(sent_as(Replay))]
) -> Response:
    """Send events again; a webhook that was disabled is tried again."""
    found, by = _own(request, webhook), _known(request).principal
    return _answer({"webhook": found.id, "queued": _desk(request).replay(found, wanted.after, by)})


@router.post(f"{PATH}/{{webhook}}/rotate", include_in_schema=False)
def rotate(
    request: Request, webhook: str, wanted: Annotated[Rotation, Depends(sent_as(Rotation))]
) -> Response:
    """A new secret, which is never shown again; the old one counts for some hours more."""
    found, by = _own(request, webhook), _known(request)
    overlap = timedelta(hours=wanted.overlap_hours)
    secret = _desk(request).rotate(found, overlap, by.principal)
    until = (by.doors.now() + overlap).isoformat()
    return _answer({**found.as_json(), "secret": secret, "old_secret_until": until})


@router.delete(f"{PATH}/{{webhook}}", include_in_schema=False)
def remove(request: Request, webhook: str) -> Response:
    """Remove a webhook."""
    _desk(request).remove(_own(request, webhook), _known(request).principal)
    return Response(status_code=204, headers=_HEADERS)


def _desk(request: Request) -> WebhookDesk:
    desk: WebhookDesk = request.app.state.webhooks
    return desk


def _own(request: Request, webhook: str) -> Subscription:
    """The webhook, if the asker looks after it; else there is none (MP660)."""
    desk = _desk(request)
    owners = desk.owners_for(_known(request).principal)
    return desk.subscriptions.get(webhook, owners)


def _known(request: Request) -> Asker:
    asker = asker_of(request)
    if not asker.principal.is_known:
        raise AccessError("MP705", "webhooks are for those we know", hint="send a token")
    return asker


def _answer(content: dict[str, Any]) -> Response:
    return json_answer(content, _HEADERS)
