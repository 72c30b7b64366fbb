"""What the environment decides: known variables only, folders that are folders."""

from __future__ import annotations

import pytest

from meshport.errors import SettingsError
from meshport.settings import KNOWN, find_root, read_settings


@pytest.fixture
def root(tmp_path):
    (tmp_path / "workspace.yaml").touch()
    (tmp_path / "domains" / "orders").mkdir(parents=True)
    return tmp_path


def fault_of(environment, start):
    with pytest.raises(SettingsError) as caught:
        read_settings(environment, start)
    return caught.value


def test_everything_has_a_default(root):
    settings = read_settings({}, root)

    assert (settings.root, settings.home, settings.source) == (root, root / ".meshport", None)
    assert settings.warehouse("orders") == root / ".meshport" / "orders_warehouse.duckdb"
    assert settings.dagster_home == root / ".meshport" / "dagster"


@pytest.mark.parametrize("value", ["", "state", "{root}/state"])
def test_the_home_is_relative_to_the_mesh_and_an_empty_one_is_the_default(root, value):
    settings = read_settings({"MESHPORT_HOME": value.format(root=root)}, root / "domains")

    assert settings.home == root / (".meshport" if not value else "state")


def test_the_source_is_an_existing_folder_relative_to_the_mesh(root):
    (root / "extracts").mkdir()

    assert read_settings({"MESHPORT_SOURCE": "extracts"}, root).source == root / "extracts"
    assert read_settings({"MESHPORT_SOURCE": ""}, root).source is None
    assert fault_of({"MESHPORT_SOURCE": "nowhere"}, root).code == "MP903"


@pytest.mark.parametrize("name", ["MESHPORT_HOME", "MESHPORT_SOURCE"])
def test_a_file_is_no_folder(root, name):
    (root / "file").touch()

    assert fault_of({name: "file"}, root).code == "MP903"


@pytest.mark.parametrize("name", ["MESHPORT_HOEM", "MESHPORT_", "MESHPORT_SOURCES"])
def test_an_unknown_variable_is_refused_with_the_known_ones(root, name):
    fault = fault_of({name: "x", "MESHPORT_HOME": "y", "PATH": "z"}, root)

    assert fault.code == "MP902"
    assert name in fault.fact
    assert all(known in fault.hint for known in KNOWN)


def test_variables_of_others_do_not_matter(root):
    assert read_settings({"HOME": "/", "XMESHPORT_HOME": "x"}, root).home == root / ".meshport"


def test_the_mesh_is_the_nearest_one_above(root):
    inner = root / "domains" / "orders"

    assert find_root(inner) == root
    assert fault_of({}, root.parent).code == "MP901"


ISSUER = {
    "MESHPORT_OIDC_ISSUER": "https://login.example.com/realm",
    "MESHPORT_OIDC_AUDIENCE": "meshport",
}


def test_an_issuer_is_taken_with_its_audience(root):
    (root / "keys.json").write_text("{}")
    given = {**ISSUER, "MESHPORT_OIDC_JWKS": "keys.json", "MESHPORT_OIDC_CLAIM": "upn"}

    assert read_settings({}, root).oidc is None
    assert read_settings(dict.fromkeys(ISSUER, ""), root).oidc is None
    plain = read_settings(ISSUER, root).oidc
    assert (plain.issuer, plain.audience) == tuple(ISSUER.values())
    assert (plain.jwks, plain.claim) == (None, None)
    whole = read_settings(given, root).oidc
    assert (whole.jwks, whole.claim) == (str(root / "keys.json"), "upn")


@pytest.mark.parametrize(
    "change",
    [
        {"MESHPORT_OIDC_AUDIENCE": ""},
        {"MESHPORT_OIDC_ISSUER": ""},
        {"MESHPORT_OIDC_ISSUER": "http://login.example.com"},
        {"MESHPORT_OIDC_ISSUER": "login.example.com"},
        {"MESHPORT_OIDC_ISSUER": "file:///etc/passwd"},
        {"MESHPORT_OIDC_ISSUER": "https://"},
        {"MESHPORT_OIDC_JWKS": "http://login.example.com/keys"},
        {"MESHPORT_OIDC_JWKS": "ftp://login.example.com/keys"},
        {"MESHPORT_OIDC_JWKS": "nowhere.json"},
    ],
    ids=str,
)
def test_an_issuer_that_nobody_could_rely_on_is_refused(root, change):
    assert fault_of({**ISSUER, **change}, root).code == "MP908"


@pytest.mark.parametrize("address", ["http://127.0.0.1:9000", "http://localhost/keys"])
def test_an_issuer_on_this_machine_needs_no_tls(root, address):
    given = {**ISSUER, "MESHPORT_OIDC_ISSUER": address, "MESHPORT_OIDC_JWKS": address}

    assert read_settings(given, root).oidc.jwks == address


def test_hosts_that_webhooks_may_reach_are_named_one_by_one_and_there_are_none_by_default(root):
    assert read_settings({}, root).webhook_hosts == ()
    named = read_settings({"MESHPORT_WEBHOOK_HOSTS": " 127.0.0.1, Hooks.Intern ,,"}, root)
    assert named.webhook_hosts == ("127.0.0.1", "hooks.intern")
