"""From templates to answers: escaping, the words of templates, and what a browser may do."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from meshport.access.agreements import Act, Agreement
from meshport.errors import MeshportError
from meshport.serving.identity import VARIES_BY, Asker
from meshport.serving.visitor import visitor_of

_MEDIA = {"html": "text/html; charset=utf-8", "md": "text/markdown; charset=utf-8"}
_TWINS = {"md": "text/markdown", "json": "application/json"}
_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Vary": f"Accept, {VARIES_BY}",
    # Contracts are written by others: whatever they hold, nothing of it runs or is fetched.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_ACTS = {
    "request": "asked for access",
    "ask": "asked back",
    "answer": "answered",
    "approve": "approved",
    "deny": "denied",
    "cancel": "gave it up",
    "ask_renewal": "asked for another term",
    "revoke": "revoked",
    "break_glass": "broke the glass",
}
"""What somebody did, said of them."""
_LABELS = {
    "approve": "Approve",
    "deny": "Deny",
    "ask": "Ask back",
    "answer": "Answer",
    "cancel": "Give it up",
    "ask_renewal": "Ask for another term",
    "revoke": "Revoke",
}
_MASKS = {
    "clear": "as it is",
    "not at all": "not at all",
    "null": "always empty",
    "hash": "as a keyed hash: equal values stay equal",
    "last4": "its last four characters",
    "year": "its year",
}
_CHIPS = {
    "active": "healthy",
    "expiring": "late",
    "requested": "asked",
    "asked": "asked",
}
_FAMILIES = {
    "1": "Contracts",
    "2": "Data products and their sources",
    "3": "Checks",
    "4": "Publishing",
    "5": "Catalog",
    "6": "Serving",
    "7": "Access",
    "9": "Settings",
}


def render(template: str, form: str, asker: Asker, path: str, **context: Any) -> Response:
    """A page for somebody; its Markdown and JSON twins are at `path` with a suffix."""
    return _answer(template, form, path, {**context, "visitor": visitor_of(asker)})


def render_problem(problem: Mapping[str, Any], asker: Asker | None) -> Response:
    """A page about an error; of nobody where it cannot be told who asked."""
    try:
        visitor = visitor_of(asker) if asker else None
    except MeshportError:
        visitor = None
    answer = _answer("problem", "html", None, {"problem": problem, "visitor": visitor})
    answer.status_code = problem["status"]
    return answer


def _answer(template: str, form: str, path: str | None, context: dict[str, Any]) -> Response:
    carried = {"q": context.get("query"), "purpose": context.get("purpose")}
    asked = urlencode({name: value for name, value in carried.items() if value})
    query = f"?{asked}" if asked else ""
    twins = [(f"{path}.{one}{query}", media) for one, media in _TWINS.items()] if path else []
    page = _environment().get_template(f"{template}.{form}.j2").render(context, twins=twins)
    headers = dict(_HEADERS)
    if twins:
        links = [f'<{href}>; rel="alternate"; type="{media}"' for href, media in twins]
        headers["Link"] = ", ".join(links)
    return Response(page, 200, headers, _MEDIA[form])


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        # Only the pictures drawn by the catalog go in unescaped.
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "thousands": lambda number: f"{number:,}",
        "percent": lambda part, whole: 100 * part / whole if whole else 0,
        "moment": lambda time: time.strftime("%Y-%m-%d %H:%M UTC"),
        "cell": lambda text: str(text).replace("|", "\\|").replace("\n", " "),
        "json_word": lambda value: value if isinstance(value, str) else json.dumps(value),
        "act_words": lambda act: _ACTS[act],
        "label_of": lambda view, act: _label(view.one, act),
        "state_chip": _chip,
        "mask_words": mask_words,
        "instant": lambda text: f"{text[:16].replace('T', ' ')} UTC",
        "words": lambda name: re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower(),
        "family": lambda code: _FAMILIES[code[2]],
        "code_words": _code_words,
        "web_address": _web_address,
    }
    return environment


def mask_words(mask: str) -> str:
    """What is left of a value, in words."""
    return _MASKS.get(mask) or f"rounded down to steps of {mask.strip('bucket()')}"


def _label(one: Agreement, act: Act) -> str:
    """What the button of an act says."""
    if act is Act.APPROVE and one.is_renewal_asked:
        return "Approve another term"
    if act is Act.ASK_RENEWAL and one.is_broken_glass:
        return "Ask for approval"
    return _LABELS[act]


def _chip(one: Agreement) -> str:
    """The colour of an agreement's state."""
    is_loud = one.is_broken_glass and one.state.grants
    return "refused" if is_loud else _CHIPS.get(one.state, "neutral")


def _code_words(text: str) -> Markup:
    """The text with `quoted` parts as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704  escaped


def _web_address(url: str | None) -> str | None:
    """The address if a link may lead there; a contract could hold javascript: as well."""
    return url if url and url.startswith(("https://", "http://", "mailto:")) else None
