"""A publisher that is killed at an exact moment: python -m tests.publishing.dying FOLDER.

It reads one number n per line and starts a publish of n things, which SIGKILL ends just before
the n-th time that it writes below its home. It answers with the number of operations that were
done, or with `published` where the publish came to its end before.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.publishing.shop import Shop, things

_CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod"}


def die_before(operation: int, folder: Path) -> None:
    """Kill this process just before it changes a file below the folder for the n-th time."""
    done = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal done
        writes = event in _CHANGES or (event == "open" and bool(int(arguments[2]) & os.O_CREAT))
        if writes and str(arguments[0]).startswith(str(folder)):
            done += 1
            if done == operation:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def publish_and_die(shop: Shop, operation: int) -> str:
    """One attempt, in a process of its own that shares the imports of this one."""
    child = os.fork()
    if child == 0:
        die_before(operation, shop.store.folder)
        shop.publish(things(operation), [(f"p{n}", "t000000") for n in range(operation)])
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else f"ended with {os.WEXITSTATUS(status)}"


if __name__ == "__main__":
    shop = Shop(Path(sys.argv[1]))
    for line in sys.stdin:
        print(publish_and_die(shop, int(line)), flush=True)
