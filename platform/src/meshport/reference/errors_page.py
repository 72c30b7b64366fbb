"""errors.md: every error code with its reason and the way out, from the table of codes."""

from __future__ import annotations

from itertools import groupby

from meshport import errors
from meshport.error_codes import CODES, ErrorCode
from meshport.reference.markdown import first_sentence, page, prose

_CLASSES: dict[str, tuple[str, type[errors.MeshportError]]] = {
    "MP1": ("Contracts", errors.ContractError),
    "MP2": ("Data products", errors.ProductError),
    "MP3": ("Checks", errors.CheckError),
    "MP4": ("Publishing", errors.PublishError),
    "MP5": ("Catalog", errors.CatalogError),
    "MP6": ("Serving", errors.ServingError),
    "MP7": ("Access", errors.AccessError),
    "MP9": ("Settings", errors.SettingsError),
}
_INTRODUCTION = """\
Every error of meshport carries a code, the place, the fact and a hint. A code is never reused for
another meaning. A command that ends with an error leaves with exit code 1 where a promise is
broken, and with 2 where nobody can tell. Over HTTP an error is a problem document (RFC 9457) whose
`type` leads to the same text at `/errors`."""


def errors_page() -> str:
    """The page, one section per group of codes."""
    parts = [_INTRODUCTION]
    for group, codes in groupby(CODES.values(), key=lambda one: one.code[:3]):
        title, kind = _CLASSES[group]
        parts += [f"## {title}", first_sentence(kind.__doc__), *map(_section, codes)]
    return page("Error codes", "platform/src/meshport/error_codes.py", *parts)


def _section(one: ErrorCode) -> str:
    exit_code = 1 if one.breaks_promise else 2
    return (
        f'<a id="{one.code.lower()}"></a>\n\n### {one.code}: {one.title}\n\n'
        f"- Why it matters: {prose(one.why)}\n- Way out: {prose(one.fix)}\n- Exit code: {exit_code}"
    )
