"""The thresholds of a close, and the sentences they are told in."""

from decimal import Decimal

import pytest

from orchestration.close_gate import held_against_policy
from orchestration.findings import Finding, described
from warehouse.settings import Policies

ALL = [("EUR", 100, Decimal(1_000_000)), ("USD", 300, Decimal(5_000_000))]


def findings(
    held: list[tuple[str, int, Decimal]], contracts: str = "0.5", amount: str = "0.5"
) -> list[Finding]:
    policies = Policies(
        max_held_contracts_percent=Decimal(contracts), max_held_amount_percent=Decimal(amount)
    )
    examples = [("K-1", "end_before_start", "EUR", Decimal(4000))]
    return held_against_policy(policies, ALL, held, examples, ["end_before_start"])


def test_exactly_the_policy_is_allowed() -> None:
    assert findings([("EUR", 2, Decimal(5000))]) == []


def test_one_contract_more_is_not() -> None:
    (found,) = findings([("EUR", 3, Decimal(5000))])
    assert found.rule == "max_held_contracts_percent"
    assert found.message == "3 of 400 contracts are quarantined or held, 0.75 %; the policy allows 0.5 %."
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
