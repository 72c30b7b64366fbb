"""Ready-to-paste snippets: they ask for served columns only, and their text runs as it is."""

from __future__ import annotations

import re
import shutil

import duckdb
import pytest

from meshport.catalog.entry import Catalog
from meshport.catalog.snippets import Sender, snippets
from meshport.products.mesh import load_mesh
from tests.building import NOW, ROOT

PORTS = [port.id for port in load_mesh(ROOT).ports]


def of(port, columns, **sent):
    found = snippets(port, Sender("http://mesh:8000", **sent), columns)
    return {one.tool.split(",")[0]: one.text for one in found}


@pytest.mark.xdist_group("built")
@pytest.mark.parametrize("port", PORTS, ids=str)
def test_the_snippets_of_a_port_name_only_what_is_served(built, port, tmp_path, monkeypatch):
    catalog = Catalog.read(ROOT, built)
    entry = catalog.entry(catalog.mesh.find(port), NOW)

    texts = of(port, list(entry.visible))

    assert set(texts) == {"curl", "Python", "DuckDB", "pyiceberg"}
    for tool, text in texts.items():
        where = f'load_table("{port}")' if tool == "pyiceberg" else f"{port.path}/rows?"
        assert where in text
        assert "http://mesh:8000/" in text
        assert not {c.name for c in entry.hidden} & set(re.findall(r"\w+", text))
    for tool in ("Python", "DuckDB", "pyiceberg"):
        compile(texts[tool], tool, "exec")
    # The question in DuckDB is answered by the port's own file.
    monkeypatch.chdir(tmp_path)
    (file,) = catalog.store.of(port.domain).paths(entry.status.release)
    shutil.copy(file, f"{port.port}.parquet")
    (question,) = re.findall(r'duckdb\.sql\("(.*)"\)', texts["DuckDB"])
    assert duckdb.connect().execute(question).fetchall()


def test_a_port_without_a_served_column_has_no_snippet():
    assert of(PORTS[0], []) == {}
