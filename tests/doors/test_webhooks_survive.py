"""A killed process, a second server, a full disk: events are sent all the same, under their ids."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest

from meshport.errors import AccessError
from meshport.publishing.lock import unleased
from meshport.serving.webhooks import deliverer as delivering
from meshport.serving.webhooks.deliverer import JITTER, WAITS
from tests.building import ROOT
from tests.doors.receivers import hang, receiving, wait_until
from tests.publishing.test_full_disk import OWN_DISK

pytestmark = pytest.mark.xdist_group("webhooks")
KILLED = """
import random, sys, threading
from datetime import datetime
from pathlib import Path
from meshport.serving.state import Doors
from meshport.serving.webhooks.deliverer import Deliverer
from meshport.serving.webhooks.desk import WebhookDesk
from meshport.serving.webhooks.sending import Sender
from meshport.settings import Settings

root, home, now = Path(sys.argv[1]), Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
settings = Settings(root, home, None, None, ("127.0.0.1",))
desk = WebhookDesk(Doors(settings, lambda: now))
Deliverer(desk, Sender(("127.0.0.1",)), random.Random(1)).tick()
threading.Event().wait(60)
"""


def test_a_process_that_is_killed_while_it_sends_leaves_the_event_to_the_next(hooks):
    lab = hooks.readers.lab
    with receiving(hang) as receiver:
        webhook = hooks.add(receiver.url)
        hooks.publish(101)
        now = hooks.readers.now.isoformat()
        command = [sys.executable, "-c", KILLED, str(lab.root), str(lab.home), now]
        with subprocess.Popen(command) as process:
            assert receiver.came.acquire(timeout=60)
            process.kill()
        hooks.deliver()
        assert len(receiver.calls) == 1, "it has just been tried"
        hooks.later(seconds=WAITS[0] * (1 + JITTER))
        hooks.deliver()

    first, second = receiver.calls
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert hooks.deliveries(webhook)[0]["state"] == "delivered"


def test_of_several_servers_of_a_home_one_delivers_and_the_next_takes_over(hooks, monkeypatch):
    monkeypatch.setattr(delivering, "_TAKE_OVER_SECONDS", 0.05)
    monkeypatch.setattr(delivering, "LOOK_SECONDS", 0.05)
    home = hooks.readers.lab.home
    waiting = hooks.new_deliverer()
    with receiving() as receiver:
        hooks.add(receiver.url)
        hooks.publish(101)
        thread = threading.Thread(target=waiting.run, args=(home,))
        with unleased(home / "webhooks.lock") as is_ours:
            assert is_ours
            thread.start()
            hooks.deliver()
            assert receiver.came.acquire(timeout=30)
            hooks.publish(102)
            assert not receiver.came.acquire(timeout=0.3), "it waits for its turn"
        wait_until(lambda: len(receiver.calls) == 2)
        waiting.close()
        thread.join(30)

    assert not thread.is_alive()
    told = [call.event["data"]["version"] for call in receiver.calls]
    assert told == [hooks.version - 1, hooks.version]


def test_what_a_full_disk_does_not_let_us_write_down_is_sent_again(hooks):
    with receiving() as receiver:
        webhook = hooks.add(receiver.url)
        hooks.publish(101)
        hooks.deliverer.tick()
        assert receiver.came.acquire(timeout=30)
        assert hooks.deliverer.wait(30)
        with hooks.full_disk(), pytest.raises(AccessError, match="state"):
            hooks.deliverer.tick()
        assert hooks.deliveries(webhook)[0]["state"] == "waiting"
        hooks.later(seconds=WAITS[0] * (1 + JITTER))
        hooks.deliver()

    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1
    assert len(receiver.calls) == 2
    assert hooks.deliveries(webhook)[0]["state"] == "delivered"


def test_on_a_full_disk_one_is_told_to_come_again_and_then_all_is_as_it_was(tmp_path):
    command = [*OWN_DISK, str(tmp_path)]
    try:
        tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if tried.returncode:
        pytest.skip("a file system cannot be mounted here")

    done = subprocess.run(
        [*command, sys.executable, "-m", "tests.doors.filling", str(tmp_path)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{ROOT}/platform/src"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    full, after = (json.loads(line) for line in done.stdout.splitlines())
    assert full == [[503, "MP790"], [503, "MP790"]]
    assert after == [[200, None], [201, None]]
