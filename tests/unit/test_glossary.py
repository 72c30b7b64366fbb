"""The catalog's own words: terms and classifications, refused with their place when broken."""

from __future__ import annotations

import pytest

from meshport.catalog.glossary import FILE as GLOSSARY
from meshport.catalog.glossary import read_glossary
from meshport.contracts.classification import FILE as SCALE
from meshport.contracts.classification import read_classifications
from meshport.errors import CatalogError
from meshport.names import PortId
from meshport.products.mesh import load_mesh
from tests.building import ROOT, column, contract, table


def written(root, file, text):
    (root / file).parent.mkdir(exist_ok=True)
    (root / file).write_text(text)
    return root


def test_every_column_that_our_glossary_names_exists():
    mesh = load_mesh(ROOT)

    for term in read_glossary(ROOT):
        for address in term.columns:
            port, _, name = address.rpartition(".")
            assert mesh.find(PortId.parse(port)).contract.table.column(name), address


def test_a_term_may_have_neither_synonyms_nor_columns(tmp_path):
    root = written(tmp_path, GLOSSARY, "terms:\n  - {term: Item, meaning: A thing for sale.}\n")

    (term,) = read_glossary(root)

    assert (term.term, term.synonyms, term.columns) == ("Item", (), ())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("- term: Item\n", 1),
        ("words: []\n", 1),
        ("terms: Item\n", 1),
        ("terms:\n  - Item\n", 2),
        ("terms:\n  - term: Item\n", 2),
        ("terms:\n  - term: Item\n    meaning: 3\n", 3),
        ("terms:\n  - term: Item\n    meaning: A thing.\n    synonyms: sku\n", 4),
        ("terms:\n  - term: Item\n    meaning: A thing.\n    columns: [1]\n", 4),
    ],
)
def test_a_broken_glossary_is_refused_with_its_place(tmp_path, text, line):
    with pytest.raises(CatalogError) as caught:
        read_glossary(written(tmp_path, GLOSSARY, text))

    assert caught.value.code == "MP502"
    assert (caught.value.place.file, caught.value.place.line) == (GLOSSARY, line)


def test_a_misspelt_key_of_a_term_has_the_right_name_in_its_hint(tmp_path):
    text = "terms:\n  - term: Item\n    meaning: A thing.\n    synonym: [sku]\n"

    with pytest.raises(CatalogError) as caught:
        read_glossary(written(tmp_path, GLOSSARY, text))

    assert (caught.value.place.line, caught.value.hint) == (4, "did you mean `synonyms`?")


def test_only_columns_of_an_open_class_are_served_and_unknown_classes_are_not():
    names = ["public", "internal", "confidential", "restricted", "unheard_of", None]
    columns = [column(f"c{n}", "VARCHAR", classification=name) for n, name in enumerate(names)]
    columns[-1].pop("classification")
    promised = contract(schema=[table("things", *columns)]).table.columns

    served = read_classifications(ROOT).served_openly(promised)

    assert [one.classification for one in served] == ["public", "internal"]


def entry(is_served, name="a", extra=""):
    return f"  - {{name: {name}, meaning: x, is_served_openly: {is_served}{extra}}}\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("classifications:\n", 1),
        ("classifications: []\n", 1),
        ("classifications:\n  - public\n", 2),
        ("classifications:\n  - {name: public, meaning: x}\n", 2),
        ("classifications:\n" + entry("no"), 2),
        ("classifications:\n" + entry("'false'"), 2),
        ("classifications:\n" + entry(1), 2),
        ("classifications:\n" + entry("true", extra=", is_open: true"), 2),
        ("classifications:\n" + entry("false") + entry("true"), 3),
    ],
)
def test_a_broken_scale_is_refused_rather_than_guessed_at(tmp_path, text, line):
    """A `no` that passed for a yes would serve personal data to everyone."""
    with pytest.raises(CatalogError) as caught:
        read_classifications(written(tmp_path, SCALE, text))

    assert caught.value.code == "MP501"
    assert (caught.value.place.file, caught.value.place.line) == (SCALE, line)
