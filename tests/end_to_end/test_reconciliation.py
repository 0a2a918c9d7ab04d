"""The general ledger beside what is published (E9): every difference is listed with its reason, and those that time
does not clear stop a close.

The company of test_currency.py; its ledger posts documents itself, or takes all from the journals of closed months.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.findings import Finding
from tests.end_to_end.test_currency import TOML, Row, exports
from tests.end_to_end.test_journals import books, exported
from tests.harness import Company
from warehouse.errors import BlockedError

Items = dict[tuple[str, str], tuple[str, int, int]]


def journal(key: str, day: str, *sides: tuple[str, int], **more: str) -> list[Row]:
    """Lines of one journal of the ledger of `eu` in GBP: account and amount, debits positive."""
    return [
        {
            "journal_line_id": f"{key}/{number}",
            "journal_id": key,
            "posting_date": day,
            "account_id": account,
            "entity_id": "eu",
            "debit": f"{max(amount, 0)}",
            "credit": f"{max(-amount, 0)}",
            "currency": "GBP",
            **more,
        }
        for number, (account, amount) in enumerate(sides, start=1)
    ]


def by_documents() -> dict[str, list[Row]]:
    """A ledger that posts A's invoices of 600 GBP and a payment, and releases 200 a month as is earned."""
    return {
        "invoice": journal("INV", "2026-01-01", ("1200", 600), ("2100", -600), reference="A1"),
        "january": journal("REL-1", "2026-01-31", ("2100", 200), ("4000", -200), reference="release 1"),
        "payment": journal("PAY", "2026-02-15", ("1000", 600), ("1200", -600), reference="A1"),
        "second": journal("INV-2", "2026-03-01", ("1200", 600), ("2100", -600), reference="A2"),
        "february": journal("REL-2", "2026-02-28", ("2100", 200), ("4000", -200), reference="release 2"),
    }


def company_with(tmp_path: Path, ledger: list[Row]) -> Company:
    found = Company(tmp_path / "company", TOML)
    found.deliver(exports() | books(gl_journal_lines=ledger))
    return found


def differences(company: Company, period: str, *, entity: str = "eu") -> Items:
    """(balance, item) → reason, ours and theirs, of what is in GBP, contracts earned ahead of billing aside."""
    return {
        (balance, item): (reason, int(ours), int(theirs))
        for balance, item, reason, ours, theirs in company.query(
            "select balance, item, reason, ours, theirs from marts.rpt_reconciliation_items"
            f" where period = '{period}' and entity_id = '{entity}' and currency = 'GBP'"
            " and item not like '%:reclassification' and item not like '%:reversal'"
        )
    }


def lines(ledger: dict[str, list[Row]]) -> list[Row]:
    return [row for rows in ledger.values() for row in rows]


@pytest.fixture(scope="module")
def agreeing(tmp_path_factory: pytest.TempPathFactory) -> Company:
    found = company_with(tmp_path_factory.mktemp("ledger"), lines(by_documents()))
    found.run("2026-03-05")
    return found


def test_a_ledger_that_posts_the_same_documents_and_releases_differs_in_nothing(agreeing: Company) -> None:
    """The payment names the invoice it pays, which has only one."""
    assert differences(agreeing, "2026-01") == {}
    assert differences(agreeing, "2026-02") == {}
    [(ours, theirs, cleared)] = agreeing.query(
        "select ours, theirs, to_be_cleared from marts.rpt_reconciliation where period = '2026-02'"
        " and entity_id = 'eu' and currency = 'GBP' and balance = 'revenue'"
    )
    assert (int(ours), int(theirs), int(cleared)) == (-400, -400, 0)


def with_amount(ledger: dict[str, list[Row]]) -> None:
    ledger["invoice"] = journal("INV", "2026-01-01", ("1200", 650), ("2100", -650), reference="A1")


def with_invoice_in_february(ledger: dict[str, list[Row]]) -> None:
    for row in ledger["invoice"]:
        row["posting_date"] = "2026-02-02"


def without_invoice(ledger: dict[str, list[Row]]) -> None:
    del ledger["invoice"]


def with_unknown_document(ledger: dict[str, list[Row]]) -> None:
    ledger["more"] = journal("INV-9", "2026-01-20", ("1200", 70), ("2100", -70), reference="Z9")


def with_manual_entry(ledger: dict[str, list[Row]]) -> None:
    ledger["more"] = journal("ADJ", "2026-01-20", ("7000", 30), ("2100", -30))


def in_another_currency(ledger: dict[str, list[Row]]) -> None:
    for row in ledger["invoice"]:
        row["currency"] = "EUR"


def in_another_entity(ledger: dict[str, list[Row]]) -> None:
    for row in ledger["invoice"]:
        row["entity_id"] = "us"


def straight_to_revenue(ledger: dict[str, list[Row]]) -> None:
    ledger["invoice"] = journal("INV", "2026-01-01", ("1200", 600), ("4000", -600), reference="A1")


def with_year_end(ledger: dict[str, list[Row]]) -> None:
    ledger["more"] = journal("YE", "2026-01-31", ("4000", 200), ("3000", -200))


RECEIVABLE, DEFERRED = ("accounts_receivable", "A1"), ("deferred_revenue", "A1")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (with_amount, {RECEIVABLE: ("amount", 600, 650), DEFERRED: ("amount", -600, -650)}),
        (with_invoice_in_february, {RECEIVABLE: ("timing", 600, 0), DEFERRED: ("timing", -600, 0)}),
        (without_invoice, {RECEIVABLE: ("missing_in_gl", 600, 0), DEFERRED: ("missing_in_gl", -600, 0)}),
        (
            with_unknown_document,
            {
                ("accounts_receivable", "INV-9"): ("missing_here", 0, 70),
                ("deferred_revenue", "INV-9"): ("missing_here", 0, -70),
            },
        ),
        (with_manual_entry, {("deferred_revenue", "ADJ"): ("manual_entry", 0, -30)}),
        (in_another_currency, {RECEIVABLE: ("currency", 600, 0), DEFERRED: ("currency", -600, 0)}),
        (in_another_entity, {RECEIVABLE: ("entity", 600, 0), DEFERRED: ("entity", -600, 0)}),
        (straight_to_revenue, {DEFERRED: ("account", -600, 0), ("revenue", "A1"): ("account", 0, -600)}),
        (with_year_end, {}),
    ],
)
def test_a_difference_has_its_reason(
    tmp_path: Path, change: Callable[[dict[str, list[Row]]], None], found: Items
) -> None:
    ledger = by_documents()
    change(ledger)
    company = company_with(tmp_path, lines(ledger))
    equity = {"account_id": "3000", "account_name": "Equity", "account_type": "equity"}
    accounts = books()["gl_accounts"]
    for account in accounts:
        if account["account_id"] == "4000":
            account["account_type"] = "revenue"
    company.deliver({"gl_accounts": [*accounts, equity]})
    company.run("2026-03-05")
    assert differences(company, "2026-01") == found


def test_what_time_does_not_clear_stops_the_close_and_a_waiver_lets_it_pass(tmp_path: Path) -> None:
    ledger = by_documents()
    with_manual_entry(ledger)
    company = company_with(tmp_path, lines(ledger))
    with pytest.raises(BlockedError) as blocked:
        company.close("2026-01", "2026-02-05")
    [finding] = blocked.value.findings
    assert isinstance(finding, Finding)
    assert finding.rule == "ledger_tolerance"
    assert (
        "the most deferred_revenue of eu in 2026-01: GBP -500.00 here, -430.00 there, 30.00"
        in finding.message
    )
    assert finding.examples == ("manual entry: 1 item, GBP 30.00",)
    company.close("2026-01", "2026-02-05", waive=["ledger_tolerance"])
    assert company.query("select holds from audit.tie_outs where equation = 'E9' and not holds") == []


def imported(text: str) -> list[Row]:
    """What a ledger exports after it has imported the journals of `tieout export journals`."""
    return [
        {
            "journal_line_id": f"{row['document']}/{row['account_id']}",
            "journal_id": f"J-{row['document']}",
            "posting_date": row["posting_date"],
            "account_id": row["account_id"],
            "entity_id": row["entity_id"],
            "debit": row["debit"] or "0",
            "credit": row["credit"] or "0",
            "currency": row["currency"],
            "reference": row["idempotency_key"],
        }
        for row in csv.DictReader(io.StringIO(text))
        if row["debit"] or row["credit"]
    ]


def test_a_ledger_that_takes_all_from_our_journals_lacks_those_of_the_open_month_alone(
    tmp_path: Path,
) -> None:
    company = Company(tmp_path / "company", TOML)
    company.deliver(exports() | books())
    company.close("2026-01", "2026-02-05")
    assert company.query("select count(*) from marts.rpt_reconciliation") == [(0,)]

    ledger = imported(exported(company)[0])
    company.deliver({"gl_journal_lines": ledger})
    company.close("2026-02", "2026-03-05")
    reasons = "select distinct period, item_type, reason from marts.rpt_reconciliation_items where period = '2026-02'"
    assert company.query(reasons) == [("2026-02", "journal", "timing")]

    company.deliver({"gl_journal_lines": [*ledger, *imported(exported(company)[0])]})
    company.run("2026-03-06")
    assert company.query(reasons.replace("2026-02", "2026-03")) == [("2026-03", "journal", "timing")]
    totals = company.query(
        "select balance, sum(ours - theirs - timing), sum(abs(ours)) > 0 from marts.rpt_reconciliation"
        " where period = '2026-03' group by balance order by balance"
    )
    assert [(balance, difference) for balance, difference, _ in totals] == [
        (balance, Decimal(0))
        for balance in (
            "accounts_receivable",
            "contract_asset",
            "customer_deposits",
            "deferred_revenue",
            "refund_liability",
            "revenue",
        )
    ]
    assert [balance for balance, _, is_used in totals if is_used] == [
        "accounts_receivable",
        "contract_asset",
        "deferred_revenue",
        "revenue",
    ]
