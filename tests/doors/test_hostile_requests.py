"""Whatever is asked, the answer is well-formed, in time, and never a server error."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.doors.lab import GAUGE_COLUMNS, GAUGES, ROWS

pytestmark = pytest.mark.xdist_group("doors")

NASTY = [
    "",
    "\x00",
    "a\x00b",
    "'",
    '"',
    "';drop table t;--",
    "\" or 1=1 --",
    "1) or (1=1",
    "../../../etc/passwd",
    "..%2f..%2fetc",
    "%00",
    "\u202egnp.exe",
    "\ufeff",
    "\u2028",
    "😀" * 50,
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${7*7}",
    "a" * 2_000,
    "9" * 2_000,
    "-1e999999999",
    "1e-999999999",
    "0x10",
    "٣",
    "infinity",
    "nan",
    "null",
    "\\",
    "\r\nSet-Cookie: a=b",
    "(" * 500,
    "in.(" + "," * 500 + ")",
]  # fmt: skip
PARTS = ["", "rows", "contract", "schema", "checks", "releases", "lineage", "receipt"]
PAGES = ["/", "/products", "/search", "/glossary", "/errors", "/api", "/healthz"]
COLUMNS = [*(column["name"] for column in GAUGE_COLUMNS), "x"]

texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=30))
operators = ["eq", "neq", "gt", "gte", "lt", "lte", "in", "is", "like", ""]
filters = st.tuples(
    st.sampled_from(COLUMNS) | texts,
    st.builds("{}.{}".format, st.sampled_from(operators), texts) | texts,
)
controls = st.tuples(
    st.sampled_from(["select", "order", "limit", "cursor", "format", "q"]),
    st.one_of(texts, st.sampled_from([*COLUMNS, "csv", "parquet", "arrow", "5", "small.desc"])),
)


def faults_of(answer):
    """What an answer does that none may do, whatever was asked."""
    found = {
        "a server error": answer.status_code >= 500,
        "a cookie": "set-cookie" in answer.headers,
    }
    if answer.status_code >= 400:
        is_problem = answer.headers["content-type"] == "application/problem+json"
        problem = answer.json() if is_problem else {}
        found |= {
            "an error of another shape": problem.get("status") != answer.status_code,
            # What was sent is not sent back whole.
            "a long error": len(answer.content) >= 4_000,
            "a long value": any(len(str(value)) >= 1_200 for value in problem.values()),
        }
    return [(fault, answer.text[:300]) for fault, is_there in found.items() if is_there]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(filters | controls, max_size=6))
def test_no_parameters_of_rows_break_the_server(small_door, parameters):
    answer = small_door.get(ROWS, params=parameters)

    assert faults_of(answer) == []
    if answer.status_code == 200 and answer.headers["content-type"].rpartition("/")[2] == "json":
        json.loads(answer.content)


@pytest.mark.parametrize(
    "parameters",
    [
        [("cursor", "9" * 5000)],
        [("limit", "0" * 5000 + "1")],
        [("order", ",".join(["small"] * 3000))],
        [("select", ",".join(COLUMNS[:3] * 900))],
        [("small", "gte.0")] * 3000,
        [("note", f"in.({','.join('x' * 1000)})")] * 9,
    ],
    ids=["cursor", "limit", "order", "select", "filters", "lists"],
)
def test_more_than_anybody_needs_is_answered_or_refused(small_door, parameters):
    assert faults_of(small_door.get(ROWS, params=parameters)) == []


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.tuples(texts, texts, texts, st.sampled_from(PARTS) | texts),
    st.integers(0, 3),
    st.sampled_from(["application/json", "text/markdown", "*/*"]),
)
def test_no_address_breaks_the_server(small_door, parts, kept, accept):
    good = [GAUGES.domain, GAUGES.port, f"v{GAUGES.major}"]
    path = "/".join([*good[:kept], *(quote(part, safe="") for part in parts[kept:])])

    answer = small_door.get(f"/ports/{path}", headers={"accept": accept})

    assert faults_of(answer) == []


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([*PAGES, GAUGES.path, "/products/lab"]),
    st.lists(controls | filters, max_size=2),
    texts,
)
def test_no_page_is_broken_by_parameters_or_headers(small_door, page, parameters, header):
    sent = header.encode("latin-1", "ignore").replace(b"\r", b"").replace(b"\n", b"")
    for name in ("accept", "if-none-match"):
        headers = {name: sent.replace(b"\x00", b"")}
        assert faults_of(small_door.get(page, params=parameters, headers=headers)) == []


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_a_value_is_compared_and_never_run(small_door, text):
    answer = small_door.get(ROWS, params={"note": f"eq.{text}", "limit": 1000})

    assert faults_of(answer) == []
    assert {row["note"] for row in answer.json()} <= {text}


@pytest.mark.parametrize(
    "release",
    [
        "..",
        ".",
        "../..",
        "%2e%2e",
        "..%2f..",
        "x" * 5000,
        "%00",
        "lab-000001-00000000/../../..",
        "*",
    ],
)
@pytest.mark.parametrize("part", ["rows", "contract", "receipt"])
def test_a_pinned_release_is_looked_up_and_never_joined_to_a_path(small_door, release, part):
    answer = small_door.get(f"{GAUGES.path}@{release}/{part}")

    assert faults_of(answer) == []
    assert answer.status_code == 404 or answer.url.path == f"/ports/lab/gauges/{part}"


@pytest.mark.parametrize(
    "path", ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "....//app.py", "%00", "/etc/passwd"]
)
def test_only_static_files_are_served_as_such(small_door, path):
    answer = small_door.get(f"/static/{path}")

    assert faults_of(answer) == []
    assert answer.status_code in (404, 405)


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("page", ["/search?q=", "/products/", "/ports/lab/gauges/"])
def test_what_is_sent_is_escaped_in_pages(small_door, page, text):
    answer = small_door.get(f"{page}{quote(text, safe='')}", headers={"accept": "text/html"})

    assert answer.status_code < 500
    assert "<script>alert" not in answer.text


def test_text_of_a_contract_cannot_run_in_a_page(lab):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    support = [{"channel": evil, "url": "javascript:alert(1)", "scope": "interactive"}]
    columns = [
        {**c, "description": f"What it is: {evil}", "synonyms": [{"synonym": evil}]}
        for c in GAUGE_COLUMNS
    ]
    lab.promise(
        GAUGES, *columns, name=evil, description={"purpose": evil, "usage": evil}, support=support
    )
    lab.describe(name=evil, support=[{"channel": "x", "url": "javascript:alert(1)"}])
    lab.publish(20)
    client = lab.client()

    for path in ("/", "/products/lab", GAUGES.path, "/search?q=gauge", "/api"):
        page = client.get(path, headers={"accept": "text/html"})
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "javascript:" not in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"


def test_a_forged_host_does_not_reach_into_the_page(small_door):
    sent = {"host": '"><script>alert(1)</script>', "accept": "text/html"}

    assert "<script>alert" not in small_door.get(GAUGES.path, headers=sent).text


def test_many_readers_at_once_get_the_same_rows(small_door):
    asked = [
        f"{ROWS}?limit={n % 7 + 1}&order=ratio.desc&format={f}"
        for n in range(60)
        for f in ("json", "csv")
    ]
    alone = {path: small_door.get(path).content for path in set(asked)}

    with ThreadPoolExecutor(8) as readers:
        together = list(readers.map(lambda path: (path, small_door.get(path).content), asked))

    assert all(alone[path] == body for path, body in together)
