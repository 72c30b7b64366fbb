"""From templates to answers: escaping, the words of templates, and what a browser may do."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from fastapi.responses import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

_MEDIA = {"html": "text/html; charset=utf-8", "md": "text/markdown; charset=utf-8"}
_TWINS = {"md": "text/markdown", "json": "application/json"}
_HEADERS = {
    "Cache-Control": "no-cache",
    "Vary": "Accept",
    # Contracts are written by others: whatever they hold, nothing of it runs or is fetched.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
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


def render(template: str, form: str, path: str | None, **context: Any) -> Response:
    """A page; its Markdown and JSON twins are at `path` with a suffix, None where it has none."""
    query = f"?q={quote_plus(context['query'])}" if context.get("query") else ""
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
        "words": lambda name: re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower(),
        "family": lambda code: _FAMILIES[code[2]],
        "code_words": _code_words,
        "web_address": _web_address,
    }
    return environment


def _code_words(text: str) -> Markup:
    """The text with `quoted` parts as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704  escaped


def _web_address(url: str | None) -> str | None:
    """The address if a link may lead there; a contract could hold javascript: as well."""
    return url if url and url.startswith(("https://", "http://", "mailto:")) else None
