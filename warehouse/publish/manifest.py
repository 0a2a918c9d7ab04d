"""Manifests and their chain: what a published month says about itself, and which months exist. It writes no data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.errors import TieoutError, VerificationError
from warehouse.publish.tables import PUBLISHED, PublishedTable

FORMAT_VERSION = 1
SCHEMA_VERSION = 1
"""Raised by a release that adds or changes a published column; older months keep the one they were written with."""

MANIFEST = "manifest.json"
SEAL = "manifest.sha256"
REPORT = "report.html"
UNLISTED = frozenset({MANIFEST, SEAL})
"""Files of a month that its manifest can't list, because they hold its own hash."""

KIND_COVERED = "covered"
"""A month before the first close: it exists only because the manifest of that close names it."""
KIND_OPENING = "opening"
"""The first close: publishes every period up to its own."""
KIND_CLOSE = "close"
KIND_REOPEN = "reopen"
"""A new version of the last closed month; the version before stays readable and is no longer in force."""

COMMITTING = frozenset({KIND_OPENING, KIND_CLOSE, KIND_REOPEN})


class ChainError(VerificationError):
    """The published months contradict each other: nothing may be built on them before a person has looked."""


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one way a manifest is written: sorted keys, fixed spaces. Its hash is the hash of these bytes."""
    return (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def sha256(content: bytes) -> str:
    """Hex digest of bytes."""
    return hashlib.sha256(content).hexdigest()


def month_hash(document: Mapping[str, Any]) -> str:
    """What a month's report prints to prove it: the hash of its manifest without the line of the report itself.

    It covers every other file of the month and the manifest before it, and so the chain up to here.
    """
    files = {name: entry for name, entry in document["files"].items() if name != REPORT}
    return sha256(canonical({**document, "files": files}))


def policies_hash(policies: Mapping[str, Any]) -> str:
    """Identity of the policies in force; a later run compares it to find postings whose cause is `policy`."""
    return sha256(canonical(policies))


def code_hash(roots: Iterable[Path], suffixes: Sequence[str] = (".sql", ".yml", ".py")) -> str:
    """Identity of the rules: relative names and contents of all files that decide an amount."""
    digest = hashlib.sha256()
    for root in roots:
        for path in sorted(root.rglob("*"), key=lambda found: found.relative_to(root).as_posix()):
            if path.suffix in suffixes and path.is_file():
                digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@dataclass(frozen=True)
class Month:
    """One published folder: a version of a period, with what its manifest says."""

    path: Path
    document: Mapping[str, Any]
    sha256: str

    @property
    def period(self) -> str:
        """The period this folder publishes."""
        return str(self.document["period"])

    @property
    def version(self) -> int:
        """1, or one more for every reopening of the period."""
        return int(self.document["version"])

    @property
    def kind(self) -> str:
        """covered, opening, close or reopen."""
        return str(self.document["kind"])

    @property
    def is_close(self) -> bool:
        """True for the month whose rename was a commit: it holds state, audit and dimension tables."""
        return self.kind in COMMITTING

    @property
    def previous(self) -> str | None:
        """Manifest hash of the folder before this one in the chain."""
        link = self.document["previous"]
        return None if link is None else str(link["manifest_sha256"])

    @property
    def name(self) -> str:
        """How people are told about it: `2024-03 v1`."""
        return f"{self.period} v{self.version}"

    def file_of(self, table: PublishedTable) -> Path | None:
        """The month's Parquet file of a table, or None where it holds none."""
        return self.path / table.file if table.file in self.document["files"] else None


@dataclass(frozen=True)
class Chain:
    """All committed folders in the order they follow each other, oldest first."""

    folders: tuple[Month, ...]

    @property
    def months(self) -> tuple[Month, ...]:
        """The folders in force: of a reopened period only its last version, in the period's first place."""
        latest = {month.period: month for month in self.folders}
        return tuple(latest.values())

    @property
    def head(self) -> Month | None:
        """The last commit."""
        return self.folders[-1] if self.folders else None

    @property
    def head_sha256(self) -> str | None:
        """What is printed on reports: proves the whole chain."""
        return self.head.sha256 if self.head else None

    @property
    def last_closed(self) -> Month | None:
        """The last closed month, in its version in force."""
        return self.months[-1] if self.folders else None

    def find(self, period: str, version: int | None = None) -> Month | None:
        """A published month: the version asked for, else the one in force."""
        found = [m for m in self.folders if m.period == period and version in (None, m.version)]
        return found[-1] if found else None

    def before(self, period: str) -> Chain:
        """The chain as it was before any version of `period`: what a reopened month is built on."""
        places = [place for place, month in enumerate(self.folders) if month.period == period]
        if not places:
            return self
        # the first close stands with the months it covers, which lie right before it
        return Chain(self.folders[: places[0] - len(self.folders[places[0]].document["covers"])])

    def through(self, month: Month) -> Chain:
        """The chain as it was when `month` was its last folder."""
        return Chain(self.folders[: self.folders.index(month) + 1])

    def stamp(self) -> list[tuple[str, int, str]]:
        """(period, version, manifest hash) of the months in force: what a derived file was built from."""
        return [(month.period, month.version, month.sha256) for month in self.months]

    def files(self, table: PublishedTable) -> list[Path]:
        """Files of a table over the months in force, oldest first. Lists, never globs: a glob would match v1 and v2."""
        found = (month.file_of(table) for month in self.months)
        return [path for path in found if path is not None]


def read_chain(published: Path) -> Chain:
    """The published months; ChainError where they don't form one unbroken line."""
    chain, problems = inspect_chain(published)
    if problems:
        raise ChainError(
            "the published months do not form one chain: " + "; ".join(problems),
            remedy="restore published/ from a backup; `tieout verify` lists every difference",
        )
    return chain


def inspect_chain(published: Path) -> tuple[Chain, list[str]]:
    """The chain as far as it holds, and what is wrong with it. It raises nothing about the content."""
    found, problems = _read_manifests(published)
    commits = [month for month in found if month.is_close]
    named = {entry["manifest_sha256"]: entry for month in commits for entry in month.document["covers"]}
    present = {month.sha256 for month in found}
    for digest, entry in named.items():
        if digest not in present:
            problems.append(f"{entry['period']} v{entry['version']} is gone or its manifest was changed")
    members = [month for month in found if month.is_close or month.sha256 in named]
    folders, broken = _link(members)
    return Chain(folders), problems + broken


def _read_manifests(published: Path) -> tuple[list[Month], list[str]]:
    """Every folder with a manifest, wherever it stands in the chain."""
    months: list[Month] = []
    problems: list[str] = []
    for folder in version_folders(published):
        path = folder / MANIFEST
        if not path.is_file():
            continue
        content = path.read_bytes()
        name = f"{folder.parent.name}/{folder.name}"
        try:
            document = json.loads(content)
            month = Month(folder, document, sha256(content))
            says = f"{month.period}/v{month.version}"
            needed = (month.kind, month.previous, document["files"], document["covers"])
        except (ValueError, KeyError, TypeError) as error:
            problems.append(f"{name}/{MANIFEST} can't be read ({type(error).__name__}: {error})")
            continue
        if not _is_sealed(folder, month.sha256):
            problems.append(f"{name}/{MANIFEST} is not the one that {SEAL} was written for")
        elif document["format_version"] > FORMAT_VERSION:
            problems.append(f"{name} was written by a newer tieout (format {document['format_version']})")
        elif says != name or needed[0] not in COMMITTING | {KIND_COVERED}:
            problems.append(f"{name}/{MANIFEST} says it is {says} ({month.kind})")
        else:
            months.append(month)
    return months, problems


def seal(digest: str) -> bytes:
    """The file beside a manifest with its hash, in the form `sha256sum -c` reads."""
    return f"{digest}  {MANIFEST}\n".encode()


def _is_sealed(folder: Path, digest: str) -> bool:
    path = folder / SEAL
    return path.is_file() and path.read_bytes() == seal(digest)


def version_folders(published: Path) -> list[Path]:
    """`<period>/v<n>` folders, in name order, whether or not the chain names them."""
    if not published.is_dir():
        return []
    return sorted(
        folder
        for folder in published.glob("[!.]*/v*")
        if folder.is_dir() and folder.name.removeprefix("v").isdigit()
    )


def _link(members: Sequence[Month]) -> tuple[tuple[Month, ...], list[str]]:
    """Follow `previous` from the first folder on: one line, or a sentence for what is not in line."""
    problems: list[str] = []
    after: dict[str | None, list[Month]] = {}
    for month in members:
        after.setdefault(month.previous, []).append(month)
    folders: list[Month] = []
    place: str | None = None
    while followers := after.pop(place, []):
        if len(followers) > 1:
            names = " and ".join(month.name for month in followers)
            problems.append(f"{names} both follow {folders[-1].name if folders else 'the beginning'}")
            break
        folders.append(followers[0])
        place = followers[0].sha256
    for month in members:
        if month not in folders and not problems:
            link = month.document["previous"] or {}
            problems.append(
                f"{month.name} follows {link.get('period')} v{link.get('version')}, whose manifest is gone"
                " or was changed"
            )
    return tuple(folders), problems


def listed_files(month: Month) -> dict[str, str]:
    """Every file of a month's folder with the hash it must have: the manifest's list, and the manifest itself."""
    files = {name: str(entry["sha256"]) for name, entry in month.document["files"].items()}
    return {**files, MANIFEST: month.sha256, SEAL: sha256(seal(month.sha256))}


def require_source_tables(present: set[str]) -> None:
    """Stop a publication that would silently leave a table out."""
    missing = [table.source for table in PUBLISHED if table.is_required and table.source not in present]
    if missing:
        raise TieoutError(
            f"nothing can be published: {', '.join(missing)} has not been built",
            remedy="run `tieout run --full-refresh`",
        )
