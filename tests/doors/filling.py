"""On a small disk: changes and webhooks before it is full, while it is, and after. Prints JSON."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.doors.following import CHANGES
from tests.doors.lab import GAUGES
from tests.doors.readers import Readers
from tests.doors.receivers import Hooks

URL = "https://hooks.example.com/"


def told(answer) -> list[object]:
    said = answer.json()
    return [answer.status_code, said["code"] if answer.status_code >= 400 else None]


def main(folder: Path) -> None:
    with ExitStack() as opened:
        hooks = Hooks(Readers(folder / "lab", opened))
        send = hooks.sent("service")

        def both() -> list[object]:
            about = {"port": str(GAUGES), "url": URL}
            return [told(send("GET", CHANGES)), told(send("POST", "/webhooks", json=about))]

        hooks.add(URL)
        ballast = folder / "ballast"
        with ballast.open("wb", buffering=0) as full:
            try:
                while True:
                    full.write(b"\0" * 4096)
            except OSError:
                pass
        print(json.dumps(both()))
        ballast.unlink()
        print(json.dumps(both()))
        shutil.rmtree(folder / "lab", ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
