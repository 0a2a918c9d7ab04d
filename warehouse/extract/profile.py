"""What deliveries are compared by: money by currency, filled columns, the forms of keys. Judging is not done here.

Computed once, when a file is extracted, and kept with its event in the journal: the comparison itself reads no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

from warehouse.connectors import SourceObject
from warehouse.engine import Connection, identifier, literal
from warehouse.extract.readers.columns import ROW, ReadResult

KEPT_FORMS = 8
# The forms kept must cover this share of the keys, in percent; else letters and digits are told apart no more.
FORMED_PERCENT = 90
# Forms are counted over every n-th row of a large file: on 1,000,000 rows it would cost more than reading them.
_SAMPLED_ROWS = 100_000
_EXAMPLE_LENGTH = 40


@dataclass(frozen=True)
class KeyForm:
    """A way in which keys are written: a run of letters is A, of digits 9 (09 with leading zeros), of both X."""

    form: str
    rows: int
    shortest: int
    """Length of its shortest key: padded numbers that lose their zeros get shorter."""
    example: str

    def with_more(self, other: KeyForm) -> KeyForm:
        """The same form in two deliveries."""
        rows, shortest = self.rows + other.rows, min(self.shortest, other.shortest)
        return replace(self, rows=rows, shortest=shortest)

    @property
    def coarse(self) -> str:
        return re.sub("[A09X]+", "X", self.form)

    @property
    def unpadded(self) -> str:
        return self.form.replace("09", "9")

    @property
    def is_padded(self) -> bool:
        return "09" in self.form


@dataclass(frozen=True)
class KeyForms:
    """The most frequent forms of a key column, and how many keys were looked at."""

    rows: int
    forms: tuple[KeyForm, ...]

    @property
    def covered(self) -> int:
        return sum(one.rows for one in self.forms)

    @property
    def is_formed(self) -> bool:
        """Whether a few forms describe the keys; names and other free text have none."""
        return self.rows > 0 and self.covered * 100 >= self.rows * FORMED_PERCENT

    @property
    def is_coarse(self) -> bool:
        return any("X" in one.form for one in self.forms)

    def event(self) -> dict[str, Any]:
        """What the journal keeps."""
        return {"rows": self.rows, "forms": [list(astuple(one)) for one in self.forms]}

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> KeyForms:
        return cls(event["rows"], tuple(KeyForm(*one) for one in event["forms"]))


@dataclass(frozen=True)
class Profile:
    """One delivery in figures."""

    money: Mapping[str, str] = field(default_factory=dict)
    """Total by currency, as exact text."""
    turnover: Mapping[str, str] = field(default_factory=dict)
    """The same of all amounts without their signs: tells a credit that was added from a row that was lost."""
    filled: Mapping[str, int] | None = None
    """Rows with a value, by declared column of the file; None: extracted before profiles were kept."""
    key_forms: Mapping[str, KeyForms] = field(default_factory=dict)

    def event(self) -> dict[str, Any]:
        """What the journal keeps."""
        return {
            "money": dict(self.money),
            "turnover": dict(self.turnover),
            "filled": None if self.filled is None else dict(self.filled),
            "key_forms": {column: forms.event() for column, forms in self.key_forms.items()},
        }

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> Profile:
        forms = event.get("key_forms", {})
        return cls(
            event["money"],
            event.get("turnover", {}),
            event.get("filled"),
            {column: KeyForms.of_event(one) for column, one in forms.items()},
        )


def profile(
    connection: Connection,
    declared: SourceObject,
    target: Path,
    read: ReadResult,
    money: tuple[Mapping[str, str], Mapping[str, str]],
) -> Profile:
    """The figures of a lake file beside its money and turnover, in memory that does not grow with it."""
    source = f"read_parquet({literal(str(target))})"
    in_file = {column.lower(): column for column in read.columns}
    present = {column: in_file[column.lower()] for column in declared.columns if column.lower() in in_file}
    return Profile(
        *money,
        _filled(connection, source, present),
        {
            column: _key_forms(connection, source, present[column], read.rows)
            for column in declared.key
            if column in present
        },
    )


def _filled(connection: Connection, source: str, present: Mapping[str, str]) -> Mapping[str, int]:
    if not present:
        return {}
    # Only what could be blank is trimmed: trimming every value would double the time.
    counts = ", ".join(
        f"count({column}) - count_if(case when {column} < '!' then trim({column}) = '' else false end)"
        for column in map(identifier, present.values())
    )
    counted = connection.execute(f"select {counts} from {source}").fetchone() or ()
    return dict(zip(present, counted, strict=True))


def _key_forms(connection: Connection, source: str, column: str, rows: int) -> KeyForms:
    every = max(1, -(-rows // _SAMPLED_ROWS))
    keys = f"select trim({identifier(column)}) as key from {source} where {ROW} % {every} = 0"
    fine = _counted(connection, keys, _FORM)
    return fine if fine.is_formed else _counted(connection, keys, _COARSE_FORM)


# 007 and 00 are padded, 0 is not. All letters are A by then, so Z is free to stand for what is padded.
_FORM = (
    r"replace(replace(regexp_replace(regexp_replace(regexp_replace(key, '\p{L}+', 'A', 'g'), "
    r"'[1-9][0-9]*', '9', 'g'), '0+9|00+', 'Z', 'g'), '0', '9'), 'Z', '09')"
)
_COARSE_FORM = r"regexp_replace(key, '[\p{L}0-9]+', 'X', 'g')"


def _counted(connection: Connection, keys: str, form: str) -> KeyForms:
    found = connection.execute(
        f"select {form} as form, count(*) as rows, min(length(key)) as shortest, min(key) as example, "
        f"sum(count(*)) over () as total from ({keys}) where key <> '' "
        f"group by 1 order by rows desc, form limit {KEPT_FORMS}"
    ).fetchall()
    forms = tuple(KeyForm(one[0], one[1], one[2], one[3][:_EXAMPLE_LENGTH]) for one in found)
    return KeyForms(int(found[0][4]) if found else 0, forms)
