"""Which form of a resource a client wants: every page is also JSON and Markdown."""

from __future__ import annotations

from functools import lru_cache

from fastapi import HTTPException, Request

FORMS = ("html", "json", "md")
PAGE_MEDIA = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/json": "json",
    "text/markdown": "md",
}
ROW_MEDIA = {
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.apache.arrow.stream": "arrow",
}


def split_suffix(name: str) -> tuple[str, str | None]:
    """A path's last part without its suffix, and the form the suffix names: `v1.md` → v1, md."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, suffix) if dot and suffix in FORMS else (name, None)


def suffix_of(request: Request) -> str | None:
    """The form that the route's `{suffix}` names, None without one; else there is no such page."""
    suffix: str | None = request.path_params.get("suffix")
    if suffix is not None and suffix not in FORMS:
        raise HTTPException(404)
    return suffix


def form_wanted(request: Request, suffix: str | None, default: str = "json") -> str:
    """The form that the path's suffix names, else the best one in `Accept`, else the default."""
    return suffix or _best(request.headers.get("accept", ""), is_of_rows=False) or default


def row_format_wanted(request: Request) -> str:
    """The row format that `Accept` names; JSON where it names none of ours."""
    return _best(request.headers.get("accept", ""), is_of_rows=True) or "json"


@lru_cache(maxsize=256)
def _best(accept: str, *, is_of_rows: bool) -> str | None:
    """The form of the known media type with the highest quality (RFC 9110, section 12.5.1)."""
    best: tuple[float, str | None] = (0.0, None)
    known = ROW_MEDIA if is_of_rows else PAGE_MEDIA
    for part in accept.split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        weight = _number(quality)
        if media.lower() in known and weight > best[0]:
            best = (weight, known[media.lower()])
    return best[1]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
