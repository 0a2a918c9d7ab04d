"""Published tables against the oracle's facts: every difference, by key, in words.

    found = differences(tables, script.expected())
    assert not found, report(found)

`tables` is table name -> rows as dicts: amounts as Decimal (or anything whose text is a decimal number), periods
and keys as text. A row that is not there counts as 0, so a fact with amount 0 may be published or left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tests.oracle.ledger import Facts
from tests.oracle.tables import Tables
from tests.oracle.tables import tables as expected_tables

Key = tuple[str, ...]
ZERO = Decimal(0)
NOT_LINKED = (None, "(not linked)", "(unknown)")

DIMENSIONS = ("period", "entity_id", "currency")
POSTED = (*DIMENSIONS, "original_period", "customer_id", "contract_id", "contract_line_id", "product_id")

# Table -> (key columns, amount columns). Rows of one key are added up.
TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "fct_bookings": ((*POSTED, "booking_type"), ("amount",)),
    "fct_billings": ((*POSTED, "document_type", "document_id"), ("amount",)),
    "fct_recognized_revenue": (POSTED, ("amount",)),
    "fct_backlog": (
        (*DIMENSIONS, "customer_id", "contract_id", "contract_line_id"),
        (
            "contracted",
            "billed",
            "recognized",
            "backlog",
            "billed_backlog",
            "rpo",
            "rpo_exempt",
            "crpo",
            "backlog_12m",
            "backlog_24m",
            "backlog_36m",
            "backlog_beyond",
        ),
    ),
    "fct_contract_balances": (
        (*DIMENSIONS, "accounting_contract_id"),
        (
            "deferred_revenue",
            "deferred_revenue_current",
            "contract_asset",
            "unbilled_receivable",
            "refund_liability",
            "customer_deposits",
        ),
    ),
    "rpt_bbb": (
        DIMENSIONS,
        ("bookings", "billings", "revenue", "backlog", "deferred_revenue", "contract_asset"),
    ),
}


@dataclass(frozen=True)
class Difference:
    table: str
    key: tuple[tuple[str, str], ...]
    column: str
    expected: str
    actual: str

    @property
    def life_id(self) -> str:
        """The life that it happened in: generated keys start with it."""
        keys = dict(self.key)
        named = (
            keys.get("contract_line_id") or keys.get("accounting_contract_id") or keys.get("document_id", "")
        )
        return named.split("-")[0]

    def __str__(self) -> str:
        where = " ".join(f"{column}={value}" for column, value in self.key)
        return f"{self.table}.{self.column}: expected {self.expected}, is {self.actual}   [{where}]"


def _sums(
    rows: Iterable[Mapping[str, object]], columns: Sequence[str], amounts: Sequence[str]
) -> dict[Key, dict[str, Decimal]]:
    found: dict[Key, dict[str, Decimal]] = {}
    for row in rows:
        key = tuple("" if row[column] in NOT_LINKED else str(row[column]) for column in columns)
        sums = found.setdefault(key, dict.fromkeys(amounts, ZERO))
        for column in amounts:
            sums[column] += Decimal(str(row[column]))
    return found


def _without_lines(
    rows: Iterable[Mapping[str, object]], documents: set[object]
) -> list[Mapping[str, object]]:
    """Billings of these documents as a whole; what falls to which line is compared in the lines' positions."""
    whole = {"contract_line_id": None, "product_id": None}
    return [{**row, **whole} if row["document_id"] in documents else row for row in rows]


def _compare_table(table: str, actual: Tables, expected: Tables, causes: bool) -> Iterable[Difference]:
    columns, amounts = TABLES[table]
    if causes and "original_period" in columns:
        columns = (*columns, "cause")
    our_rows, their_rows = expected[table], actual[table]
    if table == "fct_billings":
        of_contracts = {
            row["document_id"]
            for row in our_rows
            if row["contract_line_id"] in ("", *NOT_LINKED) and row["contract_id"] not in ("", *NOT_LINKED)
        }
        our_rows = _without_lines(our_rows, of_contracts)
        their_rows = _without_lines(their_rows, of_contracts)
    ours = _sums(our_rows, columns, amounts)
    theirs = _sums(their_rows, columns, amounts)
    for key in sorted({*ours, *theirs}):
        named = tuple(zip(columns, key, strict=True))
        if table == "fct_backlog" and key in ours and key not in theirs:
            yield Difference(table, named, "row", "is due", "missing")
            continue
        for column in amounts:
            want = ours.get(key, {}).get(column, ZERO)
            have = theirs.get(key, {}).get(column, ZERO)
            if want != have:
                yield Difference(table, named, column, f"{want:f}", f"{have:f}")


def _backlog_that_is_not_due(actual: Tables, facts: Facts, expected: Tables) -> Tables:
    """A published line whose backlog is 0 may be there without being due; its positions must be right."""
    published = {(row["period"], row["contract_line_id"]) for row in actual["fct_backlog"]}
    extra = [
        row for row in facts.backlog if not row.is_due and (row.period, row.contract_line_id) in published
    ]
    more = expected_tables(Facts(backlog=[replace(row, is_due=True) for row in extra]))["fct_backlog"]
    return {**expected, "fct_backlog": [*expected["fct_backlog"], *more]}


def _prior_period_flags(table: str, rows: Iterable[Mapping[str, object]]) -> Iterable[Difference]:
    for row in rows:
        is_prior = row["original_period"] != row["period"]
        if bool(row["is_prior_period"]) != is_prior:
            key = tuple((column, str(row[column])) for column in POSTED)
            yield Difference(table, key, "is_prior_period", str(is_prior), str(row["is_prior_period"]))


def differences(
    actual: Tables, facts: Facts, causes: bool = False, only: Sequence[str] | None = None
) -> list[Difference]:
    """All differences between published tables and the oracle's facts.

    causes  compare the cause of posted rows too (rows of one key and several causes are then kept apart)
    only    the tables to compare; else all that the oracle knows, rpt_bbb where it is given
    """
    if only is None:
        only = [table for table in TABLES if table != "rpt_bbb" or table in actual]
    expected: Tables = expected_tables(facts)
    if "fct_backlog" in only:
        expected = _backlog_that_is_not_due(actual, facts, expected)
    found: list[Difference] = []
    for table in only:
        found += _compare_table(table, actual, expected, causes)
        if "original_period" in TABLES[table][0]:
            found += _prior_period_flags(table, actual[table])
    return found


def failing_lives(found: Iterable[Difference]) -> list[str]:
    """The lives that differ, to look at alone with `script.only(...)`."""
    return sorted({difference.life_id for difference in found} - {""})


def report(found: Sequence[Difference], limit: int = 40) -> str:
    """Differences for people: how many, in which tables and lives, and the first ones."""
    by_table: dict[str, int] = {}
    for difference in found:
        by_table[difference.table] = by_table.get(difference.table, 0) + 1
    counts = ", ".join(f"{table} {n}" for table, n in by_table.items())
    lines = [f"{len(found)} differences ({counts}) in lives {', '.join(failing_lives(found))}"]
    lines += [f"  {difference}" for difference in found[:limit]]
    if len(found) > limit:
        lines.append(f"  ... and {len(found) - limit} more")
    return "\n".join(lines)
