"""What `tieout show quarantine` adds up: by rule, in all, and for what is asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestration.cli.show import quarantine_for_people
from warehouse import engine
from warehouse.explain import show
from warehouse.explain.show import Wanted

TABLES = """
    create schema audit;
    create table audit.held_back as select * from (values
        ('K-1', 'USD', 'quarantined', 'late, odd', '2026-03', 10.00, 1.00, null, 'no usable dates'),
        ('K-1', 'EUR', 'quarantined', 'late, odd', '2026-03', null, 5.00, null, null),
        ('K-2', 'USD', 'held', 'late', '2026-03', 20.00, 2.00, 0.50, null)
    ) as t (contract_id, currency, fate, rules, period, contracted, billed, revenue, revenue_gap);
    create table audit.quarantine as select * from (values
        ('contracts', 'K-1', 'K-1', 'late', 'quarantine', 'quarantined', 'is late', 10.00, 'USD', 'c.csv', 2),
        ('contract_lines', 'L-1', 'K-1', 'late', 'quarantine', 'quarantined', 'held with K-1', null, null, 'l.csv', 2),
        ('contracts', 'K-2', 'K-2', 'late', 'quarantine', 'held', 'is late', 20.00, 'USD', 'c.csv', 3),
        ('contract_lines', 'L-3', 'K-3', 'dull', 'warn', 'used', 'is dull', 7.00, 'USD', 'l.csv', 4)
    ) as t (entity, record_key, contract_id, rule, severity, fate, detail, amount, currency, source_file, source_row);
    create table audit.quarantine_history as select * from (values
        ('contracts', 'K-1', 'K-1', 'late', true, date '2026-03-01', 3, 1),
        ('contracts', 'K-2', 'K-2', 'late', true, date '2026-03-02', 2, 0)
    ) as t (entity, record_key, contract_id, rule, is_open, first_seen_as_of, runs, returns);
"""


@pytest.fixture
def readers() -> Iterator[engine.Connection]:
    with engine.connect() as connection:
        connection.execute(TABLES)
        yield connection


def texts(rows: object) -> list[tuple[str, ...]]:
    return [tuple(str(value) for value in row) for row in rows]  # type: ignore[attr-defined]


def test_a_contract_counts_under_each_of_its_rules_and_once_in_all(readers: engine.Connection) -> None:
    answer = show.held_money(readers)
    assert answer.period == "2026-03"
    assert texts(answer.rows) == [
        ("late", "EUR", "2", "None", "5.000", "None", "0"),
        ("late", "USD", "2", "30.000", "3.000", "0.500", "1"),
        ("odd", "EUR", "1", "None", "5.000", "None", "0"),
        ("odd", "USD", "1", "10.000", "1.000", "None", "1"),
        ("None", "EUR", "2", "None", "5.000", "None", "0"),
        ("None", "USD", "2", "30.000", "3.000", "0.500", "1"),
    ]


def test_records_and_money_are_those_asked_for(readers: engine.Connection) -> None:
    held = Wanted(severity="held")
    assert [row[1] for row in show.quarantine(readers, held).rows] == ["K-2"]
    assert {row[0] for row in show.held_money(readers, held).rows} == {"late", None}
    assert [row[1] for row in show.quarantine(readers, Wanted(severity="warn")).rows] == ["L-3"]
    assert show.held_money(readers, Wanted(severity="warn")).rows == []
    assert {row[1] for row in show.quarantine(readers, Wanted(contract="K-1")).rows} == {"K-1", "L-1"}
    assert show.quarantine(readers, Wanted(rule="odd")).rows == []


def test_what_is_held_with_a_record_has_been_there_as_long(readers: engine.Connection) -> None:
    rows = {row[1]: row[-3:] for row in show.quarantine(readers).rows}
    assert rows["L-1"] == rows["K-1"]
    assert rows["L-3"] == (None, None, None)


def test_people_see_a_line_a_rule_and_one_for_all(readers: engine.Connection) -> None:
    summary, records = quarantine_for_people(show.quarantine(readers), show.held_money(readers), 0)
    assert texts(summary.rows) == [
        ("quarantine", "late", "3", "2", "USD 30.00", "EUR 5.00, USD 3.00", "USD 0.50", "2026-03-01", "3", "USD 30.00"),
        ("warn", "dull", "1", "", "", "", "", "", "", "USD 7.00"),
    ]  # fmt: skip
    assert texts(summary.totals)[0][:7] == (
        "", "in all", "4", "2", "USD 30.00", "EUR 5.00, USD 3.00", "USD 0.50",
    )  # fmt: skip
    assert summary.remarks == [
        "Revenue of 1 contract can't be computed from what was delivered: audit.held_back says why.",
        "No record is left out by a rule of business.",
    ]
    assert len(records.rows) == 4
