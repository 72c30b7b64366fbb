"""The protocol to the letter, and whatever is sent: an error in its shape, never a server error."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from meshport.products.mesh import load_mesh
from tests.building import NOW, ROOT, column
from tests.doors.lab import GAUGE_COLUMNS, GAUGE_ROWS, GAUGES, PEOPLE
from tests.doors.sharing import DOOR, json_lines, refused

pytestmark = pytest.mark.xdist_group("sharing")
TABLE = f"{DOOR}/shares/lab/schemas/gauges/tables/v1"
QUERY = f"{TABLE}/query"
BOTH = "responseformat=delta,parquet;readerfeatures=deletionvectors,columnmapping,timestampntz"


def all_pages(client, path, size):
    """The items of every page, and how many pages there were."""
    items, token, pages = [], "", 0
    while token is not None:
        parameters = {"maxResults": size, **({"pageToken": token} if token else {})}
        answer = client.get(path, params=parameters).json()
        items += answer["items"]
        pages += 1
        token = answer.get("nextPageToken")
        assert len(answer["items"]) <= size
    return items, pages


@pytest.mark.parametrize("path", ["/shares", "/shares/orders/all-tables", "/shares/orders/schemas"])
def test_pages_of_a_list_hold_every_item_once(door, path):
    whole = door.get(f"{DOOR}{path}").json()["items"]

    items, pages = all_pages(door, f"{DOOR}{path}", 1)

    assert items == whole
    assert pages == len(whole) > 1


def test_a_page_without_items_leads_to_the_first_one(door):
    empty = door.get(f"{DOOR}/shares?maxResults=0").json()

    assert empty["items"] == []
    follow = {"pageToken": empty["nextPageToken"]}
    assert door.get(f"{DOOR}/shares", params=follow).json()["items"]


def test_a_page_token_is_good_for_its_own_list_alone(door):
    token = door.get(f"{DOOR}/shares?maxResults=1").json()["nextPageToken"]

    for path, sent in [
        ("/shares/orders/schemas", token),
        ("/shares", token[:-1]),
        ("/shares", token[:-2] + "xx"),
        ("/shares", "ü"),
    ]:
        assert refused(door.get(f"{DOOR}{path}", params={"pageToken": sent}), 400, "MP603")


def test_a_share_is_described_in_the_words_of_its_descriptor(door):
    one = door.get(f"{DOOR}/shares/ORDERS").json()["share"]

    assert one["name"] == "orders"
    assert one in door.get(f"{DOOR}/shares").json()["items"]
    about = load_mesh(ROOT).products["orders"].descriptor
    assert (one["displayName"], one["comment"]) == (about.name, about.description.purpose)


def test_ids_are_the_same_in_lists_and_metadata_and_differ_between_tables(door):
    tables = door.get(f"{DOOR}/shares/orders/all-tables").json()["items"]

    assert len({table["id"] for table in tables}) == len(tables) > 3
    for table in tables:
        path = f"{DOOR}/shares/orders/schemas/{table['schema']}/tables/{table['name']}/metadata"
        assert json_lines(door.get(path).text)[1]["metaData"]["id"] == table["id"]


def test_the_version_is_a_header_of_an_empty_answer(lab):
    lab.publish(101, NOW + timedelta(hours=1))
    client = lab.client()

    for answer in (client.get(f"{TABLE}/version"), client.head(TABLE)):
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["delta-table-version"] == "2"
    early = client.get(f"{TABLE}/version?startingTimestamp=2020-01-01T00:00:00Z")
    assert early.headers["delta-table-version"] == "1"
    late = client.get(f"{TABLE}/version?startingTimestamp=2099-01-01T00:00:00Z")
    assert refused(late, 404, "MP612")


def test_lines_are_protocol_metadata_and_files(small_door):
    answer = small_door.post(QUERY, json={})

    assert answer.headers["content-type"] == "application/x-ndjson; charset=utf-8"
    assert answer.headers["delta-table-version"] == "1"
    assert "no-store" in answer.headers["cache-control"]  # links are not for keeping
    assert "authorization" in answer.headers["vary"].lower()
    protocol, metadata, file = json_lines(answer.text)
    assert protocol == {"protocol": {"minReaderVersion": 1}}
    assert metadata["metaData"]["partitionColumns"] == []
    assert metadata["metaData"]["format"] == {"provider": "parquet"}
    assert metadata["metaData"]["accessModes"] == ["url"]
    assert file["file"]["partitionValues"] == {}
    assert json.loads(file["file"]["stats"]) == {"numRecords": 100}
    assert file["file"]["size"] == metadata["metaData"]["size"]
    assert "version" not in file["file"]


def test_time_travel_says_of_which_version_and_time_a_file_is(small_door):
    _, metadata, file = json_lines(small_door.post(QUERY, json={"version": 1}).text)

    assert metadata["metaData"]["version"] == file["file"]["version"] == 1
    assert file["file"]["timestamp"] == int(NOW.timestamp() * 1000)


def test_the_same_content_has_the_same_file_id_in_every_release(lab):
    client = lab.client()
    (first,) = (line for line in json_lines(client.post(QUERY, json={}).text) if "file" in line)
    lab.publish(100, NOW + timedelta(hours=1))

    answer = client.post(QUERY, json={})

    assert answer.headers["delta-table-version"] == "2"
    (second,) = (line for line in json_lines(answer.text) if "file" in line)
    assert second["file"]["id"] == first["file"]["id"]


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (None, None),
        ("", "responseformat=parquet"),
        (BOTH, "responseformat=parquet"),
        ("responseformat=parquet", "responseformat=parquet"),
        ("RESPONSEFORMAT=Delta;;x", "responseformat=delta"),
        ("readerfeatures=deletionvectors;asyncquery=true", "responseformat=parquet"),
    ],
)
def test_a_format_is_chosen_from_what_the_client_reads_and_said(small_door, sent, answered):
    headers = {} if sent is None else {"delta-sharing-capabilities": sent}

    for answer in (
        small_door.post(QUERY, json={}, headers=headers),
        small_door.get(f"{TABLE}/metadata", headers=headers),
        small_door.get(f"{TABLE}/changes?startingVersion=0", headers=headers),
    ):
        assert answer.headers.get("delta-sharing-capabilities") == answered
        is_delta = "deltaProtocol" in json_lines(answer.text)[0]["protocol"]
        assert is_delta == (answered == "responseformat=delta")


def test_a_scheme_of_file_ids_is_echoed_and_others_are_refused(small_door):
    good = small_door.post(QUERY, json={}, headers={"fileidhash": "Delta"})
    assert good.headers["fileidhash"] == "delta"

    for name, value in [("fileidhash", "md5"), ("delta-sharing-capabilities", "responseformat=x")]:
        assert refused(small_door.post(QUERY, json={}, headers={name: value}), 400, "MP602")


def test_times_without_a_zone_take_a_feature_in_deltas_own_format_only(lab):
    lab.promise(GAUGES, *GAUGE_COLUMNS, column("at", "TIMESTAMP"))
    lab.publish(
        100, NOW + timedelta(hours=1), f"select *, timestamp '2026-01-01' as at from ({GAUGE_ROWS})"
    )
    client = lab.client()

    def kind(capabilities):
        headers = {"delta-sharing-capabilities": capabilities}
        return client.get(f"{TABLE}/metadata", headers=headers)

    def type_in(metadata):
        return json.loads(metadata["schemaString"])["fields"][-1]["type"]

    plain = json_lines(kind(BOTH).text)[1]["metaData"]
    delta = json_lines(kind("responseformat=delta;readerfeatures=timestampNtz").text)
    assert type_in(plain) == "timestamp"
    assert type_in(delta[1]["metaData"]["deltaMetadata"]) == "timestamp_ntz"
    assert delta[0]["protocol"]["deltaProtocol"]["readerFeatures"] == ["timestampNtz"]
    assert refused(kind("responseformat=delta"), 406, "MP613")


def test_a_type_that_the_protocol_has_no_word_for_is_named(lab):
    lab.promise(
        GAUGES,
        *GAUGE_COLUMNS,
        {**column("at", "DATE"), "logicalType": "time", "physicalType": "TIME"},
    )
    lab.publish(100, NOW + timedelta(hours=1), f"select *, time '10:00' as at from ({GAUGE_ROWS})")

    answer = lab.client().post(QUERY, json={})

    assert refused(answer, 406, "MP613")
    assert "`at`" in answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"version": 1, "timestamp": "2026-11-01T06:00:00Z"},
        {"version": 1, "startingVersion": 1},
        *({"version": value} for value in (-1, 1.5, "x", True, 2**63, "9" * 40, [], {}, "٣")),
        *(
            {"timestamp": value}
            for value in ("now", "2026-99-01", 5, "", "0001-01-01T00:00:00+23:59")
        ),
        {"limitHint": -1},
        {"predicateHints": "a = 1"},
    ],
    ids=lambda body: json.dumps(body)[:40],
)
def test_a_query_that_cannot_be_understood_is_refused(small_door, body):
    assert refused(small_door.post(QUERY, json=body), 400, "MP602")


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"version": ' + b"1" * 5000,
     b'{"limitHint": NaN}', b"x" * 1_100_000],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
def test_a_body_that_is_no_query_is_refused(small_door, body):
    assert refused(small_door.post(QUERY, content=body), 400, "MP602")


@pytest.mark.parametrize(
    "query",
    ["", "startingVersion=", "startingVersion=x", "startingVersion=-1", "endingVersion=1",
     "startingVersion=1&startingTimestamp=2026-01-01T00:00:00Z", "startingTimestamp=soon",
     "startingVersion=1&endingVersion=0"],
)  # fmt: skip
def test_a_range_that_cannot_be_understood_is_refused(small_door, query):
    assert refused(small_door.get(f"{TABLE}/changes?{query}"), 400, "MP602")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/shares/nothing", 404, "MP610"),
        ("/shares/nothing/schemas", 404, "MP610"),
        ("/shares/lab/schemas/nothing/tables", 404, "MP610"),
        ("/shares/lab/schemas/gauges/tables/v9/version", 404, "MP610"),
        ("/shares/lab/schemas/gauges/tables/gauges/metadata", 404, "MP610"),
        (f"/shares/{'x' * 5000}/schemas", 404, "MP610"),
        ("/shares/%00/schemas", 404, "MP610"),
        ("/shares/..%2f..%2fetc/schemas", 404, "NOT_FOUND"),
        ("/nothing", 404, "NOT_FOUND"),
        ("/shares/lab/schemas/gauges/tables/v1/queries/1", 404, "NOT_FOUND"),
        ("/shares/lab/schemas/gauges/tables/v1/query", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_what_is_not_there_is_answered_in_the_protocols_shape(small_door, path, status, code):
    assert refused(small_door.get(f"{DOOR}{path}"), status, code)


def test_a_port_that_was_never_published_is_not_there(unpublished_lab):
    client = unpublished_lab.client()

    assert client.get(f"{DOOR}/shares").json() == {"items": []}
    # Not a 503: the official client would try again for minutes.
    assert refused(client.get(f"{TABLE}/metadata"), 404, "MP611")


def test_a_token_that_is_none_is_refused_like_everywhere(small_door):
    for sent in ("Bearer mpt_x", "Bearer ", "Basic eDp4", "x", "Bearer " + "a" * 5000):
        answer = small_door.get(f"{DOOR}/shares", headers={"Authorization": sent})
        assert refused(answer, 401, "MP701")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    for method in (small_door.get, small_door.post):
        assert method(f"{DOOR}/profile").status_code == 401
    assert refused(small_door.post(f"{DOOR}/profile", data={"token": "mpt_x"}), 401, "MP701")


def test_a_withheld_column_is_in_no_answer_of_the_door(small_door):
    for port in (GAUGES, PEOPLE):
        table = f"{DOOR}/shares/lab/schemas/{port.port}/tables/v1"
        for answer in (
            small_door.get(f"{table}/metadata"),
            small_door.post(f"{table}/query", json={}),
            small_door.get(f"{table}/changes?startingVersion=0"),
        ):
            assert answer.status_code == 200
            assert "email" not in answer.text
