"""Every command and every program on a page does what the page says."""

from __future__ import annotations

import pytest

from tests.docs.pages import PAGES, blocks_of, name_of
from tests.docs.shell import run_story, steps_of

pytestmark = pytest.mark.xdist_group("docs")
STORIES = [page for page in PAGES if steps_of(blocks_of(page))]


@pytest.mark.parametrize("page", STORIES, ids=name_of)
def test_a_page_read_from_top_to_bottom_works(page, mesh):
    differences = run_story(steps_of(blocks_of(page)), mesh)

    assert not differences, "\n\n".join(differences)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_stand_where_they_are_run(page):
    """Commands in another kind of block would be run by nobody."""
    for block in blocks_of(page):
        assert block.language not in ("", "sh", "bash", "shell"), f"line {block.line}"
        assert block.language == "console" or "\n$ " not in f"\n{block.text}", f"line {block.line}"


def test_few_blocks_are_not_run():
    skipped = [
        (name_of(page), block.line)
        for page in PAGES
        for block in blocks_of(page)
        if block.note.startswith("not run: ")
    ]

    assert len(skipped) <= 8, skipped
