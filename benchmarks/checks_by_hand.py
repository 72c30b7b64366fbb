"""The rules of orders.orders and orders.order_lines, written by hand for DuckDB.

What somebody would write who has only these two tables to check: one fused scan per table, exact
distinct for the keys, an anti join per reference. Result: rule → number of offending rows.
"""

from __future__ import annotations

import duckdb

HEX = "'^[0-9a-f]{32}$'"
STATES = "'^(AC|AL|AM|AP|BA|CE|DF|ES|GO|MA|MG|MS|MT|PA|PB|PE|PI|PR|RJ|RN|RO|RR|RS|SC|SE|SP|TO)$'"
STATUSES = (
    "'created', 'approved', 'invoiced', 'processing', 'shipped', 'delivered', "
    "'unavailable', 'canceled'"
)

ORDERS = {
    "order_id is null": "order_id is null",
    "order_id length": "length(order_id) > 32",
    "order_id pattern": f"not regexp_matches(order_id, {HEX})",
    "customer_id is null": "customer_id is null",
    "customer_id length": "length(customer_id) > 32",
    "customer_id pattern": f"not regexp_matches(customer_id, {HEX})",
    "order_status is null": "order_status is null",
    "order_status length": "length(order_status) > 16",
    "order_status enum": f"order_status not in ({STATUSES})",
    "purchased_at is null": "purchased_at is null",
    "promised_on is null": "promised_on is null",
    "delivery_state length": "length(delivery_state) > 2",
    "delivery_state pattern": f"not regexp_matches(delivery_state, {STATES})",
    "delivery_zip_prefix length": "length(delivery_zip_prefix) > 5",
    "delivery_zip_prefix pattern": "not regexp_matches(delivery_zip_prefix, '^[0-9]{5}$')",
    "item_count is null": "item_count is null",
    "item_count minimum": "item_count < 0",
    "items_amount is null": "items_amount is null",
    "items_amount minimum": "items_amount < 0",
    "items_amount multipleOf": "items_amount % 0.01 <> 0",
    "freight_amount is null": "freight_amount is null",
    "freight_amount minimum": "freight_amount < 0",
    "freight_amount multipleOf": "freight_amount % 0.01 <> 0",
    "paid_amount is null": "paid_amount is null",
    "paid_amount minimum": "paid_amount < 0",
    "paid_amount multipleOf": "paid_amount % 0.01 <> 0",
    "currency_code is null": "currency_code is null",
    "currency_code length": "length(currency_code) > 3",
    "currency_code pattern": "not regexp_matches(currency_code, '^[A-Z]{3}$')",
    "delivered without date": "order_status = 'delivered' and delivered_at is null",
    "shipped before purchase": "shipped_at < purchased_at",
    "paid is not the price": (
        "item_count > 0 and paid_amount > 0 "
        "and abs(paid_amount - items_amount - freight_amount) > 0.05"
    ),
}
LINES = {
    "order_id is null": "order_id is null",
    "order_id length": "length(order_id) > 32",
    "order_id pattern": f"not regexp_matches(order_id, {HEX})",
    "line_number is null": "line_number is null",
    "line_number minimum": "line_number < 1",
    "item_id is null": "item_id is null",
    "item_id length": "length(item_id) > 32",
    "item_id pattern": f"not regexp_matches(item_id, {HEX})",
    "seller_id is null": "seller_id is null",
    "seller_id length": "length(seller_id) > 32",
    "seller_id pattern": f"not regexp_matches(seller_id, {HEX})",
    "category_code length": "length(category_code) > 64",
    "unit_price_amount is null": "unit_price_amount is null",
    "unit_price_amount minimum": "unit_price_amount < 0",
    "unit_price_amount multipleOf": "unit_price_amount % 0.01 <> 0",
    "freight_amount is null": "freight_amount is null",
    "freight_amount minimum": "freight_amount < 0",
    "freight_amount multipleOf": "freight_amount % 0.01 <> 0",
    "currency_code is null": "currency_code is null",
    "currency_code length": "length(currency_code) > 3",
    "currency_code pattern": "not regexp_matches(currency_code, '^[A-Z]{3}$')",
    "ships_by_at is null": "ships_by_at is null",
}
REFERENCES = {"order_id": "orders", "item_id": "items", "seller_id": "sellers"}


def check(con: duckdb.DuckDBPyConnection, files: dict[str, str]) -> dict[str, int]:
    """Count offending rows by rule, the tables given as Parquet files by name."""
    found: dict[str, int] = {}
    keys = {"orders": "order_id", "order_lines": "order_id, line_number"}
    for table, rules in (("orders", ORDERS), ("order_lines", LINES)):
        counts = ", ".join(f"count(*) filter (where {rule})" for rule in rules.values())
        ages = (
            ", max(purchased_at), min(purchased_at)" if table == "orders" else ", max(ships_by_at)"
        )
        query = f"select {counts}{ages}, count(*) from '{files[table]}'"
        values = con.execute(query).fetchall()[0]
        found |= {f"{table}: {name}": n for name, n in zip(rules, values, strict=False)}
        distinct = f"select count(*) from (select distinct {keys[table]} from '{files[table]}')"
        found[f"{table}: key"] = values[-1] - con.execute(distinct).fetchall()[0][0]
    for column, target in REFERENCES.items():
        anti = (
            f"select count(*) from '{files['order_lines']}' l "
            f"anti join '{files[target]}' t on l.{column} = t.{column} where l.{column} is not null"
        )
        found[f"order_lines: {column} in {target}"] = con.execute(anti).fetchall()[0][0]
    return found
