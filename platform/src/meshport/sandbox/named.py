"""Which columns a query names, told from the engine's own parse of it."""

from __future__ import annotations

from meshport.sandbox.tree import Node, nodes


def named_columns(statement: Node) -> frozenset[str] | None:
    """The names of all columns in lower case; None where it may take columns without naming them.

    That is so for stars, whole rows, positions, natural joins and columns that get other names.
    """
    named: set[str] = set()
    last: set[str] = set()
    tables: set[str] = set()
    for node in nodes(statement):
        kind = node.get("class") or node.get("type")
        if kind in ("STAR", "POSITIONAL_REFERENCE") or node.get("ref_type") == "NATURAL":
            return None
        if node.get("column_name_alias"):
            return None
        path = [str(part).lower() for part in node.get("column_names") or ()]
        named.update(path, (str(name).lower() for name in node.get("using_columns") or ()))
        last.update(path[-1:])
        tables |= {
            str(node[key]).lower() for key in ("alias", "table_name") if _is_table(node, key)
        }
    # The name of a table that stands where a column could stand for a whole row.
    return None if last & tables else frozenset(named)


def _is_table(node: Node, key: str) -> bool:
    return bool(node.get(key)) and "class" not in node
