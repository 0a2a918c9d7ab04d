"""The general ledger beside what is published (E9): every difference is listed with its reason, and those that time
does not clear stop a close.

The company of test_currency.py; its ledger posts documents itself, or takes all from the journals of closed months.
"""

from __future__ import annotations

import csv
import hashlib
import io
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


# Invoices of January beside A's, each of a contract of its own, and what the ledger makes of it.
EXTRA = ("AMOUNT", "LATER", "MISSING", "CURRENCY", "ENTITY", "NOWHERE", "STRAIGHT")


def with_extra_contracts() -> dict[str, list[Row]]:
    """The company of test_currency.py, and contracts of 600 GBP that are invoiced in January and start in 2027."""
    given = exports()
    dates = {"signed_date": "2026-01-02", "start_date": "2027-01-01", "end_date": "2027-12-31"}
    for key in EXTRA:
        given["contracts"].append(
            {**given["contracts"][0], "contract_id": key, "total_amount": "600", **dates}
        )
        given["contract_lines"].append(
            {
                **given["contract_lines"][0],
                "contract_line_id": f"{key}-1",
                "contract_id": key,
                "amount": "600",
            }
        )
        given["invoices"].append(
            {**given["invoices"][0], "invoice_id": key, "contract_id": key, "issue_date": "2026-01-10"}
        )
        given["invoice_lines"].append(
            {
                "invoice_line_id": f"{key}-1",
                "invoice_id": key,
                "contract_line_id": f"{key}-1",
                "amount": "600",
            }
        )
    return given


def posted(
    key: str, day: str = "2026-01-10", amount: int = 600, credit: str = "2100", **more: str
) -> list[Row]:
    """The ledger's journal of an invoice."""
    return journal(f"J-{key}", day, ("1200", amount), (credit, -amount), reference=key, **more)


def differences(company: Company, period: str) -> Items:
    """(balance, item) → reason, ours and theirs, of `eu` in GBP, contracts earned ahead of billing aside."""
    return {
        (balance, item): (reason, int(ours), int(theirs))
        for balance, item, reason, ours, theirs in company.query(
            "select balance, item, reason, ours, theirs from marts.rpt_reconciliation_items"
            f" where period = '{period}' and entity_id = 'eu' and currency = 'GBP'"
            " and item not like '%:reclassification' and item not like '%:reversal'"
        )
    }


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    ledger = [row for rows in by_documents().values() for row in rows]
    ledger += posted("AMOUNT", amount=650)
    ledger += posted("LATER", day="2026-02-02")
    ledger += [{**row, "currency": "EUR"} for row in posted("CURRENCY")]
    ledger += [{**row, "entity_id": "us"} for row in posted("ENTITY")]
    ledger += posted("STRAIGHT", credit="4000")
    ledger += [{**row, "entity_id": ""} for row in posted("NOWHERE")]
    ledger += journal("INV-9", "2026-01-20", ("1200", 70), ("2100", -70), reference="Z9")
    ledger += journal("ADJ", "2026-01-20", ("7000", 30), ("2100", -30))
    ledger += journal("YEAR-END", "2026-01-31", ("4000", 200), ("3000", -200))
    found = Company(tmp_path_factory.mktemp("ledger") / "company", TOML)
    given = with_extra_contracts() | books(gl_journal_lines=ledger)
    kinds = {"4000": "revenue", "4100": "revenue"}
    for account in given["gl_accounts"]:
        account["account_type"] = kinds.get(account["account_id"], "asset")
    given["gl_accounts"].append({"account_id": "3000", "account_name": "Equity", "account_type": "equity"})
    found.deliver(given)
    found.run("2026-03-05")
    return found


def of_both(item: str, reason: str, ours: int, theirs: int) -> Items:
    """What is invoiced stands in two balances."""
    return {
        ("accounts_receivable", item): (reason, ours, theirs),
        ("deferred_revenue", item): (reason, -ours, -theirs),
    }


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ("AMOUNT", of_both("AMOUNT", "amount", 600, 650)),
        ("LATER", of_both("LATER", "timing", 600, 0)),
        ("MISSING", of_both("MISSING", "missing_in_gl", 600, 0)),
        ("CURRENCY", of_both("CURRENCY", "currency", 600, 0)),
        ("ENTITY", of_both("ENTITY", "entity", 600, 0)),
        ("NOWHERE", of_both("NOWHERE", "entity", 600, 0)),
        (
            "STRAIGHT",
            {
                ("deferred_revenue", "STRAIGHT"): ("account", -600, 0),
                ("revenue", "STRAIGHT"): ("account", 0, -600),
            },
        ),
        ("INV-9", of_both("INV-9", "missing_here", 0, 70)),
        ("ADJ", {("deferred_revenue", "ADJ"): ("manual_entry", 0, -30)}),
    ],
)
def test_a_difference_has_its_reason(company: Company, item: str, found: Items) -> None:
    january = differences(company, "2026-01")
    assert {key: value for key, value in january.items() if key[1] == item} == found


def test_nothing_else_differs(company: Company) -> None:
    """A's invoice and its payment, which names the invoice it pays; revenue by month; no year-end entry."""
    listed = {item for _, item in differences(company, "2026-01")}
    assert listed == {*EXTRA, "INV-9", "ADJ"}
    assert {item for _, item in differences(company, "2026-02")} == listed - {"LATER"}
    [(ours, theirs)] = company.query(
        "select ours, theirs from marts.rpt_reconciliation where period = '2026-02'"
        " and entity_id = 'eu' and currency = 'GBP' and balance = 'revenue'"
    )
    assert (int(ours), int(theirs)) == (-400, -1000)


def test_what_time_does_not_clear_stops_the_close_and_a_waiver_lets_it_pass(tmp_path: Path) -> None:
    ledger = [row for rows in by_documents().values() for row in rows]
    ledger += journal("ADJ", "2026-01-20", ("7000", 30), ("2100", -30))
    company = Company(tmp_path / "company", TOML)
    company.deliver(exports() | books(gl_journal_lines=ledger))
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


def test_balances_on_one_account_are_one_and_a_document_on_it_is_still_a_document(tmp_path: Path) -> None:
    """Deposits and receivables share account 1200: the reasons are those of receivables."""
    ledger = [row for rows in by_documents().values() for row in rows]
    ledger += journal("INV-9", "2026-01-20", ("1200", 70), ("2100", -70), reference="Z9")
    company = Company(tmp_path / "company", TOML)
    given = exports() | books(gl_journal_lines=ledger)
    for row in given["account_mapping"]:
        if row["role"] == "customer_deposits":
            row["account_id"] = "1200"
    company.deliver(given)
    company.run("2026-03-05")
    assert differences(company, "2026-01") == {
        ("accounts_receivable, customer_deposits", "INV-9"): ("missing_here", 0, 70),
        ("deferred_revenue", "INV-9"): ("missing_here", 0, -70),
    }


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

    # known by the key of a second export as well, which a month that is published anew has
    second = [
        {**row, "reference": hashlib.md5(f"{row['journal_id'][2:]}:2".encode()).hexdigest()}
        for row in imported(exported(company)[0])
    ]
    company.deliver({"gl_journal_lines": [*ledger, *second]})
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
