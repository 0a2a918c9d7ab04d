"""A table of tieout.duckdb as a file: CSV and Parquet by the engine, XLSX row by row. What to select is said here,
where it may be written too; how a command is typed is the command line's."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

from warehouse.engine import Connection, identifier, literal
from warehouse.errors import ConfigurationError
from warehouse.publish.tables import BY_NAME, qualified
from warehouse.settings import nearest
from warehouse.spreadsheet import as_text_sql
from warehouse.workspace import Workspace

QUARANTINE = "quarantine"
BATCH = 10_000
XLSX_ROWS = 1_048_576
XLSX_TEXT = 32_767


Format: TypeAlias = Literal["csv", "xlsx", "parquet"]


@dataclass(frozen=True)
class Selection:
    """The rows to export, as a query with its parameters."""

    query: str
    parameters: Mapping[str, object] = field(default_factory=dict)


def table(connection: Connection, name: str, period: str | None = None) -> Selection:
    """A table or view of marts or audit, all of it or one period; ConfigurationError where there is none such."""
    relations = _relations(connection)
    found = name if name in relations else next((one for one in relations if one.split(".")[1] == name), None)
    if found is None:
        known = [QUARANTINE, *(one.removeprefix("marts.") for one in relations)]
        raise ConfigurationError(f"there is no table {name!r}{nearest(name, known)}")
    query = f"select * from {qualified(found)}"
    if period is None:
        return Selection(f"{query} order by all")
    column = _period_column(found, relations[found])
    return Selection(f"{query} where {identifier(column)} = $period order by all", {"period": period})


def _relations(connection: Connection) -> dict[str, list[str]]:
    """Columns of every table and view that readers get, by `schema.name`; marts first."""
    found: dict[str, list[str]] = {}
    for relation, column in connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns()"
        " where schema_name in ('marts', 'audit') and database_name = current_database()"
        " order by schema_name desc, table_name, column_index"
    ).fetchall():
        found.setdefault(str(relation), []).append(str(column))
    return found


def _period_column(relation: str, columns: Sequence[str]) -> str:
    published = BY_NAME.get(relation.split(".")[1])
    column = (published.period_column if published else None) or "period"
    if column not in columns:
        raise ConfigurationError(f"{relation} has no periods: it is exported whole", "Leave --period out.")
    return column


def to_mend(
    remedies: Sequence[tuple[str, str, str]], *, rule: str | None = None, system: str | None = None
) -> Selection:
    """The list for the owner of a source system: what fails a rule by itself, where it stands, what mends it.

    One row a record and rule. What is only held with another record is not on it, and warnings only where the rule is
    asked for. The money is that of the record, and what its contract holds back.
    """
    entities, rules, texts = ([one[place] for one in remedies] for place in range(3))
    return Selection(
        """
        with remedies as (select unnest($entities) as entity, unnest($rules) as rule, unnest($texts) as what_to_do),

        files as (
            select path, sha256, min(system) as system, min(object) as object
            from audit.source_files
            group by path, sha256
        ),

        -- a record that vanished stands where it was last accepted
        listed as (
            select
                faults.* exclude (source_file, source_row, file_sha256),
                coalesce(faults.source_file, contents.path) as source_file,
                coalesce(faults.source_row, known.source_row) as source_row,
                coalesce(faults.file_sha256, known.file_sha256) as file_sha256
            from audit.quarantine as faults
            left join audit.known_records as known
                on faults.entity = 'known_records' and faults.record_key = known.entity || ':' || known.record_key
            left join (
                select sha256, min(path) as path from audit.source_files group by sha256
            ) as contents on known.file_sha256 = contents.sha256
        ),

        -- a contract has a row a currency: the one it is stated in
        held_back as (
            select *
            from audit.held_back
            qualify row_number() over (
                partition by contract_id order by contracted is null, carried_contracted is null, currency
            ) = 1
        )

        select
            files.system,
            files.object,
            faults.source_file,
            faults.source_row,
            faults.entity,
            faults.record_key,
            faults.contract_id,
            faults.rule,
            faults.severity,
            faults.fate,
            faults.detail as what_is_wrong,
            remedies.what_to_do,
            faults.amount,
            faults.currency,
            held_back.contracted as contract_contracted,
            held_back.billed as contract_billed,
            held_back.revenue as contract_revenue_of_month,
            case when held_back.contract_id is not null then held_back.currency end as contract_currency,
            history.first_seen_as_of as first_seen,
            history.last_seen_as_of as last_seen,
            history.runs,
            history.returns,
            faults.file_sha256
        from listed as faults
        left join audit.quarantine_history as history
            on faults.entity = history.entity and faults.record_key = history.record_key
            and faults.rule = history.rule and history.is_open
        left join files on faults.source_file = files.path and faults.file_sha256 = files.sha256
        left join held_back on faults.contract_id = held_back.contract_id and faults.severity = 'quarantine'
        left join remedies on faults.entity = remedies.entity and faults.rule = remedies.rule
        where (history.rule is not null or $rule is not null and faults.severity = 'warn')
            and ($rule is null or faults.rule = $rule)
            and ($system is null or files.system = $system)
        order by files.system, faults.source_file, faults.source_row, faults.entity, faults.record_key, faults.rule
        """,
        {"entities": entities, "rules": rules, "texts": texts, "rule": rule, "system": system},
    )


def known_systems(connection: Connection) -> list[str]:
    """Systems that ever delivered a file."""
    rows = connection.execute("select distinct system from audit.source_files order by 1").fetchall()
    return [str(system) for (system,) in rows]


# --- writing ----------------------------------------------------------------------------------------


def write_file(connection: Connection, selection: Selection, form: Format, path: Path) -> int:
    """Write the rows to a file of that name in one rename; returns how many there are."""
    with replaced(path) as beside:
        return _write(connection, selection, form, beside)


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its name once all is written."""
    folder = path.parent
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder", "Make it first, or choose another --output.")
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".exporting-", suffix=path.suffix)
    os.close(descriptor)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o644)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_csv(connection: Connection, selection: Selection, stream: BinaryIO, scratch: Path) -> None:
    """Write the rows as CSV to an open stream, by way of a file in `scratch`."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="exporting-") as folder:
        path = Path(folder) / "rows.csv"
        _write(connection, selection, "csv", path)
        with path.open("rb") as file:
            shutil.copyfileobj(file, stream)


def require_writable(workspace: Workspace, path: Path) -> Path:
    """The place to write to; ConfigurationError where the workspace keeps what must never change."""
    target = path.expanduser().resolve()
    kept = (
        workspace.exports, workspace.connectors, workspace.expectations, workspace.lake, workspace.journal_dir,
        workspace.published, workspace.state, workspace.configuration, workspace.warehouse_db,
    )  # fmt: skip
    for place in kept:
        if target.is_relative_to(place.resolve()):
            raise ConfigurationError(f"{target} is part of {place.name}, which exports never write to.")
    if target.exists() and not target.is_file():
        raise ConfigurationError(f"{target} is no file to write to.", "Name a file.")
    return target


def _write(connection: Connection, selection: Selection, form: Format, path: Path) -> int:
    if form == "xlsx":
        return _write_xlsx(connection, selection, path)
    query, options = selection.query, "format parquet, compression zstd"
    if form == "csv":
        query, options = _guarded(connection, selection), "format csv, header"
    copied = connection.execute(
        f"copy ({query}) to {literal(str(path))} ({options})", dict(selection.parameters)
    )
    row = copied.fetchone()
    return int(row[0]) if row else 0


def _texts(connection: Connection, selection: Selection) -> dict[str, bool]:
    """The columns of a selection, and whether each holds text."""
    described = connection.execute(f"describe {selection.query}", dict(selection.parameters)).fetchall()
    return {str(name): kind == "VARCHAR" for name, kind, *_ in described}


def _guarded(connection: Connection, selection: Selection) -> str:
    """The rows with every text such that a spreadsheet takes it for text."""
    columns = ", ".join(
        f"{as_text_sql(identifier(name))} as {identifier(name)}" if is_text else identifier(name)
        for name, is_text in _texts(connection, selection).items()
    )
    return f"select {columns} from ({selection.query}) as exported"


def _write_xlsx(connection: Connection, selection: Selection, path: Path) -> int:
    """One sheet, in constant memory; text is written as text, whatever it begins with."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    count = _require_fit(connection, selection)
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("rows")

    def cell(value: object) -> object:
        if not isinstance(value, str):
            return value
        written = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub(" ", value))
        written.data_type = "s"
        return written

    with _cursor(connection, selection) as (names, rows):
        sheet.append([cell(name) for name in names])
        for row in rows:
            sheet.append([cell(value) for value in row])
    workbook.save(path)
    return count


def _require_fit(connection: Connection, selection: Selection) -> int:
    """The number of rows; ConfigurationError where Excel would cut rows or texts off."""
    texts = [identifier(name) for name, is_text in _texts(connection, selection).items() if is_text]
    longest = f"greatest(0, {', '.join(f'max(length({text}))' for text in texts)})" if texts else "0"
    row = connection.execute(
        f"select count(*), {longest} from ({selection.query}) as exported", dict(selection.parameters)
    ).fetchone()
    count, length = (int(row[0]), int(row[1])) if row else (0, 0)
    if count >= XLSX_ROWS:
        raise ConfigurationError(
            f"there are more rows than a sheet of Excel holds ({XLSX_ROWS - 1:,})",
            "Export as csv or parquet, or one --period.",
        )
    if length > XLSX_TEXT:
        raise ConfigurationError(
            f"a text of {length:,} characters is longer than a cell of Excel holds ({XLSX_TEXT:,})",
            "Export as csv or parquet.",
        )
    return count


@contextmanager
def _cursor(
    connection: Connection, selection: Selection
) -> Iterator[tuple[list[str], Iterator[tuple[object, ...]]]]:
    """Column names, and the rows a batch at a time."""
    cursor = connection.cursor()
    try:
        cursor.execute(selection.query, dict(selection.parameters))
        names = [str(column[0]) for column in cursor.description or []]
        yield names, (row for batch in iter(lambda: cursor.fetchmany(BATCH), []) for row in batch)
    finally:
        cursor.close()
