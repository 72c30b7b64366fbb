"""Gauges with a list of tags: a column of every kind that the grammar knows."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.doors.lab import GAUGE_COLUMNS, GAUGE_ROWS, GAUGES, Lab

TAGS = {
    "name": "tags",
    "logicalType": "array",
    "physicalType": "VARCHAR[]",
    "items": {"logicalType": "string", "physicalType": "VARCHAR"},
    "description": "Words that somebody put on the gauge.",
    "classification": "internal",
}
TAG_ROWS = """
select *, case when small is null then null
    else list_filter(['red', 'a,b', '{{{{x}}}}', 'say "so"'], lambda tag, n: (n + big) % 3 > 0)
    end as tags
from ({rows})
"""


def rich_lab(folder: Path, opened: ExitStack) -> Lab:
    """A laboratory whose gauges have tags, published."""
    lab = Lab(folder, opened)
    lab.promise(GAUGES, *GAUGE_COLUMNS, TAGS)
    assert lab.publish(gauges=TAG_ROWS.format(rows=GAUGE_ROWS))
    return lab
