"""Results inside a sandboxed process: Arrow batches become text, an Arrow stream or Parquet.

Both caps, rows and bytes, end a result at a whole row, and the answer says which one did.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from meshport.sandbox.forms import TextForm
from meshport.sandbox.question import ARROW, Shape


def write_result(
    batches: Any, shape: Shape, sink: BinaryIO, text: TextForm | None
) -> dict[str, Any]:
    """Write until the end or a cap: rows and bytes written, and the cap that cut it off.

    With a form for text, the batches hold the text of each row and nothing else.
    """
    writer = _writer(batches.schema, shape, sink, text)
    rows, cut = 0, None
    for batch in batches:
        left = shape.rows - rows
        if batch.num_rows > left:
            cut, batch = "rows", batch.slice(0, left)  # noqa: PLW2901
        written = writer.write(batch, max(0, shape.bytes - writer.taken))
        rows += written
        if written < batch.num_rows:
            cut = "bytes"
        if cut:
            break
    writer.close()
    sink.flush()
    return {"rows": rows, "bytes": sink.tell(), "cut": cut}


def _writer(schema: Any, shape: Shape, sink: BinaryIO, text: TextForm | None) -> Any:
    if text:
        return _Text(sink, text)
    return _Arrow(sink, schema) if shape.form == ARROW else _Parquet(sink, schema)


def write_sample(file: BinaryIO) -> None:
    """A small Parquet file with columns of usual types: a, b, c, d."""
    numbers = list(range(100))
    columns = {
        "a": pa.array([f"text {n}" for n in numbers]),
        "b": pa.array(numbers, pa.int64()),
        "c": pa.array([n / 7 for n in numbers], pa.float64()),
        "d": pa.array([None if n % 3 else n for n in numbers], pa.timestamp("us", "UTC")),
    }
    pq.write_table(pa.table(columns), file, compression="zstd")


class _Text:
    """Rows that are text already, one after the other, as they lie in memory."""

    def __init__(self, sink: BinaryIO, form: TextForm) -> None:
        self.sink = sink
        self.form = form
        self.taken = 0
        sink.write(form.before)

    def write(self, batch: Any, room: int) -> int:
        """Write as many rows as there is room for; how many these were."""
        column = batch.column(0)
        _, ends, content = column.buffers()
        if not len(column) or content is None:
            return len(column)
        plain = memoryview(ends).cast("B")
        offsets = plain.cast("q") if pa.types.is_large_string(column.type) else plain.cast("i")
        first = offsets[column.offset] + (0 if self.taken else self.form.skipped)
        end = column.offset + len(column) + 1
        fitting = bisect_right(offsets, first + room, column.offset, end) - 1
        self.taken += self.sink.write(memoryview(content)[first : offsets[fitting]])
        return int(fitting - column.offset)

    def close(self) -> None:
        """Write what stands after the rows."""
        self.sink.write(self.form.after)


class _Arrow:
    """An Arrow IPC stream."""

    def __init__(self, sink: BinaryIO, schema: Any) -> None:
        self.writer = pa.ipc.new_stream(sink, schema)
        self.taken = 0

    def write(self, batch: Any, room: int) -> int:
        """Write what there is room for; how many rows these were."""
        fitting = _fitting(batch, room)
        self.taken += fitting.nbytes
        # The engine leaves old memory where a value is null; a copy holds zeros there.
        self.writer.write_batch(pc.take(fitting, pa.arange(0, fitting.num_rows)))
        return int(fitting.num_rows)

    def close(self) -> None:
        """Write the end of the stream."""
        self.writer.close()


class _Parquet:
    """A Parquet file; what it takes is counted before it is compressed."""

    def __init__(self, sink: BinaryIO, schema: Any) -> None:
        self.writer = pq.ParquetWriter(sink, schema, compression="zstd")
        self.waiting: list[Any] = []
        self.taken = self.written = 0

    def write(self, batch: Any, room: int) -> int:
        """Take what there is room for; how many rows these were."""
        fitting = _fitting(batch, room)
        self.taken += fitting.nbytes
        self.waiting.append(fitting)
        if self.taken - self.written > _ROW_GROUP_BYTES:
            self._flush()
        return int(fitting.num_rows)

    def close(self) -> None:
        """Write what waits, and the footer."""
        self._flush()
        self.writer.close()

    def _flush(self) -> None:
        if self.waiting:
            self.writer.write_table(pa.Table.from_batches(self.waiting))
            self.waiting, self.written = [], self.taken


def _fitting(batch: Any, room: int) -> Any:
    if batch.nbytes <= room:
        return batch
    return batch.slice(0, batch.num_rows * room // batch.nbytes)


_ROW_GROUP_BYTES = 16 * 2**20
