"""Writes what a run is about as rows (`run.context`, `run.waivers`, `run.published_checks`), because dbt variables
would force every model to be parsed again. What the rows mean is the models' business."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from orchestration.calendar import Calendar, Period
from orchestration.waivers import Coverage
from warehouse import fingerprint
from warehouse.engine import Connection, identifier
from warehouse.errors import ConfigurationError
from warehouse.publish import manifest
from warehouse.publish.manifest import Chain
from warehouse.publish.verify import PublishedFile
from warehouse.settings import Policies, Settings
from warehouse.workspace import RunContext

POLICY_TYPES: dict[type, str] = {bool: "boolean", int: "integer", Decimal: "decimal(18, 6)", str: "varchar"}


def policies_of(settings: Settings) -> dict[str, Any]:
    """The decisions that are archived with a month and compared with those of the next."""
    return settings.model_dump(mode="json", include={"company", "policies"})


def policy_columns(policies: Policies) -> list[tuple[str, str, object]]:
    """Name, type and value of every policy as a column of run.context; one that is not set is null."""
    columns = []
    for name, field in Policies.model_fields.items():
        value = getattr(policies, name)
        kind = type(value) if value is not None else _type_of(field.annotation)
        columns.append((f"policy_{name}", POLICY_TYPES[kind], value))
    return columns


def _type_of(annotation: object) -> type:
    text = str(annotation)
    return next((kind for kind in (Decimal, bool, int) if kind.__name__ in text), str)


def write_context(
    connection: Connection, context: RunContext, chain: Chain, through: Period, cut_date: date
) -> None:
    """`run.context`: one row, the parameters of this build."""
    settings = context.settings
    closed = chain.last_closed
    head = chain.head.document if chain.head else None
    _require_same_reporting_currency(settings, head)
    has_policy_changed = head is not None and head["policies_sha256"] != manifest.policies_hash(
        policies_of(settings)
    )
    has_code_changed = head is not None and head["code_sha256"] != fingerprint.code_hash(context.workspace)
    columns: list[tuple[str, str, object]] = [
        ("cut_date", "date", cut_date),
        ("as_of", "date", context.as_of),
        ("through_period", "varchar", through.period),
        ("last_closed_period", "varchar", closed.period if closed else None),
        ("last_closed_end", "date", date.fromisoformat(closed.document["period_end"]) if closed else None),
        ("is_first_publication", "boolean", closed is None),
        ("reporting_currency", "varchar", settings.company.reporting_currency),
        ("default_entity_id", "varchar", settings.company.default_entity_id),
        ("default_entity_currency", "varchar", settings.company.default_entity_currency),
        ("has_policy_changed", "boolean", has_policy_changed),
        ("has_code_changed", "boolean", has_code_changed),
        *policy_columns(settings.policies),
    ]
    declared = ", ".join(f"{identifier(name)} {kind}" for name, kind, _ in columns)
    _replace(connection, "context", declared, [[value for _, _, value in columns]])


def _require_same_reporting_currency(settings: Settings, head: Mapping[str, Any] | None) -> None:
    """Published figures in the reporting currency are opening balances: in another one nothing would roll forward."""
    company = (head or {}).get("policies", {}).get("company", {})
    published = company.get("reporting_currency")
    wanted = settings.company.reporting_currency
    if published and published != wanted:
        raise ConfigurationError(
            f"reporting_currency under [company] in tieout.toml is {wanted}, and months are published in {published}",
            f'Set reporting_currency = "{published}" again. To report in {wanted}, give the same exports to a'
            " workspace of its own.",
        )


def write_waivers(connection: Connection, covered: Sequence[Coverage]) -> None:
    """`run.waivers`: the rules that do not block this close, and what each covers as far as it is known by now."""
    columns = (
        "rule varchar, contract_id varchar, reason varchar, approved_by varchar, expires date,"
        " records bigint, contracts bigint, currency varchar, amount decimal(18, 3)"
    )
    _replace(connection, "waivers", columns, [row for one in covered for row in one.rows()])


def write_published_checks(connection: Connection, files: Sequence[PublishedFile]) -> None:
    """`run.published_checks`: what every published file must be and what it is (equation E8)."""
    rows = [[file.period, file.file, file.expected_sha256, file.actual_sha256] for file in files]
    _replace(
        connection,
        "published_checks",
        "period varchar, file varchar, expected_sha256 varchar, actual_sha256 varchar",
        rows,
    )


def _replace(connection: Connection, table: str, columns: str, rows: Sequence[Sequence[object]]) -> None:
    """All or nothing: a reader of the working file never meets the table half filled."""
    connection.execute("begin transaction")
    try:
        connection.execute("create schema if not exists run")
        connection.execute(f"create or replace table run.{table} ({columns})")
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            connection.executemany(f"insert into run.{table} values ({marks})", rows)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def cut_date_of(context: RunContext, calendar: Calendar) -> date:
    """The day after which everything is later: the end of the period to close, or the real as-of date."""
    if context.close_period is None:
        return context.as_of
    return min(context.as_of, calendar.named(context.close_period).end_date)
