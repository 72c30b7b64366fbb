"""Personal data is behind no door, and a withheld column cannot be told from one never there."""

from __future__ import annotations

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from meshport.contracts.classification import read_classifications
from meshport.products.mesh import load_mesh
from tests.building import ROOT, column
from tests.doors.lab import GAUGE_COLUMNS, GAUGES, PEOPLE, ROWS, SECRET, files_of, query

pytestmark = pytest.mark.xdist_group("doors")

MESH = load_mesh(ROOT)
SCALE = read_classifications(ROOT)
WITHHELD = [
    (port, column.name)
    for port in MESH.ports
    for column in port.contract.table.columns
    if column not in SCALE.served_openly(port.contract.table.columns)
]
IDS = [f"{port.id}.{name}" for port, name in WITHHELD]
PARTS = ("", ".md", ".json", "/schema", "/checks", "/releases", "/lineage", "/receipt")


def everything_served(client):
    """Every answer of the server, bulk formats apart."""
    pages = [
        "/",
        "/index.md",
        "/products",
        "/glossary",
        "/errors",
        "/api",
        "/openapi.json",
        "/healthz",
    ]
    for port in MESH.ports:
        pages += [f"{port.id.path}{part}" for part in PARTS]
        pages += [f"{port.id.path}/rows?limit=10000", f"{port.id.path}/rows?format=csv"]
        pages += [f"/products/{port.id.domain}", f"/search?q={port.id.port}"]
    for path in dict.fromkeys(pages):
        yield path, client.get(path).text
        yield path, client.get(path, headers={"accept": "text/html"}).text


@pytest.fixture(scope="module")
def everything(door):
    return list(everything_served(door))


def test_there_is_personal_data_to_withhold():
    assert {name for _, name in WITHHELD} > {"email", "full_name", "phone", "birth_on"}


@pytest.mark.parametrize("name", ["email", "full_name", "phone", "comment_text"])
def test_no_value_of_a_private_column_leaves_the_house(everything, built, name):
    port = next(port.id for port, withheld in WITHHELD if withheld == name)
    scan = f"read_parquet({files_of(built, port)})"
    values = query(f"select distinct {name} from {scan} where length({name}) > 6")
    assert len(values) > 100

    for path, text in everything:
        leaked = [value for (value,) in values if value in text]
        assert not leaked, f"{path} holds {leaked[:3]}"


@pytest.mark.parametrize("port", sorted({port.id for port, _ in WITHHELD}), ids=str)
def test_bulk_formats_hold_the_served_columns_and_no_other(door, port):
    served = list(door.get(f"{port.path}/schema").json()["properties"])

    parquet = pq.read_table(pa.BufferReader(door.get(f"{port.path}/rows?format=parquet").content))
    arrow = pa.ipc.open_stream(door.get(f"{port.path}/rows?format=arrow").content).read_all()

    assert parquet.column_names == arrow.column_names == served
    assert not {name for one, name in WITHHELD if one.id == port} & set(served)


@pytest.mark.parametrize(("port", "name"), WITHHELD, ids=IDS)
@pytest.mark.parametrize(
    "asked", ["select={}", "order={}", "order={}.desc", "{}=eq.a", "{}=is.null", "{}=x"]
)
def test_naming_a_withheld_column_is_answered_like_naming_none(door, port, name, asked):
    # A name of the same length that no contract has, and that resembles no column.
    stranger = "z" * len(name)

    hidden = door.get(f"{port.id.path}/rows?{asked.format(name)}")
    unknown = door.get(f"{port.id.path}/rows?{asked.format(stranger)}")

    assert hidden.status_code == unknown.status_code == 400
    assert hidden.json()["code"] == "MP601"
    told, said = hidden.json(), unknown.json()
    if told["hint"].startswith("did you mean"):  # a served column of a like name
        assert told["hint"].split("`")[1] in door.get(f"{port.id.path}/schema").json()["properties"]
        del told["hint"], said["hint"]
    assert json.dumps(told) == json.dumps(said).replace(stranger, name)


@pytest.mark.parametrize(("port", "name"), WITHHELD, ids=IDS)
def test_documents_for_programs_do_not_name_withheld_columns(door, port, name):
    rows = door.get("/openapi.json").json()["paths"][f"{port.id.path}/rows"]["get"]

    assert name not in door.get(f"{port.id.path}/schema").json()["properties"]
    assert name not in {parameter["name"] for parameter in rows["parameters"]}
    answer = rows["responses"]["200"]["content"]["application/json"]["schema"]
    assert name not in answer["items"]["properties"]


def test_the_page_says_what_is_withheld_and_why(door):
    page = door.get("/ports/customers/customers/v1", headers={"accept": "text/html"}).text
    twin = door.get("/ports/customers/customers/v1.md").text

    withheld = ("full_name", "email", "phone", "birth_on", "zip_prefix", "has_marketing_consent")
    said = re.search(r"6 of 9 columns are withheld from you.*?</aside>", page, re.S)[0]
    assert set(re.findall(r"<code>(\w+)</code>", said)) == set(withheld)
    assert SCALE.find("restricted").meaning in said
    for name in withheld:
        assert re.search(rf"`{name}` .*: not at all; .*from the class \w+", twin)


def test_a_stricter_class_holds_at_once_and_for_old_releases(lab):
    client = lab.client()
    release = client.get(ROWS).headers["meshport-release"]
    strict = [{**c, **SECRET} if c["name"] == "note" else c for c in GAUGE_COLUMNS]
    lab.promise(GAUGES, *strict)
    fresh = lab.client()

    for path in (ROWS, f"{GAUGES.path}@{release}/rows"):
        assert "note" not in fresh.get(path).json()[0]
        assert fresh.get(f"{path}?select=note").json()["code"] == "MP601"


def test_a_column_of_an_unknown_class_is_withheld(lab):
    unclear = [
        {**c, "classification": "whatever"} if c["name"] == "note" else c for c in GAUGE_COLUMNS
    ]
    lab.promise(GAUGES, *unclear)

    assert "note" not in lab.client().get(ROWS).json()[0]


def test_a_port_without_any_open_column_serves_no_row(lab):
    private = [
        column("email", "VARCHAR", primaryKey=True, required=True, **SECRET),
        column("town", "VARCHAR", **SECRET),
    ]
    lab.promise(PEOPLE, *private)
    client = lab.client()

    assert client.get(f"{PEOPLE.path}/rows").json()["code"] == "MP704"
    page = client.get(PEOPLE.path, headers={"accept": "text/html"})
    assert "No column of this port is there for you" in page.text


MASKED = {
    "classification": "confidential",
    "customProperties": [{"property": "maskingPolicy", "value": "null"}],
}


@pytest.mark.parametrize("private", [SECRET, MASKED], ids=["withheld", "masked"])
@pytest.mark.parametrize("severity", ["warning", "error"])
def test_a_failed_check_shows_no_value_of_a_private_column(lab, severity, private):
    repeated = {
        "quality": [
            {
                "id": "own",
                "type": "library",
                "metric": "duplicateValues",
                "mustBe": 0,
                "severity": severity,
            }
        ]
    }
    people = [
        column("email", "VARCHAR", primaryKey=True, required=True, **private),
        column("town", "VARCHAR", **repeated, **private),
    ]
    lab.promise(PEOPLE, *people)
    lab.publish()
    client = lab.client()

    found = client.get(f"{PEOPLE.path}/checks").text
    assert "failed" in found
    for path in (f"{PEOPLE.path}/checks", PEOPLE.path, "/products/lab", "/products", "/"):
        for accept in ("text/html", "text/markdown", "application/json"):
            text = client.get(path, headers={"accept": accept}).text
            assert "town 1" not in text
            assert "@secret.example" not in text


def test_the_key_of_a_broken_row_is_shown_where_it_is_open(lab):
    low = {
        "quality": [
            {
                "id": "own",
                "type": "library",
                "metric": "nullValues",
                "mustBe": 0,
                "severity": "warning",
            }
        ]
    }
    columns = [{**c, **low} if c["name"] == "small" else c for c in GAUGE_COLUMNS]
    lab.promise(GAUGES, *columns)
    lab.publish()

    checks = lab.client().get(f"{GAUGES.path}/checks").json()["checks"]

    (failed,) = [check for check in checks if check["status"] == "failed"]
    assert failed["sample_keys"][0] == {"gauge_id": "g00000"}
