"""Links within the repository lead somewhere, anchors too."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest

from tests.building import ROOT
from tests.docs.pages import PAGES, anchors_of, links_of, name_of


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_and_anchors_resolve(page):
    for link in links_of(page):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if parts.fragment:
            assert parts.fragment in anchors_of(target), link


def test_every_page_below_docs_is_reached_from_the_readme():
    found, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in found and page.suffix == ".md" and page.is_file():
            found.add(page)
            waiting += [(page.parent / urlsplit(link).path).resolve() for link in links_of(page)]

    written = {page for page in PAGES if "domains" not in page.relative_to(ROOT).parts}
    assert {name_of(page) for page in written} - {name_of(page) for page in found} == set()
