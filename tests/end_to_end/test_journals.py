"""Journal entries: worked by hand for the company of test_currency.py, held against its balances, exported once.

In January A bills 600 GBP (720 EUR) and earns 100 (120), B earns 100 (120) that are not billed: at the end of the month
these are a contract asset, taken back on 1 February. In February A's 600 are paid at 1.15 (690), 200 more are earned.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from tests.end_to_end import trial_balance
from tests.end_to_end.test_currency import TOML, Row, exports
from tests.harness import Company
from warehouse.errors import BlockedError, ConfigurationError

ROLES = {
    "accounts_receivable": "1200",
    "unbilled_receivable": "1250",
    "contract_asset": "1260",
    "cash": "1000",
    "deferred_revenue": "2100",
    "refund_liability": "2150",
    "customer_deposits": "2160",
    "tax_payable": "2200",
    "revenue": "4000",
    "bad_debt": "6500",
    "fx": "7000",
}


def books(**more: list[Row]) -> dict[str, list[Row]]:
    accounts = [
        {"account_id": key, "account_name": role, "account_type": "asset", "account_category": role}
        for role, key in [*ROLES.items(), ("revenue_of_europe", "4100")]
    ]
    mapping = [{"role": role, "account_id": key} for role, key in ROLES.items()]
    dated = [{"role": "revenue", "entity_id": "eu", "account_id": "4100", "valid_from": "2026-03-01"}]
    return {"gl_accounts": accounts, "account_mapping": mapping + dated, **more}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    found = Company(tmp_path_factory.mktemp("journals"), TOML)
    found.deliver(exports() | books())
    found.commit("2026-01", "2026-02-05")
    found.commit("2026-02", "2026-03-05")
    found.close("2026-03", "2026-04-03")
    return found


def entries(company: Company, journal: str) -> dict[str, tuple[int, int]]:
    """Account → debits less credits of a journal, in its currency and in functional currency."""
    return {
        account: (int(own), int(functional))
        for account, own, functional in company.query(
            "select account_id, debit - credit, debit_functional - credit_functional from marts.fct_journal_entries"
            f" where journal_id = '{journal}'"
        )
    }


def test_january_is_billed_and_earned_and_what_is_not_billed_is_an_asset(company: Company) -> None:
    assert entries(company, "2026-01:eu:GBP:billing") == {"1200": (600, 720), "2100": (-600, -720)}
    assert entries(company, "2026-01:eu:GBP:recognition") == {"2100": (200, 240), "4000": (-200, -240)}
    assert entries(company, "2026-01:eu:GBP:reclassification") == {"1260": (100, 120), "2100": (-100, -120)}


def test_february_takes_it_back_is_paid_and_loses_by_rates(company: Company) -> None:
    assert entries(company, "2026-02:eu:GBP:reversal") == {"1260": (-100, -120), "2100": (100, 120)}
    assert entries(company, "2026-02:eu:GBP:cash") == {"1000": (600, 690), "1200": (-600, -690)}
    # 30 on the receivable, 5 on what is not billed
    assert entries(company, "2026-02:eu:GBP:fx") == {"1200": (0, -30), "2100": (0, -5), "7000": (0, 35)}
    [(first, second)] = company.query(
        "select max(posting_date) filter (where journal = 'reversal'),"
        " max(posting_date) filter (where journal = 'cash') from marts.fct_journal_entries where period = '2026-02'"
    )
    assert (f"{first}", f"{second}") == ("2026-02-01", "2026-02-28")


def test_an_account_is_that_of_the_mapping_of_the_day_and_the_narrowest(company: Company) -> None:
    """Revenue of `eu` has an account of its own from March on; `us` has not."""
    assert "4000" in entries(company, "2026-02:eu:GBP:recognition")
    assert "4100" in entries(company, "2026-03:eu:GBP:recognition")
    assert "4000" in entries(company, "2026-03:us:CAD:recognition")


def exported(company: Company, *options: str) -> tuple[str, str]:
    """What `tieout export journals` writes to standard output and says on standard error."""
    done = CliRunner().invoke(app, ["export", "journals", "-w", str(company.workspace.root), *options])
    assert done.exit_code == 0, done.output
    return done.stdout, done.stderr


def test_exported_once_they_make_the_published_balances_and_the_second_export_is_empty(
    company: Company,
) -> None:
    """Then a closed month is published anew with an invoice that came late: the third has its difference alone."""
    text, said = exported(company)
    assert "journal entries in" in said
    trial = trial_balance.imported(text)
    assert trial_balance.differing(company.query, trial, "2026-03") == []
    assert exported(company) == (
        "",
        "Nothing to export: all journals of closed months were exported before.\n",
    )
    again, _ = exported(company, "--again")
    assert again == text

    late = exports()
    late["invoices"].append(
        {
            **late["invoices"][0],
            "invoice_id": "D1",
            "contract_id": "D",
            "issue_date": "2026-03-10",
            "currency": "EUR",
        }
    )
    late["invoice_lines"].append(
        {"invoice_line_id": "D1-1", "invoice_id": "D1", "contract_line_id": "D-1", "amount": "60"}
    )
    company.deliver(late)
    runner = CliRunner()
    reopened = runner.invoke(
        app, ["reopen", "2026-03", "--reason", "an invoice", "-w", str(company.workspace.root)]
    )
    assert reopened.exit_code == 0, reopened.output
    company.close("2026-03", "2026-04-03")
    difference, _ = exported(company)
    rows = list(csv.DictReader(io.StringIO(difference)))
    assert {(row["document"], row["account_id"], row["debit"], row["credit"]) for row in rows} == {
        ("2026-03:eu:EUR:billing", "1200", "60.000", ""),
        ("2026-03:eu:EUR:billing", "2100", "", "60.000"),
        ("2026-03:eu:EUR:reclassification:2", "1260", "", "30.000"),
        ("2026-03:eu:EUR:reclassification:2", "2100", "30.000", ""),
    }
    for key, (own, functional) in trial_balance.imported(difference).items():
        trial[key] = (trial[key][0] + own, trial[key][1] + functional)
    assert trial_balance.differing(company.query, trial, "2026-03") == []


@pytest.mark.parametrize(
    ("layout", "header", "row"),
    [
        (
            "quickbooks",
            "JournalNo,JournalDate,AccountName,Debits,Credits,Description,Name,Currency",
            '2026-01:eu:GBP:billing,01/31/2026,accounts_receivable,600.000,,"Invoices and credit notes, 2026-01",,GBP',
        ),
        (
            "netsuite",
            "External ID,Subsidiary,Currency,Date,Memo,Account,Debit,Credit,Line Memo",
            ',eu,GBP,01/31/2026,2026-01:eu:GBP:billing,1200,600.000,,"Invoices and credit notes, 2026-01"',
        ),
        (
            "xero",
            "*Narration,*Date,Description,*AccountCode,*TaxRate,*Amount,TrackingName1,TrackingOption1,TrackingName2,TrackingOption2",
            '2026-02:eu:GBP:fx,28/02/2026,"Exchange differences, 2026-02",7000,Tax Exempt,35.000,Currency,GBP,,',
        ),
    ],
)
def test_a_ledger_gets_the_layout_it_imports(company: Company, layout: str, header: str, row: str) -> None:
    text, _ = exported(company, "--again", "--layout", layout, "--entity", "eu")
    lines = text.splitlines()
    assert lines[0] == header
    assert any(line.endswith(row) for line in lines)


def test_a_file_for_one_company_is_not_written_for_two(company: Company) -> None:
    done = CliRunner().invoke(
        app, ["export", "journals", "--again", "--layout", "xero", "-w", str(company.workspace.root)]
    )
    assert isinstance(done.exception, ConfigurationError)
    assert "--entity NAME" in str(done.exception.remedy)


def test_a_role_without_an_account_stops_the_close_by_name(tmp_path: Path) -> None:
    bare = Company(tmp_path / "company", TOML)
    given = books()
    given["account_mapping"] = [row for row in given["account_mapping"] if row["role"] != "fx"]
    bare.deliver(exports() | given)
    with pytest.raises(BlockedError) as blocked:
        bare.close("2026-02", "2026-03-05")
    assert {finding.rule for finding in blocked.value.findings} == {"unmapped_account"}
    assert "no account is mapped to role fx of eu" in str(blocked.value.findings[0])


def test_without_rates_an_amount_in_other_books_is_unknown_and_not_0(tmp_path: Path) -> None:
    """And Xero, which posts in the company's own currency, gets no file with holes."""
    bare = Company(tmp_path / "company", TOML)
    bare.deliver({name: rows for name, rows in (exports() | books()).items() if name != "fx_rates"})
    bare.close("2026-01", "2026-02-05")
    assert bare.query(
        "select distinct debit_functional, credit_functional from marts.fct_journal_entries where currency = 'GBP'"
    ) == [(None, None)]
    refused = CliRunner().invoke(
        app, ["export", "journals", "--layout", "xero", "--entity", "eu", "-w", str(bare.workspace.root)]
    )
    assert isinstance(refused.exception, ConfigurationError)
    assert "is in GBP without a rate" in str(refused.exception)
    text, _ = exported(bare)
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["currency"] == "GBP"]
    assert rows
    assert {(row["debit_functional"], row["credit_functional"]) for row in rows} == {("", "")}


def test_a_ledger_knows_a_journal_by_the_key_of_the_published_table(company: Company) -> None:
    text, _ = exported(company, "--again")
    written = {row["document"]: row["idempotency_key"] for row in csv.DictReader(io.StringIO(text))}
    assert written == dict(
        company.query(
            "select distinct journal_id, idempotency_key from marts.fct_journal_entries as entries"
            " inner join marts.dim_period as periods using (period) where periods.status = 'closed'"
        )
    )


def test_a_ledger_that_posts_documents_itself_gets_the_other_kinds_alone(company: Company) -> None:
    text, _ = exported(company, "--again", "--only", "recognition", "--only", "reversal")
    kinds = {row["document"].split(":")[3] for row in csv.DictReader(io.StringIO(text))}
    assert kinds == {"recognition", "reversal"}
    refused = CliRunner().invoke(
        app, ["export", "rpt_bbb", "--only", "fx", "-w", str(company.workspace.root)]
    )
    assert refused.exit_code == 2
    assert "--only" in refused.output
    unknown = CliRunner().invoke(
        app, ["export", "journals", "--only", "revenue", "-w", str(company.workspace.root)]
    )
    assert isinstance(unknown.exception, ConfigurationError)
    assert "no journal is of kind 'revenue'; there are: billing, recognition" in str(unknown.exception)
