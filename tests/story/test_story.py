"""The whole story, contract to consumer: a new domain promises, publishes, fails, and mends.

The claims team joins the mesh. It writes a contract, reads its own extract and the orders
domain's port, publishes; a consumer finds the port and reads it; a bad extract is refused while
the consumer goes on reading; the mended one is published; a release tells where it came from.
"""

from __future__ import annotations

import json
from pathlib import Path

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


@pytest.mark.xdist_group("story")
def test_a_new_domain_goes_from_contract_to_consumer(home: Path, source: Path, tmp_path: Path):
    root = copy_mesh(tmp_path / "mesh")
    orders = order_ids(home)

    def run_claims(*lines: str):
        text = "\n".join(["id,order,reason,note,refund", *lines]) + "\n"
        (source / "claims_desk.csv").write_text(text)
        return meshport("run", "claims", "--source", source, cwd=root, MESHPORT_HOME=home)

    # A scaffolded domain is a promise to be filled in: contract, source, logic.
    assert meshport("new", "domain", "claims", cwd=root).returncode == 0
    domain = root / "domains" / "claims"
    (root / "contracts/claims/claims.v1.odcs.yaml").write_text(CONTRACT)
    (domain / "sources.py").write_text(SOURCES)
    (domain / "dbt/models/output_ports/claims_v1.sql").write_text(MODEL)
    edit(domain / "data_product.odps.yaml", "outputPorts:\n", INPUT)
    assert meshport("generate", cwd=root).returncode == 0
    linted = meshport("contract", "lint", "contracts/claims", cwd=root)
    assert linted.returncode == 0, linted.stdout

    # Twelve parcels came back; one names a reason that the form does not offer.
    good = [f"R{n},{orders[n]},damaged,it broke,10.50" for n in range(10, 21)]
    first = run_claims(*good, f"R21,{orders[21]},because,,3.00")
    assert first.returncode == 0, first.stderr
    state = port_state(root, home)
    assert (state["rows"], state["quarantined"], state["refused"]) == (11, 1, None)

    # A consumer who knows no names finds the port, reads its promise, then its rows.
    found = meshport(
        "search", "parcels sent back", "--format", "json", cwd=root, MESHPORT_HOME=home
    )
    assert "claims.claims.v1" in found.stdout
    client = TestClient(create_app(settings_at(home, root), is_demo=True), base_url=LOOPBACK)
    port = "/ports/claims/claims/v1"
    assert client.get(f"{port}/contract").text == CONTRACT
    page = client.get(f"{port}/rows", params={"order": "return_id", "limit": 4})
    assert page.json()[0] == {
        "return_id": "R10",
        "order_id": orders[10],
        "reason": "damaged",
        "refund_amount": 10.50,
    }

    # The next export is spoilt: half of it belongs to orders that nobody placed.
    spoilt = run_claims(*good[:6], *(f"R{n},no-such-order,damaged,,1.00" for n in range(16, 22)))
    assert spoilt.returncode == 1
    refused = port_state(root, home)["refused"]
    assert any("order_id" in check["id"] for check in refused["checks"])
    assert "last release stays served" in spoilt.stderr

    # The consumer notices nothing: same release, same walk through the pages.
    rest = client.get(page.links["next"]["url"])
    assert keys(rest) == ["R14", "R15", "R16", "R17"]

    # The mended export is published; the old walk stays on its release, a new one sees the news.
    mended = run_claims(*good, f"R21,{orders[21]},wrong_item,,3.00")
    assert mended.returncode == 0, mended.stderr
    assert port_state(root, home)["refused"] is None
    last = client.get(rest.links["next"]["url"])
    assert keys(last) == ["R18", "R19", "R20"]
    assert last.headers["Meshport-Release"] == page.headers["Meshport-Release"]
    news = client.get(f"{port}/rows", params={"return_id": "eq.R21"})
    assert news.json()[0]["reason"] == "wrong_item"
    assert news.headers["Meshport-Release"] == port_state(root, home)["release"]

    # A release says which release of orders it was made of, and which file.
    release = port_state(root, home)["release"]
    receipt = meshport("receipt", release, "--format", "json", cwd=root, MESHPORT_HOME=home)
    assert "claims_desk.csv" in receipt.stdout
    assert ReleaseStore(home).of("orders").pointer().current in receipt.stdout


def order_ids(home: Path) -> list[str]:
    rows = TestClient(create_app(settings_at(home), is_demo=True), base_url=LOOPBACK).get(
        "/ports/orders/orders/v1/rows",
        params={"select": "order_id", "order": "order_id", "limit": 30},
    )
    return [row["order_id"] for row in rows.json()]


def keys(page: Response) -> list[str]:
    return [row["return_id"] for row in page.json()]


def port_state(root: Path, home: Path) -> dict:
    status = json.loads(meshport("status", "--format", "json", cwd=root, MESHPORT_HOME=home).stdout)
    return next(port for port in status["ports"] if port["id"] == "claims.claims.v1")
