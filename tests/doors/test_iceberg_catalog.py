"""The catalog lists and loads what the asker sees, says what it serves, and takes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.doors.iceberg import (
    CATALOG,
    DOOR,
    VENDED,
    address_of,
    is_refused,
    load,
    publish_again,
)
from tests.doors.lab import GAUGES, PEOPLE

pytestmark = pytest.mark.xdist_group("iceberg")
TOKENS = f"{DOOR}/v1/oauth/tokens"


def test_everything_that_is_declared_is_served_and_nothing_else_is(client):
    told = client.get(f"{DOOR}/v1/config?warehouse=any").json()
    prefix = told["overrides"]["prefix"]
    names = {"prefix": prefix, "namespace": "lab", "table": "gauges_v1"}

    for one in told["endpoints"]:
        method, path = one.split()
        answer = client.request(method, f"{DOOR}{path.format(**names)}")
        assert answer.status_code == (204 if method == "HEAD" else 200), one
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for path in ("", "/lab", "/lab/tables", "/lab/tables/gauges_v1", "/lab/tables/x/metrics"):
            answer = client.request(method, f"{CATALOG}/namespaces{path}")
            assert is_refused(answer, 406, "UnsupportedOperationException")
            assert f"{method} " not in " ".join(told["endpoints"])


def test_namespaces_are_domains_and_tables_are_ports(client):
    assert client.get(f"{CATALOG}/namespaces").json() == {"namespaces": [["lab"]]}
    lab = client.get(f"{CATALOG}/namespaces/lab").json()
    assert (lab["namespace"], lab["properties"]["name"]) == (["lab"], "Laboratory")
    assert client.get(f"{CATALOG}/namespaces?parent=lab").json() == {"namespaces": []}
    assert client.get(f"{CATALOG}/namespaces/lab/tables").json() == {
        "identifiers": [{"namespace": ["lab"], "name": "gauges_v1"}]
    }
    assert client.get(f"{CATALOG}/namespaces/lab/views").json() == {"identifiers": []}


def test_a_port_is_listed_for_those_who_see_something_of_it(readers):
    listed = {}
    for name in ("highest", "outlet", "robot"):
        answer = readers.client(name).get(f"{CATALOG}/namespaces/lab/tables")
        listed[name] = [one["name"] for one in answer.json()["identifiers"]]

    assert listed == {
        "highest": ["gauges_v1", "people_v1"], "outlet": ["gauges_v1"], "robot": ["gauges_v1"],
    }  # fmt: skip


def test_lists_come_in_pages_to_those_who_ask_for_pages(readers):
    client = readers.client("highest")
    tables = f"{CATALOG}/namespaces/lab/tables"

    first = client.get(f"{tables}?pageToken=&pageSize=1").json()
    token = first["next-page-token"]
    second = client.get(f"{tables}?pageSize=1&pageToken={token}").json()

    pages = [[one["name"] for one in page["identifiers"]] for page in (first, second)]
    assert pages == [["gauges_v1"], ["people_v1"]]
    assert "next-page-token" not in second
    for bad in ("pageSize=0", "pageSize=-1", "pageSize=x", "pageToken=x", f"pageToken={token}x"):
        assert is_refused(client.get(f"{tables}?{bad}"), 400, "BadRequestException")
    other = readers.client("service").get(f"{tables}?pageToken={token}")
    assert is_refused(other, 400, "BadRequestException")


@pytest.mark.parametrize("name", ["lab/tables/gauges.v1", "lab%1Fgauges/tables/v1"])
def test_a_table_is_found_by_its_ports_id_too(client, name):
    """However a client parts it into namespace and table."""
    found = client.get(f"{CATALOG}/namespaces/{name}").json()

    assert found["metadata"] == load(client, GAUGES)["metadata"]


def test_what_there_is_not_is_told_in_the_words_of_the_specification(client):
    namespaces = f"{CATALOG}/namespaces"
    for path in ("/none", "/none/tables", "/none/views", "/lab%1Fx", "?parent=none"):
        answer = client.get(f"{namespaces}{path}")
        assert is_refused(answer, 404, "NoSuchNamespaceException"), path
    for path in ("gauges_v2", "gauges", "x", "%2e%2e", "ü", "gauges_v1%00", "g" * 5000):
        answer = client.get(f"{namespaces}/lab/tables/{path}")
        assert is_refused(answer, 404, "NoSuchTableException"), path
    for path in ("/none", "/lab/tables/gauges_v2"):
        assert client.head(f"{namespaces}{path}").status_code == 404


def test_a_table_beyond_ones_class_is_forbidden_and_says_how_to_come_in(readers):
    answer = readers.client("service").get(address_of(PEOPLE))

    assert is_refused(answer, 403, "ForbiddenException")
    assert "MP704" in answer.text
    assert is_refused(readers.client(None).get(address_of(PEOPLE)), 401, "NotAuthorizedException")


@pytest.mark.parametrize("token", ["mpt_x", "", "mpt_000000000000_" + "x" * 43, "eyJhbGciOiJub25l"])
def test_a_wrong_token_is_not_authorized_anywhere(client, token):
    for path in (f"{DOOR}/v1/config", f"{CATALOG}/namespaces", address_of(GAUGES)):
        answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
        assert is_refused(answer, 401, "NotAuthorizedException")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_keys_are_handed_to_clients_that_ask_for_them(client):
    without = client.get(address_of(GAUGES)).json()
    signing = client.get(
        address_of(GAUGES), headers={"X-Iceberg-Access-Delegation": "remote-signing"}
    ).json()
    loaded = load(client, GAUGES)
    again = client.get(f"{address_of(GAUGES)}/credentials").json()

    for none in (without, signing):
        assert (none["config"], none["storage-credentials"]) == ({}, [])
    assert loaded["storage-credentials"] == again["storage-credentials"]
    (only,) = again["storage-credentials"]
    assert only["prefix"] == loaded["metadata"]["location"]
    assert only["config"] == loaded["config"]


def test_a_table_that_did_not_change_is_not_sent_again_while_its_keys_last(own_readers):
    client = own_readers.client("service")
    first = client.get(address_of(GAUGES), headers=VENDED)
    sent = {**VENDED, "If-None-Match": first.headers["ETag"]}

    same = client.get(address_of(GAUGES), headers=sent)
    other = own_readers.client("scoped").get(address_of(GAUGES), headers=sent)
    own_readers.now += timedelta(minutes=31)
    later = client.get(address_of(GAUGES), headers=sent)
    publish_again(own_readers)
    newer = client.get(
        address_of(GAUGES), headers={**VENDED, "If-None-Match": later.headers["ETag"]}
    )

    assert (same.status_code, same.content) == (304, b"")
    assert [one.status_code for one in (other, later, newer)] == [200, 200, 200]
    for part in ("Authorization", "Cookie", "Meshport-Purpose", "X-Iceberg-Access-Delegation"):
        assert part in first.headers["Vary"]


def test_a_port_that_has_no_release_is_no_table_yet(unpublished_lab):
    client = unpublished_lab.client()

    assert is_refused(client.get(address_of(GAUGES)), 404, "NoSuchTableException")
    assert client.head(address_of(GAUGES)).status_code == 404
    assert client.get(f"{CATALOG}/namespaces").json() == {"namespaces": []}


def test_a_client_that_knows_names_and_secrets_alone_gets_its_token_back(readers):
    client = readers.client(None)
    secret = readers.sent_by("service")["Authorization"].removeprefix("Bearer ")
    form = {"grant_type": "client_credentials", "scope": "catalog"}

    in_form = client.post(
        TOKENS, data={**form, "client_id": "service", "client_secret": secret}
    ).json()
    in_header = client.post(TOKENS, data=form, auth=("service", secret)).json()

    assert in_form == in_header
    assert (in_form["access_token"], in_form["token_type"]) == (secret, "bearer")
    assert 0 < in_form["expires_in"] <= timedelta(days=90).total_seconds()
    refused = [
        ({**form, "client_id": "robot", "client_secret": secret}, 401, "invalid_client"),
        ({**form, "client_id": "service", "client_secret": "mpt_x"}, 401, "invalid_client"),
        (form, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({}, 400, "unsupported_grant_type"),
        ({str(n): "x" for n in range(30)}, 400, "invalid_request"),
    ]
    for sent, status, error in refused:
        answer = client.post(TOKENS, data=sent)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
    broken = client.post(TOKENS, data=form, headers={"Authorization": "Basic %%"})
    assert broken.status_code == 401
