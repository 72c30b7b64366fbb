"""What each tool takes. A model is told by name what it got wrong, so that it can mend it."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meshport.errors import ServingError

PortText = Annotated[
    str, Field(max_length=200, description="Port id from find_products: domain.port.vN")
]
Purpose = Annotated[
    str | None,
    Field(max_length=200, description="Where your agreements are for several purposes"),
]


class Arguments(BaseModel):
    """Arguments of one tool; one that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid")


class Find(Arguments):
    """find_products"""

    question: str = Field(max_length=200, description="Words: what the data is about")


class Describe(Arguments):
    """describe_product"""

    id: PortText
    purpose: Purpose = None


class Sample(Arguments):
    """sample_product"""

    id: PortText
    limit: int = Field(default=5, ge=1, le=20)
    purpose: Purpose = None


class Query(Arguments):
    """query_product"""

    id: PortText
    select: str | None = Field(default=None, max_length=20_000, description="Columns: a,b,c")
    filters: dict[str, str | list[str]] = Field(
        default={},
        max_length=64,
        description='Column to operator.value: {"total": "gte.100", "state": "in.(SP,RJ)", '
        '"sold_at": ["gte.2026-01-01", "lt.2026-02-01"], "or": "(a.is.null,b.eq.x)"}. Operators: '
        "eq neq gt gte lt lte like ilike in is; not. negates",
    )
    order: str | None = Field(default=None, max_length=1000, description="a.desc,b")
    limit: int = Field(
        50, ge=1, le=10_000, description="Rows at most; answers are cut at about 20 kB"
    )
    cursor: str | None = Field(
        default=None,
        max_length=8000,
        description="next_cursor of the answer before; rest unchanged",
    )
    purpose: Purpose = None


class Sql(Arguments):
    """query_sql, explain_sql"""

    sql: str = Field(
        max_length=64 * 1024,
        description="One SELECT (DuckDB) over tables named domain.port or domain.port_vN",
    )
    purpose: Purpose = None


class RequestAccess(Arguments):
    """request_access"""

    id: PortText
    purpose: str = Field(max_length=200, description="One of the mesh's purposes")
    reason: str = Field(max_length=2000, description="What for; a person reads it and decides")
    access_class: str | None = Field(
        default=None, max_length=200, description="Not for agents: theirs is always `agent`"
    )
    days: int = Field(default=90, ge=1, le=366)
    row_scope: list[Annotated[str, Field(max_length=200)]] | None = Field(
        default=None, max_length=1000, description="Only rows with these values of the scope column"
    )


class RequestStatus(Arguments):
    """request_status"""

    number: int | None = Field(default=None, ge=1, description="Without it: all of yours")


Model = TypeVar("Model", bound=Arguments)


def arguments_of(model: type[Model], given: dict[str, Any] | None) -> Model:
    """The arguments as that model; raises ServingError MP602 for what does not fit."""
    try:
        return model.model_validate(given or {})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the arguments"
        fact = f"`{where[:80]}`: {first['msg'].lower()[:200]}"
        known = ", ".join(model.model_fields)
        raise ServingError("MP602", fact, hint=f"arguments: {known}") from error


def schema_of(model: type[Arguments]) -> dict[str, Any]:
    """The arguments as JSON Schema, as short as it can be said."""
    schema = model.model_json_schema()
    properties = {name: _short(one) for name, one in schema["properties"].items()}
    required = {"required": schema["required"]} if "required" in schema else {}
    return {"type": "object", "properties": properties, **required, "additionalProperties": False}


def _short(schema: dict[str, Any]) -> dict[str, Any]:
    """Without titles, lengths, and the null that leaving it out means."""
    left_out = ("title", "maxLength", "maxItems", "maxProperties")
    kept = {name: value for name, value in schema.items() if name not in left_out}
    if kept.get("default", "") in (None, {}):
        del kept["default"]
    choices = [one for one in kept.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        kept = {**_short(choices[0]), **kept}
    for name in ("items", "additionalProperties"):
        if isinstance(kept.get(name), dict):
            kept[name] = _short(kept[name])
    return kept
