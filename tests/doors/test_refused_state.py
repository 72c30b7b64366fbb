"""When a release is refused or a file is broken, readers keep what they had and are told why."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest
from fastapi.testclient import TestClient

from tests.building import LOOPBACK, edit, rewrite, run_here
from tests.doors.lab import GAUGES, ROWS

pytestmark = pytest.mark.xdist_group("doors")

HTML = {"accept": "text/html"}
ITEMS = "/ports/catalog/items/v1"


def wait_until(condition, seconds=20):
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "it did not come about in time"


@pytest.fixture
def repeated(home: Path, source: Path, open_door) -> TestClient:
    """A server over a mesh whose last run found items twice in the source."""
    client = open_door(home)
    client.before = client.get(f"{ITEMS}/rows?limit=10000")
    rewrite(source / "olist_products_dataset.csv", lambda lines: [*lines, *lines[1:40]])
    assert run_here(home, source, "catalog").exit_code == 1
    return client


def test_a_refused_release_is_told_everywhere_and_the_old_rows_are_served(repeated):
    after = repeated.get(f"{ITEMS}/rows?limit=10000")
    assert after.content == repeated.before.content
    assert after.headers["etag"] == repeated.before.headers["etag"]

    for path in ("/", "/products/catalog", ITEMS):
        page = repeated.get(path, headers=HTML).text
        assert 'class="chip refused"' in page
        assert "primary_key" in page
    page = repeated.get(ITEMS, headers=HTML).text
    assert "The last attempt to publish was refused" in page
    assert "Readers keep the release before it" in page
    assert "39 rows" in page
    assert "primary_key" in repeated.get(f"{ITEMS}.md").text

    port = repeated.get(ITEMS).json()
    assert "primary_key" in port["refused"]["reason"]
    assert port["refused"]["checks"][0]["failed_rows"] == 39
    states = {p["domain"]: p["state"] for p in repeated.get("/products").json()["products"]}
    assert states.pop("catalog") == "refused"
    assert set(states.values()) == {"healthy"}
    assert repeated.get("/healthz").json()["status"] == "ok"


def test_the_next_good_release_settles_the_refusal(repeated, home, sample):
    assert run_here(home, sample, "catalog").exit_code == 0

    assert repeated.get(ITEMS).json()["refused"] is None
    assert "refused" not in repeated.get(ITEMS, headers=HTML).text


def test_an_attempt_that_ended_early_says_what_to_do(home, source, open_door):
    def rename(lines):
        return [lines[0].replace("seller_city", "town"), *lines[1:]]

    rewrite(source / "olist_sellers_dataset.csv", rename)
    assert run_here(home, source, "catalog").exit_code == 1
    client = open_door(home)

    page = client.get("/ports/catalog/sellers/v1", headers=HTML).text

    assert "MP211" in page
    assert "seller_city" in page
    assert "Way out" in page


@pytest.mark.parametrize("spoilt", ["contract", "descriptor"])
def test_a_broken_file_hides_no_rows_and_is_shown(lab, spoilt):
    served = lab.client()
    before = served.get(ROWS).content
    files = {
        "contract": lab.root / GAUGES.contract_path,
        "descriptor": lab.root / "domains/lab/data_product.odps.yaml",
    }
    files[spoilt].write_text("nonsense: [")
    wait_until(lambda: served.get("/healthz").json()["status"] == "degraded")

    # Both for the server that runs and for one that starts now.
    for client in (served, lab.client()):
        assert client.get(ROWS).content == before
        assert client.get(f"{GAUGES.path}/contract").content.startswith(b"apiVersion")
        assert client.get("/healthz").json()["broken"][0]["domain"] == "lab"
        for path in ("/", "/products/lab", GAUGES.path):
            page = client.get(path, headers=HTML)
            assert page.status_code == 200
            assert "The files of lab cannot be read" in page.text
            assert "MP10" in page.text


def test_a_mended_file_is_read_again_by_the_server_that_runs(lab):
    client = lab.client()
    file = lab.root / GAUGES.contract_path
    good = file.read_bytes()
    file.write_text("nonsense: [")
    wait_until(lambda: client.get("/healthz").json()["status"] == "degraded")

    file.write_bytes(good)

    wait_until(lambda: client.get("/healthz").json()["status"] == "ok")
    assert "cannot be read" not in client.get("/", headers=HTML).text


@pytest.mark.parametrize("file", ["classifications.yaml", "glossary.yaml"])
def test_a_broken_word_of_the_catalog_does_not_stop_a_server_that_runs(lab, file):
    client = lab.client()
    before = client.get(ROWS).content

    (lab.root / "catalog" / file).write_text("nonsense: [")

    wait_until(lambda: client.get("/healthz").json()["status"] == "degraded")
    assert client.get(ROWS).content == before
    assert file in client.get("/healthz").json()["stale"]
    assert file in client.get("/", headers=HTML).text


def test_a_broken_domain_that_was_never_published_is_unavailable_not_unknown(unpublished_lab):
    lab = unpublished_lab
    edit(lab.root / GAUGES.contract_path, "version: 1.0.0", "version: one")
    client = lab.client()

    answer = client.get("/products/lab")

    assert answer.status_code == 503
    assert answer.json()["code"].startswith("MP")
    assert "lab" in client.get("/", headers=HTML).text
    assert client.get(ROWS).status_code == 404


def test_a_damaged_pointer_is_named_and_takes_no_page_down(lab):
    (lab.home / "store/lab/pointer.json").write_text("{")
    app = lab.client().app
    client = TestClient(app, base_url=LOOPBACK, raise_server_exceptions=False)

    rows = client.get(ROWS)
    assert (rows.status_code, rows.json()["code"]) == (500, "MP402")
    health = client.get("/healthz").json()
    assert (health["status"], health["broken"][0]["domain"]) == ("degraded", "lab")
    for path in ("/", "/products/lab", GAUGES.path):
        page = client.get(path, headers=HTML)
        assert page.status_code == 200
        assert "MP402" in page.text
    assert client.get("/openapi.json").status_code == 200


def test_an_unforeseen_error_is_a_problem_without_details(lab):
    for file in lab.home.glob("store/*/files/*/*.parquet"):
        file.unlink()
    app = lab.client().app
    client = TestClient(app, base_url=LOOPBACK, raise_server_exceptions=False)

    answer = client.get(ROWS)

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"type": "about:blank", "title": "Internal Server Error", "status": 500}


def test_a_fresh_home_says_what_to_type(tmp_path, open_door):
    client = open_door(tmp_path / "fresh")

    for path, command in (
        ("/", "meshport run"),
        ("/products/orders", "meshport run orders"),
        ("/ports/orders/orders/v1", "meshport run orders"),
    ):
        page = client.get(path, headers=HTML)
        assert page.status_code == 200
        assert f"<code>{command}</code>" in page.text
