"""Three months are closed; then the past changes in every way it can. No published byte moves, the open month
shows each change once with its original period and cause, and what is mended is as if it had never been broken."""

from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Company, combine
from warehouse.errors import BlockedError

Entities = dict[str, list[dict[str, str]]]


def subscription(contract: str, customer: str, amount: str, start: str, end: str, signed: str) -> Entities:
    return {
        "contracts": [
            {
                "contract_id": contract,
                "customer_id": customer,
                "status": "active",
                "signed_date": signed,
                "start_date": start,
                "end_date": end,
                "currency": "USD",
                "total_amount": amount,
            }
        ],
        "contract_lines": [
            {
                "contract_line_id": f"{contract}-1",
                "contract_id": contract,
                "line_number": "1",
                "product_id": "saas",
                "amount": amount,
            }
        ],
    }


def invoice(contract: str, customer: str, number: str, amount: str, issued: str) -> Entities:
    return {
        "invoices": [
            {
                "invoice_id": number,
                "customer_id": customer,
                "contract_id": contract,
                "issue_date": issued,
                "currency": "USD",
                "status": "open",
                "total_amount": amount,
            }
        ],
        "invoice_lines": [
            {
                "invoice_line_id": f"{number}-1",
                "invoice_id": number,
                "contract_line_id": f"{contract}-1",
                "amount": amount,
            }
        ],
    }


def year(contract: str, customer: str = "acme", amount: str = "12000") -> Entities:
    """A calendar-year subscription of 2026, signed on 2 January: 1,000 a month for 12,000."""
    return subscription(contract, customer, amount, "2026-01-01", "2026-12-31", "2026-01-02")


def first_wave() -> Entities:
    masters: Entities = {
        "customers": [
            {"customer_id": "acme", "customer_name": "Acme GmbH"},
            {"customer_id": "beta", "customer_name": "Beta Ltd"},
        ],
        "products": [
            {
                "product_id": "saas",
                "product_name": "Subscription",
                "revenue_category": "subscription",
                "recognition_method": "ratable",
            }
        ],
    }
    return combine(
        masters,
        *(year(name) for name in ("steady", "corrected", "moved", "removed", "broken")),
        subscription("backdated", "acme", "1200", "2026-03-01", "2027-02-28", "2026-01-02"),
        invoice("steady", "acme", "I-dated", "3000", "2026-02-05"),
        invoice("steady", "acme", "I-undated", "4000", "2026-02-06"),
    )


def changed_wave() -> Entities:
    """Everything that can happen to a closed past, at once."""
    now = combine(first_wave(), year("late"))
    contracts = {row["contract_id"]: row for row in now["contracts"]}
    lines = {row["contract_id"]: row for row in now["contract_lines"]}
    invoices = {row["invoice_id"]: row for row in now["invoices"]}
    invoices["I-dated"] |= {"status": "void", "status_date": "2026-04-10"}
    invoices["I-undated"] |= {"status": "void"}
    contracts["corrected"]["total_amount"] = lines["corrected"]["amount"] = "24000"
    contracts["backdated"] |= {"start_date": "2026-01-01", "end_date": "2026-12-31"}
    contracts["moved"]["customer_id"] = "beta"
    contracts["broken"]["end_date"] = "31/12/2026"
    now["contracts"] = [row for row in now["contracts"] if row["contract_id"] != "removed"]
    now["contract_lines"] = [row for row in now["contract_lines"] if row["contract_id"] != "removed"]
    return now


def mended_wave() -> Entities:
    """The changes that are meant to stay, with the removed contract back and the typo gone."""
    now = changed_wave()
    for row in now["contracts"]:
        if row["contract_id"] == "broken":
            row["end_date"] = "2026-12-31"
    return combine(now, year("removed"))


POLICIES = "[policies]\nfreshness_hours = 0\nmax_fall_percent = 100\n"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Plays the story once and remembers what a reader saw at each point."""
    company = Company(tmp_path_factory.mktemp("late"), POLICIES)
    company.deliver(first_wave())
    company.commit("2026-02", "2026-03-03")  # the first close: January and February
    company.close("2026-03", "2026-04-30")  # which computes April too
    seen: dict[str, Any] = {"company": company, "published": company.published_files()}
    seen["undisturbed"] = snapshot(company)
    company.deliver(changed_wave())
    company.run("2026-04-30")
    seen["changed"] = snapshot(company)
    seen["after_change"] = company.published_files()
    company.deliver(mended_wave())
    company.run("2026-04-30")
    seen["mended"] = snapshot(company)
    return seen


def snapshot(company: Company) -> dict[str, list[dict[str, Any]]]:
    tables = (
        "fct_bookings",
        "fct_billings",
        "fct_recognized_revenue",
        "fct_backlog",
        "fct_contract_balances",
    )
    found: dict[str, list[dict[str, Any]]] = {table: company.rows(table) for table in tables}
    found["tie_outs"] = [
        {"equation": equation, "scope": scope, "holds": holds}
        for equation, scope, holds in company.query("select equation, scope, holds from audit.tie_outs")
    ]
    found["held"] = [
        {
            "contract_id": contract,
            "rule": rule,
            "recognized": Decimal(recognized),
            "held_back": Decimal(held_back),
        }
        for contract, rule, recognized, held_back in company.query(
            "select contract_id, rule, recognized, held_back from audit.held_contracts"
        )
    ]
    return found


def adjustments(seen: dict[str, Any], table: str, contract: str) -> dict[tuple[str, str, str], Decimal]:
    """Prior-period rows of a contract: (customer, original period, cause) -> amount."""
    found: dict[tuple[str, str, str], Decimal] = {}
    for row in seen[table]:
        if row["contract_id"] == contract and row["is_prior_period"]:
            assert row["period"] == "2026-04"
            key = (row["customer_id"], row["original_period"], row["cause"])
            found[key] = found.get(key, Decimal(0)) + row["amount"]
    return {key: amount for key, amount in found.items() if amount}


def test_published_files_are_byte_for_byte_as_before(story: dict[str, Any]) -> None:
    assert story["published"]
    assert story["after_change"] == story["published"]


def test_an_undisturbed_open_month_posts_no_adjustment(story: dict[str, Any]) -> None:
    for table in ("fct_bookings", "fct_billings", "fct_recognized_revenue"):
        assert [row for row in story["undisturbed"][table] if row["is_prior_period"]] == []


def test_a_late_contract_posts_its_closed_months_as_late(story: dict[str, Any]) -> None:
    seen = story["changed"]
    assert adjustments(seen, "fct_bookings", "late") == {("acme", "2026-01", "late"): Decimal(12000)}
    assert adjustments(seen, "fct_recognized_revenue", "late") == {
        ("acme", month, "late"): Decimal(1000) for month in ("2026-01", "2026-02", "2026-03")
    }


def test_a_void_with_a_date_is_an_event_of_that_date(story: dict[str, Any]) -> None:
    rows = [
        row
        for row in story["changed"]["fct_billings"]
        if row["document_id"] == "I-dated" and row["period"] == "2026-04"
    ]
    assert [
        (row["amount"], row["cause"], row["original_period"], row["is_prior_period"]) for row in rows
    ] == [(Decimal(-3000), "void", "2026-04", False)]


def test_a_void_without_a_date_never_counted(story: dict[str, Any]) -> None:
    rows = [row for row in story["changed"]["fct_billings"] if row["document_id"] == "I-undated"]
    assert [(row["period"], row["amount"], row["cause"], row["original_period"]) for row in rows] == [
        ("2026-02", Decimal(4000), None, "2026-02"),
        ("2026-04", Decimal(-4000), "void", "2026-02"),
    ]


def test_a_corrected_amount_posts_the_difference_of_each_month(story: dict[str, Any]) -> None:
    seen = story["changed"]
    assert adjustments(seen, "fct_bookings", "corrected") == {
        ("acme", "2026-01", "correction"): Decimal(12000)
    }
    assert adjustments(seen, "fct_recognized_revenue", "corrected") == {
        ("acme", month, "correction"): Decimal(1000) for month in ("2026-01", "2026-02", "2026-03")
    }


def test_a_backdated_start_moves_revenue_to_the_months_it_was_earned_in(story: dict[str, Any]) -> None:
    # 1,200 over a year is 100 a month; March was published with 100 and stays so.
    assert adjustments(story["changed"], "fct_recognized_revenue", "backdated") == {
        ("acme", month, "correction"): Decimal(100) for month in ("2026-01", "2026-02")
    }


def test_a_moved_contract_is_reversed_for_one_customer_and_posted_for_the_other(
    story: dict[str, Any],
) -> None:
    expected = {("acme", month, "correction"): Decimal(-1000) for month in ("2026-01", "2026-02", "2026-03")}
    expected |= {("beta", month, "correction"): Decimal(1000) for month in ("2026-01", "2026-02", "2026-03")}
    assert adjustments(story["changed"], "fct_recognized_revenue", "moved") == expected
    backlog = {
        (row["customer_id"], row["backlog"])
        for row in story["changed"]["fct_backlog"]
        if row["contract_id"] == "moved" and row["period"] == "2026-04"
    }
    assert backlog == {("acme", Decimal(0)), ("beta", Decimal(8000))}


@pytest.mark.parametrize("contract", ["removed", "broken"])
def test_a_removed_and_a_broken_contract_are_held(story: dict[str, Any], contract: str) -> None:
    seen = story["changed"]
    held = {row["contract_id"]: row for row in seen["held"]}
    assert sorted(held) == ["broken", "removed"]
    # three months are carried, April's 1,000 is held back
    assert held[contract]["recognized"] == Decimal(3000)
    assert held[contract]["held_back"] == Decimal(1000)
    for table in ("fct_bookings", "fct_billings", "fct_recognized_revenue"):
        posted = [row for row in seen[table] if row["contract_id"] == contract and row["period"] == "2026-04"]
        assert posted == []
    backlog = [
        r["backlog"] for r in seen["fct_backlog"] if r["contract_id"] == contract and r["period"] == "2026-04"
    ]
    assert backlog == [Decimal(9000)]


@pytest.mark.parametrize("moment", ["undisturbed", "changed", "mended"])
def test_every_equation_holds_throughout(story: dict[str, Any], moment: str) -> None:
    checked = {row["equation"] for row in story[moment]["tie_outs"]}
    assert {"E1", "E2", "E3", "E4", "E6", "E7", "E8"} <= checked
    assert [row for row in story[moment]["tie_outs"] if not row["holds"]] == []


@pytest.mark.parametrize("moment", ["undisturbed", "changed", "mended"])
@pytest.mark.parametrize("table", ["fct_bookings", "fct_billings", "fct_recognized_revenue"])
def test_every_posted_row_has_a_key_of_its_own(story: dict[str, Any], moment: str, table: str) -> None:
    keys = [row["posting_id"] for row in story[moment][table]]
    assert keys
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("contract", ["removed", "broken", "steady"])
def test_mended_in_the_same_open_month_it_is_as_if_never_broken(story: dict[str, Any], contract: str) -> None:
    for table in ("fct_bookings", "fct_recognized_revenue", "fct_backlog"):
        mended, undisturbed = (
            [row for row in story[moment][table] if row["contract_id"] == contract]
            for moment in ("mended", "undisturbed")
        )
        key = lambda row: sorted((k, str(v)) for k, v in row.items() if k != "billed" and "bill" not in k)  # noqa: E731
        assert sorted(map(key, mended)) == sorted(map(key, undisturbed))
    assert story["mended"]["held"] == []


def test_mended_after_a_close_with_a_waiver_the_held_months_post_once_as_late(tmp_path: Path) -> None:
    company = Company(tmp_path / "waived", POLICIES)
    company.deliver(first_wave())
    company.commit("2026-01", "2026-02-03")
    broken = copy.deepcopy(first_wave())
    for row in broken["contracts"]:
        if row["contract_id"] == "broken":
            row["end_date"] = "31/12/2026"
    company.deliver(broken)
    with pytest.raises(BlockedError):
        company.close("2026-02", "2026-03-03")
    company.commit("2026-02", "2026-03-03", waive=["unparseable_value"])
    company.deliver(first_wave())
    company.run("2026-03-31")
    rows = company.query(
        "select period, original_period, cause, amount from marts.fct_recognized_revenue"
        " where contract_id = 'broken' order by period, original_period"
    )
    assert rows == [
        ("2026-01", "2026-01", None, Decimal("1000.000")),
        ("2026-03", "2026-02", "late", Decimal("1000.000")),
        ("2026-03", "2026-03", None, Decimal("1000.000")),
    ]
