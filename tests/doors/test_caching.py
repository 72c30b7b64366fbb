"""Entity tags are exact: the same tag means the same bytes, and other rows another tag."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meshport.serving.identity import VARIES_BY
from tests.building import NOW, edit, run_here
from tests.doors.lab import GAUGES, ROWS

pytestmark = pytest.mark.xdist_group("doors")

FORMATS = ["json", "ndjson", "csv", "parquet", "arrow"]
PLAIN = "/ports/catalog/items/v1/rows"


def tag(client, path, **headers):
    return client.get(path, headers=headers).headers["etag"]


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_question_has_the_same_bytes_and_a_strong_tag(small_door, form):
    path = f"{ROWS}?format={form}&small=gte.1&order=ratio.desc"

    answers = [small_door.get(path) for _ in range(5)]

    assert len({answer.content for answer in answers}) == 1
    (etag,) = {answer.headers["etag"] for answer in answers}
    assert etag.startswith('"')


def test_what_an_engine_leaves_under_nulls_is_not_in_the_bytes(small_door):
    paths = [f"{ROWS}?format=arrow&limit={limit}" for limit in range(1, 40)]
    first = [small_door.get(path).content for path in paths]
    small_door.get(f"{ROWS}?limit=1000&order=note.desc")  # other things go through memory

    assert [small_door.get(path).content for path in paths] == first


@pytest.mark.parametrize(
    "sent", ["{}", "W/{}", '"other", {}', '"a",W/"b" , {}', "*", '{}, "a\\b"'],
    ids=["same", "weak", "list", "list of weak", "star", "odd"],
)  # fmt: skip
@pytest.mark.parametrize(
    "path",
    [
        PLAIN,
        f"{PLAIN}?format=csv",
        "/ports/catalog/items/v1/contract",
        "/ports/catalog/items/v1/schema",
    ],
)
def test_a_client_that_has_the_answer_is_told_so(door, path, sent):
    etag = tag(door, path)

    answer = door.get(path, headers={"if-none-match": sent.format(etag)})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag
    assert "cache-control" in answer.headers
    if path.startswith(PLAIN):
        assert answer.headers["vary"] == f"Accept, {VARIES_BY}"


@pytest.mark.parametrize("sent", ['"other"', "", 'W/"x"', "nothing"])
def test_a_client_with_another_answer_gets_the_rows(door, sent):
    answer = door.get(PLAIN, headers={"if-none-match": sent})

    assert answer.status_code == 200
    assert answer.json()


def test_several_header_lines_count_as_one_list(door):
    etag = tag(door, PLAIN)

    answer = door.get(PLAIN, headers=[("if-none-match", '"a"'), ("if-none-match", etag)])

    assert answer.status_code == 304


def test_different_questions_have_different_tags(small_door):
    asked = [
        "",
        "?limit=99",
        "?limit=98",
        "?select=big",
        "?select=small",
        "?order=small",
        "?order=small.desc",
        "?small=eq.1",
        "?small=eq.2",
        "?small=neq.1",
        "?format=ndjson",
        "?format=csv",
    ]

    tags = [tag(small_door, f"{ROWS}{one}") for one in asked]
    following = small_door.get(f"{ROWS}?limit=99").links["next"]["url"]

    assert len({*tags, tag(small_door, following)}) == len(asked) + 1


def test_the_format_that_accept_names_has_a_tag_of_its_own(small_door):
    by_accept = tag(small_door, ROWS, accept="text/csv")

    assert by_accept == tag(small_door, f"{ROWS}?format=csv") != tag(small_door, ROWS)


def test_parameters_in_another_order_ask_the_same(small_door):
    one = tag(small_door, f"{ROWS}?small=gte.1&is_on=is.true&limit=5")

    assert one == tag(small_door, f"{ROWS}?limit=5&is_on=is.true&small=gte.1")


def test_a_release_with_other_rows_changes_the_tag_and_a_rollback_brings_it_back(lab):
    client = lab.client()
    before = tag(client, ROWS)
    first = client.get(ROWS).headers["meshport-release"]
    lab.publish(101, NOW + timedelta(hours=1))
    after = tag(client, ROWS)

    assert before != after
    assert client.get(ROWS, headers={"if-none-match": before}).status_code == 200
    assert tag(client, f"{GAUGES.path}@{first}/rows") == before


def test_a_release_with_the_same_rows_keeps_the_tag(lab):
    client = lab.client()
    before = client.get(ROWS)
    lab.publish(100, NOW + timedelta(hours=1))

    answer = client.get(ROWS, headers={"if-none-match": before.headers["etag"]})

    assert answer.status_code == 304
    assert answer.headers["meshport-release"] != before.headers["meshport-release"]


def test_running_the_mesh_again_on_the_same_sources_keeps_every_tag(home, sample, open_door):

    client = open_door(home)
    paths = [f"/ports/catalog/{name}/v1/rows" for name in ("items", "sellers", "categories")]
    before = [tag(client, path) for path in paths]
    first = client.get(PLAIN).headers["meshport-release"]

    assert run_here(home, sample, "catalog").exit_code == 0

    assert client.get(PLAIN).headers["meshport-release"] != first
    assert [tag(client, path) for path in paths] == before


def test_the_contract_is_the_published_one_until_another_is_published(lab):
    path = f"{GAUGES.path}/contract"
    before = lab.client().get(path)
    edit(lab.root / GAUGES.contract_path, "of note", "about note")

    edited = lab.client().get(path)
    assert (edited.content, edited.headers["etag"]) == (before.content, before.headers["etag"])

    lab.publish(100, NOW + timedelta(hours=1))

    after = lab.client().get(path)
    assert b"about note" in after.content
    assert after.headers["etag"] != before.headers["etag"]


READ = [
    *("/", "/products", "/healthz", "/openapi.json", "/static/style.css", "/nothing"),
    *(PLAIN, f"{PLAIN}?format=csv", f"{PLAIN}?format=parquet", "/ports/catalog/items/v1/contract"),
]


@pytest.mark.parametrize("path", READ)
def test_head_is_get_without_the_body(door, path):
    get, head = door.get(path), door.head(path)

    assert head.status_code == get.status_code
    assert head.content == b""
    for name in ("content-type", "etag", "content-length", "link", "vary"):
        assert head.headers.get(name) == get.headers.get(name)


@pytest.mark.parametrize(
    "path",
    [
        "/products",
        "/search?q=late",
        "/glossary",
        "/errors",
        "/products/orders",
        "/ports/orders/orders/v1",
        "/nothing",
    ],
)
def test_what_depends_on_accept_says_so(door, path):
    for accept in ("application/json", "text/html", "text/markdown"):
        vary = door.get(path, headers={"accept": accept}).headers["vary"]
        assert vary.partition(",")[0] == "Accept"


def test_a_problem_is_not_to_be_kept(door):
    assert door.get(f"{PLAIN}?nothing=eq.1").headers["cache-control"] == "no-store"


def test_a_part_of_a_file_can_be_asked_for(door):
    path = f"{PLAIN}?format=parquet"
    whole = door.get(path)

    answer = door.get(path, headers={"range": "bytes=-4", "if-range": whole.headers["etag"]})

    assert (answer.status_code, answer.content) == (206, b"PAR1")
