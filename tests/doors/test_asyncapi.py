"""/asyncapi.json: what is sent is what it says, port by port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from meshport.serving.events.event import SENT
from tests.doors.following import CHANGES
from tests.doors.lab import GAUGES, PEOPLE
from tests.doors.receivers import receiving

pytestmark = pytest.mark.xdist_group("webhooks")


@pytest.fixture(scope="module")
def document(small_door):
    answer = small_door.get("/asyncapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def references(part: Any) -> Iterator[str]:
    for value in part.values() if isinstance(part, dict) else part:
        if isinstance(value, dict | list):
            yield from references(value)
        elif isinstance(part, dict) and "$ref" in part:
            yield value


def resolved(document, part):
    """A part with what it refers to in its place; references go one way."""
    if isinstance(part, dict) and "$ref" in part:
        found = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return resolved(document, found)
    if isinstance(part, dict):
        return {name: resolved(document, value) for name, value in part.items()}
    return [resolved(document, one) for one in part] if isinstance(part, list) else part


def test_every_port_has_a_stream_of_changes_and_a_channel_of_events(document):
    assert document["asyncapi"] == "3.0.0"
    wanted = {f"{port}.{kind}" for port in (GAUGES, PEOPLE) for kind in ("changes", "events")}
    assert set(document["channels"]) == set(document["operations"]) == wanted
    for name, operation in document["operations"].items():
        assert operation["action"] == "send"
        assert operation["channel"] == {"$ref": f"#/channels/{name}"}
    assert document["channels"][f"{GAUGES}.changes"]["address"] == CHANGES


def test_whatever_it_refers_to_is_there(document):
    found = set(references(document))

    assert len(found) > len(SENT)
    for reference in found:
        assert resolved(document, {"$ref": reference})


def test_a_change_is_as_its_message_says_and_no_hidden_column_is_named(document, small_door):
    channel = resolved(document, document["channels"][f"{GAUGES}.changes"])
    schema = channel["messages"]["change"]["payload"]
    check = jsonschema_rs.validator_for(schema, validate_formats=True)

    for change in small_door.get(CHANGES).json():
        check.validate(change)
    assert not check.is_valid({**change, "_change_type": "upsert"})
    assert not check.is_valid({**change, "owner_email": "x"})
    assert "owner_email" not in str(document)


def test_an_event_that_is_sent_is_as_its_message_says(document, hooks):
    with receiving() as receiver:
        hooks.add(receiver.url)
        hooks.publish(101)
        hooks.deliver()
    (event,) = (call.event for call in receiver.calls)
    messages = resolved(document, document["channels"][f"{GAUGES}.events"]["messages"])

    fitting = [
        message["name"]
        for message in messages.values()
        if jsonschema_rs.validator_for(message["payload"], validate_formats=True).is_valid(event)
    ]
    assert fitting == [event["type"]] == ["meshport.release.published"]
    assert len(messages) == len(SENT)
