"""What a port says of itself is true of the rows it serves."""

from __future__ import annotations

from collections import Counter

import jsonschema_rs
import pytest
from fastapi.openapi.models import OpenAPI

from meshport.products.mesh import load_mesh
from meshport.publishing.store import ReleaseStore
from tests.building import ROOT, column
from tests.doors.lab import GAUGE_COLUMNS, GAUGES, ROWS

pytestmark = pytest.mark.xdist_group("doors")

MESH = load_mesh(ROOT)
# A port that was only scaffolded has neither rows nor sources yet.
PORTS = [port.id for port in MESH.ports if port.contract.status == "active"]
every_port = pytest.mark.parametrize("port", PORTS, ids=str)


@every_port
def test_the_contract_is_the_file_byte_for_byte(door, port):
    answer = door.get(f"{port.path}/contract")

    assert answer.content == (ROOT / port.contract_path).read_bytes()
    assert answer.headers["content-type"] == "application/yaml"


@every_port
def test_the_schema_accepts_every_row_that_is_served(door, port):
    answer = door.get(f"{port.path}/schema")
    assert answer.headers["content-type"] == "application/schema+json"
    validator = jsonschema_rs.Draft202012Validator(answer.json(), validate_formats=True)

    rows = door.get(f"{port.path}/rows?limit=10000").json()

    assert rows
    assert [fault.message for row in rows for fault in validator.iter_errors(row)] == []


@every_port
def test_the_schema_refuses_a_row_with_another_column_or_none(door, port):
    schema = door.get(f"{port.path}/schema").json()
    validator = jsonschema_rs.Draft202012Validator(schema)
    row = door.get(f"{port.path}/rows?limit=1").json()[0]

    assert not validator.is_valid({**row, "stranger": 1})
    assert not validator.is_valid({})


def test_the_schema_fits_wide_numbers_odd_texts_and_moments(small_door):
    schema = small_door.get(f"{GAUGES.path}/schema").json()
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)

    for row in small_door.get(f"{ROWS}?limit=1000").json():
        validator.validate(row)
    assert schema["properties"]["big"]["type"] == "string"


@every_port
def test_checks_are_those_of_the_release(door, built, port):
    answer = door.get(f"{port.path}/checks").json()

    manifest = ReleaseStore(built).of(port.domain).current()
    outcomes = manifest.ports[str(port)].checks
    assert [check["id"] for check in answer["checks"]] == [check.id for check in outcomes]
    assert Counter(check["status"] for check in answer["checks"])["passed"] > 10
    assert answer["refused"] is None


@every_port
def test_the_receipt_leads_back_to_source_files(door, port):
    receipt = door.get(f"{port.path}/receipt").json()

    def sources(one):
        return [s["file"] for s in one["sources"]] + [
            f for up in one["upstream"] for f in sources(up)
        ]

    assert receipt["release"] == door.get(f"{port.path}/rows?limit=1").headers["meshport-release"]
    assert any(str(file).endswith(".csv") for file in sources(receipt))
    assert receipt["lost"] == []


def test_releases_are_listed_newest_first_with_the_current_one_marked(lab):
    lab.publish(50)
    answer = lab.client().get(f"{GAUGES.path}/releases").json()

    assert [(one["rows"], one["is_current"]) for one in answer["releases"]] == [
        (50, True),
        (100, False),
    ]
    assert [move["act"] for move in answer["moves"]] == ["publish", "publish"]


def test_the_port_document_agrees_with_its_page_and_its_rows(door):
    port = door.get("/ports/orders/orders/v1").json()

    assert port["rows"] == len(door.get("/ports/orders/orders/v1/rows?limit=10000").json())
    assert port["access"]["columns_served"] == sum(c["is_served"] for c in port["columns"])
    assert port["access"]["columns_withheld"] == 1
    for link in port["links"].values():
        assert door.get(link).status_code == 200


def test_products_list_every_domain_with_its_ports(door):
    listed = door.get("/products").json()

    ports = {port["id"] for product in listed["products"] for port in product["ports"]}
    assert {product["domain"] for product in listed["products"]} == set(MESH.products)
    assert ports == {str(port.id) for port in MESH.ports}
    for product in listed["products"]:
        assert door.get(f"/products/{product['domain']}").json() == product


def test_search_and_glossary_are_documents_too(door):
    hits = door.get("/search?q=late deliveries").json()["hits"]
    terms = door.get("/glossary").json()["terms"]

    assert "logistics.delivery_performance.v1" in {hit["port"] for hit in hits[:3]}
    assert "Late delivery" in {term["term"] for term in terms}


def test_health_tells_how_much_is_published(door):
    health = door.get("/healthz").json()
    ports = len(list(MESH.ports))

    assert (health["status"], health["ports"], health["published"]) == ("ok", ports, ports)


@pytest.mark.parametrize(
    "path",
    [
        "/ports/orders/orders/v9",
        "/ports/orders/orders/v01",
        "/ports/orders/orders/1",
        "/ports/orders/orders/v1@orders-000001-00000000",
        "/ports/orders/nothing/v1/rows",
        "/ports/nobody/orders/v1/contract",
        "/ports/orders/orders/v1@orders-000099-00000000/rows",
        "/ports/orders/orders/v1@catalog-000001-00000000/schema",
        "/ports/orders/orders/v1/nothing",
        "/products/nobody",
        "/index.xml",
        "/glossary.pdf",
        "/static/nothing.css",
        "/nothing",
    ],
)
def test_what_is_not_there_is_a_problem_with_status_404(door, path):
    answer = door.get(path)

    assert (answer.status_code, answer.json()["status"]) == (404, 404)
    assert answer.headers["content-type"] == "application/problem+json"
    page = door.get(path, headers={"accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")


ORDERS_ROWS = "/ports/orders/orders/v1/rows"
WRITES = ("POST", "PUT", "DELETE", "PATCH", "OPTIONS")
# A question may be too long for an address: rows are asked for in a body as well.
ASKED = {(ORDERS_ROWS, "POST"), (ORDERS_ROWS, "OPTIONS")}


@pytest.mark.parametrize(
    ("path", "method"),
    sorted({(p, m) for p in ("/", "/products", ORDERS_ROWS, "/healthz") for m in WRITES} - ASKED),
)
def test_nothing_can_be_written(door, path, method):
    answer = door.request(method, path)

    assert (answer.status_code, answer.json()["title"]) == (405, "Method Not Allowed")
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.headers["allow"].split(", ")) - {"OPTIONS"} == (
        {"GET", "HEAD", "POST", "QUERY"} if path == ORDERS_ROWS else {"GET", "HEAD"}
    )


def test_before_the_first_release_there_are_promises_but_no_rows(tmp_path, open_door):
    client = open_door(tmp_path / "fresh")
    port = "/ports/orders/orders/v1"

    rows = client.get(f"{port}/rows")

    assert (rows.status_code, rows.json()["code"]) == (503, "MP611")
    assert "meshport run orders" in rows.json()["hint"]
    assert int(rows.headers["retry-after"]) > 0
    assert client.get(f"{port}/receipt").json()["code"] == "MP611"
    assert client.get(f"{port}/contract").content.startswith(b"apiVersion")
    assert "order_id" in client.get(f"{port}/schema").json()["properties"]
    assert client.get(f"{port}/checks").json()["checks"] == []
    assert client.get(f"{port}/releases").json()["releases"] == []
    assert client.get(port).json()["release"] is None
    assert client.get("/healthz").json()["published"] == 0
    assert client.get("/products").json()["products"][0]["state"] == "unpublished"


def test_a_contract_ahead_of_the_release_does_not_disturb_readers(lab):
    before = lab.client().get(ROWS).json()
    ahead = [c for c in GAUGE_COLUMNS if c["name"] != "ratio"]
    ahead = [{**c, "required": True} if c["name"] == "small" else c for c in ahead]
    lab.promise(GAUGES, *ahead, column("colour", "VARCHAR"))
    client = lab.client()

    rows = client.get(f"{ROWS}?limit=1000&order=small").json()

    # The new column comes with the next release; the one taken out of the promise is not served.
    assert list(rows[0]) == [name for name in before[0] if name != "ratio"]
    assert len(rows) == 100
    assert client.get(f"{ROWS}?select=colour").json()["code"] == "MP601"
    assert "colour" not in client.get(f"{GAUGES.path}/schema").json()["properties"]
    page = client.get(GAUGES.path, headers={"accept": "text/html"})
    assert "from the next release on" in page.text
    pages, walked = f"{ROWS}?limit=9&order=small", []
    while pages:
        answer = client.get(pages)
        walked += answer.json()
        pages = answer.links.get("next", {}).get("url")
    assert walked == rows


def test_openapi_is_a_valid_document_in_which_every_path_answers(door):
    document = door.get("/openapi.json").json()

    OpenAPI.model_validate(document)
    operations = [one for path in document["paths"].values() for one in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    for path, methods in document["paths"].items():
        if "get" not in methods or path.startswith(("/sql", "/webhooks")):
            continue  # it takes a question or somebody with a name; its own tests ask it
        answer = door.get(path.replace("{domain}", "orders"), headers={"accept": "*/*"})
        assert answer.status_code == 200
        media = answer.headers["content-type"].partition(";")[0]
        assert media in methods["get"]["responses"]["200"]["content"]


@every_port
def test_the_row_model_in_openapi_is_true_of_rows_and_of_parts_of_them(door, port):
    operation = door.get("/openapi.json").json()["paths"][f"{port.path}/rows"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema_rs.meta.validate(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    )
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)

    first = next(iter(schema["items"]["properties"]))
    validator.validate(door.get(f"{port.path}/rows").json())
    validator.validate(door.get(f"{port.path}/rows?select={first}").json())
    assert {first, "select", "order", "limit", "cursor", "format"} <= {
        parameter["name"] for parameter in operation["parameters"]
    }
