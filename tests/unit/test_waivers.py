"""Which rules can be waived, which waivers count on a day, and what each covers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration import waivers
from orchestration.findings import Finding
from orchestration.waivers import Coverage
from tests.unit.workspaces import context, new_workspace
from warehouse import engine
from warehouse.errors import ConfigurationError
from warehouse.workspace import Waiver


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("E2", "figures contradict each other"),
        ("equation E7", "figures contradict each other"),
        ("unreadable_file", "stops the run itself"),
        ("identical_rows", "it only warns"),
        ("invoice_draft", "no fault but a rule of business"),
        ("signed_after_as_of", "counts once its day is reached"),
        ("vanishd", "did you mean vanished"),
    ],
)
def test_what_can_never_be_waived_is_refused_with_the_reason(tmp_path: Path, rule: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        waivers.require_waivable(new_workspace(tmp_path), [Waiver(rule, "please", "S. Chen")])
    assert why in refused.value.message


@pytest.mark.parametrize("rule", ["unparseable_value", "vanished", "rows_fell", "max_held_amount_percent"])
def test_faults_of_records_and_thresholds_can_be_waived_for_a_close(tmp_path: Path, rule: str) -> None:
    waivers.require_waivable(new_workspace(tmp_path), [Waiver(rule, "agreed", "S. Chen")])


@pytest.mark.parametrize(
    ("waiver", "why"),
    [
        (Waiver("rows_fell", "r", "a", None, date(2026, 12, 31)), "let every later file through"),
        (Waiver("max_held_amount_percent", "r", "a", "K-1"), "judges all contracts together"),
        (Waiver("unlinked_billing_tolerance", "r", "a", "K-1"), "judges all contracts together"),
    ],
)
def test_a_waiver_that_would_reach_too_far_or_not_at_all_is_refused(
    tmp_path: Path, waiver: Waiver, why: str
) -> None:
    with pytest.raises(ConfigurationError, match=why):
        waivers.require_waivable(new_workspace(tmp_path), [waiver])


TOML = """
[[waivers]]
rule = "unparseable_value"
contract = "K-1"
reason = "being mended"
approved_by = "S. Chen"
expires = {expires}
"""


@pytest.mark.parametrize(("expires", "counts"), [("2026-03-31", True), ("2026-03-30", False)])
def test_a_standing_waiver_counts_up_to_its_last_day(tmp_path: Path, expires: str, counts: bool) -> None:
    close = context(new_workspace(tmp_path, TOML.format(expires=expires)), "vanished")
    assert close.as_of == date(2026, 3, 31)
    found = waivers.in_force(close).waivers
    assert [one.rule for one in found] == ["vanished", *(["unparseable_value"] if counts else [])]
    told = waivers.expired(close.workspace, close.as_of)
    sentence = "the waiver of unparseable_value for contract K-1 expired on 2026-03-30, before 2026-03-31"
    assert told == ([] if counts else [f"{sentence}: it does not count"])


def test_a_waiver_for_a_contract_lets_nothing_else_through(tmp_path: Path) -> None:
    one = replace(context(new_workspace(tmp_path)), waivers=(Waiver("rows_fell", "r", "a", "K-1"),))
    assert not one.is_waived("rows_fell")


TABLES = """
    create schema accepted; create schema audit; create schema checks; create schema gate;
    create table accepted.contract_faults as select * from (values
        ('K-1', 'late'), ('K-2', 'late'), ('K-2', 'other')) as t (contract_id, rule);
    create table audit.held_back as select * from (values
        ('K-1', 'USD', 10.00), ('K-2', 'EUR', 20.00), ('K-2', 'USD', null)) as t (contract_id, currency, contracted);
    create table checks.known_records as select * from (values
        ('K-8', true), ('K-9', true), ('K-1', false)) as t (contract_id, is_let_go);
    create table gate.failures as select * from (values
        ('contracts', 'late', 'quarantine', 'K-1'), ('contract_lines', 'late', 'quarantine', 'K-1'),
        ('contracts', 'late', 'quarantine', 'K-2'), ('contracts', 'other', 'quarantine', 'K-2'),
        ('contracts', 'late', 'warn', 'K-3'), ('files', 'rows_fell', 'warn', null)
    ) as t (entity, rule, severity, contract_id);
"""


@pytest.fixture
def built() -> Iterator[engine.Connection]:
    with engine.connect() as connection:
        connection.execute(TABLES)
        yield connection


def test_a_waiver_covers_the_records_and_contracts_of_its_rule(built: engine.Connection) -> None:
    given = [Waiver("late", "r", "a"), Waiver("late", "r", "a", "K-2"), Waiver("other", "r", "a", "K-1")]
    everything, one, nothing = waivers.coverage(built, given, [])
    money = (("EUR", Decimal("20.000")), ("USD", Decimal("10.000")))
    assert (everything.records, everything.contracts, everything.money) == (3, 2, money)
    assert (one.records, one.contracts, one.money) == (1, 1, (("EUR", Decimal("20.000")),))
    assert nothing.described() == "the waiver of other for contract K-1 covers nothing"


def test_a_waiver_of_vanished_covers_the_records_it_lets_go(built: engine.Connection) -> None:
    everything, one = waivers.coverage(
        built, [Waiver("vanished", "r", "a"), Waiver("vanished", "r", "a", "K-9")], []
    )
    assert (everything.records, everything.contracts) == (2, 2)
    assert (one.records, one.contracts) == (1, 1)


def test_a_waiver_of_a_threshold_covers_what_it_found(built: engine.Connection) -> None:
    passed = [Finding("restatement_amount", "m", None, 2, (("USD", Decimal("7.50")),))]
    (threshold,) = waivers.coverage(built, [Waiver("restatement_amount", "agreed", "S. Chen")], passed)
    assert (
        threshold.described()
        == "waived restatement_amount, approved by S. Chen: agreed (2 records, USD 7.50)"
    )


def test_a_file_that_a_waiver_lets_through_is_covered(built: engine.Connection) -> None:
    (file,) = waivers.coverage(built, [Waiver("rows_fell", "r", "a")], [])
    assert file.records == 1


def test_a_waiver_has_a_row_a_currency_and_one_where_it_covers_no_money() -> None:
    waiver = Waiver("late", "r", "a", "K-1", date(2026, 3, 31))
    said = ["late", "K-1", "r", "a", date(2026, 3, 31)]
    assert Coverage(waiver).rows() == [[*said, 0, 0, None, None]]
    money = (("EUR", Decimal(1)), ("USD", Decimal(2)))
    assert Coverage(waiver, 3, 2, money).rows() == [
        [*said, 3, 2, "EUR", Decimal(1)],
        [*said, 3, 2, "USD", Decimal(2)],
    ]
