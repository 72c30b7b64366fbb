"""The engine as oracle for who fails: a domain's models as views over empty tables."""

from __future__ import annotations

import duckdb

from meshport.lineage.graph import Table
from meshport.sql_text import quote
from meshport.yaml_file import read_yaml
from tests.building import ROOT
from tests.lineage.projects import rendered_models


class EngineDomain:
    """One domain's models in an engine of their own, over the mesh's contracts."""

    def __init__(self, lineage, domain):
        self.lineage = lineage
        self.domain = domain
        self.sql = {name: one.sql for name, one in rendered_models(domain).items()}
        words = read_yaml(ROOT / f"domains/{domain}/dbt/models/sources.yml").value
        self.types = {
            f"source.{source['name']}.{table['name']}": {
                column["name"]: column["data_type"] for column in table["columns"]
            }
            for source in words["sources"]
            for table in source["tables"]
        }

    def failing(self, table, column):
        """The models that cannot be built where a table lacks a column."""
        built = duckdb.connect()
        built.execute("attach ':memory:' as source")
        built.execute("create schema source.raw; create schema source.inputs; create schema model")
        for relation, columns in self.types.items():
            gone = column if self.lineage.table(self.domain, relation) == table else None
            _create(built, relation, {n: t for n, t in columns.items() if n != gone})
        failed = set()
        for name in self._in_order():
            one = Table(self.domain, f"model.{name}")
            if one == table:
                types = _types_of(built, self.sql[name])
                _create(built, one.relation, {n: t for n, t in types.items() if n != column})
                continue
            try:
                built.execute(f'create view "model".{quote(name)} as {self.sql[name]}')
            except (duckdb.BinderException, duckdb.CatalogException):
                failed.add(one)
        built.close()
        return failed

    def _in_order(self):
        done, waiting = [], sorted(self.sql)
        while waiting:
            for name in waiting:
                model = self.lineage.models[Table(self.domain, f"model.{name}")]
                needed = {r.removeprefix("model.") for r in model.query.relations}
                if not needed & set(waiting) - {name}:
                    done.append(name)
            waiting = [name for name in waiting if name not in done]
        return done


def _types_of(con, sql):
    return {row[0]: row[1] for row in con.execute(f"describe {sql}").fetchall()}


def _create(con, relation, types):
    shown = ", ".join(f"{quote(name)} {kind}" for name, kind in types.items())
    named = ".".join(map(quote, relation.split(".")))
    con.execute(f"create table {named} ({shown})")
