"""The pages of the desk: what concerns a visitor, and one agreement with its history."""

from __future__ import annotations

from fastapi.responses import Response

from meshport.serving.agreement_view import AgreementView, DeskView
from meshport.serving.rendering import render


def desk_page(view: DeskView, form: str) -> Response:
    """A visitor's agreements, what waits for its decision, and the rest that concerns it."""
    now = view.asker.doors.now()
    return render("access", form, view.asker, "/access", desk=view, now=now)


def agreement_page(view: AgreementView, form: str) -> Response:
    """One agreement: terms, history, what a decision changes, and what may be done."""
    path = f"/access/agreements/{view.one.number}"
    return render(
        "agreement", form, view.asker, path, view=view, one=view.one, now=view.asker.doors.now()
    )
