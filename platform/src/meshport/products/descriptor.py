"""What a data product says of itself: its ODPS descriptor, read and validated.

Open Data Product Standard 1.1.0 (Bitol). No light package carries its JSON schema, so the part
the mesh uses is stated here as pydantic models that refuse every other key.
"""

from __future__ import annotations

import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from meshport.contracts.schema import name_hint, where
from meshport.errors import ManyFaultsError, MeshportError, ProductError
from meshport.yaml_file import KeyPath, YamlDocument, read_yaml

DESCRIPTOR_FILE = "data_product.odps.yaml"

SemVer = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, alias_generator=to_camel, populate_by_name=True
    )


class CustomProperty(_Part):
    """A key that the standard does not know."""

    property: str
    value: Any
    description: str | None = None
    vendor: str | None = None


class Link(_Part):
    """An authoritative definition elsewhere."""

    type: str
    url: str
    description: str | None = None


class Description(_Part):
    """What the product is for, what not, and how to use it."""

    purpose: str
    usage: str | None = None
    limitations: str | None = None
    authoritative_definitions: list[Link] = []
    custom_properties: list[CustomProperty] = []


class InputPort(_Part):
    """A port of another data product that this one relies on."""

    name: str
    contract_id: str
    version: SemVer
    tags: list[str] = []
    custom_properties: list[CustomProperty] = []


class InputContract(_Part):
    """A contract that one output port is built from."""

    id: str
    version: SemVer


class OutputPort(_Part):
    """A table the product offers, behind one contract and major version."""

    name: str
    contract_id: str
    version: SemVer
    type: str = "tables"
    description: str | None = None
    input_contracts: list[InputContract] = []
    deprecated: bool = False
    tags: list[str] = []
    custom_properties: list[CustomProperty] = []


class Support(_Part):
    """Where the owner answers."""

    channel: str
    url: str | None = None
    description: str | None = None
    tool: str | None = None
    scope: str | None = None
    invitation_url: str | None = None


class Member(_Part):
    """Somebody who answers for the product."""

    username: str
    name: str | None = None
    description: str | None = None
    role: str | None = None
    date_in: str | None = None
    date_out: str | None = None


class Team(_Part):
    """The owners."""

    name: str
    description: str | None = None
    members: list[Member] = []
    tags: list[str] = []


class Descriptor(_Part):
    """A whole descriptor; `input_ports` may be empty, `output_ports` may not."""

    api_version: Literal["v1.0.0", "v1.1.0"]
    kind: Literal["DataProduct"]
    id: str
    name: str
    version: SemVer
    status: Literal["proposed", "draft", "active", "deprecated", "retired"]
    domain: str
    type: str | None = None
    tenant: str | None = None
    description: Description
    input_ports: list[InputPort] = []
    output_ports: list[OutputPort] = Field(min_length=1)
    support: list[Support] = []
    team: Team
    tags: list[str] = []
    custom_properties: list[CustomProperty] = []
    authoritative_definitions: list[Link] = []
    product_created_ts: str | None = None


def read_descriptor(file: Path, shown_as: str | None = None) -> Descriptor:
    """Read one descriptor; raises ContractError MP101, MP102 or ProductError MP201."""
    document = read_yaml(file, shown_as)
    return descriptor_of(document)


def descriptor_of(document: YamlDocument) -> Descriptor:
    """The descriptor written in a YAML document; raises ProductError MP201."""
    try:
        return Descriptor.model_validate(document.value)
    except ValidationError as error:
        faults: list[MeshportError] = [_fault(document, item) for item in error.errors()]
        raise faults[0] if len(faults) == 1 else ManyFaultsError(faults) from error


def _fault(document: YamlDocument, item: Any) -> ProductError:
    path: KeyPath = tuple(item["loc"])
    place = document.place(path)
    parent = where(document.value, path[:-1]).replace("the contract", "the descriptor")
    if item["type"] == "extra_forbidden":
        known = {to_camel(name) for name in _fields_at(Descriptor, path[:-1])}
        fact = f"unknown key `{path[-1]}` in {parent}"
        return ProductError("MP201", fact, place, name_hint(str(path[-1]), known))
    if item["type"] == "missing":
        return ProductError("MP201", f"{parent} lacks the key `{path[-1]}`", place)
    return ProductError("MP201", f"{where(document.value, path)}: {item['msg']}", place)


def _fields_at(model: Any, path: KeyPath) -> set[str]:
    for part in path:
        if isinstance(part, str):
            names = {to_camel(name): field for name, field in model.model_fields.items()}
            model = _model_in(names[part].annotation)
    return set(model.model_fields)


def _model_in(annotation: Any) -> Any:
    if get_origin(annotation) in (list, Union, types.UnionType):
        return next(a for a in get_args(annotation) if a is not type(None))
    return annotation
