"""SQL as trees: types, equality of queries, lineage of columns. The only importer of sqlglot."""
