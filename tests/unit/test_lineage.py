"""Who is built from whom, and the picture of it."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

import pytest

from meshport.catalog.lineage import PortGraph, around, whole_graph
from meshport.catalog.picture import picture
from meshport.names import PortId
from meshport.products.mesh import load_mesh
from tests.building import ROOT

SVG = "{http://www.w3.org/2000/svg}"
DRAW = """
from pathlib import Path
from meshport.catalog.lineage import whole_graph
from meshport.catalog.picture import picture
from meshport.products.mesh import load_mesh
print(picture(whole_graph(load_mesh(Path("."))), {}))
"""


@pytest.fixture(scope="module")
def mesh():
    return load_mesh(ROOT)


def port(text):
    return PortId.parse(text)


def drawn(graph, states=None, focus=None):
    """The picture as a tree; it stands within HTML, which gives it the namespace."""
    text = picture(graph, states or {}, focus)
    return ElementTree.fromstring(text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '))


def links(tree):
    return [link.get("href") for link in tree.iter(f"{SVG}a")]


def test_the_whole_graph_has_every_port_and_every_promised_input(mesh):
    graph = whole_graph(mesh)

    assert set(graph.ports) == {one.id for one in mesh.ports}
    assert set(graph.edges) == {(up, one.id) for one in mesh.ports for up in one.inputs}
    order = {domain: position for position, domain in enumerate(graph.domains)}
    assert all(order[up.domain] <= order[down.domain] for up, down in graph.edges)


def test_around_a_port_is_what_it_is_built_from_and_what_is_built_from_it(mesh):
    graph = around(mesh, port("logistics.shipments.v1"))

    names = {str(one) for one in graph.ports}
    assert {"orders.order_lines.v1", "catalog.items.v1", "customers.customer_360.v1"} <= names
    assert "orders.daily_sales.v1" not in names
    assert "customers.reviews.v1" not in names
    ends = {one for edge in graph.edges for one in edge}
    assert ends == set(graph.ports)


def test_around_a_port_that_nobody_reads_and_that_reads_nobody_is_the_port_alone(mesh):
    alone = next(one.id for one in mesh.ports if not one.inputs and not mesh.consumers_of(one.id))

    assert around(mesh, alone) == PortGraph((alone.domain,), (alone,), ())


def test_the_picture_has_every_port_as_a_link_with_its_state_and_every_edge(mesh):
    graph = whole_graph(mesh)
    tree = drawn(graph, {port("orders.orders.v1"): "late"})

    assert links(tree) == [
        *(f"/products/{domain}" for domain in graph.domains),
        *(one.path for one in graph.ports),
    ]
    titles = {title.text for title in tree.iter(f"{SVG}title")}
    assert titles == {
        f"{one}: {'late' if one.port == 'orders' else 'unpublished'}" for one in graph.ports
    }
    assert len(list(tree.iter(f"{SVG}path"))) == len(graph.edges)


def test_the_picture_holds_everything_that_is_drawn(mesh):
    tree = drawn(whole_graph(mesh))

    _, _, width, height = map(float, tree.get("viewBox").split())
    boxes = [
        tuple(float(box.get(key)) for key in ("x", "y", "width", "height"))
        for box in tree.iter(f"{SVG}rect")
    ]
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)
    assert len({(x, y) for x, y, _, _ in boxes}) == len(boxes)


def test_the_focus_and_its_edges_stand_out(mesh):
    focus = port("orders.orders.v1")
    graph = around(mesh, focus)
    tree = drawn(graph, focus=focus)

    classes = [group.get("class") for group in tree.iter(f"{SVG}g")]
    assert sum("focus" in css.split() for css in classes) == 1
    strong = [path for path in tree.iter(f"{SVG}path") if "strong" in path.get("class")]
    assert len(strong) == sum(focus in edge for edge in graph.edges)
    assert tree.get("aria-label") == "Lineage of orders.orders.v1"


def test_names_and_states_are_escaped():
    odd = PortId('a"<b>&', "x<script>", 1)
    graph = PortGraph((odd.domain,), (odd,), ())

    tree = drawn(graph, {odd: '"><script>alert(1)</script>'})

    assert list(tree.iter(f"{SVG}script")) == []
    assert [text.text for text in tree.iter(f"{SVG}text")] == ['a"<b>&', "x<script> v1"]


def test_a_mesh_without_ports_is_an_empty_picture():
    tree = drawn(PortGraph((), (), ()))

    assert links(tree) == []


def test_the_picture_is_the_same_in_every_process():
    texts = {
        subprocess.run(
            [sys.executable, "-c", DRAW],
            cwd=ROOT,
            env={"PYTHONPATH": "platform/src", "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(texts) == 1
