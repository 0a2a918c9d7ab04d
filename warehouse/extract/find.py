"""Which files lie in exports/, and which object of which system each of them is. Their content is not looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, cast

from warehouse.connectors import Connector, SourceObject, load_connectors
from warehouse.extract.findings import FileFinding
from warehouse.settings import nearest
from warehouse.workspace import Workspace

Format = Literal["csv", "tsv", "jsonl", "parquet"]
SUPPORTED = ("csv", "tsv", "jsonl", "parquet")
_FILE = re.compile(r"(?P<stem>.+?)\.(?P<format>csv|tsv|parquet|jsonl|xlsx)(?P<gzip>\.gz)?", re.IGNORECASE)

# `-`, `_` or `.`, then a date (and perhaps a time), or digits.
_SUFFIX = re.compile(
    r"[-_.](?:(?P<date>\d{4}[-_.]\d{2}(?:[-_.]\d{2})?(?:[-_.T]\d{2}[-_.:]?\d{2}(?:[-_.:]?\d{2})?Z?)?)|(?P<digits>\d{8}[T_-]\d{4,6}Z?|\d+))"
)
_DATE_ANYWHERE = re.compile(r"(?<!\d)(\d{4}[-_.]?\d{2}[-_.]?\d{2})(?!\d)")
_NUMBER_ANYWHERE = re.compile(r"\d+")
_MOMENTS = {6: "%Y%m", 8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True)
class FoundFile:
    """A file that matches exactly one object."""

    path: Path
    relative: str
    system: str
    object: str
    format: Format
    is_gzip: bool


@dataclass(frozen=True)
class NameOrder:
    """What a file's name says about its place among the deliveries of its object."""

    moment: datetime | None = None
    number: int | None = None


@dataclass(frozen=True)
class Found:
    files: tuple[FoundFile, ...]
    findings: tuple[FileFinding, ...]


def find_files(workspace: Workspace, connectors: Mapping[str, Connector]) -> Found:
    """All files of the enabled systems that match an object, and a finding for each that does not."""
    files: list[FoundFile] = []
    findings: list[FileFinding] = []
    for entry in _entries(workspace.exports):
        if not entry.is_dir():
            findings.append(_outside_a_system(workspace, entry, connectors))
        elif entry.name in connectors:
            for path in _entries(entry):
                result = _classify(workspace, connectors[entry.name], path)
                if isinstance(result, FoundFile):
                    files.append(result)
                elif result is not None:
                    findings.append(result)
        elif entry.name not in (known := load_connectors(workspace)):
            findings.append(_unknown_system(workspace, entry, list(known)))
    return Found(tuple(files), tuple(findings))


def name_order(declared: SourceObject, name: str, file_name: str) -> NameOrder:
    """The date or number in a file's name: after the entity's name, or wherever the declared pattern puts it."""
    parts = _FILE.fullmatch(file_name)
    stem = parts["stem"] if parts else file_name
    if stem.startswith(name) and (suffix := _SUFFIX.fullmatch(stem[len(name) :])):
        return _order_of(suffix["date"] or suffix["digits"])
    for pattern in declared.patterns:
        if match := re.fullmatch(pattern, file_name):
            groups = match.groupdict()
            if text := groups.get("date") or groups.get("number"):
                return _order_of(text)
            if date := _DATE_ANYWHERE.search(stem):
                return _order_of(date[1])
            numbers = _NUMBER_ANYWHERE.findall(stem)
            return _order_of(numbers[-1]) if numbers else NameOrder()
    return NameOrder()


def _order_of(text: str) -> NameOrder:
    digits = re.sub(r"\D", "", text)
    form = _MOMENTS.get(len(digits))
    # Six bare digits are a number; with a separator they are a month.
    if form and (len(digits) != 6 or len(text) > 6):
        try:
            moment = datetime.strptime(digits, form).replace(tzinfo=UTC)
        except ValueError:
            moment = None
        if moment is not None and 1990 <= moment.year <= 2100:
            return NameOrder(moment=moment)
    return NameOrder(number=int(digits)) if digits == text else NameOrder()


def _classify(workspace: Workspace, connector: Connector, path: Path) -> FoundFile | FileFinding | None:
    relative = workspace.relative(path)
    if path.is_dir():
        return FileFinding(
            "folder_not_read", "warn", relative, f"{relative} is a folder; only files directly in "
            f"exports/{connector.system} are read.", "Move its files one folder up.", connector.system,
        )  # fmt: skip
    names = [name for name in connector.objects if _is_named(name, path.name)]
    names = names or [name for name, declared in connector.objects.items() if _fits(declared, path.name)]
    if not names:
        return _unmatched(connector, path, relative)
    if len(names) > 1:
        return FileFinding(
            "ambiguous_file", "block", relative, f"{relative} matches the patterns of {' and '.join(names)}.",
            f"Make the patterns in the connector.yml of {connector.system} exclude each other.", connector.system,
        )  # fmt: skip
    if _is_ignored(workspace, connector.system, names[0], path.name):
        return None
    parts = _FILE.fullmatch(path.name)
    kind = parts["format"].lower() if parts else ""
    if parts is None or kind not in SUPPORTED:
        return FileFinding(
            "unsupported_format", "block", relative, f"{relative}: this version cannot read such files.",
            f"Export {names[0]} as {', '.join(SUPPORTED)}.", connector.system, names[0],
        )  # fmt: skip
    return FoundFile(path, relative, connector.system, names[0], cast(Format, kind), bool(parts["gzip"]))


def _is_named(name: str, file_name: str) -> bool:
    parts = _FILE.fullmatch(file_name)
    if parts is None or not parts["stem"].startswith(name):
        return False
    rest = parts["stem"][len(name) :]
    return rest == "" or _SUFFIX.fullmatch(rest) is not None


def _fits(declared: SourceObject, file_name: str) -> bool:
    return any(re.fullmatch(pattern, file_name) for pattern in declared.patterns)


def _is_ignored(workspace: Workspace, system: str, name: str, file_name: str) -> bool:
    patterns = workspace.settings.object_settings(system, name).ignore
    return any(fnmatchcase(file_name, pattern) for pattern in patterns)


def _unmatched(connector: Connector, path: Path, relative: str) -> FileFinding:
    parts = _FILE.fullmatch(path.name)
    known = list(connector.objects)
    hint = nearest(re.split(r"[-_.]?\d", parts["stem"])[0], known) if parts else ""
    return FileFinding(
        "unmatched_file", "warn", relative, f"{relative} matches no object of {connector.system}{hint}"
        f"{'' if hint.endswith('?') else '.'} It is not used.",
        "Name it <object>.csv or <object>-<date>.csv, or declare a pattern in connector.yml.", connector.system,
    )  # fmt: skip


def _outside_a_system(workspace: Workspace, path: Path, connectors: Mapping[str, Connector]) -> FileFinding:
    relative = workspace.relative(path)
    return FileFinding(
        "unmatched_file", "warn", relative, f"{relative} lies in no system's folder. It is not used.",
        f"Move it to exports/<system>/ ({', '.join(connectors)}).",
    )  # fmt: skip


def _unknown_system(workspace: Workspace, folder: Path, known: list[str]) -> FileFinding:
    relative = workspace.relative(folder)
    return FileFinding(
        "unknown_system", "warn", relative, f"{relative}: there is no connector {folder.name}"
        f"{nearest(folder.name, known)} Its files are not used.",
        f"Rename the folder, or write connectors/{folder.name}/connector.yml.",
    )  # fmt: skip


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, in a fixed order; hidden files and our own examples are nobody's export."""
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.iterdir() if not path.name.startswith(".") and path.suffix != ".example"
    )
