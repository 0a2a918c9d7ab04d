"""`tieout check` for a connector's author: everything that is wrong with a connector, and no trace of the look."""

from __future__ import annotations

import csv
import io
import json
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


def checked(company: Company, form: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, str, TieoutError]:
    from orchestration.cli.check import check
    from orchestration.cli.options import Format

    with pytest.raises(TieoutError) as ended:
        check(company.workspace.root, None, Format(form))
    printed = capsys.readouterr()
    return printed.out, printed.err, ended.value


def test_everything_that_is_wrong_is_said_with_file_and_row(
    faulty: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    printed, _, _ = checked(faulty, "table", capsys)
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
    faulty: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    """What fails when it is bound and what fails at a value; the command ends as one with a wrong configuration."""
    _, said, ended = checked(faulty, "table", capsys)
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


def test_programs_get_one_table(faulty: Company, capsys: pytest.CaptureFixture[str]) -> None:
    as_csv, _, _ = checked(faulty, "csv", capsys)
    as_json, _, _ = checked(faulty, "json", capsys)
    rows = list(csv.DictReader(io.StringIO(as_csv)))
    assert [row["check"] for row in rows] == [row["check"] for row in json.loads(as_json)]
    [wrong] = [row for row in rows if row["check"] == "wrong_type" and row["column"] == "signed_date"]
    assert (wrong["entity"], wrong["count"], wrong["file"], wrong["row"]) == (
        "contracts", "2", "exports/crm/deals.csv", "3"
    )  # fmt: skip
    assert {row["severity"] for row in rows} == {"block", "warn", "note"}


def test_a_look_changes_nothing(faulty: Company, capsys: pytest.CaptureFixture[str]) -> None:
    checked(faulty, "table", capsys)
    workspace = faulty.workspace
    assert not workspace.lake.exists() or not list(workspace.lake.iterdir())
    assert not list(Path(workspace.journal_dir).glob("*"))
    assert not workspace.warehouse_db.exists()
    assert not [path for path in (workspace.state / "extract").rglob("*") if path.is_file()]
