"""Every golden case, against the oracle and against what the product publishes.

`tests.harness.build` is asked for the tables that the cases name: those of schema `marts` by their name, those of
schema `audit` with it (`audit.quarantine`). All cases of a scenario are built in one workspace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.golden.cases import Case, load_cases, policies, waves
from tests.oracle.ledger import Facts, Ledger
from tests.oracle.policy import Policy
from tests.oracle.records import read_books
from tests.oracle.tables import Tables, contract_lines, tables

CASES = load_cases()
BY_ID = {case.case_id: case for case in CASES}
SCENARIOS = sorted({case.scenario for case in CASES})
SETTINGS: Mapping[str, object] = {"held_tolerance": 1, "fall_tolerance": 1}

every_case = pytest.mark.parametrize("case_id", sorted(BY_ID))


def oracle_tables(scenario: str) -> Tables:
    """What the oracle publishes for a scenario."""
    named: Any = policies(scenario)
    ledger, facts = Ledger(policy=Policy(**named)), Facts()
    for wave in waves(scenario, CASES):
        books = read_books(wave.rows)
        for period in wave.closes:
            ledger.close(period, books)
        facts = ledger.run(books, wave.as_of)
    found: dict[str, Any] = dict(tables(ledger.published + facts))
    found["dim_contract_line"] = contract_lines(books, wave.as_of, ledger.quarantined)
    found["audit.quarantine"] = [{"contract_id": key} for key in sorted(ledger.quarantined)]
    return found


@pytest.fixture(scope="module")
def by_oracle() -> Mapping[str, Tables]:
    return {scenario: oracle_tables(scenario) for scenario in SCENARIOS}


@pytest.fixture(scope="module")
def by_product(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Tables]:
    harness = pytest.importorskip(
        "tests.harness", reason="the harness that builds workspaces is not there yet"
    )
    return {
        scenario: harness.build(
            tmp_path_factory.mktemp(scenario),
            waves(scenario, CASES),
            {**SETTINGS, "policies": policies(scenario)},
            commits=True,
        )
        for scenario in SCENARIOS
    }


def check(case: Case, found: Mapping[str, Tables]) -> None:
    failures = case.failures(found[case.scenario])
    if failures:
        pytest.fail(f"{case.title}\n  " + "\n  ".join(failures), pytrace=False)


@every_case
def test_the_oracle_gives_the_golden_figures(by_oracle: Mapping[str, Tables], case_id: str) -> None:
    check(BY_ID[case_id], by_oracle)


@pytest.mark.parametrize("case_id", sorted(key for key, case in BY_ID.items() if not case.is_awaited))
def test_the_product_publishes_the_golden_figures(by_product: Mapping[str, Tables], case_id: str) -> None:
    check(BY_ID[case_id], by_product)


def test_a_refund_over_lines_is_a_row_a_line(by_product: Mapping[str, Tables]) -> None:
    """The oracle has one for the payment; which part falls on which line it says in their positions."""
    case = BY_ID["refund-over-lines"]
    found = {
        row["contract_line_id"]: row["amount"]
        for row in by_product[case.scenario]["fct_billings"]
        if row["document_id"] == "refund-over-lines-Y2"
    }
    assert found == {"refund-over-lines-A": -600, "refund-over-lines-B": -300}


def test_backlog_says_units_and_months_where_there_are_any(by_product: Mapping[str, Tables]) -> None:
    """Ten units less four delivered; a line that has no end has no months to it (the oracle knows neither)."""
    case = BY_ID["bands-of-what-has-no-day"]
    found = {
        str(row["contract_line_id"]).removeprefix(f"{case.case_id}-"): (
            row["backlog_quantity"],
            row["remaining_months"],
        )
        for row in by_product[case.scenario]["fct_backlog"]
        if row["period"] == "2026-01" and str(row["contract_id"]).startswith(case.case_id)
    }
    # the contract of the first four ends in December 2030, line LE in June 2026
    assert found == {"LP": (6, 59), "LE": (5, 5), "LM": (None, 59), "LO": (1, 59), "LN": (1, None)}


@pytest.mark.parametrize("case_id", sorted(key for key, case in BY_ID.items() if case.is_awaited))
def test_what_the_product_does_not_compute_yet_is_held_back(
    by_product: Mapping[str, Tables], case_id: str
) -> None:
    """Never other figures than the golden ones: rule not_yet_supported holds a contract of the case."""
    case = BY_ID[case_id]
    held = [
        row for row in by_product[case.scenario]["audit.quarantine"]
        if row["rule"] == "not_yet_supported" and str(row["contract_id"]).startswith(f"{case_id}-")
    ]  # fmt: skip
    assert held
    assert case.failures(by_product[case.scenario]), "it is computed: take `product` out of case.yaml"


@every_case
def test_a_case_keeps_to_its_own_keys(case_id: str) -> None:
    """Keys start with the case, so that cases can share a workspace."""
    case = BY_ID[case_id]
    for delivery in case.deliveries.values():
        for rows in delivery.values():
            for row in rows:
                keys = {column: value for column, value in row.items() if column.endswith("_id") and value}
                assert all(value.startswith(case_id) for value in keys.values()), keys
