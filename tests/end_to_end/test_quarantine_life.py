"""A broken contract from its first delivery to its waiver: seen, mended, broken again after it was published, held,
waived for a time. One workspace, its state remembered at each point."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.cli.main import app
from orchestration.rules import remedies
from tests.harness import Company
from warehouse.errors import BlockedError
from warehouse.explain import export, show

POLICIES = "[policies]\nfreshness_hours = 0\nmax_fall_percent = 100\n"
# `total` is waived for the year; `typo` only until the end of April.
WAIVERS = """
[[waivers]]
rule = "control_total_differs"
reason = "the CRM adds the tax, ticket 4711"
approved_by = "C. Controller"
expires = 2026-12-31

[[waivers]]
rule = "unparseable_value"
contract = "typo"
reason = "being mended in the CRM"
approved_by = "C. Controller"
expires = 2026-04-30

[[waivers]]
rule = "unknown_customer"
reason = "left over from last year"
approved_by = "C. Controller"
expires = 2026-12-31
"""
Entities = dict[str, list[dict[str, str]]]


def delivery(*, typo: bool) -> Entities:
    """Three subscriptions of 12,000 for 2026, one invoice of 3,000 each; `total` states 13,000."""
    names = ("sound", "typo", "total")
    contract = {"customer_id": "acme", "status": "active", "signed_date": "2026-01-02", "currency": "USD"}
    days = {"start_date": "2026-01-01", "end_date": "2026-12-31"}
    invoice = {"customer_id": "acme", "issue_date": "2026-01-05", "currency": "USD", "status": "open"}
    rows: Entities = {
        "customers": [{"customer_id": "acme", "customer_name": "Acme GmbH"}],
        "products": [
            {"product_id": "saas", "product_name": "=1+1", "revenue_category": "subscription"}
            | {"recognition_method": "ratable"}
        ],
        "contracts": [{"contract_id": name, **contract, **days, "total_amount": "12000"} for name in names],
        "contract_lines": [
            {"contract_line_id": f"{name}-1", "contract_id": name, "line_number": "1", "product_id": "saas"}
            | {"amount": "12000"}
            for name in names
        ],
        "invoices": [{"invoice_id": f"I-{name}", **invoice, "total_amount": "3000"} for name in names],
        "invoice_lines": [
            {"invoice_line_id": f"I-{name}-1", "invoice_id": f"I-{name}", "contract_line_id": f"{name}-1"}
            | {"amount": "3000"}
            for name in names
        ],
    }
    rows["contracts"][2]["total_amount"] = "13000"
    if typo:
        rows["contracts"][1]["end_date"] = "31/12/2026"
    return rows


def snapshot(company: Company) -> dict[str, Any]:
    with show.reader(company.workspace) as connection:
        stream = io.BytesIO()
        export.write_csv(
            connection, export.to_mend(remedies(company.workspace)), stream, company.workspace.state
        )
        held_money = show.held_money(connection).rows
    return {
        "history": {row["record_key"]: row for row in company.rows("audit.quarantine_history")},
        "held_back": {row["contract_id"]: row for row in company.rows("audit.held_back")},
        "held_money": held_money,
        "revenue": company.amounts(
            "select contract_id, sum(amount) from marts.fct_recognized_revenue group by all"
        ),
        "waivers": company.rows("audit.waivers"),
        "to_mend": list(csv.DictReader(io.StringIO(stream.getvalue().decode()))),
    }


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Plays the story once."""
    company = Company(tmp_path_factory.mktemp("life") / "workspace", POLICIES + WAIVERS)
    seen: dict[str, Any] = {"company": company}
    company.deliver(delivery(typo=True))
    for as_of in ("2026-03-01", "2026-03-03"):
        company.run(as_of)
    seen["broken"] = snapshot(company)
    company.deliver(delivery(typo=False))
    seen["first_close"] = company.close("2026-02", "2026-03-04")
    seen["mended"] = snapshot(company)
    company.deliver(delivery(typo=True))
    company.run("2026-03-15")
    seen["held"] = snapshot(company)
    seen["waived_close"] = company.close("2026-03", "2026-04-02")
    seen["waived"] = snapshot(company)
    with pytest.raises(BlockedError) as blocked:
        company.close("2026-04", "2026-05-02")
    seen["blocked"] = blocked.value
    seen["after_block"] = snapshot(company)
    return seen


def life(row: dict[str, Any]) -> tuple[Any, ...]:
    """First and last as-of day in the month, runs, returns, and how it ended."""
    days = (row[name].isoformat() for name in ("first_seen_as_of", "last_seen_as_of"))
    return (*days, row["runs"], row["returns"], row["released_how"])


def test_a_fault_is_seen_from_its_first_run_to_its_last(story: dict[str, Any]) -> None:
    row = story["broken"]["history"]["typo"]
    assert life(row) == ("2026-03-01", "2026-03-03", 2, 0, None)
    assert (row["rule"], row["fate"], row["deliveries"]) == ("unparseable_value", "quarantined", 1)
    assert (row["source_file"], row["source_row"]) == ("exports/files/contracts.csv", 3)


def test_what_is_mended_comes_back_by_itself(story: dict[str, Any]) -> None:
    broken, mended = story["broken"], story["mended"]
    assert "typo" not in broken["revenue"]
    assert (
        mended["revenue"]["typo"] == mended["revenue"]["sound"] == Decimal("2129.030")
    )  # 2,000 + 4 of 31 days
    row = mended["history"]["typo"]
    assert life(row) == ("2026-03-01", "2026-03-03", 2, 0, "mended")
    assert row["released_as_of"].isoformat() == "2026-03-04"


def test_what_breaks_again_goes_on_counting_and_is_held_with_its_published_figures(
    story: dict[str, Any],
) -> None:
    held = story["held"]
    row = held["history"]["typo"]
    assert life(row) == ("2026-03-01", "2026-03-15", 3, 1, None)
    assert (row["fate"], row["deliveries"]) == ("held", 2)
    assert held["revenue"]["typo"] == Decimal("2000.000")


def test_a_close_counts_as_one_run_and_a_blocked_one_as_none(story: dict[str, Any]) -> None:
    assert life(story["waived"]["history"]["typo"]) == ("2026-03-01", "2026-04-02", 4, 1, None)
    assert story["after_block"] == story["waived"]
    # run, run, close, run, close
    assert life(story["waived"]["history"]["total"])[2:] == (5, 0, None)


def money(row: dict[str, Any]) -> tuple[str | None, ...]:
    names = ("contracted", "billed", "revenue", "carried_contracted", "carried_billed", "carried_recognized")
    return tuple(None if row[name] is None else str(row[name]) for name in names)


def test_what_a_fault_costs_is_said_as_far_as_it_is_known(story: dict[str, Any]) -> None:
    broken, held = story["broken"]["held_back"], story["held"]["held_back"]
    assert money(broken["typo"]) == ("12000.000", "3000.000", None, None, None, None)
    assert broken["typo"]["revenue_gap"] == "no usable dates"
    # 3 of 31 days of March; 12,000 on the lines, whatever the header says
    assert money(broken["total"]) == ("13000.000", "3000.000", "96.770", None, None, None)
    # by the published schedule, 15 of 31 days
    assert money(held["typo"]) == (
        "12000.000", "3000.000", "483.870", "12000.000", "3000.000", "2000.000"
    )  # fmt: skip
    assert {name: row["rules"] for name, row in held.items()} == {
        "total": "control_total_differs",
        "typo": "unparseable_value",
    }


def test_what_is_held_back_is_added_up_by_rule_and_in_all(story: dict[str, Any]) -> None:
    rows = [(rule, currency, *map(str, rest)) for rule, currency, *rest in story["held"]["held_money"]]
    assert rows == [
        ("control_total_differs", "USD", "1", "13000.000", "3000.000", "483.870", "0"),
        ("unparseable_value", "USD", "1", "12000.000", "3000.000", "483.870", "0"),
        (None, "USD", "2", "25000.000", "6000.000", "967.740", "0"),
    ]


def test_the_list_for_the_owner_of_a_system_has_one_row_a_fault_with_place_and_remedy(
    story: dict[str, Any],
) -> None:
    rows = {row["record_key"]: row for row in story["held"]["to_mend"]}
    assert set(rows) == {"typo", "total"}
    row = rows["typo"]
    assert (row["system"], row["object"], row["source_row"]) == ("files", "contracts", "3")
    assert row["what_is_wrong"] == "end_date='31/12/2026': the text is no value of its column"
    assert row["what_to_do"].startswith("Write dates as YYYY-MM-DD")
    assert (row["contract_contracted"], row["contract_revenue_of_month"]) == ("12000.000", "483.870")
    assert (row["first_seen"], row["runs"], row["returns"]) == ("2026-03-01", "3", "1")
    assert len(row["file_sha256"]) == 64


def test_a_waiver_is_published_with_what_it_covered(story: dict[str, Any]) -> None:
    (month,) = story["waived_close"].closed
    said = {entry["rule"]: entry for entry in month.document["waivers"]}
    assert said["unparseable_value"] == {
        "rule": "unparseable_value",
        "contract_id": "typo",
        "reason": "being mended in the CRM",
        "approved_by": "C. Controller",
        "expires": "2026-04-30",
        "records": 1,
        "contracts": 1,
        "amounts": {"USD": "12000.000"},
    }
    shown = [row for row in story["waived"]["waivers"] if row["rule"] == "unparseable_value"]
    # at the first close the contract was mended: there was nothing to cover
    assert [(row["period"], row["records"], row["amount"]) for row in shown] == [
        ("2026-02", 0, None),
        ("2026-03", 1, Decimal("12000.000")),
    ]


def test_a_waiver_that_covers_nothing_is_told(story: dict[str, Any]) -> None:
    lines = [one.described() for one in story["waived_close"].waived["2026-03"]]
    assert "the waiver of unknown_customer covers nothing" in lines
    assert (
        "waived unparseable_value for contract typo, approved by C. Controller until 2026-04-30:"
        " being mended in the CRM (1 record, 1 contract, USD 12,000.00)" in lines
    )


def test_an_expired_waiver_does_not_count(story: dict[str, Any]) -> None:
    (contracts, amount) = story["blocked"].findings
    assert contracts.rule == "max_held_contracts_percent"
    assert "1 of 3 contracts" in contracts.message
    assert any(
        example.startswith("unparseable_value holds back 1 contract:") for example in contracts.examples
    )
    assert not any("control_total_differs" in example for example in (*contracts.examples, *amount.examples))


def test_the_journal_keeps_who_waived_what(story: dict[str, Any]) -> None:
    path = story["company"].workspace.journal_dir / "waivers.jsonl"
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {event["period"] for event in events} == {"2026-02", "2026-03"}
    assert {event["rule"]: event["contracts"] for event in events if event["period"] == "2026-03"} == {
        "control_total_differs": 1,
        "unparseable_value": 1,
        "unknown_customer": 0,
    }


def test_the_history_is_in_no_published_month(story: dict[str, Any]) -> None:
    names = {Path(name).name for name in story["company"].published_files()}
    assert "held_back.parquet" in names
    assert "quarantine_history.parquet" not in names


def test_show_quarantine_can_be_limited(story: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    root = str(story["company"].workspace.root)

    def printed(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            app(["show", "quarantine", "-w", root, *arguments], prog_name="tieout")
        assert ended.value.code == 0
        return capsys.readouterr().out

    records = json.loads(printed("--rule", "control_total_differs", "--format", "json"))
    assert {row["contract_id"] for row in records} == {"total"}
    assert {row["runs"] for row in records} == {5}  # what is held with it has been there as long
    held = json.loads(printed("--severity", "held", "--format", "json"))
    assert {row["contract_id"] for row in held} == {"typo"}
    assert json.loads(printed("--contract", "sound", "--format", "json")) == []
    summary = printed("--contract", "total")
    assert "USD 13,000.00" in summary
    assert "2026-03-01" in summary
