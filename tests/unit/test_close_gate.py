"""The thresholds of a close, and the sentences they are told in."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.close_gate import held_against_policy, held_findings, restatements, unlinked_billing
from orchestration.findings import Finding, described
from tests.unit.workspaces import context as closing
from tests.unit.workspaces import new_workspace
from warehouse import engine
from warehouse.settings import Policies
from warehouse.workspace import RunContext

ALL = [("EUR", 100, Decimal(1_000_000)), ("USD", 300, Decimal(5_000_000))]


def findings(
    held: list[tuple[str, int, Decimal]], contracts: str = "0.5", amount: str = "0.5"
) -> list[Finding]:
    policies = Policies(
        max_held_contracts_percent=Decimal(contracts), max_held_amount_percent=Decimal(amount)
    )
    details = ["contract K-1 (end_before_start), EUR 4,000.00"]
    return held_against_policy(policies, ALL, held, ["end_before_start"], details)


def test_exactly_the_policy_is_allowed() -> None:
    assert findings([("EUR", 2, Decimal(5000))]) == []


def test_one_contract_more_is_not() -> None:
    (found,) = findings([("EUR", 3, Decimal(5000))])
    assert found.rule == "max_held_contracts_percent"
    assert found.message == (
        "3 of 400 contracts known on the as-of day are quarantined or held, 0.75 %; the policy allows 0.5 %."
    )
    assert found.examples == ("contract K-1 (end_before_start), EUR 4,000.00",)
    assert found.remedy is not None
    assert "--waive end_before_start" in found.remedy


def test_money_is_judged_in_each_currency() -> None:
    (found,) = findings([("EUR", 1, Decimal(5001)), ("USD", 1, Decimal(5001))])
    assert found.rule == "max_held_amount_percent"
    assert found.message.startswith("EUR 5,001.00 of EUR 1,000,000.00 contracted")


def test_a_held_credit_counts_as_much_as_a_held_charge() -> None:
    assert [one.rule for one in findings([("EUR", 1, Decimal(-5001))])] == ["max_held_amount_percent"]


def test_a_policy_of_zero_allows_nothing() -> None:
    assert len(findings([("USD", 1, Decimal("0.01"))], contracts="0", amount="0")) == 2


def test_a_finding_is_told_with_extent_examples_and_remedy() -> None:
    finding = Finding(
        "late_rate",
        "a rate is missing.",
        "Deliver it.",
        2,
        (("USD", Decimal("1234.5")),),
        ("file.csv row 3",),
    )
    assert described(finding) == [
        "late_rate: a rate is missing.",
        "  2 records, USD 1,234.50",
        "  file.csv row 3",
        "  What to do: Deliver it.",
    ]


@pytest.mark.parametrize(("records", "text"), [(1, "1 record"), (1000, "1,000 records")])
def test_numbers_of_records_read_well(records: int, text: str) -> None:
    assert described(Finding("r", "m", records=records))[1] == f"  {text}"


# --- against tables as a build leaves them ----------------------------------------------------------

TABLES = """
    create schema exchange; create schema accepted; create schema marts; create schema posting; create schema frozen;
    create schema audit;
    create table exchange.contracts as
        select * from (values ('K-1', 'EUR', 600), ('K-2', 'EUR', 400), ('K-3', 'EUR', null))
            as t (contract_id, currency, total_amount);
    create table exchange.contract_lines as select 'K-3' as contract_id, 200.00 as amount;
    create table accepted.contract_faults (contract_id varchar, rule varchar);
    create table audit.held_back as select * from (values ('K-1', 'EUR', '2026-02', 600.00, 20.00, null))
        as t (contract_id, currency, period, contracted, billed, revenue);
    create table posting.periods as
        select * from (values ('2026-01', false), ('2026-02', true)) as t (period, is_open);
    create table frozen.rpt_bbb as
        select '2026-01' as period, 'USD' as currency, 0.00 as bookings, 0.00 as billings, 1000.00 as revenue;
    create table marts.fct_bookings (
        period varchar, original_period varchar, currency varchar, is_prior_period boolean, cause varchar,
        contract_id varchar, amount decimal(18, 3)
    );
    create table marts.fct_billings as from marts.fct_bookings;
    create table marts.fct_recognized_revenue as from marts.fct_bookings;
"""


@pytest.fixture
def built() -> Iterator[engine.Connection]:
    with engine.connect() as connection:
        connection.execute(TABLES)
        yield connection


def context(tmp_path: Path, policies: str, *waived: str) -> RunContext:
    return closing(new_workspace(tmp_path, f"[policies]\n{policies}"), *waived)


def test_a_contract_counts_until_every_rule_that_holds_it_is_waived(
    built: engine.Connection, tmp_path: Path
) -> None:
    built.execute("insert into accepted.contract_faults values ('K-1', 'late'), ('K-1', 'vanished')")
    policies = 'max_held_contracts_percent = "0"\nmax_held_amount_percent = "49"\n'
    (found, money) = held_findings(built, context(tmp_path, policies, "late"))
    assert found.message.startswith("1 of 3 contracts known on the as-of day are quarantined or held")
    assert money.message.startswith(
        "EUR 600.00 of EUR 1,200.00 contracted by all contracts known on the as-of day are quarantined or held, 50"
    )
    assert found.remedy is not None
    assert "--waive vanished" in found.remedy
    assert found.examples == (
        "vanished holds back 1 contract: contracted EUR 600.00, billed EUR 20.00, revenue of 2026-02 unknown",
        "contract K-1 (vanished), EUR 600.00",
    )
    assert held_findings(built, context(tmp_path, policies, "late", "vanished")) == []


@pytest.mark.parametrize(
    ("amount", "cause", "rules"),
    [
        ("-100.01", "correction", ["restatement_amount"]),
        ("100.00", "correction", []),  # exactly the amount is allowed
        ("100.01", "late", []),  # late is no error
        ("100.01", "code", ["restatement_amount"]),
    ],
)
def test_a_correction_above_amount_and_percentage_blocks(
    built: engine.Connection, tmp_path: Path, amount: str, cause: str, rules: list[str]
) -> None:
    built.execute(
        "insert into marts.fct_recognized_revenue values ('2026-02', '2026-01', 'USD', true, ?, 'K-1', ?)",
        [cause, amount],
    )
    policies = 'restatement_amount = "100"\nrestatement_percent = "10"\n'
    assert [one.rule for one in restatements(built, context(tmp_path, policies))] == rules


def test_a_correction_below_the_percentage_does_not_block(built: engine.Connection, tmp_path: Path) -> None:
    built.execute(
        "insert into marts.fct_recognized_revenue values ('2026-02', '2026-01', 'USD', true, 'correction', 'K', 500)"
    )
    policies = 'restatement_amount = "100"\nrestatement_percent = "50"\n'
    assert restatements(built, context(tmp_path, policies)) == []


def test_without_a_restatement_policy_corrections_never_block(
    built: engine.Connection, tmp_path: Path
) -> None:
    built.execute(
        "insert into marts.fct_bookings values ('2026-02', '2026-01', 'USD', true, 'correction', 'K', 9999999)"
    )
    assert restatements(built, context(tmp_path, "")) == []


def test_billings_without_a_contract_block_above_the_tolerance(
    built: engine.Connection, tmp_path: Path
) -> None:
    built.execute(
        "insert into marts.fct_billings values"
        " ('2026-02', '2026-02', 'EUR', false, null, '(not linked)', 40),"
        " ('2026-02', '2026-02', 'EUR', false, null, 'K-1', 999)"
    )
    policies = Policies(unlinked_billing_tolerance=Decimal(40))
    assert unlinked_billing(built, policies) == []
    (found,) = unlinked_billing(built, Policies(unlinked_billing_tolerance=Decimal("39.99")))
    assert found.message.startswith("EUR 40.00 are billed without a contract")
