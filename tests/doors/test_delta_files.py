"""Files behind links: the whole, a part or the headers; what is no link leads nowhere."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from meshport.publishing.store import ReleaseStore
from tests.access.conftest import CUSTOMERS
from tests.doors.lab import GAUGES
from tests.doors.sharing import DOOR, followed, link_of, office_over, refused

pytestmark = pytest.mark.xdist_group("sharing")


@pytest.fixture(scope="module")
def shared_office(built, tmp_path_factory):
    """Not to be changed."""
    with ExitStack() as opened:
        yield office_over(built, tmp_path_factory.mktemp("files"), opened)


def test_a_link_leads_to_the_very_file_of_the_release(shared_office):
    client = shared_office.client("mailer")

    answer = followed(client, link_of(client, CUSTOMERS))

    store = ReleaseStore(shared_office.home).of("customers")
    (file,) = store.current().ports[str(CUSTOMERS)].projections["internal"].files
    assert answer.content == (store.folder / file.path).read_bytes()
    assert answer.headers["etag"] == f'"{file.sha256}"'
    assert answer.headers["content-disposition"] == 'attachment; filename="customers.v1.parquet"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"].startswith("private")


def test_head_tells_the_size_and_sends_nothing(shared_office):
    client = shared_office.client("mailer")
    link = link_of(client, CUSTOMERS)

    head, get = client.head(link), client.get(link)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))


def test_who_has_the_file_is_told_so(shared_office):
    client = shared_office.client("mailer")
    link = link_of(client, CUSTOMERS)
    tag = client.get(link).headers["etag"]

    answer = client.get(link, headers={"if-none-match": tag})

    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize(
    ("sent", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-99", 10, 100),
        ("bytes=100-", 100, None),
        ("bytes=-4", -4, None),
        ("bytes=5-99999999999", 5, None),
        ("bytes=-99999999999", 0, None),
    ],
)
def test_one_range_of_bytes_is_that_part_of_the_file(shared_office, sent, start, end):
    client = shared_office.client("mailer")
    link = link_of(client, CUSTOMERS)
    whole = client.get(link).content

    answer = client.get(link, headers={"range": sent})

    assert (answer.status_code, answer.content) == (206, whole[start:end])


@pytest.mark.parametrize(
    "sent",
    [
        "bytes=0-1,2-3",
        "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(5000)),
        "bytes=99999999999-",
        "bytes=5-4",
        "bytes=-0",
        "bytes=-",
        "bytes=",
        "bytes",
        "bytes=a-b",
        "bytes=--5",
        "bytes=٣-٤",
        "lines=1-2",
        "bytes=1-" + "9" * 5000,
    ],
)
def test_other_ranges_are_refused_and_cost_nothing(shared_office, sent):
    client = shared_office.client("mailer")

    answer = client.get(link_of(client, CUSTOMERS), headers={"range": sent.encode()})

    assert refused(answer, 416, "MP614")


def test_two_range_headers_are_not_one(shared_office):
    client = shared_office.client("mailer")
    sent = [("range", "bytes=0-1"), ("range", "bytes=2-3")]

    assert refused(client.get(link_of(client, CUSTOMERS), headers=sent), 416, "MP614")


def test_a_link_that_was_changed_anywhere_is_none(shared_office):
    client = shared_office.client("mailer")
    token = link_of(client, CUSTOMERS).removeprefix(f"{DOOR}/files/").partition("?")[0]

    for at in range(0, len(token) - 1, 7):
        changed = f"{token[:at]}{'A' if token[at] != 'A' else 'B'}{token[at + 1 :]}"
        assert refused(followed(client, f"{DOOR}/files/{changed}"), 403, "MP707"), at


@pytest.mark.parametrize(
    "token", ["x", "AAAA", "A" * 4000, "....", "%00", "%2e%2e", "ü", "e30", "null", "=", "A" * 43]
)
def test_what_never_was_a_link_is_none(shared_office, token):
    client = shared_office.client("mailer")

    assert refused(followed(client, f"{DOOR}/files/{token}"), 403, "MP707")


@pytest.mark.parametrize("path", ["", "a/b", "../shares", "%2e%2e%2f%2e%2e%2fetc%2fpasswd"])
def test_no_path_leads_out_of_the_links(shared_office, path):
    answer = shared_office.client("mailer").get(f"{DOOR}/files/{path}")

    assert answer.status_code in (200, 403, 404)
    assert b"root:" not in answer.content
    assert answer.status_code != 200 or "items" in answer.json()


def test_a_link_of_another_mesh_is_none(shared_office, small_door):
    foreign = link_of(small_door, GAUGES)

    assert refused(followed(shared_office.client("mailer"), foreign), 403, "MP707")


def test_who_shows_another_token_with_a_link_is_refused(shared_office):
    link = link_of(shared_office.client("mailer"), CUSTOMERS)
    stranger = shared_office.client("anna@example.com")

    assert stranger.get(link).json()["errorCode"] == "MP707"
    assert shared_office.client("mailer").get(link).status_code == 200
    assert refused(followed(stranger, link, Authorization="Bearer mpt_no"), 401, "MP701")
