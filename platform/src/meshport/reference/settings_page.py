"""settings.md: every environment variable, from the module that reads them."""

from __future__ import annotations

from meshport.reference.markdown import code, page, table
from meshport.settings import KNOWN, PREFIX

_INTRODUCTION = f"""\
meshport reads the environment in one module. Every variable starts with `{PREFIX}`; a variable with
that prefix that is not in this list ends a command with
[MP902](errors.md#mp902), because a misspelt one would change nothing and nobody would notice.
Relative paths count from the folder with `workspace.yaml`."""


def settings_page() -> str:
    """The page: one row per variable."""
    rows = [(code(name), meaning) for name, meaning in KNOWN.items()]
    return page(
        "Settings",
        "platform/src/meshport/settings.py",
        _INTRODUCTION,
        table(("variable", "meaning"), rows),
    )
