"""dbt projects of the repository's mesh, rendered without dbt; and small ones of a test's own."""

from __future__ import annotations

from pathlib import Path

from meshport.lineage.files import read_domains
from meshport.lineage.models import ModelsJob, ProjectModels
from meshport.lineage.render import Project, Renderer
from meshport.sql.lineage import Source
from tests.building import ROOT


def rendered_models(domain, root=ROOT):
    """Model → Rendered, of one domain."""
    files = next(one for one in read_domains(root) if one.domain == domain)
    texts = {
        Path(f).stem: text for f, text in files.below([f"{files.folder}/models"], ".sql").items()
    }
    macros = files.below(["platform/dbt/macros", f"{files.folder}/macros"], ".sql")
    renderer = Renderer(Project(domain, frozenset(texts), macros))
    assert renderer.faults == []
    return {name: renderer.render(name, text) for name, text in texts.items()}


def project(models, macros=None, **keys):
    """A job over models given as name → text, with one source table `source.raw.things`."""
    texts = {name: (f"models/{name}.sql", text) for name, text in models.items()}
    return ModelsJob(
        Project("shop", frozenset(models), macros or {}, keys.pop("variables", {})),
        texts,
        {"source.raw.things": Source(["id", "name", "amount"])},
        **keys,
    )


def lineage_in(models, macros=None, **keys):
    """Model → QueryLineage."""
    return {one.name: one.query for one in ProjectModels(project(models, macros, **keys)).all()}
