"""The rules that two contracts alone cannot break: the gate finds them in the mesh around them.

Rule ids are never reused; those of the comparison stand in `changes/rules.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Planted:
    """One edit of the mesh that breaks a rule, and what the gate then says."""

    file: str
    old: str
    new: str
    says: str


@dataclass(frozen=True)
class MeshRule:
    """One rule with why it matters and the way out."""

    id: str
    title: str
    why: str
    fix: str
    example: Planted | None = None


_ORDERS = "domains/orders/dbt/models/output_ports"
_SALES = "contracts/orders/daily_sales.v1.odcs.yaml"

_PARITY = (
    MeshRule(
        "PAR01",
        "Contract and model do not have the same columns",
        "The build would end with an error, or the release would be refused.",
        "Promise what the model returns, or return what is promised.",
        Planted(
            f"{_ORDERS}/daily_sales_v1.sql",
            "    currency_code\nfrom",
            "    currency_code as currency\nfrom",
            "the model returns `currency`, which orders.daily_sales.v1 does not promise",
        ),
    ),
    MeshRule(
        "PAR02",
        "A generated file does not follow from the contract",
        "dbt would hold the model against a contract that is not the one in `contracts/`.",
        "Run `meshport generate`, and edit the contract instead of the file.",
        Planted(
            f"{_ORDERS}/payments.yml",
            "enforced: true",
            "enforced: false",
            "dbt would hold the model against another contract than the one that is here",
        ),
    ),
    MeshRule(
        "PAR03",
        "Contract and model do not have the same types",
        "DuckDB gives other types than one thinks: a sum of INTEGER is HUGEINT, a quotient is "
        "DOUBLE, a date and an interval are a TIMESTAMP. The build would end with an error.",
        "Cast the column in the model, or promise what it is.",
        Planted(
            f"{_ORDERS}/daily_sales_v1.sql",
            "cast(sum(item_count) as integer) as item_count",
            "sum(item_count) as item_count",
            "the model returns `item_count` as HUGEINT, orders.daily_sales.v1 promises INTEGER",
        ),
    ),
    MeshRule(
        "PAR04",
        "A model takes back what follows from its contract",
        "What a model says of itself with `config(…)` goes before every YAML file: the contract is "
        "no longer enforced, the port not built, or not where readers look.",
        "Take the choice out of `config(…)`.",
        Planted(
            f"{_ORDERS}/payments_v1.sql",
            "-- One row per payment towards an order.",
            "{{ config(contract={'enforced': false}) }}",
            "dbt would not hold the model against its contract",
        ),
    ),
    MeshRule(
        "PAR05",
        "The API describes a port as it is not",
        "Clients are generated from the API's description; they fail on the first row.",
        "Let `logicalType` and `physicalType` mean the same; everything else follows from them.",
        Planted(
            _SALES,
            "logicalType: number",
            "logicalType: integer",
            "the API of orders.daily_sales.v1: `items_amount` is integer, DECIMAL(12,2) comes as "
            "number",
        ),
    ),
    MeshRule(
        "PAR06",
        "A port is built from others than the descriptor names",
        "Who relies on whom, and who is told of a change, follows from the descriptor.",
        "Name in `inputPorts` and `inputContracts` what the models read, and nothing else.",
        Planted(
            "domains/orders/data_product.odps.yaml",
            "      - {id: catalog.items, version: 1.0.0}\n",
            "",
            "orders.order_lines.v1 is built from catalog.items.v1, which its inputContracts do not "
            "name",
        ),
    ),
)

_LIFE = (
    MeshRule(
        "VER01",
        "A published version changes",
        "Consumers pinned a number and now read something else under it.",
        "Give the new content a new version.",
    ),
    MeshRule(
        "VER02",
        "The version says too little or too much",
        "Who still reads by an earlier version of the major breaks, or moves for nothing.",
        "Write the version that the report names.",
    ),
    MeshRule(
        "VER03",
        "The version is no SemVer, or goes back",
        "Nobody can tell which of two versions is newer.",
        "Write MAJOR.MINOR.PATCH, above the last one.",
    ),
    MeshRule(
        "VER05",
        "An old major names no end of support",
        "Consumers cannot plan when to move to the new one.",
        "Set its status to deprecated and state `endOfSupport`; retire it after that day.",
    ),
    MeshRule(
        "FLD004",
        "A column's name comes back and means something else",
        "Old queries run again and read something else.",
        "Give the new column another name.",
    ),
    MeshRule(
        "OBJ006",
        "A removed port's address comes back under an old version",
        "Old pins would find another promise.",
        "Go on above the last version, or take another name.",
    ),
    MeshRule(
        "PRT07",
        "An input port ends",
        "After its end of support nobody answers for it.",
        "Move to the next major.",
    ),
)

_PEOPLE = (
    MeshRule(
        "CON02",
        "A consumer relies on more than was promised",
        "It holds until it does not, and nobody has to announce the change.",
        "Ask the owner to promise it, or stop relying on it.",
    ),
    MeshRule(
        "LIN01",
        "The origins of too many columns are not known",
        "Whom a change breaks can then not be told.",
        "See `meshport impact` for what is not told, and write it so that it can be.",
    ),
    MeshRule(
        "WAI01",
        "A waiver is expired, unused, or approved by its owner",
        "A waiver is an exception for a time that somebody else has agreed to.",
        "Mend what it waives, renew it, or remove it.",
    ),
    MeshRule(
        "WAI02",
        "A waiver of a governance finding has the wrong approver",
        "Governance findings are for those who own `catalog/policies/` in CODEOWNERS.",
        "Ask one of them.",
    ),
)

MESH_RULES: Mapping[str, MeshRule] = {
    rule.id: rule for group in (_PARITY, _LIFE, _PEOPLE) for rule in group
}
