"""`tieout check` for a connector's author: everything that is wrong with a connector, and no trace of the look."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness import Company
from warehouse.errors import TieoutError

FAULTY = {
    "connector.yml": """
system: crm
objects:
  deals:
    columns: [id, customer, signed, amount, stage]
    required: [id, amount]
    money: {amount: amount, becomes: {contracts: 1}}
  quotes:
    columns: [id]
  visits:
    columns: [id]
""",
    "customers.sql": """
select customer as customer_id, stage as segment, 'x' as custmer_name,
    [_row_id] as source_rows, _rank as source_rank
from {{ source('lake', 'crm__deals') }}
where customer is distinct from 'nobody'
""",
    "contracts.sql": """
select id as contract_id, customer as customer_id, 'active' as status, signed as signed_date, 'USD' as currency,
    amount as total_amount, [_row_id] as source_rows, _rank as source_rank
from {{ source('lake', 'crm__deals') }}
where customer is distinct from 'nobody'
""",
    "invoices.sql": """
select nothing as invoice_id, [_row_id] as source_rows, _rank as source_rank
from {{ source('lake', 'crm__deals') }}
""",
    "payments.sql": """
select id as payment_id, cast(amount as decimal(18, 2)) as amount, [_row_id] as source_rows, _rank as source_rank
from {{ source('lake', 'crm__deals') }}
""",
}
DEALS = [
    {"id": "D1", "customer": "A", "signed": "2026-01-01", "amount": "10.00", "stage": ""},
    {"id": "D2", "customer": "B", "signed": "31/01/2026", "amount": "12;5", "stage": ""},
    {"id": "D3", "customer": "nobody", "signed": "2026-01-01", "amount": "1", "stage": ""},
    {"id": "D4", "customer": "", "signed": "1/31/2026", "amount": "1", "stage": ""},
    {"id": "D1", "customer": "A", "signed": "2026-01-01", "amount": "10.00", "stage": ""},
]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Company:
    root = tmp_path_factory.mktemp("check") / "company"
    company = Company(root)
    folder = company.workspace.connectors / "crm"
    folder.mkdir()
    for name, content in FAULTY.items():
        (folder / name).write_text(content, encoding="utf-8")
    (company.workspace.exports / "crm").mkdir()
    company.deliver({"deals": DEALS, "unknown_thing": DEALS, "visits": [{"id": "V1"}, {"id": "V2"}]}, "crm")
    return company


Said = tuple[str, str, TieoutError]


@pytest.fixture(scope="module")
def said_of() -> dict[str, Said]:
    """What was said already, by form: a look changes nothing, so one is enough for each."""
    return {}


@pytest.fixture
def checked(
    faulty: Company, said_of: dict[str, Said], capsys: pytest.CaptureFixture[str]
) -> Callable[[str], Said]:
    from orchestration.cli.check import check
    from orchestration.cli.options import Format

    def look(form: str) -> Said:
        if form not in said_of:
            with pytest.raises(TieoutError) as ended:
                check(faulty.workspace.root, None, Format(form))
            printed = capsys.readouterr()
            said_of[form] = printed.out, printed.err, ended.value
        return said_of[form]

    return look


def test_everything_that_is_wrong_is_said_with_file_and_row(
    checked: Callable[[str], Said],
) -> None:
    printed, _, _ = checked("table")
    for line in (
        "crm: 3 contracts from connectors/crm/contracts.sql",
        "no date in 2 records, such as '31/01/2026' (the first: exports/crm/deals.csv row 3)",
        "wrong_type: total_amount is no decimal(18,3) in 1 record, such as '12;5' (exports/crm/deals.csv row 3)",
        "required_empty: customer_id is required and empty in 1 record (exports/crm/deals.csv row 5)",
        "required_not_given: column customer_name is required and is not given",
        "unknown_column: column custmer_name is none of customers and is not used, did you mean customer_name?",
        "always empty: segment",
        "optional, not given: parent_customer_id, industry, region, country",
        "no record with its money, 1 in all; the first is exports/crm/deals.csv row 4",
        "same_record: 1 record more of the same key (contract_id) and content: folded into another one",
        "no_number: the money of deals is no number in 1 of 5 rows; the first is exports/crm/deals.csv row 3",
        "unmapped_rows: 2 rows of visits become no record; the first is exports/crm/visits.csv row 2",
        "crm: no file for quotes",
        "exports/crm/unknown_thing.csv matches no object of crm",
    ):
        assert line in printed, line


def test_sql_that_cannot_run_is_told_by_the_authors_own_file(
    checked: Callable[[str], Said],
) -> None:
    """What fails when it is bound and what fails at a value; the command ends as one with a wrong configuration."""
    _, said, ended = checked("table")
    assert ended.exit_code == 2
    texts = f"{said} {ended}"
    assert (
        'connectors/crm/invoices.sql can\'t be run: Binder Error: Referenced column "nothing" not found'
        in texts
    )
    assert (
        'connectors/crm/payments.sql can\'t be run: Conversion Error: Could not convert string "12;5"'
        in texts
    )
    assert "stg_crm" not in texts


def test_programs_get_one_table(checked: Callable[[str], Said]) -> None:
    as_csv, _, _ = checked("csv")
    as_json, _, _ = checked("json")
    rows = list(csv.DictReader(io.StringIO(as_csv)))
    assert [row["check"] for row in rows] == [row["check"] for row in json.loads(as_json)]
    [wrong] = [row for row in rows if row["check"] == "wrong_type" and row["column"] == "signed_date"]
    assert (wrong["entity"], wrong["count"], wrong["file"], wrong["row"]) == (
        "contracts", "2", "exports/crm/deals.csv", "3"
    )  # fmt: skip
    assert {row["severity"] for row in rows} == {"block", "warn", "note"}


def test_a_look_changes_nothing(faulty: Company, checked: Callable[[str], Said]) -> None:
    checked("table")
    workspace = faulty.workspace
    assert not workspace.lake.exists() or not list(workspace.lake.iterdir())
    assert not list(Path(workspace.journal_dir).glob("*"))
    assert not workspace.warehouse_db.exists()
    assert not [path for path in (workspace.state / "extract").rglob("*") if path.is_file()]


BILLS = {
    "connector.yml": """
system: till
objects:
  bills:
    key: [id]
    columns: [id, client, amount, currency]
    required: [id]
    money: {amount: "cast(amount as decimal(18, 4))", currency: currency, becomes: {invoice_lines: 1}}
  clients:
    columns: [client]
""",
    "invoices.sql": """
select id as invoice_id, client as customer_id, '2026-03-01' as issue_date, 'EUR' as currency, 'open' as status,
    [_row_id] as source_rows, _rank as source_rank
from {{ source('lake', 'till__bills') }}
""",
    "invoice_lines.sql": """
select id || '-1' as invoice_line_id, id as invoice_id,
    case when id like 'off%' then '9.98' when amount = '4.5005' then 'n/a' else cast(round(_amount, 2) as varchar) end
        as amount,
    [_row_id] as source_rows, _rank as source_rank
from {{ source('lake', 'till__bills') }}
union all
select 'gift-1', 'off', '99', [_row_id], _rank from {{ source('lake', 'till__clients') }}
""",
}
BILL_ROWS = [
    {"id": "fine", "client": "C1", "amount": "10.0049", "currency": "EUR"},
    {"id": "off", "client": "C1", "amount": "10", "currency": "EUR"},
    {"id": "off-2", "client": "C1", "amount": "9.99", "currency": "EUR"},
    {"id": "dollars", "client": "C1", "amount": "7", "currency": "USD"},
    # held by the gate, so no matter of E6: a text that is no amount, and two rows that contradict each other
    {"id": "no-number", "client": "C1", "amount": "4.5005", "currency": "EUR"},
    {"id": "twice", "client": "C1", "amount": "5", "currency": "EUR"},
    {"id": "twice", "client": "C1", "amount": "6", "currency": "EUR"},
]
DIFFERS = [
    "till.bills money against its records: exports/till/bills.csv row 3: expected 10, found 9.98 (the first of 2)",
    "till.bills money in USD that became EUR: exports/till/bills.csv row 5: expected 7, found 0",
    "till invoice_lines on rows whose money does not become invoice_lines: gift-1: expected 0, found 99",
]


@pytest.fixture(scope="module")
def tills(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """One workspace for every mapping: of another one dbt reads again what changed, not the whole project."""
    company = Company(tmp_path_factory.mktemp("till") / "company")
    (company.workspace.connectors / "till").mkdir()
    (company.workspace.exports / "till").mkdir()
    company.deliver({"bills": BILL_ROWS, "clients": [{"client": "C1"}]}, "till")
    return company


@pytest.fixture
def till(tills: Company) -> Callable[..., Company]:
    """The company with the connector as it is, or with another mapping of invoice lines."""

    def mapped(mapping: str = "") -> Company:
        folder = tills.workspace.connectors / "till"
        shutil.rmtree(folder)
        folder.mkdir()
        for name, content in {**BILLS, **({"invoice_lines.sql": mapping} if mapping else {})}.items():
            (folder / name).write_text(content, encoding="utf-8")
        return tills

    return mapped


def test_money_that_is_not_that_of_its_rows_is_said_before_a_run(
    till: Callable[..., Company], capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestration.cli.check import check
    from orchestration.cli.options import Format

    company = till()
    check(company.workspace.root, None, Format.table)
    printed = capsys.readouterr().out
    said = [
        line.removeprefix("  money_differs: ") for line in printed.splitlines() if "money_differs: " in line
    ]
    assert sorted(said) == sorted(DIFFERS)
    assert printed.splitlines()[-1] == (
        "tieout.toml and connectors are valid; nothing in the files blocks a run, but the run is likely to end blocked "
        "by E6 (money_differs)."
    )


def test_a_fixture_whose_money_is_not_that_of_its_rows_fails(till: Callable[..., Company]) -> None:
    from warehouse import fixtures
    from warehouse.connectors import load_connectors

    company = till()
    case = company.workspace.connectors / "till" / "fixtures" / "bills"
    (case / "expected").mkdir(parents=True)
    (case / "bills.csv").write_text("id,client,amount,currency\noff,C1,10,EUR\n", encoding="utf-8")
    (case / "expected" / "invoice_lines.csv").write_text(
        "invoice_line_id,amount\noff-1,9.98\n", encoding="utf-8"
    )
    cases = fixtures.cases_of(load_connectors(company.workspace), ["till"])
    results = [(one.entity, one.passed, one.fault) for one in fixtures.run(company.workspace, cases)]
    difference = "money_differs: till.bills money against its records: exports/till/bills.csv row 2"
    assert results == [("", False, f"{difference}: expected 10, found 9.98"), ("invoice_lines", True, None)]


def test_what_is_likely_to_hold_every_record_is_said_at_the_end(
    till: Callable[..., Company], capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestration.cli.check import check
    from orchestration.cli.options import Format

    mapping = """
select id || '-1' as invoice_line_id, 'much' as amount, [_row_id] as source_rows, _rank as source_rank
from {{ source('lake', 'till__bills') }}
"""
    check(till(mapping).workspace.root, None, Format.table)
    assert capsys.readouterr().out.splitlines()[-1] == (
        "tieout.toml and connectors are valid; nothing in the files blocks a run, but 2 findings are likely to hold "
        "every record (required_not_given, wrong_type)."
    )


def test_rows_are_the_same_record_only_where_their_text_is_the_same(
    till: Callable[..., Company], capsys: pytest.CaptureFixture[str]
) -> None:
    """Two amounts that can't be read are two texts, not one empty value."""
    from orchestration.cli.check import check
    from orchestration.cli.options import Format

    mapping = """
select 'L' as invoice_line_id, 'off' as invoice_id, currency || id as amount,
    [_row_id] as source_rows, _rank as source_rank
from {{ source('lake', 'till__bills') }}
"""
    check(till(mapping).workspace.root, None, Format.table)
    printed = capsys.readouterr().out
    # seven rows with one key: the two of `twice` are the same, the others are not
    assert "same_record: 1 record more of the same key (invoice_line_id)" in printed
    assert "duplicate_key_conflict" not in printed
