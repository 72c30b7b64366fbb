"""`meshport serve`: the doors, in one process."""

from __future__ import annotations

import socket

import uvicorn

from meshport.catalog.status import mesh_status
from meshport.cli.show import say
from meshport.errors import ServingError
from meshport.serving.app import create_app
from meshport.serving.state import Doors
from meshport.settings import current_settings


def serve_command(host: str, port: int) -> None:
    """Serve until interrupted; raises ServingError MP620 where the address cannot be had."""
    app = create_app(current_settings())
    with _listen(host, port) as listener:
        config = uvicorn.Config(app, log_level="warning", server_header=False)
        shown = f"[{host}]" if ":" in host else host
        _say_what_to_click(app.state.doors, f"http://{shown}:{listener.getsockname()[1]}")
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            say("stopped")


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
    say(f"meshport serves {len(published)} ports. Only public and internal columns, to everyone.")
    say(f"  pages   {base}/")
    if published:
        first = max(published, key=lambda status: status.release.rows if status.release else 0)
        say(f"  a port  {base}{first.port.id.path}")
        say(f"  rows    {base}{first.port.id.path}/rows?limit=5")
    else:
        say("  nothing is published yet: meshport run")
    say(f"  API     {base}/api")
    say("Stop with Ctrl-C.")
