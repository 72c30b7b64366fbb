"""A release walked back to the sources: which upstream releases it read, and which files."""

from __future__ import annotations

from dataclasses import dataclass

from meshport.errors import PublishError
from meshport.publishing.manifest import Manifest
from meshport.publishing.store import ReleaseStore


@dataclass(frozen=True)
class Receipt:
    """A release and the receipts of the releases it was made from."""

    manifest: Manifest
    upstream: tuple[Receipt, ...]
    lost: tuple[str, ...] = ()
    """Upstream releases whose manifest is gone."""

    def as_json(self) -> dict[str, object]:
        """The whole tree; `sources` are the files a release itself landed."""
        return {
            "release": self.manifest.release,
            "domain": self.manifest.domain,
            "published_at": self.manifest.published_at.isoformat(),
            "run_id": self.manifest.run_id,
            "code_revision": self.manifest.code_revision,
            "ports": {
                name: {
                    "contract_version": port.contract_version,
                    "contract_sha256": port.contract.sha256,
                    "rows": port.rows,
                    "files": [file.model_dump() for file in port.full.files],
                }
                for name, port in self.manifest.ports.items()
            },
            "inputs": [one.model_dump() for one in self.manifest.inputs],
            "sources": [source.model_dump() for source in self.manifest.sources],
            "upstream": [receipt.as_json() for receipt in self.upstream],
            "lost": list(self.lost),
        }


def receipt(store: ReleaseStore, release: str) -> Receipt:
    """Walk a release back; raises PublishError MP403 where there is no such release."""
    manifest = store.find(release)
    upstream, lost = [], []
    for name in sorted({one.release for one in manifest.inputs}):
        try:
            upstream.append(receipt(store, name))
        except PublishError:
            lost.append(name)
    return Receipt(manifest, tuple(upstream), tuple(lost))
