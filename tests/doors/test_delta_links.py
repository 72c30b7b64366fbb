"""Links to files are good only while the access lasts on which they rest."""

from __future__ import annotations

import shutil
import socket
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from time import monotonic

import delta_sharing
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from requests import HTTPError

from meshport.access.agreements import Act, Event, Terms
from meshport.access.consumers import Consumer
from meshport.access.principal import Kind, Principal
from meshport.access.register import AccessRegister
from meshport.publishing.lock import unleased
from meshport.publishing.retention import expire
from meshport.publishing.store import ReleaseStore
from meshport.serving.app import create_app
from meshport.serving.delta.links import LIFETIME
from tests.access.conftest import CUSTOMERS, OFFICER
from tests.building import NOW, settings_at
from tests.doors.lab import GAUGE_COLUMNS, GAUGES
from tests.doors.sharing import (
    DOOR,
    changed_by,
    followed,
    link_of,
    live,
    office_over,
    refused,
    write_profile,
)

pytestmark = [
    pytest.mark.xdist_group("sharing"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
OWNER = Principal("rosa.alves@example.com", Kind.PERSON)


@pytest.fixture
def office(built, tmp_path):
    with ExitStack() as opened:
        yield office_over(built, tmp_path, opened)


def test_a_link_ends_to_the_second(office):
    client = office.client("mailer")
    link = link_of(client, CUSTOMERS)
    office.now += LIFETIME - timedelta(seconds=1)
    assert followed(client, link).status_code == 200

    office.now += timedelta(seconds=1)

    assert refused(followed(client, link), 403, "MP707")


def test_a_revoked_agreement_cuts_the_next_file(office):
    number = office.agree("mailer", "restricted", purpose="direct-marketing").number
    client = office.client("mailer")
    link = link_of(client, CUSTOMERS)
    assert "email" in pq.read_schema(pa.BufferReader(followed(client, link).content)).names

    officer = Principal(OFFICER, Kind.PERSON)
    office.desk.act(number, Act.REVOKE, officer, office.now)

    assert refused(followed(client, link), 403, "MP707")
    fresh = followed(client, link_of(client, CUSTOMERS))
    assert "email" not in pq.read_schema(pa.BufferReader(fresh.content)).names


def test_an_agreement_that_expires_cuts_the_next_file(office):
    office.agree("mailer", "confidential", days=1)
    office.now += timedelta(days=1, seconds=-10)
    client = office.client("mailer")
    link = link_of(client, CUSTOMERS)
    assert followed(client, link).status_code == 200

    office.now += timedelta(seconds=10)

    assert refused(followed(client, link), 403, "MP707")


def test_a_link_for_some_rows_ends_when_there_are_others(office):
    """The scope is part of what the link rests on."""
    first = office.agree("outlet", "confidential", scope=("SP",)).number
    client = office.client("outlet")
    link = link_of(client, CUSTOMERS)

    office.desk.act(first, Act.REVOKE, OWNER, office.now)
    office.agree("outlet", "confidential", scope=("RJ",))

    assert refused(followed(client, link), 403, "MP707")


def test_who_holds_agreements_for_several_purposes_names_one(office):
    """By a header, or by a token that is bound to it; a link remembers which."""
    office.agree("mailer", "confidential")
    office.agree("mailer", "restricted", purpose="direct-marketing")
    client = office.client("mailer")
    query = f"{DOOR}/shares/customers/schemas/customers/tables/v1/query"
    assert refused(client.post(query, json={}), 403, "MP703")
    assert client.get(f"{DOOR}/shares/customers/schemas/customers/tables").json()["items"]

    client.headers["Meshport-Purpose"] = "direct-marketing"
    named = link_of(client, CUSTOMERS)
    del client.headers["Meshport-Purpose"]
    token = office.register.tokens.create("mailer", office.now, purpose="customer-care").secret
    client.headers["Authorization"] = f"Bearer {token}"
    bound = link_of(client, CUSTOMERS)

    full, masked = (
        pq.read_schema(pa.BufferReader(followed(client, link).content)).names
        for link in (named, bound)
    )
    assert "full_name" in full
    assert "full_name" not in masked
    assert "email" in masked


def test_a_revoked_token_and_a_consumer_shut_out_end_their_links(office):
    client = office.client("mailer")
    link = link_of(client, CUSTOMERS)
    (token,) = office.register.tokens.of("mailer")
    office.register.tokens.revoke(token["id"], office.now)
    assert refused(followed(client, link), 401, "MP701")

    other = office.client("robot")
    link = link_of(other, CUSTOMERS)
    office.register.consumers.disable("robot", office.now)
    assert refused(followed(other, link), 401, "MP701")


def test_a_link_to_data_that_is_no_longer_kept_says_so(lab):
    client = lab.client()
    link = link_of(client, GAUGES)
    lab.publish(101, NOW + timedelta(hours=1))
    assert client.get(link).status_code == 200  # a release does not end by the next one

    expire(ReleaseStore(lab.home).of("lab"), keep=1)

    assert refused(client.get(link), 410, "MP404")


def test_a_link_to_a_difference_ends_with_the_access_it_rests_on(lab):
    lab.publish(105, NOW + timedelta(hours=1))
    now = datetime.now(UTC)
    register = AccessRegister.at_home(lab.home)
    register.consumers.add(Consumer("ana", Kind.PERSON, None, None, "", is_disabled=False), "", now)
    terms = Terms("ana", GAUGES, "research", "restricted", "to see what changes")
    until = (now + timedelta(days=1)).isoformat()
    granted = Event(Act.APPROVE, now.isoformat(), "owner", until=until)
    entry = register.audit.entry(Principal("owner", Kind.PERSON), now)
    agreement = register.agreements.open(terms, granted, now, entry)
    client = lab.client()
    client.headers["Authorization"] = f"Bearer {register.tokens.create('ana', now).secret}"
    link = changed_by(client, 2)
    assert "owner_email" in pq.read_schema(pa.BufferReader(followed(client, link).content)).names

    revoked = Event(Act.REVOKE, now.isoformat(), "owner")
    register.agreements.append(agreement.number, revoked, 1, entry)

    assert refused(followed(client, link), 403, "MP707")
    fresh = followed(client, changed_by(client, 2))
    assert "owner_email" not in pq.read_schema(pa.BufferReader(fresh.content)).names


def test_the_next_call_of_the_client_is_refused_when_the_agreement_is_revoked(office, tmp_path):
    """No wait: nothing between the decision and the door remembers what was allowed."""
    number = office.agree("outlet", "confidential", scope=("SP",)).number
    app = create_app(settings_at(office.home), lambda: office.now)
    with live(app) as address:
        profile = write_profile(tmp_path, address, office.secret("outlet"))
        table = f"{profile}#{CUSTOMERS}"
        assert set(delta_sharing.load_as_pandas(table)["state"]) == {"SP"}

        office.desk.act(number, Act.REVOKE, OWNER, office.now)

        with pytest.raises(HTTPError, match="MP704"):
            delta_sharing.load_as_pandas(table)


def test_a_difference_is_made_again_where_it_was_removed(lab):
    lab.publish(105, NOW + timedelta(hours=1))
    client = lab.client()
    link = changed_by(client, 2)
    first = client.get(link)
    shutil.rmtree(lab.home / "cache")

    again = client.get(link)

    assert (again.status_code, again.headers["etag"]) == (200, first.headers["etag"])
    assert pq.read_table(pa.BufferReader(again.content)) == pq.read_table(
        pa.BufferReader(first.content)
    )


def test_a_download_that_is_given_up_gives_its_release_back(lab):
    """While it goes on, retention leaves the release alone."""
    lab.publish(300_000, NOW + timedelta(hours=1))
    store = ReleaseStore(lab.home).of("lab")
    lease = store.folder / "releases" / store.pointer().current / "lease"
    app = create_app(settings_at(lab.home, lab.root), is_demo=True)
    with live(app) as address, socket.socket() as reader:
        # A small window, so that the file does not fit between server and reader.
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = address.removeprefix("http://").split(":")
        reader.connect((host, int(port)))
        link = link_of(lab.client(), GAUGES)
        reader.sendall(f"GET {link} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert reader.recv(12) == b"HTTP/1.1 200"
        with unleased(lease) as is_free:
            assert not is_free

        reader.close()

        deadline = monotonic() + 60
        while not is_free:
            assert monotonic() < deadline
            with unleased(lease) as is_free:
                pass


def test_a_port_past_its_end_is_gone_from_lists_tables_and_links(lab):
    client = lab.client()
    link = link_of(client, GAUGES)
    lab.promise(GAUGES, *GAUGE_COLUMNS, status="retired")
    later = lab.client()

    assert refused(later.get(link), 410, "MP640")
    assert refused(later.get(f"{DOOR}/shares/lab/schemas/gauges/tables/v1/metadata"), 410, "MP640")
    listed = later.get(f"{DOOR}/shares/lab/schemas").json()["items"]
    assert [item["name"] for item in listed] == ["people"]


def test_a_port_that_will_end_says_when(lab):
    ends = {"id": "ends", "property": "endOfSupport", "value": "2199-12-31T00:00:00Z"}
    about = {"description": "Read the next one."}
    lab.promise(GAUGES, *GAUGE_COLUMNS, status="deprecated", slaProperties=[{**ends, **about}])
    table = f"{DOOR}/shares/lab/schemas/gauges/tables/v1"
    client = lab.client()

    for answer in (client.get(f"{table}/version"), client.post(f"{table}/query", json={})):
        assert answer.headers["sunset"] == "Wed, 01 Jan 2200 00:00:00 GMT"
        assert answer.headers["deprecation"].startswith("@")
