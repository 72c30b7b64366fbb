"""The Iceberg door as its clients use it: a catalog over HTTP, and objects with signed requests."""

from __future__ import annotations

import hashlib
import hmac
import io
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from httpx2 import Response
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.io import InputFile
from starlette.testclient import TestClient

from meshport.names import PortId
from meshport.publishing.store import ReleaseStore
from tests.building import column
from tests.doors.lab import GAUGE_COLUMNS, GAUGE_ROWS, GAUGES
from tests.doors.readers import SENSITIVITY, SITES, Readers, property_

DOOR = "/iceberg"
CATALOG = f"{DOOR}/v1/mesh"
EMPTY = hashlib.sha256(b"").hexdigest()
VENDED = {"X-Iceberg-Access-Delegation": "vended-credentials"}


class FileOf(InputFile):
    """Bytes that the client reads as a file."""

    def __init__(self, content: bytes) -> None:
        super().__init__("memory")
        self.content = content

    def open(self, seekable: bool = True) -> io.BytesIO:
        return io.BytesIO(self.content)

    def exists(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self.content)


def catalog_at(address: str, secret: str, **properties: str) -> RestCatalog:
    """The official client, as people set it up."""
    return RestCatalog("mesh", uri=f"{address}{DOOR}", token=secret, **properties)


def address_of(port: PortId) -> str:
    """Where a table is loaded from."""
    return f"{CATALOG}/namespaces/{port.domain}/tables/{port.model}"


def load(client: TestClient, port: PortId, **headers: str) -> dict[str, Any]:
    """A table with keys to its objects."""
    answer = client.get(address_of(port), headers={**VENDED, **headers})
    assert answer.status_code == 200, answer.text
    loaded: dict[str, Any] = answer.json()
    return loaded


def path_of(location: str) -> str:
    """The address of an object on the server itself."""
    parts = urlsplit(location)
    return f"/{parts.netloc}{parts.path}"


def metadata_path(loaded: dict[str, Any]) -> str:
    """The address of an object that every table has: its own metadata."""
    return path_of(loaded["metadata-location"])


def data_path(loaded: dict[str, Any], readers: Readers, consumer: str = "service") -> str:
    """The address of the only data file of the gauges, as the consumer sees them."""
    asker = readers.asker(consumer)
    manifest = ReleaseStore(readers.lab.home).of("lab").current()
    assert manifest is not None
    (file,) = asker.sight(
        asker.doors.port("lab", "gauges", "v1"), manifest.ports[str(GAUGES)]
    ).files
    return metadata_path(loaded).partition("/metadata/")[0] + f"/data/{file.sha256}.parquet"


def read(
    client: TestClient, loaded: dict[str, Any], path: str, at: datetime, **changed: Any
) -> Response:
    """Read an object with the keys of a loaded table; `changed` is done to the signed request.

    `method`, `query` and `keys` count for the signature too, `headers` come after it.
    """
    method, query = changed.get("method", "GET"), changed.get("query", "")
    keys = {**loaded["config"], **changed.get("keys", {})}
    signed = signed_headers(method, path, query, keys, at, urlsplit(str(client.base_url)).netloc)
    url = f"{path}?{query}" if query else path
    request = client.build_request(method, url, headers={**signed, **changed.get("headers", {})})
    if "authorization" in client.headers and "Authorization" not in signed:
        del request.headers["authorization"]
    return client.send(request)


def signed_headers(
    method: str, path: str, query: str, keys: dict[str, str], at: datetime, host: str
) -> dict[str, str]:
    """The headers that sign a request without a body, as the algorithm's description has it."""
    day, moment = f"{at:%Y%m%d}", f"{at:%Y%m%dT%H%M%SZ}"
    headers = {
        "host": host,
        "x-amz-content-sha256": EMPTY,
        "x-amz-date": moment,
        "x-amz-security-token": keys["s3.session-token"],
    }
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = "\n".join((method, path, query, lines, ";".join(headers), EMPTY))
    scope = f"{day}/{keys['s3.region']}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{keys['s3.secret-access-key']}".encode()
    for part in (day, keys["s3.region"], "s3", "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    credential = f"{keys['s3.access-key-id']}/{scope}"
    named = f"SignedHeaders={';'.join(headers)}, Signature={key.hex()}"
    authorization = f"AWS4-HMAC-SHA256 Credential={credential}, {named}"
    return {**headers, "Authorization": authorization}


def is_denied(answer: Response, status: int, code: str) -> bool:
    """Whether the answer is that error, in the shape of S3."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/xml")
    assert f"<Code>{code}</Code>" in answer.text, answer.text
    return True


def is_refused(answer: Response, status: int, kind: str) -> bool:
    """Whether the answer is that error, in the catalog's shape."""
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (status, status, kind), answer.text
    return bool(error["message"])


def publish_again(readers: Readers, count: int = 40) -> None:
    """Another release, of so many gauges."""
    rows = SITES.format(rows=GAUGE_ROWS)
    assert readers.lab.publish(count, now=readers.now, gauges=rows)


def reclassify(readers: Readers, name: str, classification: str) -> None:
    """Promise a column of the gauges with another class, without a new release."""
    columns = [{**one, **SENSITIVITY.get(one["name"], {})} for one in GAUGE_COLUMNS]
    stricter = [
        {**one, "classification": classification} if one["name"] == name else one for one in columns
    ]
    site = column("site", "VARCHAR", required=True, **property_("rowScope", True))
    readers.lab.promise(GAUGES, *stricter, site)
