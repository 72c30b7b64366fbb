"""glossary.md: meshport's own words, and the words of the mesh's business."""

from __future__ import annotations

from collections.abc import Iterable

from meshport.catalog.glossary import FILE, Term
from meshport.reference.markdown import code, page, table
from meshport.reference.words import WORDS

_ORIGIN = f"platform/src/meshport/reference/words.py and {FILE}"


def glossary_page(terms: Iterable[Term]) -> str:
    """The page: the platform's words first, then the business terms with their columns."""
    business = [
        (one.term, one.meaning, ", ".join(one.synonyms), ", ".join(map(code, one.columns)))
        for one in sorted(terms, key=lambda one: one.term.lower())
    ]
    return page(
        "Glossary",
        _ORIGIN,
        "## Words of the platform",
        "One word per idea, in code, command line, API and pages alike.",
        table(("word", "meaning", "not called"), WORDS),
        "## Words of the business",
        "What people search for, and the columns that carry it.",
        table(("term", "meaning", "also called", "columns"), business),
    )
