"""Applies the rules to the check views, inside the engine, and writes down what fails. A rule's policy is in suites/.

Great Expectations counts in one query an entity which rules fail, and gives for each of these the SQL of the
failing rows; that SQL is inserted into `gate.failures` by the engine itself. No row ever comes into Python.
"""

from __future__ import annotations

import difflib
import json
import logging
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from expectations import tested
from expectations.suites import STRENGTH, Rule, Severity, lowered_rules, rules_of
from warehouse.engine import Connection, EngineError, database_of, gx_connection_string, identifier, literal
from warehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite, ExpectationValidationResult
    from great_expectations.datasource.fluent import SQLDatasource
    from great_expectations.datasource.fluent.interfaces import Batch

# Great Expectations reads it when it is imported.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

CHECKS = "checks"
TESTED = "tested"
FILES = "files"
RULES = "rules"
LOWERED = "rule_weakened"
EXAMPLES = 3

# Never null and unique in an entity, also where a key is missing: Great Expectations names failing rows by it.
_KEY = "record_key"
_WRITTEN = (_KEY, "source_row", "contract_id", "held_currency")
_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_MISSING_COLUMN = re.compile(r'column "([^"]+)" not found')


class FileFinding(Protocol):
    """What extraction says about a file."""

    @property
    def rule(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def remedy(self) -> str | None: ...


class Workspace(Protocol):
    """Where the gate finds the working database and the company's own rules."""

    @property
    def warehouse_db(self) -> Path: ...
    @property
    def expectations(self) -> Path: ...


class Context(Protocol):
    """What the gate needs to know of a run."""

    @property
    def workspace(self) -> Workspace: ...


@dataclass(frozen=True)
class RuleOutcome:
    """What one rule found: how many records it looked at, how many fail it, and the money they hold back."""

    entity: str
    rule: str
    severity: Severity
    message: str
    remedy: str | None
    evaluated: int = 0
    records: int = 0
    money: tuple[tuple[str, Decimal], ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class GateReport:
    """The gate's verdict on one build."""

    outcomes: tuple[RuleOutcome, ...] = field(default=())

    @property
    def failed(self) -> tuple[RuleOutcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.records)

    @property
    def blocks(self) -> tuple[RuleOutcome, ...]:
        """What the caller must stop for."""
        return tuple(outcome for outcome in self.failed if outcome.severity == "block")


def declared_rules(folder: Path | None = None) -> tuple[Rule, ...]:
    """All rules, entity by entity, with the notice of a rule that a workspace weakened.

    With a workspace's folder `expectations`, its own rules are among them.
    """
    return (*rules_of(folder), _notice())


def known_rules(folder: Path | None = None) -> list[str]:
    """The ids a waiver can name; with a workspace's folder `expectations`, its own rules too."""
    return sorted({rule.id for rule in rules_of(folder)})


def run(connection: Connection, context: Context, findings: Iterable[FileFinding] = ()) -> GateReport:
    """Test every record, fill `gate.failures`, and report; the caller stops where something blocks."""
    workspace = context.workspace
    rules = rules_of(workspace.expectations)
    told = list(findings)
    _begin(connection, [*_file_rows(told), *_lowered_rows(lowered_rules(rules))])
    evaluated = _test(connection, workspace.warehouse_db, rules)
    return GateReport(tuple(_outcomes(connection, rules, evaluated, told)))


def _begin(connection: Connection, told: Sequence[tuple[str, str, str, str, str]]) -> None:
    """What is known before records are looked at, beside what records were found to fail before."""
    tested.begin(connection, (FILES, RULES))
    if told:
        connection.executemany(
            "insert into gate.failures (entity, rule, severity, record_key, detail) values (?, ?, ?, ?, ?)",
            told,
        )


# --- asking Great Expectations ----------------------------------------------------------------------


@dataclass(frozen=True)
class FailingRows:
    """A rule that does not hold everywhere, and the query of the rows where it doesn't."""

    rule: Rule
    query: str


def _test(connection: Connection, database: Path, rules: Sequence[Rule]) -> dict[str, int]:
    """Test each entity that changed and write down what fails; returns how many records each has."""
    by_entity: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.told_by is None:
            by_entity[rule.entity].append(rule)
    columns = view_columns(connection)
    evaluated = dict.fromkeys(by_entity, 0)
    source: SQLDatasource | None = None
    warehouse = database_of(connection)
    gate = f"{warehouse}.gate"
    with tested_tables(connection) as cursor:
        for rule in rules:
            if not rule.is_shipped and rule.told_by is None:
                _require_testable(cursor, rule, columns[rule.entity], warehouse)
        with_records = filled(connection, by_entity)
        known = tested.known(cursor, gate)
        tested.forget(cursor, gate, by_entity.keys() - set(with_records))
        for entity in with_records:
            evaluated[entity] = gather(cursor, warehouse, by_entity[entity], columns[entity])
            digest = tested.digest_of(cursor, by_entity[entity])
            if digest is None or known.get(entity) != digest:
                source = source or _datasource(database)
                tested.forget(cursor, gate, [entity])
                _write_failing(cursor, gate, source, by_entity[entity])
                tested.remember(cursor, gate, entity, digest)
            cursor.execute(f"drop table {identifier(entity)}")
        if source is not None:
            source.get_engine().dispose()
    return evaluated


def _write_failing(cursor: Connection, gate: str, source: SQLDatasource, rules: Sequence[Rule]) -> None:
    """What Great Expectations says of the table that was gathered for an entity."""
    entity = rules[0].entity
    asset = source.add_table_asset(name=entity, table_name=entity)
    batch = asset.add_batch_definition_whole_table("all rows").get_batch()
    for failing in _failing_rows(cursor, batch, rules):
        cursor.execute(_insertion(f"{gate}.failures", failing))


@contextmanager
def tested_tables(connection: Connection) -> Iterator[Connection]:
    """A cursor that looks at a database in memory, where tested tables come and go.

    Great Expectations names them without their schema.
    """
    cursor = connection.cursor()
    cursor.execute(f"attach ':memory:' as {TESTED}")
    try:
        cursor.execute(f"set search_path = '{TESTED}.main'")
        yield cursor
    finally:
        cursor.close()
        connection.execute(f"detach {TESTED}")


def filled(connection: Connection, entities: Iterable[str]) -> list[str]:
    """The entities that have records at all; a check view has a row for each of them."""
    empty = {
        str(name)
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = current_database()"
            " and schema_name = 'exchange' and estimated_size = 0"
        ).fetchall()
    }
    return [entity for entity in entities if entity not in empty]


def view_columns(connection: Connection) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for entity, column in connection.execute(
        "select table_name, column_name from duckdb_columns()"
        f" where database_name = current_database() and schema_name = {literal(CHECKS)}"
        " order by table_name, column_index"
    ).fetchall():
        found[entity].append(column)
    return found


def gather(cursor: Connection, warehouse: str, rules: Sequence[Rule], columns: Sequence[str]) -> int:
    """The columns that rules ask for, as a table in memory; returns its number of rows.

    Great Expectations asks a table several times (its columns, its size, each failing rule), and behind a
    check view stand many joins: they are worked out once.
    """
    entity = identifier(rules[0].entity)
    wanted = {word for rule in rules for word in _words_of(rule)}
    selected = ", ".join(identifier(column) for column in columns if column.lower() in wanted)
    cursor.execute(f"create table {entity} as select {selected} from {warehouse}.{CHECKS}.{entity}")
    row = cursor.execute(f"select count(*) from {entity}").fetchone()
    return int(row[0]) if row else 0


def _words_of(rule: Rule) -> set[str]:
    """Everything in a rule that may be a column of its check view."""
    text = " ".join([rule.condition or "", json.dumps(dict(rule.kwargs)), *_columns_of(rule)])
    return {word.lower() for word in _WORD.findall(text)}


def _require_testable(cursor: Connection, rule: Rule, columns: Sequence[str], warehouse: str) -> None:
    """A company's own rule that cannot be tested is a fault of its file, told before anything else suffers from it."""
    quoted = [rule.kwargs[key] for key in ("column", "column_A", "column_B") if key in rule.kwargs]
    unknown = [str(name) for name in (*quoted, rule.amount, *rule.placeholders) if name not in columns]
    if unknown:
        raise _untestable(rule, _no_column(rule, unknown[0], columns))
    if rule.condition is None:
        return
    query = f"select cast(({rule.condition}) as boolean) from {warehouse}.{CHECKS}.{identifier(rule.entity)} limit 0"
    try:
        if len(cursor.extract_statements(query)) != 1:
            raise _untestable(rule, "its condition is more than one expression")
        cursor.execute(query)
    except EngineError as error:
        missing = _MISSING_COLUMN.search(str(error))
        raise _untestable(
            rule, _no_column(rule, missing[1], columns) if missing else _plain(error)
        ) from error
    if not {word.lower() for word in _WORD.findall(rule.condition)}.intersection(columns):
        raise _untestable(
            rule,
            "its condition looks at no column, so it tests nothing; to let such records in, set severity: warn "
            "with a reason",
        )


def _untestable(rule: Rule, why: str) -> ConfigurationError:
    """A rule that cannot be tested at all is a fault of the rule, with the file it stands in."""
    place = f"{rule.file}: rule" if rule.file else "Rule"
    return ConfigurationError(
        f"{place} {rule.id} of {rule.entity} cannot be tested: {why.rstrip('.')}.",
        f"Correct it; its columns are those of the check view {CHECKS}.{rule.entity}.",
    )


def _no_column(rule: Rule, name: str, columns: Sequence[str]) -> str:
    return f"{CHECKS}.{rule.entity} has no column {name}{_nearest(name, columns)}"


def _plain(error: Exception) -> str:
    return " ".join(str(error).split())


def _nearest(name: str, known: Sequence[str]) -> str:
    matches = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {matches[0]}?)" if matches else ""


def gx_context(sites: Mapping[str, Any] | None = None) -> Any:
    """Great Expectations in memory only, but for the documentation sites it is given."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    # Failures come as results; its own talk is about documentation and progress.
    for name in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(name).setLevel(logging.ERROR)
    configuration = DataContextConfig(
        # Nothing of it is kept: no stores on disk, and no documentation site in a temporary folder.
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        data_docs_sites=dict(sites or {}),
        progress_bars={"globally": False},
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=configuration)


def _datasource(database: Path) -> SQLDatasource:
    """The session that is open in this process, as Great Expectations sees it."""
    return gx_context().data_sources.add_sql(
        name="tieout", connection_string=gx_connection_string(database, f"{TESTED}.main")
    )


def _failing_rows(cursor: Connection, batch: Batch, rules: Sequence[Rule]) -> list[FailingRows]:
    """The rules of an entity in two passes: all conditions of a severity as one, then those that fail there.

    An expectation costs Great Expectations some 15 ms of its own, whatever the number of rows, and most
    rules hold: on clean data this asks a tenth of the questions.
    """
    groups = _by_severity(rules)
    together = [_conjunction(group) for group in groups.values()]
    outcome = batch.validate(_suite(together), result_format="BOOLEAN_ONLY")
    fallen = {one.expectation_config.meta["rule"] for one in outcome.results if not one.success}
    suspects = _suspects(
        cursor, [rule for severity in groups if severity in fallen for rule in groups[severity]]
    )
    return _failing_of(batch, [rule for rule in rules if rule.expectation or rule.id in suspects])


def _suspects(cursor: Connection, rules: Sequence[Rule]) -> set[str]:
    """Which conditions of a severity that fell are worth a question of their own, in one look at the table."""
    if not rules:
        return set()
    try:
        held = _held(cursor, rules)
    except EngineError:
        for rule in rules:
            _require_no_error(cursor, rule)
        raise
    return {rule.id for rule, holds in zip(rules, held, strict=True) if holds is False}


def _held(cursor: Connection, rules: Sequence[Rule]) -> Sequence[bool | None]:
    holds = ", ".join(f"bool_and(coalesce(({rule.condition}), true))" for rule in rules)
    return cursor.execute(f"select {holds} from {identifier(rules[0].entity)}").fetchone() or ()


def _require_no_error(cursor: Connection, rule: Rule) -> None:
    """A condition that the engine cannot work out for some record: a cast of text that is no number, say."""
    try:
        _held(cursor, [rule])
    except EngineError as error:
        raise _untestable(rule, _plain(error)) from error


def _by_severity(rules: Sequence[Rule]) -> dict[str, list[Rule]]:
    groups: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.condition is not None:
            groups[rule.severity].append(rule)
    return groups


def _conjunction(rules: Sequence[Rule]) -> Rule:
    """One rule that holds where all of them do, named by their severity."""
    condition = " and ".join(f"coalesce(({rule.condition}), true)" for rule in rules)
    return rules[0].model_copy(update={"id": rules[0].severity, "condition": condition})


def _failing_of(batch: Batch, rules: Sequence[Rule]) -> list[FailingRows]:
    """Which rules fail, counted in one query, and the SQL of the rows that fail each of them."""
    if not rules:
        return []
    outcome = batch.validate(
        _suite(rules),
        result_format={
            "result_format": "BOOLEAN_ONLY",
            "return_unexpected_index_query": True,
            "unexpected_index_column_names": [_KEY],
        },
    )
    by_id = {rule.id: rule for rule in rules}
    failing = [
        (by_id[one.expectation_config.meta["rule"]], one) for one in outcome.results if not one.success
    ]
    return [FailingRows(rule, _query_of(rule, one)) for rule, one in failing]


def _suite(rules: Sequence[Rule]) -> ExpectationSuite:
    import great_expectations as gx

    return gx.ExpectationSuite(name="rules", expectations=[expectation(rule) for rule in rules])


def expectation(rule: Rule) -> Any:
    """The rule as an expectation; a condition is tested on a column that every row has."""
    import great_expectations as gx

    from expectations.row_condition import ExpectRowsToMeetCondition

    meta = {"rule": rule.id, "said": f"{rule.severity}: {rule.title}"}
    if rule.condition is not None:
        return ExpectRowsToMeetCondition(column=_KEY, condition=rule.condition, meta=meta)
    kind = getattr(gx.expectations, str(rule.expectation), None)
    if kind is None:
        raise _untestable(rule, f"Great Expectations has no expectation {rule.expectation}")
    try:
        return kind(**rule.kwargs, meta=meta)
    except (TypeError, ValueError) as error:
        raise _untestable(rule, _plain(error)) from error


def _columns_of(rule: Rule) -> tuple[str, ...]:
    return (*_WRITTEN, rule.amount, *rule.placeholders)


def _query_of(rule: Rule, result: ExpectationValidationResult) -> str:
    """The SQL of the failing rows; an expectation that could not be tested at all is a fault of its rule."""
    query = result.result.get("unexpected_index_query")
    if query is None:
        raise _untestable(rule, _why(result))
    return str(query).rstrip().rstrip(";")


def _why(result: ExpectationValidationResult) -> str:
    """The engine's own words out of what Great Expectations caught."""
    for caught in (result.exception_info or {}).values():
        if isinstance(caught, dict) and caught.get("raised_exception"):
            return " ".join(str(caught.get("exception_message")).split())
    message = (result.exception_info or {}).get("exception_message")
    return " ".join(str(message).split()) if message else "it gives no rows, so it cannot hold any back"


# --- writing down -----------------------------------------------------------------------------------


def _insertion(failures: str, failing: FailingRows) -> str:
    """`insert … select`, with the sentence put together from the record's own values."""
    rule = failing.rule
    return (
        f"insert into {failures} select {literal(rule.entity)}, {literal(rule.id)}, {literal(rule.severity)}, "
        f"record_key, source_row, contract_id, {_detail(rule)}, "
        f"cast({identifier(rule.amount)} as decimal(18, 3)), held_currency from {identifier(rule.entity)} "
        f"where {_KEY} in (select {_KEY} from ({failing.query}) as failing)"
    )


def _detail(rule: Rule) -> str:
    """The rule's sentence as SQL: text from an export is a value in it, never code."""
    parts = [
        f"coalesce(cast({identifier(part)} as varchar), '(none)')" if is_column else literal(part)
        for part, is_column in rule.sentence_parts()
    ]
    return " || ".join(parts)


def _file_rows(findings: Sequence[FileFinding]) -> list[tuple[str, str, str, str, str]]:
    """What extraction found, one row a file and rule."""
    sentences: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for finding in findings:
        sentences[finding.rule, finding.severity, finding.file].append(finding.message)
    return [
        (FILES, rule, severity, file, " ".join(said))
        for (rule, severity, file), said in sorted(sentences.items())
    ]


def _lowered_rows(lowered: Sequence[Rule]) -> list[tuple[str, str, str, str, str]]:
    """A weakened rule is told with every run, so that nobody forgets it."""
    return [
        (RULES, LOWERED, "warn", f"{rule.entity}.{rule.id}", f"now {rule.severity}: {rule.reason}")
        for rule in lowered
    ]


# --- the report -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    """What `gate.failures` holds for one rule of one entity."""

    records: int
    money: tuple[tuple[str, Decimal], ...]
    examples: tuple[str, ...]


def _outcomes(
    connection: Connection,
    rules: Sequence[Rule],
    evaluated: Mapping[str, int],
    findings: Sequence[FileFinding],
) -> Iterator[RuleOutcome]:
    """Every rule with what it found, also where that is nothing."""
    found = _found(connection)
    remedies = {finding.rule: finding.remedy for finding in findings}
    told = {finding.rule: finding.severity for finding in sorted(findings, key=_strength)}
    nothing = _Found(0, (), ())
    for rule in (*rules, _notice(), *_untold(rules, findings)):
        one = found.get((rule.entity, rule.id), nothing)
        yield RuleOutcome(
            entity=rule.entity,
            rule=rule.id,
            severity=_severity(rule, told),
            message=f"{rule.entity}: {rule.title}",
            remedy=remedies.get(rule.id, rule.remedy) if rule.entity == FILES else rule.remedy,
            evaluated=evaluated.get(rule.entity, one.records),
            records=one.records,
            money=one.money,
            examples=one.examples,
        )


def _strength(finding: FileFinding) -> int:
    return STRENGTH[finding.severity]


def _severity(rule: Rule, told: Mapping[str, str]) -> Severity:
    """Of a rule that extraction tells: what it said, because policies and waivers decide."""
    if rule.entity != FILES or rule.id not in told:
        return rule.severity
    return "block" if told[rule.id] == "block" else "warn"


def _notice() -> Rule:
    """Not a rule about records, but about the rules."""
    return Rule(
        entity=RULES,
        id=LOWERED,
        severity="warn",
        sentence="a rule of the workspace lets more in, or leaves more out, than the shipped ones",
        remedy="Nothing, if its reason still holds; else remove it from the workspace's expectations.",
        told_by="gate",
    )


def _untold(rules: Sequence[Rule], findings: Sequence[FileFinding]) -> list[Rule]:
    """Findings of extraction that the suite `files` does not list."""
    known = {rule.id for rule in rules if rule.entity == FILES}
    new = {finding.rule: finding for finding in findings if finding.rule not in known}
    return [
        Rule(
            entity=FILES,
            id=name,
            severity="block" if finding.severity == "block" else "warn",
            sentence=name.replace("_", " "),
            remedy=finding.remedy or "",
            told_by="extraction",
        )
        for name, finding in sorted(new.items())
    ]


# A record that is excluded or later is no fault, whatever else it fails: it is told once, as what it is.
_TOLD = """(
    select *
    from gate.failures as failures
    where severity in ('block', 'excluded', 'later') or not exists (
        select 1
        from gate.failures as out
        where out.entity = failures.entity and out.record_key = failures.record_key
            and out.severity in ('excluded', 'later')
    )
)"""


def _found(connection: Connection) -> dict[tuple[str, str], _Found]:
    records = {
        (entity, rule): int(count)
        for entity, rule, count in connection.execute(
            f"select entity, rule, count(*) from {_TOLD} group by entity, rule"
        ).fetchall()
    }
    money: dict[tuple[str, str], list[tuple[str, Decimal]]] = defaultdict(list)
    for entity, rule, currency, amount in connection.execute(
        f"select entity, rule, currency, sum(amount) from {_TOLD} where amount is not null"
        " group by entity, rule, currency order by entity, rule, currency"
    ).fetchall():
        money[entity, rule].append((currency or "(none)", amount))
    examples: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entity, rule, text in connection.execute(_EXAMPLES_QUERY).fetchall():
        examples[entity, rule].append(text)
    return {key: _Found(count, tuple(money[key]), tuple(examples[key])) for key, count in records.items()}


# The first records of each rule, with the place in the source where a person finds them.
_EXAMPLES_QUERY = f"""
    select
        failures.entity,
        failures.rule,
        failures.record_key || ': ' || failures.detail
            || coalesce(' (' || files.path || ', row ' || (failures.source_row % 4294967296) || ')', '')
    from (
        select
            *,
            row_number() over (partition by entity, rule order by source_row, record_key) as place
        from {_TOLD}
    ) as failures
    left join run.source_files as files on failures.source_row // 4294967296 = files.file_id
    where failures.place <= {EXAMPLES}
    order by failures.entity, failures.rule, failures.place
"""
