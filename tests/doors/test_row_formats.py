"""Every format holds the same rows, exactly, when read with the reader people use for it."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from tests.doors.lab import GAUGE_ROWS, GAUGES, ROWS, arrow_of, files_of

pytestmark = pytest.mark.xdist_group("doors")

SERVED = "gauge_id, big, wide, narrow, ratio, small, is_on, seen_at, made_on, note"
MEDIA = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}


@pytest.fixture(scope="module")
def native(small_lab):
    """The rows as Arrow reads them off the release's own file."""
    return arrow_of(f"select {SERVED} from read_parquet({small_lab.files()}) order by gauge_id")


def from_json(row):
    """Native values of a JSON row, by the rules the API promises."""
    return {
        "gauge_id": row["gauge_id"],
        "big": int(row["big"]),
        "wide": row["wide"] and Decimal(row["wide"]),
        "narrow": None if row["narrow"] is None else Decimal(str(row["narrow"])),
        "ratio": row["ratio"],
        "small": row["small"],
        "is_on": row["is_on"],
        "seen_at": row["seen_at"] and datetime.fromisoformat(row["seen_at"]),
        "made_on": row["made_on"] and date.fromisoformat(row["made_on"]),
        "note": row["note"],
    }


def plain(table):
    """The rows of an Arrow table, moments in UTC."""
    return [
        {name: v.astimezone(UTC) if isinstance(v, datetime) else v for name, v in row.items()}
        for row in table.to_pylist()
    ]


def test_json_and_ndjson_hold_every_value_exactly(small_door, native):
    as_json = small_door.get(f"{ROWS}?limit=1000").json()
    lines = small_door.get(f"{ROWS}?limit=1000&format=ndjson").text

    assert [from_json(row) for row in as_json] == plain(native)
    assert [json.loads(line) for line in lines.splitlines()] == as_json
    assert lines.endswith("\n")


def test_what_a_json_number_would_round_is_a_string(small_door):
    row = small_door.get(f"{ROWS}?gauge_id=eq.g00001").json()[0]

    assert row["big"] == "9007199254740994"
    assert row["wide"] == "1234567890123457.7891"
    assert row["narrow"] == -1.95
    assert row["seen_at"] == "2026-03-01T13:00:00.000001Z"
    assert row["made_on"] == "2024-03-01"


def test_a_number_that_json_does_not_know_leaves_the_answer_valid(lab):
    odd = "['nan', 'infinity', '-infinity', '1'][right(gauge_id, 1)::integer + 1]::double"
    sql = f"select * replace ({odd} as ratio) from ({GAUGE_ROWS})"
    lab.publish(4, gauges=sql)

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    text = lab.client().get(f"{ROWS}?select=ratio").text
    values = [row["ratio"] for row in json.loads(text, parse_constant=refuse)]

    assert values == ["NaN", "Infinity", "-Infinity", 1.0]


def test_parquet_holds_the_native_types_and_values(small_door, native):
    table = pq.read_table(io.BytesIO(small_door.get(f"{ROWS}?format=parquet").content))

    assert table.schema.field("big").type == pa.int64()
    assert table.schema.field("wide").type == pa.decimal128(20, 4)
    assert table.schema.field("seen_at").type == pa.timestamp("us", "UTC")
    assert table.schema.field("made_on").type == pa.date32()
    assert plain(table) == plain(native)


def test_arrow_is_a_stream_of_the_native_types_and_values(small_door, native):
    body = small_door.get(f"{ROWS}?format=arrow").content

    with pa.ipc.open_stream(body) as reader:
        table = reader.read_all()
    assert table.schema.field("wide").type == pa.decimal128(20, 4)
    assert plain(table) == plain(native)


def test_csv_tells_null_from_empty_and_keeps_every_digit(small_door, native):
    text = small_door.get(f"{ROWS}?format=csv").content

    types = {field.name: field.type for field in native.schema}
    convert = pyarrow.csv.ConvertOptions(
        column_types=types,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
    )
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    table = pyarrow.csv.read_csv(io.BytesIO(text), parse_options=parse, convert_options=convert)
    assert plain(table) == plain(native)


def test_csv_and_json_write_moments_alike(small_door):
    lines = csv.DictReader(io.StringIO(small_door.get(f"{ROWS}?format=csv&limit=5").text))

    as_json = small_door.get(f"{ROWS}?limit=5").json()
    assert [line["seen_at"] for line in lines] == [row["seen_at"] or "" for row in as_json]


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_filters_order_select_and_limit_hold_in_every_format(small_door, form):
    asked = "select=small,gauge_id&small=gte.1&order=gauge_id.desc&limit=5"

    body = small_door.get(f"{ROWS}?{asked}&format={form}").content

    readers = {
        "csv": lambda: pyarrow.csv.read_csv(io.BytesIO(body)),
        "parquet": lambda: pq.read_table(io.BytesIO(body)),
        "arrow": lambda: pa.ipc.open_stream(body).read_all(),
    }
    assert readers[form]().to_pylist() == small_door.get(f"{ROWS}?{asked}").json()


@pytest.mark.parametrize("form", MEDIA)
def test_a_format_says_its_media_type_by_parameter_and_by_accept(small_door, form):
    media = MEDIA[form]

    by_parameter = small_door.get(f"{ROWS}?limit=3&format={form}")
    by_accept = small_door.get(f"{ROWS}?limit=3", headers={"accept": media.partition(";")[0]})

    assert by_parameter.headers["content-type"] == by_accept.headers["content-type"] == media
    assert by_parameter.content == by_accept.content
    assert by_accept.headers["vary"].startswith("Accept, ")


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("text/csv;q=0.3, application/x-ndjson;q=0.9", "application/x-ndjson"),
        ("image/png, Text/CSV", "text/csv; charset=utf-8"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml", "application/json"),
        ("text/csv;q=much", "application/json"),
        ("", "application/json"),
    ],
)
def test_accept_chooses_by_quality_and_json_is_what_is_left(small_door, accept, media):
    answer = small_door.get(f"{ROWS}?limit=1", headers={"accept": accept})

    assert answer.headers["content-type"] == media


def test_a_whole_table_as_parquet_is_the_file_of_the_release_itself(door, built):
    items = GAUGES.parse("catalog.items.v1")
    (file,) = files_of(built, items)

    answer = door.get(f"{items.path}/rows?format=parquet")

    with open(file, "rb") as own:
        assert answer.content == own.read()
    assert answer.headers["content-disposition"] == 'attachment; filename="items.parquet"'


def test_nothing_of_an_answer_is_left_behind(small_door, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    small_door.get(f"{ROWS}?format=csv")
    small_door.get(f"{ROWS}?format=parquet&small=eq.1")
    small_door.get(f"{ROWS}?format=arrow&small=eq.x")

    assert list(tmp_path.iterdir()) == []


def test_an_answer_without_rows_is_empty_in_every_format(small_door):
    asked = f"{ROWS}?gauge_id=eq.none"

    assert small_door.get(asked).text == "[]"
    assert small_door.get(f"{asked}&format=ndjson").text == ""
    assert small_door.get(f"{asked}&format=csv").text.count("\n") == 1
    assert (
        pq.read_table(io.BytesIO(small_door.get(f"{asked}&format=parquet").content)).num_rows == 0
    )
    assert (
        pa.ipc.open_stream(small_door.get(f"{asked}&format=arrow").content).read_all().num_rows == 0
    )
