"""The bounded process: reads contracts and models that others wrote, one job per line of stdin.

Before each step it says on stdout what it is at, so that who waits for it knows what hangs.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
from collections.abc import Callable
from typing import Any

from meshport.errors import MeshportError
from meshport.lineage.dbt_words import Settings, Words, add_words, settings_of, target_of
from meshport.lineage.models import (
    ModelsJob,
    ProjectModels,
    declared,
    model_as_json,
    model_from_json,
)
from meshport.lineage.promises import promise_as_json, promise_of
from meshport.lineage.render import Project, Renderer

# Most YAML files of a project only describe columns; reading them would tell nothing here.
_TELLING = ("sources", "exposures", "tests")
Saying = Callable[[str], None]


def main() -> None:
    """Answer until stdin ends."""
    _limit(int(sys.argv[1]))
    # Trees are many small objects that live as long as their job: looking for dead ones is waste.
    gc.set_threshold(100_000, 20, 20)
    _say("start")
    for line in sys.stdin:
        job = json.loads(line)
        answer = _STAGES[job["stage"]](job, _say)
        sys.stdout.write(json.dumps({"answer": answer}) + "\n")
        sys.stdout.flush()


def _say(what: str) -> None:
    sys.stdout.write(json.dumps({"at": what}) + "\n")
    sys.stdout.flush()


def _limit(memory_mb: int) -> None:
    """Ask the kernel to hold what a template or a parser cannot be trusted to hold."""
    for kind, limit in (
        (resource.RLIMIT_AS, memory_mb * 1024 * 1024),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        wanted = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (wanted, hard))


def read_words(job: dict[str, Any], say: Saying) -> dict[str, Any]:
    """What the contracts and the YAML files of one domain say."""
    texts: dict[str, str] = job["texts"]
    refused: dict[str, str] = job.get("refused", {})
    promises, faults = [], []
    words = Words()
    settings = settings_of(
        job["folder"], texts.get(f"{job['folder']}/dbt_project.yml", "").encode()
    )
    profiles = job["profiles"].encode()
    folders = tuple(f"{folder}/" for folder in settings.models)
    for file, text in texts.items():
        say(file)
        if file in refused:
            faults.append(f"{file}: {refused[file]}")
        elif file.endswith(".odcs.yaml"):
            try:
                promises.append(promise_as_json(promise_of(file, text.encode())))
            except MeshportError as error:
                faults.append(str(error))
        elif file.startswith(folders) and any(word in text for word in _TELLING):
            add_words(words, file, text.encode())
    return {
        "promises": promises,
        "settings": [*_plain(settings), target_of(profiles, settings.profile)],
        "sources": words.sources,
        "types": words.types,
        "tests": words.tests,
        "exposures": words.exposures,
        "faults": [*faults, *words.faults],
    }


def find_models(job: dict[str, Any], say: Saying) -> list[Any]:
    """The lineage of one domain's models."""
    known = [model_from_json(one) for one in job["known"]]
    models = ProjectModels(
        ModelsJob(
            project=_project(job["project"]),
            texts={name: (file, text) for name, (file, text) in job["texts"].items()},
            tables={name: declared(*one) for name, one in job["tables"].items()},
            promised={name: declared(*one) for name, one in job["promised"].items()},
            known={one.name: one for one in known},
            refused=job.get("refused", {}),
        ),
        starting=say,
    )
    return [model_as_json(one) for one in models.all()]


def build_models(job: dict[str, Any], say: Saying) -> list[Any]:
    """What the engine makes of one domain's models over empty tables, for each variant of them."""
    # Loading the engine takes as long as a job without it.
    from meshport.lineage.empty_build import build_empty  # noqa: PLC0415

    refused = job.get("refused", {})
    texts = {n: t for n, (f, t) in job["texts"].items() if f.endswith(".sql") and n not in refused}
    renderer = Renderer(_project(job["project"]))
    return [
        [built._asdict() for built in build_empty(renderer, texts, tables, say)]
        for tables in job["variants"]
    ]


def _project(given: dict[str, Any]) -> Project:
    models = frozenset(given["models"])
    return Project(given["name"], models, given["macros"], given["variables"], given["target"])


def _plain(settings: Settings) -> list[Any]:
    folders = (settings.models, settings.macros, settings.seeds)
    return [settings.name, *folders, settings.variables]


_STAGES: dict[str, Callable[[dict[str, Any], Saying], Any]] = {
    "words": read_words,
    "models": find_models,
    "empty_build": build_models,
}


if __name__ == "__main__":
    main()
