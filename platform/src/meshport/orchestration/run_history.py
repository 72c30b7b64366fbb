"""Dagster's run history on SQLite, fast enough for one check per clause.

Dagster opens a new engine and connection for every single event, and asks for each whether its
tables exist; with some 400 checks a run that is most of its time. This storage keeps one
connection per file for the life of the process. It overrides one private method, which a test
watches, and reads and writes the same files.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster import DagsterInstance
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from meshport.publishing.lock import exclusive
from meshport.settings import Settings
from meshport.yaml_file import dump_yaml

_BUSY_SECONDS = 30


class RunHistory(SqliteEventLogStorage):
    """Dagster's own SQLite event log, with connections that stay open."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._tables_seen: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> RunHistory:
        """What Dagster calls to make it from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    def has_table(self, table_name: str) -> bool:
        """Whether the index holds the table; one that was there is not asked for again."""
        if table_name not in self._tables_seen and super().has_table(table_name):
            self._tables_seen.add(table_name)
        return table_name in self._tables_seen

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
            )
            event.listen(engine, "connect", _relax_sync)
            self._engines[shard] = engine
        return self._engines[shard]


def _relax_sync(connection: Any, _record: Any) -> None:
    # With a write-ahead log this loses at most the last events of a power cut, never the file;
    # releases, which must not be lost, do not lie here.
    connection.execute("pragma synchronous = normal")


def prepare_dagster_home(settings: Settings) -> Path:
    """Write the instance's configuration; the result is the folder for DAGSTER_HOME."""
    home = settings.dagster_home
    with exclusive(home / "lock"):
        _write_config(home)
        _make_tables(home)
    return home


def _write_config(home: Path) -> None:
    config = {
        "telemetry": {"enabled": False},
        "event_log_storage": {
            "module": "meshport.orchestration.run_history",
            "class": "RunHistory",
            "config": {"base_dir": str(home / "history")},
        },
        # Runs of one domain take turns; those of different domains may overlap.
        "concurrency": {"runs": {"max_concurrent_runs": 4}},
    }
    text = dump_yaml(config)
    file = home / "dagster.yaml"
    if not file.is_file() or file.read_text() != text:
        file.write_text(text)


def _make_tables(home: Path) -> None:
    # Dagster does it when first opened; two processes doing it at once would spoil the instance.
    made = home / "made"
    if not made.exists():
        with DagsterInstance.from_config(str(home)):
            made.touch()
