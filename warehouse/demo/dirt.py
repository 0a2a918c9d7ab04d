"""Faults planted in the exports, each remembered with the rule it must fail. Whether they are found is found.py's.

A kind (dirt.yml) says which rows it may befall, what is written there, and what the gate has to say. A dirty contract
gets one fault, journals get their share, and what is no contract's (a price, a rate, an account) one of each kind. Some
faults of the first two waves are mended in the third.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from warehouse import engine
from warehouse.demo import company
from warehouse.demo.company import WAVES, Size

REFERENCE = "'(reference)'"


@dataclass(frozen=True)
class Object:
    """An export object as an exchange entity: what keys its record, and the contract or journal it is of."""

    entity: str
    record_key: str
    subject: str = REFERENCE


_LINE = "regexp_replace(\"{}\", '/.*', '')"
OBJECTS = {
    "atlas__orders": Object("contracts", '"OrderNo"', '"OrderNo"'),
    "atlas__order_lines": Object("contract_lines", '"LineNo"', '"OrderNo"'),
    "atlas__changes": Object("amendments", '"ChangeNo" || \'|\' || "LineNo"', '"OrderNo"'),
    "atlas__forecasts": Object("estimates", '"ForecastNo"', '"OrderNo"'),
    "atlas__service_log": Object("fulfillments", '"EntryNo"', _LINE.format("LineNo")),
    "fakturo__invoices": Object("invoices", '"InvoiceNo"', '"OrderRef"'),
    "fakturo__invoice_positions": Object("invoice_lines", '"PositionNo"', _LINE.format("LineRef")),
    "fakturo__credits": Object("credit_notes", '"CreditNo"', '"OrderRef"'),
    "fakturo__credit_positions": Object("credit_note_lines", '"PositionNo"', _LINE.format("LineRef")),
    "fakturo__cash": Object("payments", '"EntryNo"', '"OrderRef"'),
    "fakturo__billing_plan": Object(
        "billing_schedule",
        "\"LineRef\" || '|' || strftime(strptime(\"PlannedOn\", '%d.%m.%Y'), '%Y-%m-%d')",
        _LINE.format("LineRef"),
    ),
    "fakturo__metering": Object("fulfillments", '"reading"', _LINE.format("line")),
    "atlas__companies": Object("entities", '"Code"'),
    "atlas__accounts": Object("customers", '"AccountNo"'),
    "atlas__items": Object("products", '"SKU"'),
    "atlas__price_book": Object(
        "ssp_prices",
        "\"SKU\" || '|' || \"Currency\" || '|' || strftime(strptime(\"ValidFrom\", '%m/%d/%Y'), '%Y-%m-%d')",
    ),
    "saldo__accounts": Object("gl_accounts", '"account"'),
    "saldo__mapping": Object("account_mapping", "'||' || \"role\" || '|'"),
    "saldo__rates": Object("fx_rates", '"day" || \'|\' || "from" || \'|\' || "to"'),
    "saldo__journal": Object("gl_journal_lines", '"line"', '"journal"'),
}


class Kind(BaseModel):
    """One kind of dirt; dirt.yml says what the fields are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    object: str
    rule: str
    put: dict[str, str]
    where: str = "true"
    adds: bool = False
    also: str = ""
    severity: Literal["quarantine", "warn"] = "quarantine"
    record_key: str = ""
    is_stray: bool = False
    is_reference: bool = False

    @property
    def holds_its_contract(self) -> bool:
        """Whether a contract is held back for it."""
        is_of_a_contract = not self.is_reference and self.object != "saldo__journal"
        return is_of_a_contract and self.severity == "quarantine" and not self.is_stray


@cache
def kinds() -> tuple[Kind, ...]:
    """Those of contracts and journals, then those of reference data, which are rows of their own."""
    declared = yaml.safe_load(Path(__file__).with_name("dirt.yml").read_text(encoding="utf-8"))
    fragments = declared["fragments"]
    of_reference = ({**given, "adds": True, "is_reference": True} for given in declared["references"])
    return tuple(_kind(given, fragments) for given in (*declared["kinds"], *of_reference))


def _kind(given: dict[str, Any], fragments: dict[str, str]) -> Kind:
    written = {name: given[name].format_map(fragments) for name in ("where", "also") if name in given}
    return Kind(**{**given, **written})


def plant(connection: engine.Connection, size: Size) -> None:
    """Decides which rows are faulty, from which wave on, and what must be found: tables `faults` and `expected`."""
    _list_kinds(connection)
    connection.execute(_SUBJECTS, {"share": size.dirt})
    for name, one in OBJECTS.items():
        _keep_rows(connection, name, one)
    connection.execute(
        "create table candidates (kind integer, subject varchar, row_key varchar, record_key varchar, wave integer)"
    )
    for number, kind in enumerate(kinds()):
        one = OBJECTS[kind.object]
        connection.execute(
            f"""insert into candidates
            select {number}, subject, row_key, {kind.record_key or one.record_key}, min(wave)
            from {_faulty_rows(kind)}
            group by all"""
        )
    connection.execute(_FAULTS)
    connection.execute(
        "create table expected"
        " (kind integer, subject varchar, entity varchar, record_key varchar, rule varchar, wave integer)"
    )
    for number, kind in enumerate(kinds()):
        also = f"union select {number}, * from ({kind.also})" if kind.also else ""
        connection.execute(
            f"""insert into expected
            with this as (select * from faults where kind = {number})
            select {number}, subject, {engine.literal(OBJECTS[kind.object].entity)}, record_key,
                {engine.literal(kind.rule)}, wave
            from this {also}"""
        )
    connection.execute(_TOLD)


def _list_kinds(connection: engine.Connection) -> None:
    connection.execute(
        "create table kinds (number integer, name varchar, object varchar, severity varchar, holds boolean)"
    )
    connection.executemany(
        "insert into kinds values (?, ?, ?, ?, ?)",
        [
            (number, kind.name, kind.object, kind.severity, kind.holds_its_contract)
            for number, kind in enumerate(kinds())
        ],
    )


# Contracts that count, as many as the share says, and as many journals; reference data is one subject.
_SUBJECTS = """
create table subjects as
select contract_id as subject, story, offer, entity_id, start_date, end_date
from (
    select * from contracts
    where story not in ('draft', 'proposal', 'never_signed', 'combined') and wave <= 3
    order by roll(n, 'dirty', 1000000000), n
    limit (select cast(ceil($share * count(*)) as bigint) from contracts)
)
union all
select journal_id, null, null, null, null, null
from (
    select distinct journal_id from journal_lines
    order by roll(journal_id, 'dirty', 1000000000), journal_id
    limit (select cast(ceil($share * count(distinct journal_id)) as bigint) from journal_lines)
)
union all
select '(reference)', null, null, null, null, null
where $share > 0
"""

# One fault a subject, one of each kind of reference data; a fourth of the early ones is mended.
_FAULTS = """
create table faults as
with rows as (
    -- what can befall few is likelier for those few, and what holds a contract back than what does not
    select *, count(distinct subject) over (partition by kind) * case when kinds.holds then 1 else 4 end as weight
    from candidates
    inner join kinds on candidates.kind = kinds.number
    qualify row_number() over (partition by kind, subject order by wave, roll(row_key, 'row', 1000000000), row_key) = 1
)

select
    kind, subject, row_key, record_key, wave,
    case when wave < 3 and subject != '(reference)' and roll(subject, 'mended', 100) < 25 then 3 end as mended
from rows
qualify
    subject = '(reference)'
    or row_number() over (
        partition by subject order by roll(subject || '|' || kind, 'kind', 1000000) * weight, kind
    ) = 1
"""


def _keep_rows(connection: engine.Connection, name: str, one: Object) -> None:
    """The rows of dirty subjects as they stand in each wave: all that is looked at again."""
    [(first, *_), *_] = connection.execute(f"select * from {name} limit 0").description
    source = f'select {one.subject} as subject, "{first}" as row_key, * from {name}'
    if one.subject == REFERENCE:
        source += f' order by "{first}" limit 1'
    for number in WAVES:
        company.stand_on(connection, company.wave(number))
        rows = f"select *, {number} as wave from ({source}) inner join subjects using (subject)"
        into = f"create table rows__{name} as" if number == WAVES[0] else f"insert into rows__{name}"
        connection.execute(f"{into} {rows}")


def _faulty_rows(kind: Kind) -> str:
    put = ", ".join(f'{value} as "{column}"' for column, value in kind.put.items())
    return f"(select * replace ({put}) from rows__{kind.object} where {kind.where})"


def dirty(connection: engine.Connection, name: str, wave: int) -> str:
    """The query of an object's rows in a wave, with its faults."""
    if name not in OBJECTS:
        return f"from {name}"
    in_force = f"select row_key from faults where wave <= {wave} and coalesce(mended, 9) > {wave} and kind"
    befalling = [(number, kind) for number, kind in enumerate(kinds()) if kind.object == name]
    [(first, *_), *others] = connection.execute(f"select * from {name} limit 0").description
    changed = ", ".join(str(number) for number, kind in befalling if not kind.adds)
    columns = ", ".join(f'"{column}"' for column in (first, *(column for column, *_ in others)))
    parts = [f'select * from {name} where "{first}" not in ({in_force} in ({changed or -1}))']
    parts += [
        f"select {columns} from {_faulty_rows(kind)} where wave = {wave} and row_key in ({in_force} = {number})"
        for number, kind in befalling
    ]
    return " union all ".join(parts)


# Journals hold no contract; an order that is added is one of its own.
_TOLD = """
create table told as
select
    kinds.name as kind,
    kinds.object,
    faults.row_key,
    expected.entity,
    expected.record_key,
    expected.rule,
    kinds.severity,
    case
        when expected.entity = 'contracts' and kinds.severity = 'quarantine' then expected.record_key
        when kinds.holds then expected.subject
    end as contract_id,
    greatest(faults.wave, expected.wave) as wave,
    faults.mended
from expected
inner join faults using (kind, subject)
inner join kinds on expected.kind = kinds.number
where greatest(faults.wave, expected.wave) <= 3
"""


def write_manifest(connection: engine.Connection, path: Path) -> None:
    """What is planted, a row a record and rule: in which waves it is there, and what it has to be found as."""
    connection.execute(f"copy (from told order by all) to {engine.literal(str(path))} (format csv, header)")
