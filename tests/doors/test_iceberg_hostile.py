"""Whatever was not signed with a key for that very object and moment is refused."""

from __future__ import annotations

import base64
import http.server
import threading
from datetime import UTC, datetime, timedelta

import pyarrow.fs
import pytest

from meshport.errors import AccessError
from meshport.serving.iceberg.signature import MAX_HEADER, SKEW, Sent, Signature
from tests.building import NOW
from tests.doors.iceberg import (
    DOOR,
    is_denied,
    load,
    metadata_path,
    read,
)
from tests.doors.lab import GAUGES

pytestmark = pytest.mark.xdist_group("iceberg")


def test_what_the_real_client_signs_is_accepted_and_nothing_else():
    """pyarrow carries the signer of the AWS SDK."""
    caught = []

    class Catch(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            caught.append((self.command, self.path, dict(self.headers.items())))
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Catch) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}"
        keys = {"access_key": "KEYID", "secret_key": "s3cret", "session_token": "token"}
        place = {"endpoint_override": address, "scheme": "http", "region": "us-east-1"}
        with pytest.raises(FileNotFoundError):
            pyarrow.fs.S3FileSystem(**keys, **place).open_input_file("bucket/a-b/c_d.parquet")
        server.shutdown()
    method, path, headers = caught[0]
    given = {name.lower(): [value] for name, value in headers.items()}
    sent = Sent(method, path, "", given)

    signature = Signature.of(sent, datetime.now(UTC))

    signature.require(sent, "s3cret")
    others = [
        Sent("GET", path, "", given),
        Sent(method, f"{path}x", "", given),
        Sent(method, path, "x-id=HeadObject", given),
        *(Sent(method, path, "", {**given, name: ["other"]}) for name in signature.signed_headers),
    ]
    for other in others:
        with pytest.raises(AccessError, match="MP707"):
            signature.require(other, "s3cret")
    with pytest.raises(AccessError, match="MP707"):
        signature.require(sent, "s3cre")


def test_a_request_signed_at_another_time_is_told_so(client, loaded):
    path = metadata_path(loaded)
    for by in (SKEW, -SKEW):
        assert read(client, loaded, path, NOW + by).status_code == 200
        late = NOW + by + (timedelta(seconds=1) if by > timedelta() else -timedelta(seconds=1))
        assert is_denied(read(client, loaded, path, late), 403, "RequestTimeTooSkewed")


def test_a_changed_signature_or_token_opens_nothing(client, loaded):
    path = metadata_path(loaded)
    signed = read(client, loaded, path, NOW).request.headers
    for name in ("authorization", "x-amz-security-token"):
        value = signed[name]
        changed = [value[:-1], value[1:], f"{value}0", value.replace("a", "b", 1), "", value * 2]
        for one in changed:
            answer = read(client, loaded, path, NOW, headers={name: one})
            assert is_denied(answer, 403, "AccessDenied"), (name, one)


def test_a_key_cannot_be_made_from_another(client, loaded):
    token = loaded["config"]["s3.session-token"]
    raw = base64.urlsafe_b64decode(token + "==")
    longer = base64.urlsafe_b64encode(raw.replace(b"confidential", b"restricted")).decode()
    forged = [{"s3.session-token": longer.rstrip("=")}, {"s3.access-key-id": "MESH" + "0" * 16}]
    for keys in (*forged, {"s3.secret-access-key": "0" * 64}):
        answer = read(client, loaded, metadata_path(loaded), NOW, keys=keys)
        assert is_denied(answer, 403, "AccessDenied")


def test_keys_of_another_mesh_open_nothing(client, loaded, own_readers):
    foreign = load(own_readers.client("service"), GAUGES)

    answer = read(client, foreign, metadata_path(foreign), NOW)

    assert is_denied(answer, 403, "AccessDenied")


@pytest.mark.parametrize("header", ["Bearer mpt_x", "Basic YTpi", "AWS4-HMAC-SHA256", "", "x" * 9])
def test_an_object_is_opened_by_a_signature_alone(client, loaded, header):
    answer = client.get(metadata_path(loaded), headers={"Authorization": header})

    assert is_denied(answer, 403, "AccessDenied")


def test_a_flood_of_headers_is_an_error_like_any_other(client, loaded):
    path = metadata_path(loaded)
    long = "a" * (MAX_HEADER + 1)
    for name in ("x-amz-security-token", "authorization", "x-amz-date", "x-amz-content-sha256"):
        assert is_denied(read(client, loaded, path, NOW, headers={name: long}), 403, "AccessDenied")
    many = {f"x-junk-{n}": "x" for n in range(500)}
    assert read(client, loaded, path, NOW, headers=many).status_code == 200
    named = ";".join(sorted(["host", *many]))
    sent = f"AWS4-HMAC-SHA256 Credential=A/20260101/x/s3/aws4_request, SignedHeaders={named}"
    flooded = read(client, loaded, path, NOW, headers={**many, "authorization": sent})
    assert is_denied(flooded, 403, "AccessDenied")


@pytest.mark.parametrize(
    "path",
    [
        "{table}/data/.%2e/.%2e/access.sqlite",
        "{table}/%2e%2e/%2e%2e/access.sqlite",
        "{table}/data/..%2f..%2faccess.sqlite",
        "{table}/metadata/%252e%252e%252fmanifest.json",
        "{table}/data/" + "0" * 64 + ".parquet",
        "{table}/metadata/000001-" + "0" * 32 + "-snapshot.avro",
        "{table}/metadata/999999999999-" + "0" * 32 + "-added.avro",
        "{table}/metadata/000000-" + "0" * 32 + ".metadata.json",
        "{table}/data/",
        "{table}",
        f"{DOOR}/objects/",
        f"{DOOR}/objects//etc/passwd",
    ],
)
def test_a_path_of_no_object_leads_nowhere(client, loaded, path):
    table = metadata_path(loaded).partition("/metadata/")[0]

    answer = read(client, loaded, path.format(table=table), NOW)

    assert answer.status_code in (403, 404)
    assert answer.headers["content-type"] == "application/xml"


@pytest.mark.parametrize("query", ["list-type=2", "acl", "versionId=1", "uploads", "a=1&b=2"])
def test_objects_are_read_and_neither_listed_nor_anything_else(client, loaded, query):
    for path in (metadata_path(loaded), f"{DOOR}/objects/"):
        answer = read(client, loaded, path, NOW, query=query)
        assert is_denied(answer, 400, "InvalidRequest")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_objects_cannot_be_written(client, loaded, method):
    answer = read(client, loaded, metadata_path(loaded), NOW, method=method)

    assert is_denied(answer, 405, "MethodNotAllowed")
