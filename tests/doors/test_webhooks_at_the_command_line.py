"""`meshport webhook`, from adding to removing."""

from __future__ import annotations

import json
import re
import sys

import pytest

from meshport.access.audit import Audit
from meshport.cli.main import main
from tests.doors.lab import GAUGES
from tests.doors.readers import PERSON
from tests.doors.receivers import HOST, receiving

pytestmark = pytest.mark.xdist_group("webhooks")


@pytest.fixture
def run(hooks, monkeypatch, capsys):
    """The command line over the laboratory's home, in this process: exit code, stdout, stderr."""
    lab = hooks.readers.lab
    monkeypatch.chdir(lab.root)
    (lab.root / "domains").mkdir(exist_ok=True)
    monkeypatch.setenv("MESHPORT_HOME", str(lab.home))
    monkeypatch.setenv("MESHPORT_WEBHOOK_HOSTS", f"{HOST}, other")

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["meshport", "webhook", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, *capsys.readouterr()

    return command


def test_all_of_it_can_be_done_at_the_command_line(hooks, run):
    with receiving(204, 500) as receiver:
        _, secret, said = run("add", GAUGES, receiver.url, "--consumer", "highest")
        assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=\n", secret)
        (webhook,) = re.findall(r"whk_[0-9a-f]{16}", said)
        (listed,) = json.loads(run("list", "--consumer", "highest", "--format", "json")[1])
        assert (listed["webhook"], listed["state"]) == (webhook, "active")
        assert webhook in run("list")[1]
        assert [run("test", webhook)[0] for _ in range(2)] == [0, 1]
        hooks.publish(101)
        hooks.deliver()
    (sent,) = json.loads(run("deliveries", webhook, "--format", "json")[1])
    assert (sent["type"], sent["state"]) == ("meshport.release.published", "delivered")
    assert "release.published" in run("deliveries", webhook, "--state", "delivered")[1]
    assert "0 events" in run("replay", webhook)[2]
    assert "1 events" in run("replay", webhook, "--after", hooks.since)[2]
    assert run("deliveries", webhook, "--state", "lost")[0] == 2
    assert run("add", GAUGES, "http://10.0.0.1/", "--consumer", "highest")[0] == 2
    _, rotated, said = run("rotate", webhook)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=\n", rotated)
    assert rotated != secret
    assert "the old one counts until " in said
    assert "the old one counts no more" in run("rotate", webhook, "--overlap-hours", 0)[2]
    assert run("remove", webhook)[0] == 0
    assert run("test", webhook)[0] == 2


def test_what_the_operator_does_to_webhooks_is_in_the_audit(hooks, run):
    audit = Audit(hooks.readers.lab.home)
    before = next(one["id"] for one in audit.entries())
    said = run("add", GAUGES, "https://hooks.example.com/", "--consumer", PERSON)[2]
    (webhook,) = re.findall(r"whk_[0-9a-f]{16}", said)
    for act in ("replay", "rotate", "remove"):
        run(act, webhook)

    lines = [one for one in audit.entries() if one["id"] > before][::-1]
    acts = [one for one in lines if "act" in one]
    assert [one["act"] for one in acts] == [
        *("webhook added", "webhook replayed", "webhook secret rotated", "webhook removed")
    ]
    assert {(one["who"], one["kind"], one["door"]) for one in acts} == {
        ("command line", "operator", "command line")
    }
    assert {(one["consumer"], one["port"], one["rule"]) for one in acts} == {
        (audit.pseudonym(PERSON), str(GAUGES), webhook)
    }
    (decision,) = (one for one in lines if "act" not in one)
    assert (decision["who"], decision["verdict"]) == (audit.pseudonym(PERSON), "allowed")
