"""`meshport serve`: the doors, in one process."""

from __future__ import annotations

import uvicorn

from meshport.catalog.status import mesh_status
from meshport.cli.show import say
from meshport.errors import ServingError
from meshport.serving.app import create_app
from meshport.serving.state import Doors
from meshport.settings import current_settings


def serve_command(host: str, port: int) -> None:
    """Serve until interrupted; raises ServingError MP620 where the address is taken."""
    settings = current_settings()
    app = create_app(settings)
    server = uvicorn.Server(
        uvicorn.Config(app, host=host, port=port, log_level="warning", server_header=False)
    )
    _say_what_to_click(app.state.doors, f"http://{host}:{port}")
    try:
        server.run()
    except SystemExit as ended:
        hint = f"try another port: meshport serve --port {port + 1}"
        raise ServingError("MP620", f"cannot listen on {host}:{port}", hint=hint) from ended
    except KeyboardInterrupt:
        say("stopped")


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
    say(f"  API     {base}/openapi.json")
    say("Stop with Ctrl-C.")
