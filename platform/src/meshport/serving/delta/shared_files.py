"""Files on their way out and back in: written into an answer as links, found again by them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from meshport.serving.delta.actions import SharedFile
from meshport.serving.delta.links import LIFETIME, Link, LinkCodec, invalid_link
from meshport.serving.feed.difference import digest_of
from meshport.serving.feed.history import History, Seen, Step
from meshport.serving.feed.versions import Version

PRESIGNED = "sp=r"
"""Delta's kernel follows a link only where it looks presigned, for which this word is enough."""


@dataclass(frozen=True)
class SharedFiles:
    """The files of one port for one asker; `address` is where links are followed."""

    history: History
    codec: LinkCodec
    address: str

    def of_release(
        self, seen: Seen, kind: str = "file", version: Version | None = None
    ) -> Iterator[SharedFile]:
        """The release's own files; raises AccessError MP706."""
        seen.require_whole_files()
        for file in seen.sight.files:
            link = self._link(seen, file.sha256, seen.release, None)
            yield SharedFile(
                kind, self._url(link), file.sha256, file.bytes, link.expires_at,
                file.rows, version,
            )  # fmt: skip

    def of_change(self, step: Step) -> Iterator[SharedFile]:
        """What a version changed: nothing, its own files where there was nothing before, or a
        difference."""
        old, new, seen = step.old, step.new, step.seen
        if seen is None or step.is_same:
            return
        if old is None and new is not None and new.sight.is_whole_file:
            yield from self.of_release(new, "add", step.version)
            return
        made = self.history.difference(old, new)
        if made.rows:
            before = old.release if old else ""
            link = self._link(seen, made.digest, step.version.release, before)
            yield SharedFile(
                "cdf", self._url(link), made.digest, made.bytes, link.expires_at,
                made.rows, step.version,
            )  # fmt: skip

    def path_of(self, link: Link) -> Path:
        """The file behind a link, as far as its asker still sees it.

        Raises AccessError MP702 to MP707, ServingError MP640 and PublishError MP404.
        """
        if link.before is None:
            seen = self.history.seen(link.release)
            found = [file for file in seen.sight.files if file.sha256 == link.content]
            if not found or seen.sight.grant.reader.name != link.access_class:
                raise invalid_link("your access is not what it was")
            seen.require_whole_files()
            return seen.folder / found[0].path
        old = self.history.seen_or_nothing(link.before or None)
        new = self.history.seen_or_nothing(link.release)
        was, now = (one.snapshot if one else None for one in (old, new))
        if not (was or now) or digest_of(was, now) != link.content:
            raise invalid_link("your access is not what it was")
        return self.history.difference(old, new).file

    def _link(self, seen: Seen, content: str, release: str, before: str | None) -> Link:
        asker = self.history.asker
        return Link(
            port=str(self.history.port.id),
            release=release,
            content=content,
            before=before,
            access_class=seen.sight.grant.reader.name,
            principal=asker.principal,
            purpose=asker.purpose,
            expires_at=int((asker.doors.now() + LIFETIME).timestamp()),
        )

    def _url(self, link: Link) -> str:
        return f"{self.address}/files/{self.codec.write(link)}?{PRESIGNED}"
