"""Which files lie in exports/, and which object of which system each of them is. Their content is not looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Literal, cast, get_args

from warehouse.connectors import Connector, SourceObject, load_connectors
from warehouse.extract.exports import Export, listed
from warehouse.extract.findings import FileFinding
from warehouse.settings import nearest
from warehouse.workspace import Workspace

Format = Literal["csv", "tsv", "jsonl", "parquet", "xlsx"]
SUPPORTED: tuple[Format, ...] = get_args(Format)
_FILE = re.compile(rf"(?P<stem>.+?)\.(?P<format>{'|'.join(SUPPORTED)})(?P<gzip>\.gz)?", re.IGNORECASE)

# `-`, `_` or `.`, then a date (and perhaps a time), or digits.
_SUFFIX = re.compile(
    r"[-_.](?:(?P<date>\d{4}[-_.]\d{2}(?:[-_.]\d{2})?(?:[-_.T]\d{2}[-_.:]?\d{2}(?:[-_.:]?\d{2})?Z?)?)|(?P<digits>\d{8}[T_-]\d{4,6}Z?|\d+))"
)
# A day, or a month where a separator says that it is one.
_DATE_ANYWHERE = re.compile(r"(?<!\d)(\d{4}[-_.]?\d{2}[-_.]?\d{2}|\d{4}[-_.]\d{2})(?!\d)")
_NUMBER_ANYWHERE = re.compile(r"\d+")
_MOMENTS = {6: "%Y%m", 8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True)
class FoundFile:
    """A file that matches exactly one object."""

    export: Export
    system: str
    object: str
    format: Format
    is_gzip: bool

    @property
    def relative(self) -> str:
        return self.export.relative


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
    for entry in listed(workspace):
        if not entry.is_folder:
            findings.append(_outside_a_system(entry.relative, connectors))
        elif entry.name in connectors:
            for export in listed(workspace, entry.name):
                result = _classify(workspace, connectors[entry.name], export)
                if isinstance(result, FoundFile):
                    files.append(result)
                elif result is not None:
                    findings.append(result)
        elif entry.name not in (known := load_connectors(workspace)):
            findings.append(_unknown_system(entry, list(known)))
    return Found(tuple(files), tuple(findings))


def name_order(declared: SourceObject, name: str, file_name: str) -> NameOrder:
    """The date or number in a file's name: after the entity's name, or wherever the declared pattern puts it."""
    parts = _FILE.fullmatch(file_name)
    stem = parts["stem"] if parts else file_name
    if stem.startswith(name) and (suffix := _SUFFIX.fullmatch(stem[len(name) :])):
        return _order_of(suffix["date"] or suffix["digits"])
    for pattern in declared.patterns:
        if match := _matched(pattern, file_name):
            groups = match.groupdict()
            if text := groups.get("date") or groups.get("number"):
                return _order_of(text)
            if (date := _DATE_ANYWHERE.search(stem)) and (order := _order_of(date[1])) != NameOrder():
                return order
            numbers = _NUMBER_ANYWHERE.findall(stem)
            return _order_of(numbers[-1]) if numbers else NameOrder()
    return NameOrder()


def _order_of(text: str) -> NameOrder:
    digits = re.sub(r"\D", "", text)
    number = int(digits) if digits == text else None
    try:
        moment = datetime.strptime(digits, _MOMENTS.get(len(digits), "")).replace(tzinfo=UTC)
    except ValueError:
        return NameOrder(number=number)
    if not 1990 <= moment.year <= 2100:
        return NameOrder(number=number)
    # Six bare digits may be a month or a number that grows; in a series of either kind both order alike.
    return NameOrder(moment, number if len(digits) == 6 else None)


def _classify(workspace: Workspace, connector: Connector, export: Export) -> FoundFile | FileFinding | None:
    relative = export.relative
    if export.is_folder:
        return FileFinding(
            "folder_not_read", "warn", relative, f"{relative} is a folder; only files directly in "
            f"exports/{connector.system} are read.", "Move its files one folder up.", connector.system,
        )  # fmt: skip
    names = [name for name in connector.objects if _is_named(name, export.name)]
    names = names or [name for name, declared in connector.objects.items() if _fits(declared, export.name)]
    if not names:
        return _unmatched(connector, export)
    if len(names) > 1:
        return FileFinding(
            "ambiguous_file", "block", relative, f"{relative} matches the patterns of {' and '.join(names)}.",
            f"Make the patterns in the connector.yml of {connector.system} exclude each other.", connector.system,
        )  # fmt: skip
    if _is_ignored(workspace, connector.system, names[0], export.name):
        return None
    parts = _FILE.fullmatch(export.name)
    if parts is None:
        return FileFinding(
            "unsupported_format", "block", relative, f"{relative}: this version cannot read such files.",
            f"Export {names[0]} as {', '.join(SUPPORTED)}.", connector.system, names[0],
        )  # fmt: skip
    kind = cast(Format, parts["format"].lower())
    return FoundFile(export, connector.system, names[0], kind, bool(parts["gzip"]))


def _is_named(name: str, file_name: str) -> bool:
    parts = _FILE.fullmatch(file_name)
    if parts is None or not parts["stem"].startswith(name):
        return False
    rest = parts["stem"][len(name) :]
    return rest == "" or _SUFFIX.fullmatch(rest) is not None


def _fits(declared: SourceObject, file_name: str) -> bool:
    return any(_matched(pattern, file_name) for pattern in declared.patterns)


def _matched(pattern: str, file_name: str) -> re.Match[str] | None:
    """A file is the same one whether it is compressed or not, so a pattern may leave .gz out."""
    return re.fullmatch(pattern, file_name) or re.fullmatch(pattern, file_name.removesuffix(".gz"))


def _is_ignored(workspace: Workspace, system: str, name: str, file_name: str) -> bool:
    patterns = workspace.settings.object_settings(system, name).ignore
    return any(fnmatchcase(file_name, pattern) for pattern in patterns)


def _unmatched(connector: Connector, export: Export) -> FileFinding:
    relative = export.relative
    parts = _FILE.fullmatch(export.name)
    known = list(connector.objects)
    hint = nearest(re.split(r"[-_.]?\d", parts["stem"])[0], known) if parts else ""
    return FileFinding(
        "unmatched_file", "warn", relative, f"{relative} matches no object of {connector.system}{hint}"
        f"{'' if hint.endswith('?') else '.'} It is not used.",
        "Name it <object>.csv or <object>-<date>.csv, or declare a pattern in connector.yml.", connector.system,
    )  # fmt: skip


def _outside_a_system(relative: str, connectors: Mapping[str, Connector]) -> FileFinding:
    return FileFinding(
        "unmatched_file", "warn", relative, f"{relative} lies in no system's folder. It is not used.",
        f"Move it to exports/<system>/ ({', '.join(connectors)}).",
    )  # fmt: skip


def _unknown_system(folder: Export, known: list[str]) -> FileFinding:
    return FileFinding(
        "unknown_system", "warn", folder.relative, f"{folder.relative}: there is no connector {folder.name}"
        f"{nearest(folder.name, known)} Its files are not used.",
        f"Rename the folder, or write connectors/{folder.name}/connector.yml.",
    )  # fmt: skip
