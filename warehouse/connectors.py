"""connector.yml: what a source system delivers and how. The SQL beside it, which says what it means, is dbt's."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from warehouse.errors import ConfigurationError
from warehouse.settings import Cadence, Mode, ObjectSettings, Order, nearest, validated
from warehouse.workspace import Workspace, shipped

Encoding = Literal["utf-8", "utf-16", "windows-1252"]

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_WORD = re.compile(r"\w+")
DECLARATION = "connector.yml"
CURRENCY = re.compile(r"[A-Z]{3}")
# What the lake adds to the columns of an object.
OWN_COLUMNS = ("_row", "_row_id", "_rank", "_amount", "_currency", "_money")


# Keys are described in the page for authors, by the text below each.
_DESCRIBED = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Money(BaseModel):
    """The money in a raw row. From it alone come deliveries' totals, `_amount` in the lake, and completeness (E6)."""

    model_config = _DESCRIBED

    amount: str
    """A column, or SQL over the columns of one row that gives an exact decimal, never a float."""
    currency: str | None = None
    """A column, a code such as USD, or SQL. Not set: the row does not say, and nothing may be rounded."""
    becomes: dict[str, Literal[1, -1]] = Field(default_factory=dict)
    """Exchange entities whose records carry this money, and with which sign: {invoice_lines: 1, credit_note_lines: -1}.
    What they differ is rounding, or a fault of the connector. Empty: the money is followed by row only."""


class SourceObject(BaseModel):
    """One kind of file of a system: contracts, invoices, opportunities."""

    model_config = _DESCRIBED

    mode: Mode = "full"
    """full: the newest file holds everything and replaces those before it. incremental: files add up, and of rows with
    one key the newest counts."""
    order: Order = "auto"
    """Which file is newer: date or number in its name, first_seen, or version (by version_column, incremental only).
    auto: the date, else the number, else first_seen. tieout.toml may decide otherwise."""
    version_column: str | None = None
    """Column whose highest value counts, for order: version. Numbers, or text that sorts, such as ISO dates."""
    key: tuple[str, ...] = ()
    """Columns that name a row: deliveries are compared by the forms of their values. What makes two records the same is
    the key of the exchange entity."""
    money: Money | None = None
    """The money in a row, for completeness and for totals that must not fall. Not set: rows are counted only."""
    columns: tuple[str, ...] = Field(min_length=1)
    """All columns the SQL may read, by the names of the header, in any case. Others stay in the lake."""
    required: tuple[str, ...] = ()
    """Columns without which a file is refused."""
    patterns: tuple[str, ...] = ()
    """Regular expressions for whole file names (.gz may be left out) other than <object>.csv and <object>-<date>.csv.
    The groups `date` and `number`, as in (?P<date>[0-9]{8}), say where the order stands. A date is YYYYMMDD, YYYYMM or
    YYYYMMDDhhmm[ss], also with separators."""
    cadence: Cadence | None = None
    """When the files of an incremental series with dates in their names come: daily, weekdays, weekly or monthly.
    Not set: learned from the series' weekdays, so a monthly one must be declared."""
    encoding: Encoding = "utf-8"
    """utf-8 (with or without BOM), utf-16 or windows-1252."""
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    """Not set: the one of comma, semicolon and tab that finds most columns."""
    has_preamble: bool = False
    """Report lines stand above the header, which is the first row with all required columns."""
    trailers: tuple[str, ...] = ()
    """Regular expressions for the first value of rows that are no records: totals, copyright lines."""
    sheet: str | None = None
    """Of an Excel workbook. Not set: the only sheet that has rows."""
    decimal_mark: Literal[".", ","] = "."
    """Of numbers delivered as text. Where it is a comma, points group digits (1.234,56), and 1234.56 is no number."""
    number_columns: tuple[str, ...] = ()
    """The columns that decimal_mark is about; needed where it is a comma."""
    description: str = ""
    """What a row is, for the catalog."""

    @property
    def reading(self) -> str:
        """Names a way to read a file that is not the usual one; empty for the usual one."""
        ways = {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "has_preamble": self.has_preamble,
            "trailers": self.trailers,
            "sheet": self.sheet,
        }
        unusual: dict[str, object] = {
            name: value for name, value in ways.items() if value != type(self).model_fields[name].default
        }
        if self.has_preamble:
            unusual["header"] = self.required
        text = json.dumps(unusual, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12] if unusual else ""

    @field_validator("patterns", "trailers")
    @classmethod
    def _are_patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        return patterns

    @model_validator(mode="after")
    def _names_its_own_columns(self) -> SourceObject:
        lowered = [column.lower() for column in self.columns]
        twice = sorted({column for column in lowered if lowered.count(column) > 1})
        if twice:
            raise ValueError(f"columns are declared twice: {', '.join(twice)}")
        ours = [column for column in lowered if column in OWN_COLUMNS]
        if ours:
            raise ValueError(f"{', '.join(ours)} is a name of ours")
        named = [*self.key, *self.required, *self.number_columns, *_words_of(self.money)]
        for column in [*named, *([self.version_column] if self.version_column else [])]:
            if column not in self.columns:
                raise ValueError(f"{column} is not one of the columns{nearest(column, list(self.columns))}")
        if self.has_preamble and not self.required:
            raise ValueError(
                "has_preamble needs required columns: they tell the header from what stands above it"
            )
        if self.order == "version" and self.version_column is None:
            raise ValueError("order: version needs a version_column")
        if self.order == "version" and self.mode == "full":
            raise ValueError(
                "order: version is for mode: incremental; the newest full export is a file, not rows"
            )
        return self

    @model_validator(mode="after")
    def _says_which_columns_are_numbers(self) -> SourceObject:
        if self.decimal_mark == "." and self.number_columns:
            raise ValueError('number_columns are for decimal_mark: ","')
        if self.decimal_mark == "," and not self.number_columns:
            raise ValueError('decimal_mark: "," needs number_columns: the columns whose numbers have it')
        amount = self.money.amount if self.money else None
        if self.decimal_mark == "," and amount in self.columns and amount not in self.number_columns:
            raise ValueError(f"{amount}, the amount of its money, is not one of the number_columns")
        return self

    def with_settings(self, settings: ObjectSettings, origin: str) -> SourceObject:
        """This object as the workspace's tieout.toml wants it."""
        changes = settings.model_dump(
            include={"mode", "order", "version_column", "cadence"}, exclude_none=True
        )
        return validated(SourceObject, {**self.model_dump(), **changes}, origin) if changes else self


def _words_of(money: Money | None) -> list[str]:
    """Where money is named by a single word it is a column, but for a currency's code."""
    if money is None:
        return []
    currency = money.currency or ""
    words = [money.amount, *([] if CURRENCY.fullmatch(currency) else [currency])]
    return [word for word in words if _WORD.fullmatch(word) and not word.isdigit()]


class Connector(BaseModel):
    """A source system: its folder under exports/, its objects, and where its SQL lies."""

    model_config = _DESCRIBED

    system: str
    """The system's name, which is that of its folder in connectors/ and in exports/."""
    objects: dict[str, SourceObject] = Field(min_length=1)
    """The kinds of files it delivers, by name: lower-case letters, digits and single underscores."""
    description: str = ""
    """What the system is, for the catalog."""
    folder: Path = Field(default=Path(), exclude=True)
    is_shipped: bool = Field(default=False, exclude=True)

    @field_validator("system")
    @classmethod
    def _is_name(cls, value: str) -> str:
        return _checked_name(value)

    @field_validator("objects")
    @classmethod
    def _have_names(cls, objects: dict[str, SourceObject]) -> dict[str, SourceObject]:
        for name in objects:
            _checked_name(name)
        return objects


def _checked_name(value: str) -> str:
    """Names become parts of table names, and `__` separates them there."""
    if not _NAME.fullmatch(value):
        raise ValueError(f"{value!r} is no name: lower-case letters, digits and single underscores")
    return value


@cache
def _parsed(text: str) -> Any:
    """The declaration as YAML; a close asks for it again for each of its months, and parsing takes 0.1 s."""
    return yaml.safe_load(text)


def load_connector(folder: Path, *, is_shipped: bool = False) -> Connector:
    """One connector from its folder, which must bear the system's name."""
    path = folder / DECLARATION
    try:
        data = _parsed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(data, dict):
        raise ConfigurationError(
            f"{path} declares nothing.", "See the shipped connector `files` for its form."
        )
    for key in ("folder", "is_shipped"):
        if key in data:
            raise ConfigurationError(f"{path}: unknown key {key}{nearest(key, ['system', 'objects'])}.")
    connector = validated(Connector, data, str(path))
    if connector.system != folder.name:
        raise ConfigurationError(
            f"{path} declares the system {connector.system}, but its folder is {folder.name}.",
            "Give both the same name.",
        )
    return connector.model_copy(update={"folder": folder, "is_shipped": is_shipped})


def load_connectors(workspace: Workspace) -> dict[str, Connector]:
    """All connectors a workspace can use, by system: the shipped ones and its own, as tieout.toml adjusts them."""
    connectors: dict[str, Connector] = {}
    for folder in _folders(shipped("dbt_project") / "connectors"):
        connectors[folder.name] = load_connector(folder, is_shipped=True)
    for folder in _folders(workspace.connectors):
        if folder.name in connectors:
            raise ConfigurationError(
                f"{folder} has the name of a shipped connector.",
                "Give the folder and its system another name.",
            )
        connectors[folder.name] = load_connector(folder)
    _check_sources(workspace, connectors)
    return {name: _adjusted(workspace, connector) for name, connector in connectors.items()}


def enabled_connectors(workspace: Workspace) -> dict[str, Connector]:
    """The connectors a run uses: `files` always, others where their exports exist, unless tieout.toml decides."""
    return {
        name: connector
        for name, connector in load_connectors(workspace).items()
        if _is_enabled(workspace, name)
    }


def _is_enabled(workspace: Workspace, system: str) -> bool:
    source = workspace.settings.sources.get(system)
    if source is not None and source.enabled is not None:
        return source.enabled
    return system == "files" or (workspace.exports / system).is_dir()


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(path for path in parent.iterdir() if (path / DECLARATION).is_file())


def _check_sources(workspace: Workspace, connectors: dict[str, Connector]) -> None:
    for system, source in workspace.settings.sources.items():
        if system not in connectors:
            raise ConfigurationError(
                f"{workspace.configuration}: unknown system sources.{system}{nearest(system, list(connectors))}."
            )
        known = connectors[system].objects
        for name in source.objects:
            if name not in known:
                raise ConfigurationError(
                    f"{workspace.configuration}: unknown object sources.{system}.{name}{nearest(name, list(known))}."
                )


def _adjusted(workspace: Workspace, connector: Connector) -> Connector:
    objects = {
        name: declared.with_settings(
            workspace.settings.object_settings(connector.system, name),
            f"{workspace.configuration}: sources.{connector.system}.{name}",
        )
        for name, declared in connector.objects.items()
    }
    return connector.model_copy(update={"objects": objects})
