"""The comparison sees what differs, and only that."""

from __future__ import annotations

import copy
from decimal import Decimal

from tests.oracle.tables import tables
from tests.property.compare import TABLES, differences, failing_lives, report
from tests.property.lives import generate_lives

SCRIPT = generate_lives(1, 10)
FACTS = SCRIPT.expected()


def test_the_oracles_own_tables_do_not_differ() -> None:
    assert differences(tables(FACTS), FACTS, causes=True) == []


def test_one_minor_unit_is_one_difference() -> None:
    for table, (_, amounts) in TABLES.items():
        published = copy.deepcopy(tables(FACTS))
        row = published[table][len(published[table]) // 2]
        row[amounts[0]] = Decimal(str(row[amounts[0]])) + Decimal("0.001")
        found = differences(published, FACTS)
        assert [(one.table, one.column) for one in found] == [(table, amounts[0])], report(found)


def test_a_missing_and_an_extra_row_are_differences() -> None:
    published = copy.deepcopy(tables(FACTS))
    row = published["fct_bookings"].pop()
    assert len(differences(published, FACTS)) == 1
    published["fct_bookings"] += [row, row]
    found = differences(published, FACTS)
    assert len(found) == 1
    assert failing_lives(found) == [str(row["contract_line_id"]).split("-")[0]]
    published["fct_bookings"].pop()
    published["fct_backlog"].pop()
    assert [one.actual for one in differences(published, FACTS)] == ["missing"]


def test_an_original_period_or_a_flag_is_a_difference() -> None:
    published = copy.deepcopy(tables(FACTS))
    row = next(row for row in published["fct_recognized_revenue"] if row["is_prior_period"])
    row["is_prior_period"] = False
    assert [one.column for one in differences(published, FACTS)] == ["is_prior_period"]
    row["is_prior_period"] = True
    row["original_period"] = "1999-01"
    assert len(differences(published, FACTS)) == 2
