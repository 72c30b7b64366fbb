"""What the OpenAPI document allows, and what it does not, is answered without a server error."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from meshport.serving.app import create_app
from meshport.serving.limits import Limits
from tests.building import NOW, settings_at
from tests.doors.server import listening

pytestmark = pytest.mark.xdist_group("doors")

SECONDS = 5
EACH = settings(
    max_examples=2,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def address(built):
    limits = Limits(requests=10**9)
    app = create_app(settings_at(built), lambda: NOW, is_demo=True, limits=limits)
    with listening(app) as port:
        yield f"http://127.0.0.1:{port}"


def ask(operation, address, mode):
    """A few requests of that kind; the statuses of the answers."""
    found = set()

    @EACH
    @given(operation.as_strategy(generation_mode=mode))
    def some(case):
        answer = case.call(base_url=address, timeout=60)
        found.add(answer.status_code)
        assert answer.status_code < 500, (operation.label, case.query, case.body, answer.text)

    with suppress(Unsatisfiable):  # there is nothing to get wrong
        some()
    return found


def test_no_request_to_any_operation_is_answered_with_a_server_error(address):
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    kinds = {(one.method.upper(), one.path.rpartition("/")[2]) for one in operations}
    ends, statuses, rounds = monotonic() + SECONDS, {}, 0

    while not rounds or monotonic() < ends:
        for operation in operations:
            for mode in GenerationMode:
                if not rounds or monotonic() < ends:
                    found = ask(operation, address, mode)
                    statuses[operation.label] = statuses.get(operation.label, set()) | found
        rounds += 1

    assert {("GET", "rows"), ("POST", "rows"), ("GET", "explain"), ("GET", "schema")} <= kinds
    assert len(statuses) == len(operations) > 100
    assert all(200 in found for label, found in statuses.items() if label.endswith("/rows"))
