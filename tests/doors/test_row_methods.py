"""A question in a body is the same question: QUERY (RFC 10008), and POST for those who lack it."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.doors.lab import GAUGES, PEOPLE, ROWS

pytestmark = pytest.mark.xdist_group("doors")

FORM = "application/x-www-form-urlencoded"
ASKED = [("or", "(small.eq.1,note.like.*so*)"), ("order", "big.desc"), ("limit", "7")]


def ask(client, method, path=ROWS, body=ASKED, **headers):
    sent = urlencode(body) if isinstance(body, list) else body
    return client.request(method, path, content=sent, headers={"content-type": FORM, **headers})


@pytest.mark.parametrize("method", ["QUERY", "POST"])
def test_a_body_asks_what_the_address_asks(small_door, method):
    by_address = small_door.get(ROWS, params=ASKED)

    by_body = ask(small_door, method)

    assert by_body.status_code == 200, by_body.text
    assert by_body.content == by_address.content
    assert by_body.headers["etag"] == by_address.headers["etag"]


@pytest.mark.parametrize("method", ["QUERY", "POST"])
def test_address_and_body_may_share_a_question(small_door, method):
    shared = ask(small_door, method, f"{ROWS}?limit=7&format=ndjson", ASKED[:2])

    whole = small_door.get(ROWS, params=[*ASKED, ("format", "ndjson")])
    assert shared.content == whole.content


@pytest.mark.parametrize("method", ["QUERY", "POST"])
def test_pages_are_walked_with_the_same_body(small_door, method):
    body, found, following = ASKED[:2], [], f"{ROWS}?limit=7"
    while following:
        answer = ask(small_door, method, following, body)
        assert answer.status_code == 200, answer.text
        found += answer.json()
        link = answer.links.get("next", {}).get("url")
        following = f"{link}&limit=7" if link else None

    assert found == small_door.get(ROWS, params=[*body, ("limit", 1000)]).json()
    assert len(found) > 14


def test_the_cursor_of_a_body_is_tied_to_its_question(small_door):
    following = ask(small_door, "QUERY").links["next"]["url"]

    answer = ask(small_door, "QUERY", following, [("small", "eq.2"), ("limit", "7")])

    assert (answer.status_code, answer.json()["code"]) == (400, "MP603")


def test_thousands_of_values_fit_into_a_body_and_not_into_an_address(small_door):
    keys = [f"g{n:05d}" for n in range(1000)]

    answer = ask(small_door, "QUERY", body=[("gauge_id", f"in.({','.join(keys)})")])

    assert len(answer.json()) == 100
    assert len(answer.headers.get("link", "")) < 1_000


def test_a_query_is_safe_and_is_answered_with_304_a_post_is_not(small_door):
    etag = ask(small_door, "QUERY").headers["etag"]

    assert ask(small_door, "QUERY", **{"if-none-match": etag}).status_code == 304
    assert ask(small_door, "POST", **{"if-none-match": etag}).status_code == 200


@pytest.mark.parametrize("path", [ROWS, f"{ROWS}/explain"])
def test_options_say_what_can_be_done(small_door, path):
    answer = small_door.options(path)

    assert answer.status_code == 204
    assert answer.headers["allow"] == "GET, HEAD, QUERY, POST, OPTIONS"
    assert answer.headers["accept-query"] == FORM


@pytest.mark.parametrize("asked", ["", "?colour=eq.red", "?limit=5"])
def test_every_answer_says_in_which_form_a_body_asks(small_door, asked):
    assert small_door.get(f"{ROWS}{asked}").headers["accept-query"] == FORM
    assert small_door.head(f"{ROWS}{asked}").headers["accept-query"] == FORM


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_rows_cannot_be_written(small_door, method):
    answer = small_door.request(method, ROWS)

    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert "QUERY" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("media", "body", "status", "code"),
    [
        ("application/json", "{}", 415, "MP645"),
        ("", "small=eq.1", 415, "MP645"),
        ("text/plain", "small=eq.1", 415, "MP645"),
        (FORM, "small=eq.1&" * 20_000, 413, "MP646"),
        (FORM, "colour=eq.red", 400, "MP601"),
        (FORM, b"note=eq.\xff\xfe", 200, None),
        (FORM, "", 200, None),
        (f"{FORM}; charset=UTF-8", "small=eq.1", 200, None),
    ],
)
@pytest.mark.parametrize("method", ["QUERY", "POST"])
def test_a_body_that_is_none_is_refused_with_the_form_it_should_have(
    small_door, method, media, body, status, code
):
    answer = small_door.request(method, ROWS, content=body, headers={"content-type": media})

    assert answer.status_code == status, answer.text
    if code:
        assert answer.json()["code"] == code
    if status == 415:
        assert FORM in answer.json()["hint"]


def test_a_parameter_that_stands_in_both_places_stands_twice(small_door):
    answer = ask(small_door, "POST", f"{ROWS}?limit=5")

    assert (answer.json()["code"], answer.json()["place"]) == ("MP602", "?limit")


def test_an_explanation_says_policy_files_bytes_and_plan(small_door, small_lab):
    asked = "select=gauge_id,small&note=eq.null&order=big.desc&limit=5"

    found = small_door.get(f"{ROWS}/explain?{asked}").json()

    assert found["port"] == str(GAUGES)
    assert found["release"] == small_door.get(ROWS).headers["meshport-release"]
    assert found["access"]["class"] == "internal"
    assert found["access"]["rule"] == "openly served"
    assert "owner_email" not in found["access"]["columns"]
    assert found["question"]["order"] == ["big.desc.nullslast", "gauge_id.asc.nullslast"]
    assert found["files"][0]["rows"] == 100
    assert 0 < found["bytes_at_most"] < found["files"][0]["bytes"]
    assert any("READ_PARQUET" in line.upper() for line in found["plan"])
    assert str(small_lab.home) not in str(found)


def test_an_explanation_by_body_and_of_an_export(small_door):
    by_body = ask(small_door, "QUERY", f"{ROWS}/explain").json()
    export = small_door.get(f"{ROWS}/explain?format=arrow").json()

    assert by_body["question"]["conditions"] == 2
    assert export["question"]["limit"] is None


@pytest.mark.parametrize("asked", ["colour=eq.red", "select=owner_email", "small=eq.x", "or=(a"])
def test_what_cannot_be_asked_cannot_be_explained(small_door, asked):
    rows, explained = (small_door.get(f"{path}?{asked}") for path in (ROWS, f"{ROWS}/explain"))

    assert explained.status_code == 400
    assert explained.json() == rows.json()


def test_the_question_of_another_port_is_not_answered_by_a_body(small_door):
    answer = ask(small_door, "QUERY", f"{PEOPLE.path}/rows")

    assert answer.json()["code"] == "MP601"
