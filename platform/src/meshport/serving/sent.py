"""What is sent to be done: JSON from programs, forms from pages, both held against one model."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from meshport.errors import ServingError
from meshport.serving.limits import MOST_OVERLAP_HOURS, OVERLAP_HOURS

MAX_BYTES = 200_000
_MAX_FIELDS = 50
_FORM = "application/x-www-form-urlencoded"


class Sent(BaseModel):
    """A body; a key that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid")


class Wanted(Sent):
    """A request for access; a scope in a form is a list with commas."""

    port: str = Field(max_length=200)
    purpose: str = Field(max_length=200)
    access_class: str = Field(alias="class", max_length=200)
    reason: str = Field(max_length=2000)
    consumer: str | None = Field(default=None, max_length=200)
    days: int = 90
    scope: list[Annotated[str, Field(max_length=200)]] | None = Field(None, max_length=1000)
    is_break_glass: bool = False

    @field_validator("scope", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part for one in value.split(",") if (part := one.strip())]
        return value


class Said(Sent):
    """What goes with a decision."""

    note: str = Field(default="", max_length=2000)


class WantedWebhook(Sent):
    """A webhook; no events are all of them."""

    port: str = Field(max_length=200)
    url: str = Field(max_length=2000)
    events: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=20)
    purpose: str | None = Field(default=None, max_length=200)


class Replay(Sent):
    """What is to be sent again: what came after an event's number, or else what was given up."""

    after: int | None = Field(default=None, ge=0, lt=2**53)


class Rotation(Sent):
    """How many hours the secret before the new one counts."""

    overlap_hours: int = Field(default=OVERLAP_HOURS, ge=0, le=MOST_OVERLAP_HOURS)


class Login(Sent):
    """Who is to be played; nobody in particular without a name."""

    name: str = ""
    back: str = "/"


Model = TypeVar("Model", bound=Sent)


def is_form(request: Request) -> bool:
    """Whether a page sent it, so that a page is the answer."""
    return _media_type(request) == _FORM


def sent_as(model: type[Model]) -> Callable[[Request], Awaitable[Model]]:
    """A dependency: the body as that model.

    Raises ServingError MP602 for what does not fit the model, and answers 413 where it is too
    large and 415 where it is neither JSON nor a form.
    """

    async def read(request: Request) -> Model:
        body = await _body(request)
        try:
            return model.model_validate(_content(request, body))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the body"
            known = [f.alias or name for name, f in model.model_fields.items()]
            hint = f"known: {', '.join(known)}"
            fact = f"`{where[:80]}`: {first['msg'].lower()}"
            raise ServingError("MP602", fact, hint=hint) from error
        except (ValueError, RecursionError) as error:
            raise ServingError("MP602", "the body cannot be read", hint="send JSON") from error

    return read


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            raise HTTPException(413)
    return body


def _content(request: Request, body: bytes) -> Any:
    """The body's content; an empty field of a form is one that is not given."""
    media = _media_type(request)
    if media == _FORM:
        fields = parse_qsl(body.decode(), max_num_fields=_MAX_FIELDS)
        return {name: value.strip() for name, value in fields}
    if not body:
        return {}
    if media != "application/json":
        raise HTTPException(415)
    return json.loads(body)


def _media_type(request: Request) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
