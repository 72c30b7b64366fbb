"""The webhooks of one running server: its desk, and where it is asked to deliver, a deliverer."""

from __future__ import annotations

import random
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from meshport.serving.webhooks.deliverer import Deliverer
from meshport.serving.webhooks.desk import WebhookDesk
from meshport.serving.webhooks.sending import Sender


@asynccontextmanager
async def webhooks_lifespan(app: FastAPI) -> AsyncIterator[None]:
    """From a server's start to its end."""
    doors = app.state.doors
    app.state.webhooks = desk = WebhookDesk(doors)
    if not getattr(app.state, "delivers", False):
        yield
        return
    sender = Sender(doors.settings.webhook_hosts)
    deliverer = Deliverer(desk, sender, random.SystemRandom())
    work = threading.Thread(target=deliverer.run, args=(doors.settings.home,), daemon=True)
    work.start()
    yield
    deliverer.close()
    work.join(timeout=5)


def delivering(make_app: Callable[..., FastAPI], *arguments: Any, **options: Any) -> FastAPI:
    """An app that sends events to webhooks while it runs, besides serving."""
    app = make_app(*arguments, **options)
    app.state.delivers = True
    return app
