"""Names and addresses: one spelling each, read back as they were written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshport.errors import ContractError
from meshport.names import PortId, is_name

names = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
ports = st.builds(PortId, names, names, st.integers(1, 999_999))


@given(ports)
def test_the_id_of_a_port_reads_back(port):
    assert PortId.parse(str(port)) == port


@given(ports, ports)
def test_two_ports_share_no_address(one, other):
    forms = [(str(p), p.path, p.urn, p.contract_path, tuple(p.asset_key)) for p in (one, other)]

    assert one == other or not set(forms[0]) & set(forms[1])


def test_every_address_of_a_port_follows_from_its_three_parts():
    port = PortId("orders", "order_lines", 2)

    assert str(port) == "orders.order_lines.v2"
    assert port.contract_id == "orders.order_lines"
    assert port.model == "order_lines_v2"
    assert port.input_name == "orders__order_lines_v2"
    assert port.path == "/ports/orders/order_lines/v2"
    assert port.urn == "urn:mesh:orders:order_lines:v2"
    assert port.asset_key == ["orders", "output_ports", "order_lines_v2"]
    assert port.contract_path == "contracts/orders/order_lines.v2.odcs.yaml"


@pytest.mark.parametrize(
    "text",
    ["", "orders", "orders.orders", "orders.orders.v0", "orders.orders.v01", "orders.orders.1",
     "Orders.orders.v1", "orders.orders.v1.x", "orders.orders.v1\n", " orders.orders.v1",
     "orders.order-lines.v1", "1rders.orders.v1", "ördërs.orders.v1", "orders.orders.v1٢",
     "../etc.passwd.v1", "orders.orders.v" + "9" * 5000],
)  # fmt: skip
def test_anything_else_is_not_the_id_of_a_port(text):
    with pytest.raises(ContractError) as caught:
        PortId.parse(text)

    assert caught.value.code == "MP104"
    assert "orders.orders.v1" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("a", True), ("order_lines2", True), ("", False), ("_a", False), ("A", False), ("a-b", False),
     ("a\n", False), ("é", False), ("a٢", False)],
)  # fmt: skip
def test_a_name_is_lower_case_letters_digits_and_underscores(text, is_one):
    assert is_name(text) is is_one
