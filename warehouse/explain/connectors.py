"""What the author of a connector is told before a run: which exchange columns are missing, empty or of the wrong
type, which rows become nothing, which objects have no file. It looks at a trial; rules of business are the gate's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from warehouse.connectors import Connector, SourceObject
from warehouse.engine import Connection, identifier, literal
from warehouse.exchange import SOURCE_COLUMNS, Entity, entities
from warehouse.lake import view_name
from warehouse.settings import nearest
from warehouse.transform import staging_model
from warehouse.trial import Trial

Check = Literal[
    "required_not_given", "required_empty", "wrong_type", "unknown_column", "not_given", "always_empty",
    "same_record", "no_number", "money_differs", "unmapped_rows", "unmapped_money", "no_file",
    "not_mapped",
]  # fmt: skip
# What matters to a run; the rest is for information.
IMPORTANT: frozenset[Check] = frozenset(
    (
        "required_not_given",
        "required_empty",
        "wrong_type",
        "unknown_column",
        "same_record",
        "no_number",
        "money_differs",
        "unmapped_rows",
        "unmapped_money",
        "not_mapped",
    )
)


@dataclass(frozen=True)
class ConnectorFinding:
    """One thing an author may want to mend: where, how often, an example, and a sentence."""

    check: Check
    system: str
    message: str
    entity: str | None = None
    object: str | None = None
    column: str | None = None
    count: int | None = None
    file: str | None = None
    row: int | None = None
    concerns_all: bool = False
    """No record of the entity, or row of the object, is without it: the gate is likely to hold them all."""

    @property
    def is_important(self) -> bool:
        return self.check in IMPORTANT


@dataclass(frozen=True)
class Mapped:
    """An exchange entity that a system gives, with its number of records."""

    system: str
    entity: str
    records: int


def look(trial: Trial, connectors: Mapping[str, Connector]) -> tuple[list[Mapped], list[ConnectorFinding]]:
    """All that can be said of what the connectors give, required columns first."""
    mapped: list[Mapped] = []
    findings: list[ConnectorFinding] = []
    for system, connector in connectors.items():
        given = [name for name in entities() if staging_model(system, name) in trial.built]
        for entity in (entities()[name] for name in given):
            columns = trial.columns_given(staging_model(system, entity.name))
            findings += _columns(system, entity, columns)
            if f"exchange__{entity.name}" in trial.built:
                values = _Values(trial.connection, system, entity)
                mapped.append(Mapped(system, entity.name, values.records))
                findings += [one for one in values.findings() if one.column in columns]
        findings += _objects(trial, connector, given)
        findings += _money(trial, system, [one.entity for one in mapped if one.system == system])
    order = list(Check.__args__)  # type: ignore[attr-defined]
    findings.sort(key=lambda one: (one.system, one.entity or "~", order.index(one.check)))
    return mapped, findings


def _columns(system: str, entity: Entity, columns: list[str]) -> Iterator[ConnectorFinding]:
    """The columns of a connector's query against those of the entity."""
    for name in (*SOURCE_COLUMNS, *entity.names):
        if name not in columns:
            is_required = name in entity.required or name in SOURCE_COLUMNS
            yield ConnectorFinding(
                "required_not_given" if is_required else "not_given", system,
                f"column {name}{' is required and' if is_required else ''} is not given",
                entity.name, column=name, concerns_all=is_required,
            )  # fmt: skip
    known = {*SOURCE_COLUMNS, *entity.names}
    for name in columns:
        if name not in known and not name.startswith("_"):
            hint = nearest(name, list(entity.names))
            hint = hint if hint.endswith("?") else ""
            yield ConnectorFinding(
                "unknown_column", system, f"column {name} is none of {entity.name} and is not used{hint}",
                entity.name, column=name,
            )  # fmt: skip


class _Values:
    """What the records of one system and entity hold, looked at once."""

    def __init__(self, connection: Connection, system: str, entity: Entity) -> None:
        self.connection = connection
        self.system = system
        self.entity = entity
        facts = ["count(*)"]
        for column in entity.columns:
            name = identifier(column.name)
            wrong = f"regexp_matches(parse_errors, {literal(f'(^|; ){column.name}=')})"
            is_wrong = f"coalesce({wrong}, false)"
            is_empty = f"{name} is null and not {is_wrong}"
            facts += [
                f"count(*) filter ({is_wrong})",
                f"min(source_row) filter ({is_wrong})",
                f"arg_min(parse_errors, source_row) filter ({is_wrong})",
                f"count(*) filter ({is_empty})",
                f"min(source_row) filter ({is_empty})",
            ]
        row = connection.execute(
            f"select {', '.join(facts)}, sum(identical_rows), min(source_row) filter (identical_rows > 0)"
            f" from exchange.{identifier(entity.name)} where source_system = ?",
            [system],
        ).fetchone()
        self.records, *self.facts, self.identical, self.identical_row = row or (0, None, None)

    def findings(self) -> Iterator[ConnectorFinding]:
        if not self.records:
            return
        if self.identical:
            key = ", ".join(self.entity.key)
            yield self._finding(
                "same_record", self.entity.key[0], self.identical, self.identical_row,
                f"{_records(self.identical)} more of the same key ({key}) and content: folded into another one",
            )  # fmt: skip
        for place, column in enumerate(self.entity.columns):
            wrong, wrong_row, errors, empty, empty_row = self.facts[place * 5 : place * 5 + 5]
            if wrong:
                text = _text_of(str(errors), column.name)
                yield self._finding(
                    "wrong_type", column.name, wrong, wrong_row,
                    f"{column.name} is no {column.data_type} in {_records(wrong)}, such as {text!r}",
                )  # fmt: skip
            if empty and column.name in self.entity.required:
                yield self._finding(
                    "required_empty", column.name, empty, empty_row,
                    f"{column.name} is required and empty in {_records(empty)}",
                )  # fmt: skip
            elif empty == self.records:
                yield self._finding(
                    "always_empty", column.name, empty, None, f"{column.name} is always empty"
                )

    def _finding(
        self, check: Check, column: str, count: int, row_id: int | None, message: str
    ) -> ConnectorFinding:
        file, row = _place(self.connection, row_id)
        where = f" ({'the first: ' if count > 1 else ''}{file} row {row})" if file else ""
        return ConnectorFinding(
            check, self.system, message + where, self.entity.name, column=column, count=count, file=file, row=row,
            concerns_all=count == self.records and check in ("wrong_type", "required_empty"),
        )  # fmt: skip


def _objects(trial: Trial, connector: Connector, given: list[str]) -> Iterator[ConnectorFinding]:
    """Objects without a file, and rows that no query gives on."""
    system = connector.system
    delivered = {one.object for one in trial.extraction.current if one.system == system}
    for name in connector.objects:
        if name not in delivered:
            yield ConnectorFinding("no_file", system, f"{name} has no file", object=name)
    if not given and trial.built:
        yield ConnectorFinding(
            "not_mapped", system, f"no SQL file of connectors/{system}/ gives an exchange entity that can be built"
        )  # fmt: skip
    if not given:
        return
    # A query that can't be evaluated has said so already.
    given = [entity for entity in given if f"exchange__{entity}" in trial.built]
    for name in sorted(delivered):
        money = connector.objects[name].money
        yield from _no_numbers(trial, system, name, connector.objects[name])
        yield from _unmapped(trial, system, name, given, "true", "unmapped_rows")
        if money is not None and money.becomes:
            carrying = [entity for entity in given if entity in money.becomes]
            yield from _unmapped(trial, system, name, carrying, "_amount <> 0", "unmapped_money")


def _money(trial: Trial, system: str, given: list[str]) -> Iterator[ConnectorFinding]:
    """What stops a run by equation E6. A record without rows bears the name of its entity, not of its system."""
    for one in trial.lost:
        if one.scope.startswith((f"{system}.", f"{system} ")) or one.scope.split(" ")[0] in given:
            yield ConnectorFinding("money_differs", system, str(one), count=one.count)


def _no_numbers(trial: Trial, system: str, name: str, declared: SourceObject) -> Iterator[ConnectorFinding]:
    """Rows whose money is no number; a column of its own may be empty."""
    if declared.money is None:
        return
    amount = declared.money.amount
    is_given = f"trim({identifier(amount)}) <> ''" if amount in declared.columns else "true"
    found = trial.connection.execute(
        "select count(*) filter (is_none), min(_row_id) filter (is_none), count(*) from (select _row_id,"
        f" _amount is null and {is_given} as is_none from lake.{identifier(view_name(system, name))})"
    ).fetchone()
    if found and found[0]:
        file, row = _place(trial.connection, found[1])
        share = f"{found[0]:,} of {found[2]:,} rows"
        message = f"the money of {name} is no number in {share}; the first is {file} row {row}"
        yield ConnectorFinding(
            "no_number", system, message, object=name, count=found[0], file=file, row=row,
            concerns_all=found[0] == found[2],
        )  # fmt: skip


def _unmapped(
    trial: Trial, system: str, name: str, entities_: list[str], which: str, check: Check
) -> Iterator[ConnectorFinding]:
    """Rows of an object that stand behind no record of these entities."""
    staged = "".join(
        " and not exists (select 1 from (select unnest(source_rows) as row_id from "
        f"{trial.relation(staging_model(system, entity))}) as staged where staged.row_id = raw._row_id)"
        for entity in entities_
    )
    found = trial.connection.execute(
        f"select count(*), min(_row_id), sum(_amount) from lake.{identifier(view_name(system, name))} as raw"
        f" where {which}{staged}"
    ).fetchone()
    if found and found[0]:
        file, row = _place(trial.connection, found[1])
        rows = f"1 row of {name} becomes" if found[0] == 1 else f"{found[0]:,} rows of {name} become"
        what = (
            "no record"
            if check == "unmapped_rows"
            else f"no record with its money, {_plain(found[2])} in all"
        )
        message = f"{rows} {what}; the first is {file} row {row}"
        yield ConnectorFinding(check, system, message, object=name, count=found[0], file=file, row=row)


def _place(connection: Connection, row_id: int | None) -> tuple[str | None, int | None]:
    if row_id is None:
        return None, None
    found = connection.execute(
        "select path from run.source_files where file_id = ?", [row_id >> 32]
    ).fetchone()
    return (str(found[0]) if found else None), row_id & 0xFFFFFFFF


def _text_of(errors: str, column: str) -> str:
    """The text that is no value, out of parse_errors (macros/exchange.sql)."""
    found = re.search(rf"(?:^|; ){re.escape(column)}='(.*?)'(?:; [a-z_]+='|$)", errors, re.DOTALL)
    return found[1] if found else errors


def _plain(amount: Decimal) -> str:
    return f"{amount:,f}".rstrip("0").rstrip(".")


def _records(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"
