"""What git knows of the contracts: the base of a change, and every version on the way to it.

The only module, besides the code revision of a release, that runs git.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from meshport.errors import SettingsError

_SECONDS = 60
_WHOLE = "clone the whole history (fetch-depth: 0), or git fetch --unshallow"
_SUFFIX = ".odcs.yaml"


@dataclass(frozen=True)
class Blob:
    """One version of one file: where it stood, and git's name for its content."""

    path: str
    name: str


@dataclass(frozen=True)
class History:
    """The repository around a mesh, read at one commit, the base of the change."""

    root: Path
    base: str
    prefix: str = ""
    """The mesh's folder within the repository, with a slash at its end."""
    tip: str = ""
    """Where the branch that the change goes to is by now."""

    @classmethod
    def at(cls, root: Path, reference: str) -> History:
        """The history at the merge base of the working tree's commit and `reference`.

        Raises SettingsError: MP910 no git repository, MP911 no such commit, MP912 the common
        ancestor is not in this clone.
        """
        if _run(root, "rev-parse", "--git-dir") is None:
            raise SettingsError("MP910", f"{root.name} is not in a git repository")
        commit = _run(root, "rev-parse", "--verify", f"{reference}^{{commit}}")
        if reference.startswith("-") or commit is None:
            known = (_run(root, "branch", "--all", "--format=%(refname:short)") or "").split()
            hint = f"known here: {', '.join(known[:8])}; in CI fetch the base branch first"
            raise SettingsError("MP911", f"there is no commit `{reference}`", hint=hint)
        base = _run(root, "merge-base", "HEAD", reference)
        if base is None:
            shallow = (_run(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
            hint = _WHOLE if shallow else f"was `{reference}` rewritten? rebase onto it"
            fact = f"HEAD and `{reference}` have no common ancestor in this clone"
            raise SettingsError("MP912", fact, hint=hint)
        prefix = (_run(root, "rev-parse", "--show-prefix") or "").strip()
        return cls(root, base.strip(), prefix, commit.strip())

    def files(self, folder: str, commit: str = "") -> dict[str, Blob]:
        """The files below a folder of the mesh, path within the mesh → blob; else at the base."""
        below = self.prefix + folder
        listed = _run(self.root, "ls-tree", "-r", "-z", "--full-tree", commit or self.base, below)
        found = {}
        for line in (listed or "").split("\0"):
            about, tab, path = line.partition("\t")
            if tab:
                inner = path.removeprefix(self.prefix)
                found[inner] = Blob(inner, about.split()[2])
        return found

    def versions(self, folder: str) -> dict[str, list[Blob]]:
        """Every content each contract had on the way to the base, path → oldest first.

        The way is that of first parents: what was merged counts, not how it was worked on.
        Raises SettingsError MP912 where this clone holds only the end of it.
        """
        self._require_whole()
        listed = _run(
            self.root, "log", "--first-parent", "-m", "--raw", "--no-abbrev", "--no-renames",
            "--format=", "-z", "--reverse", self.base, "--", folder,
        )  # fmt: skip
        found: dict[str, list[Blob]] = {}
        parts = iter((listed or "").split("\0"))
        for about in parts:
            if about.startswith(":"):
                path = next(parts, "").removeprefix(self.prefix)
                name = about.split()[3]
                if path.endswith(_SUFFIX) and set(name) != {"0"}:
                    found.setdefault(path, []).append(Blob(path, name))
        return found

    def _require_whole(self) -> None:
        if (_run(self.root, "rev-parse", "--is-shallow-repository") or "").strip() != "true":
            return
        file = (_run(self.root, "rev-parse", "--git-path", "shallow") or "").strip()
        ends = set((self.root / file).read_text(encoding="ascii").split())
        way = (_run(self.root, "rev-list", "--first-parent", self.base) or "").split()
        if ends & set(way):
            fact = f"this clone holds {len(way)} commits of the base alone, not what was before"
            raise SettingsError("MP912", fact, hint=_WHOLE)

    def texts(self, blobs: Iterable[Blob]) -> Mapping[str, bytes]:
        """The contents of blobs, by git's name for them, read in one go."""
        names = sorted({blob.name for blob in blobs})
        if not names:
            return {}
        done = subprocess.run(
            ["git", "-C", str(self.root), "cat-file", "--batch"],  # noqa: S607
            input="\n".join(names).encode() + b"\n",
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
        return dict(_batch(done.stdout))

    def changed(self, folder: str) -> set[str]:
        """The files below a folder that differ from the base, also those not committed yet."""
        listed = _run(self.root, "diff", "--name-only", "-z", "--relative", self.base, "--", folder)
        fresh = _run(self.root, "ls-files", "--others", "--exclude-standard", "-z", "--", folder)
        return {path for path in f"{listed or ''}\0{fresh or ''}".split("\0") if path}


def _batch(output: bytes) -> Iterator[tuple[str, bytes]]:
    position = 0
    while position < len(output):
        end = output.index(b"\n", position)
        name, _, size = output[position:end].decode().split()
        start = end + 1
        yield name, output[start : start + int(size)]
        position = start + int(size) + 1


def _run(root: Path, *arguments: str) -> str | None:
    """What git says; None where it refuses."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],  # noqa: S607  the git that the user would call
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise SettingsError("MP910", "git is not installed") from error
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None
