"""`meshport contract lint` and `meshport contract check`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from meshport.cli.show import print_data, print_json, print_table, say
from meshport.contracts.access_class import access_faults
from meshport.contracts.classification import read_classifications
from meshport.contracts.policies import Breach, breaches, read_policies
from meshport.contracts.read import read_contract
from meshport.contracts.read_all import port_of
from meshport.errors import CheckError, ContractError, MeshportError, Place, SettingsError, each_of
from meshport.settings import find_root

if TYPE_CHECKING:
    from meshport.checks.run import Audit
    from meshport.contracts.model import Contract

_UNREADABLE = {"MP101", "MP102", "MP105"}


def lint_command(paths: Sequence[Path], as_json: bool) -> int:
    """0 nothing found; 1 findings; 2 a file that cannot be read at all."""
    root = _root()
    files = list(_contract_files(paths, root))
    faults, contracts = _read_all(files, root)
    # The house rules are this mesh's own; other people's contracts answer to the standard alone.
    ours = [one for one in contracts if root and _is_below(root / "contracts", root / one.file)]
    found: list[MeshportError | Breach] = [*faults]
    if root and ours:
        from meshport.checks.runnable import unrunnable  # noqa: PLC0415  the engine, only here

        found += [fault for one in ours for fault in access_faults(one)]
        found += unrunnable(ours)
        found += breaches(ours, read_policies(root), read_classifications(root))
    if as_json:
        print_json({"files": len(files), "findings": [_finding(one) for one in found]})
    else:
        for one in found:
            print_data(f"{one}\n")
        say(f"{len(files)} contracts, {len(found)} findings")
    if any(fault.code in _UNREADABLE for fault in faults):
        return 2
    return 1 if faults or any(_keeps_back(one) for one in found) else 0


def check_command(
    contract: Path, data: Path, references: Sequence[str], format_name: str = "text"
) -> int:
    """0 promise kept; 1 broken; 2 a check that could not run, or data that cannot be read."""
    from meshport.checks.external import check_data  # noqa: PLC0415  the engine, only here
    from meshport.checks.spec import Status  # noqa: PLC0415

    found = read_contract(contract, str(contract))
    now = datetime.now(UTC)
    audit = check_data(found, data, _references(references), now)
    if format_name == "oors":
        print_data(_oors(found, audit, now).removesuffix("\n"))
    elif format_name == "json":
        print_json(_audit_json(found, audit))
    else:
        _show_audit(audit)
    blocking = [result for result in audit.results if result.breaks_promise]
    if any(result.status is Status.FAILED for result in blocking):
        return 1
    return 2 if blocking else 0


def _root() -> Path | None:
    try:
        return find_root(Path.cwd())
    except SettingsError:
        return None


def _contract_files(paths: Sequence[Path], root: Path | None) -> Iterator[Path]:
    if not paths and root is None:
        raise SettingsError("MP901", "no mesh here, and no path was given")
    for path in paths or [root / "contracts"] if root else paths:
        if path.is_dir():
            yield from sorted(path.rglob("*.odcs.yaml"))
        elif path.is_file():
            yield path
        else:
            raise ContractError("MP101", "there is no such file or folder", Place(str(path)))


def _read_all(
    files: Sequence[Path], root: Path | None
) -> tuple[list[MeshportError], list[Contract]]:
    faults: list[MeshportError] = []
    contracts = []
    for file in files:
        try:
            if root and file.absolute().is_relative_to(root / "contracts"):
                port_of(root, file.absolute())
            contracts.append(read_contract(file, _shown(file, root)))
        except MeshportError as error:
            faults += each_of(error)
    return faults, contracts


def _keeps_back(one: MeshportError | Breach) -> bool:
    return not isinstance(one, Breach) or one.policy.is_error


def _shown(file: Path, root: Path | None) -> str:
    resolved = file.resolve()
    return str(resolved.relative_to(root)) if root and resolved.is_relative_to(root) else str(file)


def _is_below(folder: Path, file: Path) -> bool:
    return file.resolve().is_relative_to(folder.resolve())


def _finding(one: MeshportError | Breach) -> dict[str, object]:
    if isinstance(one, Breach):
        code, message = one.policy.id, one.message
    else:
        code, message = one.code, one.fact
    place = one.place
    return {
        "code": code,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "message": message,
        "hint": one.hint,
    }


def _references(given: Sequence[str]) -> dict[str, Path]:
    found = {}
    for text in given:
        name, equals, path = text.partition("=")
        if not equals:
            hint = "write --reference catalog.items.v1=items.parquet"
            raise SettingsError("MP906", f"`{text}` is no reference", hint=hint)
        found[name] = Path(path)
    return found


def _audit_json(contract: Contract, audit: Audit) -> dict[str, object]:
    return {
        "contract": f"{contract.id} {contract.version}",
        "passed": audit.keeps_promise,
        "rows": dict(audit.rows),
        "checks": [result.as_json() for result in audit.results],
        "coverage": round(audit.coverage, 4),
    }


def _oors(contract: Contract, audit: Audit, now: datetime) -> str:
    from meshport.reports.oors import Observation, render  # noqa: PLC0415

    results = [result.as_json() for result in audit.results]
    if not results:
        fact = "the contract asks for nothing, and a document needs a result"
        raise CheckError("MP304", fact, Place(contract.file), "take another format")
    about = (contract.id, contract.version, now)
    return render(Observation(*about, "meshport contract check", results))


def _show_audit(audit: Audit) -> None:
    order = {"failed": 0, "error": 1, "not_enforced": 2, "passed": 3}
    rows = []
    for result in sorted(audit.results, key=lambda one: order[one.status.value]):
        keys = "; ".join(", ".join(map(str, key.values())) for key in result.sample_keys[:2])
        example = f" ({keys})" if keys else ""
        rows.append((result.status.value, result.spec.id, f"{result.message}{example}"))
    print_table(("status", "check", "found"), rows)
    counts = {status: sum(row[0] == status for row in rows) for status in order}
    said = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counts.items())
    verdict = "kept" if audit.keeps_promise else "broken"
    say(f"promise {verdict}: {said}; {audit.coverage:.0%} of the clauses checked")
