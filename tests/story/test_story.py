"""The whole story, contract to consumer: a new domain promises, publishes, fails, and mends.

The claims team joins the mesh. It writes a contract, reads its own extract and the orders
domain's port, publishes; a consumer finds the port and reads it; a bad extract is refused while
the consumer goes on reading; the mended one is published; a release tells where it came from.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from meshport.publishing.store import ReleaseStore
from meshport.serving.app import create_app
from tests.building import LOOPBACK, copy_mesh, edit, meshport, settings_at

CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: claims.claims
version: 1.0.0
status: active
name: Returned parcels
domain: claims
description:
  purpose: What customers sent back, why, and what they got for it.
  usage: Join to orders.orders by order_id.
  limitations: Exchanges are not claims.
schema:
  - name: claims
    description: One parcel that came back to the warehouse.
    dataGranularityDescription: One row per return_id.
    properties:
      - name: return_id
        description: Key given by the claims desk, never reused.
        logicalType: string
        logicalTypeOptions: {pattern: "^R[0-9]+$"}
        physicalType: VARCHAR(8)
        primaryKey: true
        required: true
        classification: internal
      - name: order_id
        description: The order that the parcel belonged to.
        logicalType: string
        physicalType: VARCHAR(32)
        required: true
        classification: internal
        relationships:
          - type: foreignKey
            to: ../orders/orders.v1.odcs.yaml#/schema/orders/properties/order_id
      - name: reason
        description: Why it came back, in the words of the claims form.
        logicalType: string
        physicalType: VARCHAR(16)
        required: true
        classification: internal
        quality:
          - id: known_reason
            description: Only what the form offers.
            type: library
            metric: invalidValues
            arguments: {validValues: [damaged, wrong_item, changed_mind]}
            mustBe: 0
      - name: customer_note
        description: What the customer wrote on the form, free text.
        logicalType: string
        physicalType: VARCHAR
        classification: confidential
      - name: refund_amount
        description: What was paid back, in BRL.
        logicalType: number
        logicalTypeOptions: {minimum: 0}
        physicalType: DECIMAL(12,2)
        required: true
        classification: internal
slaProperties:
  - {id: frequency, property: frequency, value: 1, unit: d, element: claims.return_id}
  - {id: kept, property: retention, value: 2, unit: y, element: claims.customer_note}
team:
  name: Claims team
  members: [{username: ana@example.com, role: Data Product Owner}]
support:
  - {channel: "#claims-data", tool: slack, scope: interactive}
customProperties:
  - {property: quarantineBudget, value: 10 %}
"""

SOURCES = '''\
"""What the claims domain reads: the claims desk's daily export."""

from meshport.sources import Extract

EXTRACTS = [
    Extract(
        table="claims",
        file="claims_desk",
        columns={
            "id": "VARCHAR",
            "order": "VARCHAR",
            "reason": "VARCHAR",
            "note": "VARCHAR",
            "refund": "DECIMAL(12,2)",
        },
        becomes="output_ports.claims_v1",
        key={"id": "return_id"},
    ),
]
'''

MODEL = """\
-- One row per parcel that came back, for an order that exists.
select
    cast(claims.id as varchar) as return_id,
    orders.order_id,
    claims.reason,
    claims.note as customer_note,
    claims.refund as refund_amount
from {{ source('raw', 'claims') }} as claims
left join {{ source('inputs', 'orders__orders_v1') }} as orders on orders.order_id = claims."order"
"""

INPUT = """\
inputPorts:
  - {name: orders_orders, contractId: orders.orders, version: 1.0.0}

outputPorts:
"""


PORT = "/ports/claims/claims/v1"


@dataclass(frozen=True)
class Team:
    """The claims team at work: its mesh, the state of it, and the folder of its exports."""

    root: Path
    home: Path
    source: Path

    def types(self, *command: object) -> subprocess.CompletedProcess[str]:
        """What the command line answers."""
        return meshport(*command, cwd=self.root, MESHPORT_HOME=self.home)

    def publishes(self, *claims: str) -> subprocess.CompletedProcess[str]:
        """A run on an export with these lines."""
        text = "\n".join(["id,order,reason,note,refund", *claims]) + "\n"
        (self.source / "claims_desk.csv").write_text(text)
        return self.types("run", "claims", "--source", self.source)

    def state(self) -> dict[str, Any]:
        """What `meshport status` says of the port."""
        status = json.loads(self.types("status", "--format", "json").stdout)
        return next(port for port in status["ports"] if port["id"] == "claims.claims.v1")


@pytest.mark.xdist_group("story")
def test_a_new_domain_goes_from_contract_to_consumer(home: Path, source: Path, tmp_path: Path):
    team = Team(copy_mesh(tmp_path / "mesh"), home, source)
    orders = order_ids(home)
    good = [f"R{n},{orders[n]},damaged,it broke,10.50" for n in range(10, 21)]

    a_scaffold_is_filled_in(team)
    all_rows_but_a_bad_one_are_published(team, [*good, f"R21,{orders[21]},because,,3.00"])
    with TestClient(
        create_app(settings_at(home, team.root), is_demo=True), base_url=LOOPBACK
    ) as consumer:
        page = somebody_who_knows_no_names_reads_the_port(team, consumer, orders[10])
        a_spoilt_export_is_refused(team, good[:6])
        page = the_consumer_notices_nothing(consumer, page)
        mended = a_mended_export_is_published(team, [*good, f"R21,{orders[21]},wrong_item,,3.00"])
        an_old_walk_stays_while_a_new_one_sees_the_news(consumer, page, mended)
    assert team.state()["release"] == mended != page.headers["Meshport-Release"]
    the_release_tells_what_it_was_made_of(team, mended)


def a_scaffold_is_filled_in(team: Team) -> None:
    """A scaffolded domain is a promise to be filled in: contract, source, logic."""
    assert team.types("new", "domain", "claims").returncode == 0
    domain = team.root / "domains" / "claims"
    (team.root / "contracts/claims/claims.v1.odcs.yaml").write_text(CONTRACT)
    (domain / "sources.py").write_text(SOURCES)
    (domain / "dbt/models/output_ports/claims_v1.sql").write_text(MODEL)
    edit(domain / "data_product.odps.yaml", "outputPorts:\n", INPUT)
    assert team.types("generate").returncode == 0
    linted = team.types("contract", "lint", "contracts/claims")
    assert linted.returncode == 0, linted.stdout


def all_rows_but_a_bad_one_are_published(team: Team, claims: list[str]) -> None:
    """Twelve parcels came back; one names a reason that the form does not offer."""
    first = team.publishes(*claims)
    assert first.returncode == 0, first.stderr
    state = team.state()
    assert (state["rows"], state["quarantined"], state["refused"]) == (11, 1, None)


def somebody_who_knows_no_names_reads_the_port(
    team: Team, consumer: TestClient, order: str
) -> Response:
    """A consumer finds the port, reads its promise, then the first page of its rows."""
    found = team.types("search", "parcels sent back", "--format", "json")
    assert "claims.claims.v1" in found.stdout
    assert consumer.get(f"{PORT}/contract").text == CONTRACT
    page = consumer.get(f"{PORT}/rows", params={"order": "return_id", "limit": 4})
    assert page.json()[0] == {
        "return_id": "R10",
        "order_id": order,
        "reason": "damaged",
        "refund_amount": 10.50,
    }
    return page


def a_spoilt_export_is_refused(team: Team, good: list[str]) -> None:
    """The next export is spoilt: half of it belongs to orders that nobody placed."""
    spoilt = team.publishes(*good, *(f"R{n},no-such-order,damaged,,1.00" for n in range(16, 22)))
    assert spoilt.returncode == 1
    assert any("order_id" in check["id"] for check in team.state()["refused"]["checks"])
    assert "last release stays served" in spoilt.stderr


def the_consumer_notices_nothing(consumer: TestClient, page: Response) -> Response:
    """Same release, same walk through the pages."""
    second = consumer.get(page.links["next"]["url"])
    assert keys(second) == ["R14", "R15", "R16", "R17"]
    assert second.headers["Meshport-Release"] == page.headers["Meshport-Release"]
    return second


def a_mended_export_is_published(team: Team, claims: list[str]) -> str:
    """Its release, by name."""
    mended = team.publishes(*claims)
    assert mended.returncode == 0, mended.stderr
    state = team.state()
    assert state["refused"] is None
    release: str = state["release"]
    return release


def an_old_walk_stays_while_a_new_one_sees_the_news(
    consumer: TestClient, page: Response, mended: str
) -> None:
    """A walk goes on in the release in which it began."""
    last = consumer.get(page.links["next"]["url"])
    assert keys(last) == ["R18", "R19", "R20"]
    assert last.headers["Meshport-Release"] == page.headers["Meshport-Release"]
    news = consumer.get(f"{PORT}/rows", params={"return_id": "eq.R21"})
    assert news.json()[0]["reason"] == "wrong_item"
    assert news.headers["Meshport-Release"] == mended


def the_release_tells_what_it_was_made_of(team: Team, release: str) -> None:
    """The release of orders, and the file."""
    receipt = team.types("receipt", release, "--format", "json")
    assert "claims_desk.csv" in receipt.stdout
    assert ReleaseStore(team.home).of("orders").pointer().current in receipt.stdout


def order_ids(home: Path) -> list[str]:
    """Some orders that were placed, as their port shows them."""
    rows = TestClient(create_app(settings_at(home), is_demo=True), base_url=LOOPBACK).get(
        "/ports/orders/orders/v1/rows",
        params={"select": "order_id", "order": "order_id", "limit": 30},
    )
    return [row["order_id"] for row in rows.json()]


def keys(page: Response) -> list[str]:
    """The keys of a page's rows."""
    return [row["return_id"] for row in page.json()]
