"""`meshport serve`: the doors, in as many processes as there are cores."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from functools import partial

from meshport.catalog.status import mesh_status
from meshport.cli.server import run
from meshport.cli.show import say
from meshport.errors import ServingError
from meshport.serving.app import create_app
from meshport.serving.demo import CUSTOMERS, DemoPeople
from meshport.serving.limits import Limits
from meshport.serving.state import Doors
from meshport.serving.webhooks.running import delivering
from meshport.settings import current_settings, is_loopback

MOST_WORKERS = 4
"""Processes that are started where nobody says how many: each takes memory."""


def serve_command(host: str, port: int, is_demo: bool, workers: int | None, quota: int) -> None:
    """Serve until interrupted, with so many processes; `quota` is requests per reader and minute.

    Raises ServingError MP620 where the address cannot be had, MP621 where others than this machine
    could come in and nobody could be told from anybody.
    """
    is_own, settings = is_loopback(host), current_settings()
    # Where a company's own tokens are taken, a request without one may come through its proxy.
    is_home = is_own and (is_demo or settings.oidc is None)
    workers = workers or min(os.cpu_count() or 1, MOST_WORKERS)
    limits = replace(Limits(), requests=quota).shared_by(workers)
    make_app = partial(
        delivering, create_app, settings, is_demo=is_home, has_login=is_demo, limits=limits
    )
    doors: Doors = make_app().state.doors
    if not is_own:
        _require_identities(doors, host, is_demo)
    with _listen(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        base = f"http://{shown}:{listener.getsockname()[1]}"
        _say_what_to_click(doors, base)
        if is_demo:
            _say_who_there_is(doors, base)
        say("Stop with Ctrl-C.")
        doors.rows.close()
        run(make_app, listener, workers)
        say("stopped")


def _require_identities(doors: Doors, host: str, is_demo: bool) -> None:
    if is_demo:
        fact = f"{host} is open to others, who could play anybody in a demo"
        raise ServingError("MP621", fact, hint="serve the demo on 127.0.0.1")
    if doors.issuer is None and not doors.access.consumers.all():
        fact = f"{host} is open to others, and there is no consumer yet"
        hint = "meshport consumer add NAME, meshport token create NAME; or serve on 127.0.0.1"
        raise ServingError("MP621", fact, hint=hint)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 lets the system choose."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        said = error.strerror if isinstance(error, OSError) else None
        fact = f"cannot listen on {host}:{port}: {(said or str(error)).lower()}"
        other = port + 1 if port < 65535 else 8000
        hint = f"try another port: meshport serve --port {other}"
        raise ServingError("MP620", fact, hint=hint) from error


def _say_what_to_click(doors: Doors, base: str) -> None:
    catalog = doors.catalog
    published = [s for s in mesh_status(catalog.mesh, catalog.store, doors.now()) if s.release]
    say(f"meshport serves {len(published)} ports.")
    say(f"  pages   {base}/")
    if published:
        first = max(published, key=lambda status: status.release.rows if status.release else 0)
        say(f"  a port  {base}{first.port.id.path}")
        say(f"  rows    {base}{first.port.id.path}/rows?limit=5")
    else:
        say("  nothing is published yet: meshport run")
    say(f"  doors   {base}/api#doors")


def _say_who_there_is(doors: Doors, base: str) -> None:
    people = DemoPeople(doors.access, doors.desk, doors.now()).arrange()
    say("Three consumers, each with a token for today. The same rows, seen by each:")
    for name, secret in people.items():
        rows = f"{base}{CUSTOMERS.path}/rows?limit=1"
        say(f"  {name}\n    curl -H 'Authorization: Bearer {secret}' '{rows}'")
