"""From files to lineage in two stages, each kept per domain until its inputs change.

First what contracts and YAML say, then what models do: a model's inputs have the columns that
other domains' contracts promise, so the first stage of all domains comes before the second.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from meshport.errors import MeshportError
from meshport.kept import Kept
from meshport.lineage.dbt_words import ColumnTest, Exposure
from meshport.lineage.files import SHARED, DomainFiles, digest, read_domains
from meshport.lineage.models import ModelLineage, model_from_json
from meshport.lineage.promises import Promise, promise_from_json
from meshport.lineage.workers import Workers
from meshport.names import PortId

INPUTS = "source.inputs."
"""Where a project's inputs stand among its relations."""
MADE_BY = tuple(f"meshport.{name}" for name in ("contracts", "changes", "sql", "lineage"))
"""The code that finds lineage."""
_NO_WORDS: dict[str, Any] = {
    "promises": [],
    "settings": ["", [], [], [], {}, ""],
    "sources": {},
    "types": {},
    "tests": [],
    "exposures": [],
    "faults": ["the contracts and YAML files cannot be read within their limits"],
}


@dataclass(frozen=True)
class DomainLineage:
    """What one domain's files say."""

    domain: str
    promises: tuple[Promise, ...]
    models: tuple[ModelLineage, ...]
    sources: Mapping[str, Sequence[str]]
    tests: tuple[ColumnTest, ...]
    exposures: tuple[Exposure, ...]
    faults: tuple[str, ...]
    job: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the models' lineage was found from."""


Columns = Mapping[PortId, Sequence[str]]


def read_lineage(
    root: Path, cache: Path | None, promised: Columns, workers: Workers
) -> list[DomainLineage]:
    """Every domain's models with their lineage; `promised` replaces what contracts on disk say."""
    with _without_collection(), workers.staying():
        kept = Kept(cache, "lineage", MADE_BY)
        return _read(list(read_domains(root)), kept, promised, workers)


def _read(
    domains: Sequence[DomainFiles], kept: Kept, promised: Columns, workers: Workers
) -> list[DomainLineage]:
    answers = _staged("words", {one.domain: _words_job(one) for one in domains}, kept, workers)
    words = {name: answer or _NO_WORDS for name, answer in answers.items()}
    promises = {n: tuple(map(promise_from_json, said["promises"])) for n, said in words.items()}
    offered = _offered(promises.values(), promised)
    jobs = {one.domain: _models_job(one, words[one.domain], offered) for one in domains}
    models = _staged("models", jobs, kept, workers)
    found = (_domain(name, promises[name], words[name], models[name]) for name in jobs)
    return [replace(one, job=jobs[one.domain]) for one in found]


@contextmanager
def _without_collection() -> Iterator[None]:
    """What is read here stays: looking for dead objects among it doubles the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def input_port(relation: str) -> PortId | None:
    """The port of another domain that a relation of a dbt project is."""
    if not relation.startswith(INPUTS):
        return None
    domain, _, rest = relation.removeprefix(INPUTS).partition("__")
    port, _, major = rest.rpartition("_v")
    try:
        return PortId.parse(f"{domain}.{port}.v{major}")
    except MeshportError:
        return None


def _domain(name: str, promises: tuple[Promise, ...], words: Any, models: Any) -> DomainLineage:
    lost = [] if models is not None else ["the models cannot be read within their limits"]
    return DomainLineage(
        domain=name,
        promises=promises,
        models=tuple(map(model_from_json, models or ())),
        sources=words["sources"],
        tests=tuple(ColumnTest(*one) for one in words["tests"]),
        exposures=tuple(Exposure(*one) for one in words["exposures"]),
        faults=(*words["faults"], *lost),
    )


def _offered(promises: Iterable[Sequence[Promise]], promised: Columns) -> dict[PortId, list[Any]]:
    """Port → [columns, keys, types], as models may rely on them."""
    offered = {}
    for promise in (one for found in promises for one in found if one.fault is None):
        types = {column.name: column.type for column in promise.columns}
        names = list(promised.get(promise.port, types))
        offered[promise.port] = [names, promise.keys, [types.get(name) for name in names]]
    return offered


def _staged(
    stage: str, jobs: Mapping[str, dict[str, Any]], kept: Kept, workers: Workers
) -> dict[str, Any]:
    """Domain → answer of the stage, from what is kept or from the workers."""
    digests = {name: digest(json.dumps(job, sort_keys=True)) for name, job in jobs.items()}
    with kept.stage(stage) as known:
        answers = {name: known.find(name, digests[name]) for name in jobs}
        stale = [name for name, answer in answers.items() if answer is None]
        asked = [{"stage": stage, **jobs[n], "known": known.before(n) or []} for n in stale]
        for name, answer in zip(stale, workers.run(asked), strict=True):
            answers[name] = answer
            if answer is not None:
                known.keep(name, digests[name], answer)
    return answers


def _words_job(files: DomainFiles) -> dict[str, Any]:
    return {
        "folder": files.folder,
        "texts": files.words,
        "profiles": files.texts.get(f"{SHARED}/profiles.yml", ""),
        "refused": dict(files.refused),
    }


def _models_job(
    files: DomainFiles, words: Any, offered: Mapping[PortId, list[Any]]
) -> dict[str, Any]:
    name, models, macros, seeds, variables, target = words["settings"]
    found = files.below(models, ".sql", ".py")
    tables = files.below(seeds, ".csv")
    texts = {_stem(file): (file, text) for file, text in found.items()}
    known = {}
    for relation, columns in words["sources"].items():
        port = input_port(relation)
        own = [columns, [], words["types"].get(relation, [])]
        known[relation] = offered.get(port, own) if port is not None else own
    for file, text in tables.items():
        known[f"model.{_stem(file)}"] = [[cell.strip(' "\r\n') for cell in text.split(",")]]
    return {
        "project": {
            "name": name,
            "models": sorted({*texts, *map(_stem, tables)}),
            "macros": files.below(macros, ".sql"),
            "variables": variables,
            "target": target,
        },
        "texts": texts,
        "tables": known,
        "promised": {p.model: one for p, one in offered.items() if p.domain == files.domain},
        "refused": {_stem(f): why for f, why in files.refused.items() if f in found},
    }


def _stem(file: str) -> str:
    return file.rpartition("/")[2].rpartition(".")[0]
