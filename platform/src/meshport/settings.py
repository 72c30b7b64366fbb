"""Everything that the environment decides, read in this one place."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from meshport.errors import SettingsError

PREFIX = "MESHPORT_"
KNOWN = {
    "MESHPORT_HOME": "state folder: warehouses, releases, run history (default: .meshport/)",
    "MESHPORT_SOURCE": "folder with source extracts (default: the built-in sample)",
    "MESHPORT_OIDC_ISSUER": "whose JSON web tokens are taken as bearer tokens (default: nobody's)",
    "MESHPORT_OIDC_AUDIENCE": "the audience that such a token has to name; goes with the issuer",
    "MESHPORT_OIDC_JWKS": "file or address of the issuer's keys "
    "(default: what <issuer>/.well-known/openid-configuration names)",
    "MESHPORT_WEBHOOK_HOSTS": "hosts in private networks that webhooks may be sent to, "
    "with commas between (default: none)",
    "MESHPORT_OIDC_CLAIM": "the claim that holds the consumer's name (default: email, else sub)",
}
# Set by meshport itself, for dbt.
_OWN = {"MESHPORT_WAREHOUSE"}
_OIDC = f"{PREFIX}OIDC_"


@dataclass(frozen=True)
class OidcSettings:
    """Whose tokens are taken, and how they name their bearer (OpenID Connect Core 1.0)."""

    issuer: str
    audience: str
    jwks: str | None = None
    """A file or an address; None: by the issuer's discovery document."""
    claim: str | None = None
    """None: `email` where the token has one, else `sub`."""


@dataclass(frozen=True)
class Settings:
    """Where the mesh lies, where its state goes, and where its data comes from."""

    root: Path
    home: Path
    source: Path | None
    """None: the built-in sample."""
    oidc: OidcSettings | None = None
    webhook_hosts: tuple[str, ...] = ()
    """Where webhooks may go though it is no public address, as the operator says."""

    @property
    def dagster_home(self) -> Path:
        """Where Dagster keeps the history of all runs."""
        return self.home / "dagster"

    def warehouse(self, domain: str) -> Path:
        """A domain's private warehouse; never named like a schema in it."""
        return self.home / f"{domain}_warehouse.duckdb"


def read_settings(environment: Mapping[str, str], start: Path) -> Settings:
    """The settings for a mesh at or above `start`.

    Raises SettingsError: MP901 no mesh there, MP902 an unknown variable, MP903 no folder, MP908 an
    issuer that nobody could rely on.
    """
    unknown = sorted(n for n in environment if n.startswith(PREFIX) and n not in {*KNOWN, *_OWN})
    if unknown:
        hint = f"known: {', '.join(KNOWN)}"
        raise SettingsError("MP902", f"unknown variable {', '.join(unknown)}", hint=hint)
    root = find_root(start)
    home = root / (environment.get("MESHPORT_HOME") or ".meshport")
    if home.exists() and not home.is_dir():
        raise SettingsError("MP903", f"MESHPORT_HOME is not a folder: {home}")
    source = environment.get("MESHPORT_SOURCE")
    if source and not (root / source).is_dir():
        raise SettingsError("MP903", f"MESHPORT_SOURCE is not a folder: {source}")
    source_folder = (root / source).resolve() if source else None
    named = environment.get("MESHPORT_WEBHOOK_HOSTS", "").lower().split(",")
    hosts = tuple(one.strip() for one in named if one.strip())
    return Settings(root, home.resolve(), source_folder, _oidc(environment, root), hosts)


def _oidc(environment: Mapping[str, str], root: Path) -> OidcSettings | None:
    given = {n: v for n in KNOWN if n.startswith(_OIDC) and (v := environment.get(n, "").strip())}
    if not given:
        return None
    for name in (f"{_OIDC}ISSUER", f"{_OIDC}AUDIENCE"):
        if name not in given:
            raise SettingsError("MP908", f"{name} is missing beside {', '.join(given)}")
    issuer, jwks = given[f"{_OIDC}ISSUER"], given.get(f"{_OIDC}JWKS")
    if not is_safe_address(issuer):
        raise SettingsError("MP908", f"{_OIDC}ISSUER is no https address: {issuer}")
    if jwks and "://" in jwks and not is_safe_address(jwks):
        raise SettingsError("MP908", f"{_OIDC}JWKS is no https address: {jwks}")
    if jwks and "://" not in jwks:
        if not (root / jwks).is_file():
            raise SettingsError("MP908", f"{_OIDC}JWKS is no file: {jwks}")
        jwks = str((root / jwks).resolve())
    return OidcSettings(issuer, given[f"{_OIDC}AUDIENCE"], jwks, given.get(f"{_OIDC}CLAIM"))


def is_safe_address(address: str) -> bool:
    """Whether nobody on the way can change what is read there: https, or this machine itself."""
    parts = urlsplit(address)
    if not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


@lru_cache(maxsize=1024)
def is_loopback(host: str | None) -> bool:
    """Whether a name or an address is that of the machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address((host or "").strip("[]")).is_loopback
    except ValueError:
        return False


def current_settings(start: Path | None = None) -> Settings:
    """The settings of this process, for the mesh around `start` or its working directory."""
    return read_settings(os.environ, start or Path.cwd())


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that holds a workspace.yaml; raises MP901."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "workspace.yaml").is_file() and (folder / "domains").is_dir():
            return folder
    raise SettingsError(
        "MP901",
        f"no mesh at or above {start}",
        hint="go to a folder below one with workspace.yaml and domains/",
    )
