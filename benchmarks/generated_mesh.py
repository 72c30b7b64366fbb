"""A large mesh, always the same: domains in layers, each built on ports of the layers before.

Every domain has five ports over five source tables; every port has a staging, an intermediate and
a port model. Contracts, descriptors and YAML are complete, so that every tool can read the mesh.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

PORTS = 5
LAYERS = 8
_COLUMNS = (
    ("id", "VARCHAR(32)", "string"),
    ("account_id", "VARCHAR(32)", "string"),
    ("status", "VARCHAR(16)", "string"),
    ("opened_at", "TIMESTAMPTZ", "timestamp"),
    ("closed_on", "DATE", "date"),
    ("quantity", "INTEGER", "integer"),
    ("gross_amount", "DECIMAL(12,2)", "number"),
    ("net_amount", "DECIMAL(12,2)", "number"),
    ("is_late", "BOOLEAN", "boolean"),
    ("region_code", "VARCHAR(8)", "string"),
)
_STATUSES = ("new", "active", "paused", "closed")


def write_mesh(root: Path, domains: int = 200) -> None:
    """Write a mesh: of every domain five ports and fifteen models."""
    chance = Random(7)
    names = [f"area_{number:03}" for number in range(domains)]
    _write(root / "workspace.yaml", "load_from: []\n")
    for file, text in _SHARED.items():
        _write(root / file, text)
    for number, name in enumerate(names):
        layer = number * LAYERS // domains
        before = [other for n, other in enumerate(names) if n * LAYERS // domains < layer]
        relied = sorted(chance.sample(before, min(3, len(before))))
        _Domain(root, name, [(one, chance.randrange(PORTS)) for one in relied]).write()


class _Domain:
    """One domain and the ports of others it is built on, as (domain, number of port)."""

    def __init__(self, root: Path, name: str, inputs: list[tuple[str, int]]) -> None:
        self.root = root
        self.name = name
        self.inputs = inputs
        self.folder = root / "domains" / name

    def write(self) -> None:
        _write(self.folder / "data_product.odps.yaml", self._descriptor())
        _write(self.folder / "dbt/dbt_project.yml", _PROJECT.format(name=self.name))
        _write(self.folder / "dbt/models/sources.yml", self._sources())
        _write(self.folder / "sources.py", "EXTRACTS = []\n")
        for port in range(PORTS):
            named = f"{self.name}_port_{port}"
            _write(
                self.root / f"contracts/{self.name}/{named}.v1.odcs.yaml",
                self._contract(named, port),
            )
            models = self.folder / "dbt/models"
            _write(models / f"output_ports/{named}.yml", self._model_words(named))
            _write(models / f"staging/stg_{port}.sql", _STAGING.format(table=f"raw_{port}"))
            _write(models / f"intermediate/int_{port}.sql", self._intermediate(port))
            _write(models / f"output_ports/{named}_v1.sql", _PORT_MODEL.format(port=port))

    def _descriptor(self) -> str:
        inputs = "".join(
            f"  - {{name: {one}_{n}, contractId: {one}.{one}_port_{n}, version: 1.0.0}}\n"
            for one, n in self.inputs
        )
        used = [f"      - {{id: {one}.{one}_port_{n}, version: 1.0.0}}\n" for one, n in self.inputs]
        ports = "".join(
            f"  - name: {self.name}_port_{n}\n    description: What {self.name} offers.\n"
            f"    type: tables\n    contractId: {self.name}.{self.name}_port_{n}\n"
            f"    version: 1.0.0\n"
            + (f"    inputContracts:\n{used[n % len(used)]}" if used else "")
            for n in range(PORTS)
        )
        head = _DESCRIPTOR.format(name=self.name)
        return head + (f"inputPorts:\n{inputs}" if inputs else "") + f"outputPorts:\n{ports}"

    def _sources(self) -> str:
        def table(name: str) -> str:
            columns = "".join(
                f"    - name: {column}\n      data_type: {kind}\n" for column, kind, _ in _COLUMNS
            )
            return f"  - name: {name}\n    columns:\n{columns}"

        # The source writes its times without a zone.
        raw = "".join(table(f"raw_{port}") for port in range(PORTS))
        raw = raw.replace("TIMESTAMPTZ", "TIMESTAMP")
        inputs = "".join(table(f"{one}__{one}_port_{n}_v1") for one, n in self.inputs)
        text = f"version: 2\nsources:\n- name: raw\n  schema: raw\n  tables:\n{raw}"
        return text + (f"- name: inputs\n  schema: inputs\n  tables:\n{inputs}" if inputs else "")

    def _contract(self, named: str, port: int) -> str:
        columns = "".join(
            _column(name, kind, logical, is_key=name == "id") for name, kind, logical in _COLUMNS
        )
        return _CONTRACT.format(domain=self.name, port=named, number=port, columns=columns)

    def _model_words(self, named: str) -> str:
        columns = "".join(
            f"    - name: {name}\n      description: What {named} says of {name}.\n"
            f"      data_type: {kind}\n      config:\n        meta:\n"
            f"          classification: internal\n"
            for name, kind, _ in _COLUMNS
        )
        return _MODEL_WORDS.format(named=named, domain=self.name, columns=columns)

    def _intermediate(self, port: int) -> str:
        if not self.inputs:
            return _ALONE.format(port=port)
        one, n = self.inputs[port % len(self.inputs)]
        return _JOINED.format(port=port, source=f"{one}__{one}_port_{n}_v1")


def _column(name: str, kind: str, logical: str, *, is_key: bool) -> str:
    lines = [
        f"      - id: {name}",
        f"        name: {name}",
        f"        description: What the row says of its {name}, as it was when it was published.",
        f"        logicalType: {logical}",
        f"        physicalType: {kind}",
        "        classification: internal",
        "        required: true",
    ]
    if is_key:
        lines += ["        primaryKey: true", "        primaryKeyPosition: 1"]
    if name == "status":
        lines += ["        enum:", *(f"          - {{value: {one}}}" for one in _STATUSES)]
    return "\n".join(lines) + "\n"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


_SHARED = {
    "platform/dbt/profiles.yml": "meshport: {target: private_warehouse, outputs: {}}\n",
    "platform/dbt/macros/time.sql": (
        "{% macro zone() %}'Europe/Berlin'{% endmacro %}\n"
        "{% macro instant(column) %}timezone({{ zone() }}, {{ column }}){% endmacro %}\n"
        "{% macro day(column) %}cast(timezone({{ zone() }}, {{ column }}) as date){% endmacro %}\n"
    ),
    "catalog/classifications.yaml": (
        "classifications:\n"
        "  - {name: public, meaning: Could stand on the website., is_served_openly: true}\n"
        "  - {name: internal, meaning: For everyone in the company., is_served_openly: true}\n"
    ),
    "catalog/glossary.yaml": "terms: []\n",
}
_DESCRIPTOR = """apiVersion: v1.1.0
kind: DataProduct
id: {name}
name: Area {name}
version: 1.0.0
status: active
domain: {name}
description:
  purpose: What {name} knows, for everyone who plans with it.
team:
  name: Team {name}
  members:
    - {{username: owner.{name}@example.com, role: Data Product Owner}}
support:
  - {{channel: "#{name}", tool: slack, scope: interactive, url: "https://chat.example.com/{name}"}}
"""
_PROJECT = """name: {name}
version: "1.0.0"
config-version: 2
profile: meshport
model-paths: [models]
macro-paths: [../../../platform/dbt/macros]
"""
_MODEL_WORDS = """version: 2
models:
- name: {named}
  description: One row per thing that {domain} knows.
  latest_version: 1
  access: public
  config:
    contract:
      enforced: true
  versions:
  - v: 1
    columns:
{columns}"""
_CONTRACT = """apiVersion: v3.2.0
kind: DataContract
id: {domain}.{port}
version: 1.0.0
status: active
name: Port {number} of {domain}
domain: {domain}
description:
  purpose: What {domain} knows of its things, for everyone who plans with them.
  usage: Join on id.
  limitations: Closed things are kept for ten years.
schema:
  - id: {port}
    name: {port}
    physicalType: table
    logicalType: object
    description: Every thing that the area knows, open or closed.
    dataGranularityDescription: One row per id.
    properties:
{columns}    quality:
      - id: has_rows
        type: library
        metric: rowCount
        mustBeGreaterThan: 0
        dimension: completeness
        severity: error
        description: Without a row the feed is broken.
slaProperties:
  - {{id: freshness, property: freshness, value: 72, unit: h, element: {port}.opened_at}}
  - {{id: availability, property: availability, value: 99.5, unit: percent}}
team:
  name: Team {domain}
  members:
    - {{username: owner.{domain}@example.com, role: Data Product Owner}}
support:
  - {{channel: "#{domain}", tool: slack, scope: interactive, url: "https://chat.example.com/{domain}"}}
"""
_STAGING = """-- One row per thing, as the source exports it.
select
    id,
    account_id,
    lower(trim(status)) as status,
    {{{{ instant('opened_at') }}}} as opened_at,
    cast(closed_on as date) as closed_on,
    quantity,
    gross_amount,
    coalesce(net_amount, gross_amount) as net_amount,
    case when closed_on > {{{{ day('opened_at') }}}} + 30 then true else is_late end as is_late,
    nullif(trim(region_code), '') as region_code
from {{{{ source('raw', '{table}') }}}}
where id is not null
qualify row_number() over (partition by id order by opened_at desc) = 1
"""
_ALONE = """-- One row per account.
select
    account_id,
    count(*) as thing_count,
    sum(gross_amount) as gross_amount,
    max(opened_at) as last_opened_at,
    bool_or(is_late) as is_late
from {{{{ ref('stg_{port}') }}}}
where status <> 'paused'
group by all
"""
_JOINED = """-- One row per account, with what another area knows of it.
with relied as (
    select account_id, sum(net_amount) as net_amount, max(opened_at) as last_opened_at
    from {{{{ source('inputs', '{source}') }}}}
    where status in ('new', 'active')
    group by account_id
)

select
    account_id,
    count(*) as thing_count,
    sum(things.gross_amount + coalesce(relied.net_amount, 0)) as gross_amount,
    max(relied.last_opened_at) as last_opened_at,
    bool_or(things.is_late) as is_late
from {{{{ ref('stg_{port}') }}}} as things
left join relied using (account_id)
group by account_id
"""
_PORT_MODEL = """-- One row per thing.
with accounts as (
    select * from {{{{ ref('int_{port}') }}}}
)

select
    things.id,
    things.account_id,
    things.status,
    things.opened_at,
    things.closed_on,
    cast(things.quantity * coalesce(accounts.thing_count, 1) as integer) as quantity,
    cast(coalesce(accounts.gross_amount, things.gross_amount) as decimal(12, 2)) as gross_amount,
    cast(things.net_amount as decimal(12, 2)) as net_amount,
    case when accounts.is_late then true else things.is_late end as is_late,
    things.region_code
from {{{{ ref('stg_{port}') }}}} as things
left join accounts using (account_id)
"""

if __name__ == "__main__":
    write_mesh(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200)
