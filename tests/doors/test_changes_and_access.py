"""…/changes shows what its reader may see, now: no hidden column, row or change shines through."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from meshport.access.principal import Kind
from tests.building import NOW
from tests.doors.following import CHANGES, CURSOR, Follower, refused, rows_over_rest
from tests.doors.lab import GAUGE_COLUMNS, GAUGE_ROWS, GAUGES, PEOPLE, SECRET
from tests.doors.readers import PERSON, SENSITIVITY, SITES, property_

pytestmark = pytest.mark.xdist_group("feed")
ROWS = SITES.format(rows=GAUGE_ROWS)
NEW_OWNERS = f"select * replace ('new-' || owner_email as owner_email) from ({ROWS})"
MOVED = (
    f"select * replace (case gauge_id when 'g00003' then 'site 9' when 'g00012' then 'site 3' "
    f"else site end as site) from ({ROWS})"
)


def cursor_of(client):
    return client.get(f"{CHANGES}?after=now").headers[CURSOR]


def test_a_change_of_hidden_columns_alone_is_no_change(own_readers):
    open_, highest = (Follower(own_readers.client(name)).catch_up() for name in (None, "highest"))
    open_.kinds(), highest.kinds()
    own_readers.lab.publish(100, NOW + timedelta(hours=1), NEW_OWNERS)

    assert open_.catch_up().kinds() == {}
    assert highest.catch_up().kinds() == {"update_preimage": 100, "update_postimage": 100}
    assert not any("owner_email" in json.loads(row) for row in open_.held)
    for one in (open_, highest):
        assert one.held == rows_over_rest(one.client)


def test_a_masked_value_is_masked_in_every_change(own_readers):
    own_readers.agree(PERSON, "confidential")
    reader = Follower(own_readers.client(PERSON)).catch_up()
    own_readers.lab.publish(100, NOW + timedelta(hours=1), NEW_OWNERS)
    reader.catch_up()

    assert reader.held == rows_over_rest(reader.client)
    shown = {one["owner_email"] for one in reader.told}
    assert len(shown) == 200
    assert not any("secret.example" in one for one in shown)


def test_a_row_that_leaves_a_row_scope_is_deleted_and_one_that_enters_is_inserted(own_readers):
    scoped = Follower(own_readers.client("scoped")).catch_up()
    assert scoped.kinds() == {"insert": 20}
    own_readers.lab.publish(100, NOW + timedelta(hours=1), MOVED)

    scoped.catch_up()

    told = {(one["gauge_id"], one["_change_type"]) for one in scoped.told}
    assert told == {("g00003", "delete"), ("g00012", "insert")}
    assert scoped.held == rows_over_rest(scoped.client)


def test_a_column_made_more_sensitive_is_in_no_change_of_any_release_any_more(own_readers):
    client = own_readers.client(PERSON)
    begun, idle = Follower(client, limit=40), Follower(client).catch_up()
    begun.page()
    own_readers.lab.publish(100, NOW + timedelta(hours=1), ROWS.replace("'a,b'", "'c,d'"))
    strict = {**SENSITIVITY, "note": SECRET}
    columns = [{**one, **strict.get(one["name"], {})} for one in GAUGE_COLUMNS]
    site = {"name": "site", "logicalType": "string", "physicalType": "VARCHAR", "required": True}
    site |= {"description": "Where it is.", **property_("rowScope", True)}
    own_readers.lab.promise(GAUGES, *columns, site)
    fresh = own_readers.client(PERSON)

    # Nothing but the note has changed, and that is not to be known any more.
    assert fresh.get(f"{CHANGES}?cursor={idle.cursor}").json() == []
    refused(fresh.get(f"{CHANGES}?cursor={begun.cursor}"), 410, "MP651")
    told = fresh.get(f"{CHANGES}?limit=10000").json()
    assert len(told) == 100
    assert not any("note" in one for one in told)


def test_a_cursor_is_of_use_to_its_reader_in_its_port_alone(own_readers):
    mine = cursor_of(own_readers.client("service"))
    service = own_readers.client("service")
    own_readers.add("second", Kind.SERVICE)
    own_readers.agree("second", "confidential")
    page = service.get(f"{GAUGES.path}/rows?limit=1").headers["Link"]
    foreign = page.partition("cursor=")[2].partition(">")[0]
    other = "A" if mine[40] != "A" else "B"
    tampered = [mine[:-4], f"{mine[:40]}{other}{mine[41:]}", f"AAAA{mine[4:]}", "", "ü"]

    refused(own_readers.client("second").get(CHANGES, params={"cursor": mine}), 400, "MP603")
    highest = own_readers.client("highest")
    refused(highest.get(f"{PEOPLE.path}/changes", params={"cursor": mine}), 400, "MP603")
    for cursor in (foreign, *tampered):
        refused(service.get(CHANGES, params={"cursor": cursor}), 400, "MP603")
    refused(service.get(f"{GAUGES.path}/rows", params={"cursor": mine}), 400, "MP603")
    assert service.get(CHANGES, params={"cursor": mine}).json() == []


def test_who_sees_something_else_by_now_begins_anew(own_readers):
    client = own_readers.client("outlet")
    before = cursor_of(client)
    agreement = own_readers.agree("outlet", "internal")

    refused(client.get(CHANGES, params={"cursor": before}), 410, "MP651")
    within = cursor_of(client)
    assert client.get(CHANGES, params={"cursor": within}).json() == []
    own_readers.revoke(agreement)
    refused(client.get(CHANGES, params={"cursor": within}), 410, "MP651")


def test_of_a_port_of_which_one_sees_nothing_one_hears_nothing(readers):
    path = f"{PEOPLE.path}/changes"

    refused(readers.client("service").get(path), 403, "MP704")
    refused(readers.client().get(path), 401, "MP705")
    refused(readers.client("service").get(path, headers={"Accept": "text/event-stream"}), 403,
            "MP704")  # fmt: skip
    assert len(readers.client("highest").get(path).json()) == 40


def test_who_reads_changes_stands_in_the_audit(own_readers):
    own_readers.client("service").get(f"{CHANGES}?limit=7")

    entry = next(own_readers.register.audit.entries())
    assert (entry["who"], entry["door"], entry["rows"]) == ("service", "changes", 7)
    assert entry["verdict"] == "allowed"
    assert "wide" in entry["columns"]
    assert "owner_email" in entry["columns"]
