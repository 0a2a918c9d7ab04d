"""The measures of rpt_metrics, worked by hand for two contracts and a ledger of seven journals.

K1 is 1,200 over 2026, invoiced in January, half paid in February, with an expected cost of 480. K2 is 365 over 2026,
not invoiced, and ends with February: 60.83 are earned by then, 304.17 cancelled of a backlog of 1,434.58.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.harness import Company
from warehouse.explain.metrics import metrics

TOML = """
[policies]
freshness_hours = 0
"""

LEDGER = [
    ("capital", "2026-01-02", "cash", "equity", 1000),
    ("invoice", "2026-01-01", "receivable", "deferred", 1200),
    ("payment", "2026-02-15", "cash", "receivable", 600),
    ("loan", "2026-03-05", "cash", "loan", 500),
    ("plant", "2026-03-06", "plant", "cash", 300),
    ("cost", "2026-03-10", "cost", "cash", 40),
    ("release", "2026-03-31", "deferred", "revenue", 100),
]
ACCOUNTS = [
    ("cash", "asset", "cash"),
    ("receivable", "asset", "accounts_receivable"),
    ("plant", "asset", "noncurrent_asset"),
    ("deferred", "liability", "deferred_revenue"),
    ("loan", "liability", "noncurrent_liability"),
    ("equity", "equity", ""),
    ("revenue", "revenue", "revenue"),
    ("cost", "expense", "cost_of_revenue"),
]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    found = Company(tmp_path_factory.mktemp("metrics") / "company", TOML)
    signed = {
        "signed_date": "2026-01-01",
        "start_date": "2026-01-01",
        "end_date": "2026-12-31",
        "currency": "USD",
    }
    found.deliver(
        {
            "customers": [{"customer_id": key, "customer_name": key} for key in ("C1", "C2")],
            "products": [
                {
                    "product_id": "P",
                    "product_name": "P",
                    "recognition_method": "ratable",
                    "recognition_convention": "monthly",
                    "revenue_category": "services",
                }
            ],
            "contracts": [
                {"contract_id": "K1", "customer_id": "C1", "status": "active", "sales_rep": "R1", **signed},
                {
                    "contract_id": "K2",
                    "customer_id": "C2",
                    "status": "cancelled",
                    "sales_rep": "R2",
                    "cancelled_date": "2026-03-01",
                    "cancellation_signed_date": "2026-02-20",
                    "cancellation_reason": "budget",
                    **signed,
                },
            ],
            "contract_lines": [
                {
                    "contract_line_id": f"{key}-1",
                    "contract_id": key,
                    "line_number": "1",
                    "product_id": "P",
                    "amount": amount,
                    "expected_cost": cost,
                }
                for key, amount, cost in (("K1", "1200", "480"), ("K2", "365", ""))
            ],
            "invoices": [
                {
                    "invoice_id": "I1",
                    "customer_id": "C1",
                    "contract_id": "K1",
                    "issue_date": "2026-01-01",
                    "currency": "USD",
                    "status": "open",
                }
            ],
            "invoice_lines": [
                {"invoice_line_id": "I1-1", "invoice_id": "I1", "contract_line_id": "K1-1", "amount": "1200"}
            ],
            "payments": [
                {
                    "payment_id": "Z1",
                    "invoice_id": "I1",
                    "customer_id": "C1",
                    "payment_date": "2026-02-15",
                    "amount": "600",
                    "currency": "USD",
                    "kind": "payment",
                }
            ],
            "gl_accounts": [
                {"account_id": key, "account_name": key, "account_type": of, "account_category": category}
                for key, of, category in ACCOUNTS
            ],
            "gl_journal_lines": [
                {
                    "journal_line_id": f"{key}/{account}",
                    "journal_id": key,
                    "posting_date": day,
                    "account_id": account,
                    "debit": str(amount) if account == debit else "0",
                    "credit": str(amount) if account == credit else "0",
                    "currency": "USD",
                }
                for key, day, debit, credit, amount in LEDGER
                for account in (debit, credit)
            ],
        }
    )
    found.run("2026-04-02")
    return found


@pytest.mark.parametrize(
    ("period", "metric", "expected"),
    [
        ("2026-01", "book_to_bill", {"": "1.304167"}),
        ("2026-03", "backlog_coverage_months", {"": "7.482748"}),
        # 304.17 of 1,434.58
        ("2026-02", "cancellation_rate", {"": "0.212027", "budget": "0.212027"}),
        ("2026-01", "net_new_backlog", {"R1": "1200", "R2": "365"}),
        ("2026-02", "net_new_backlog", {"R2": "-304.17"}),
        ("2026-01", "arr", {"": "1565"}),
        ("2026-03", "arr", {"": "1200"}),
        ("2026-03", "mrr", {"": "100"}),
        ("2026-03", "billed_backlog", {"": "900"}),
        ("2026-02", "unbilled_backlog", {"": "0"}),
        # 900 are left, and 360 of the cost
        ("2026-03", "backlog_gross_margin", {"": "0.6"}),
        ("2026-01", "direct_billings", {"": "1200"}),
        # 130.42 earned, 1,100 deferred
        ("2026-01", "calculated_billings", {"": "1230.42"}),
        # 600 open x 90 days of 1,200
        ("2026-03", "days_sales_outstanding", {"": "45"}),
        (
            "2026-01",
            "customer_concentration",
            {"largest 01": "0.766754", "largest 05": "1", "largest 10": "1"},
        ),
        ("2026-01", "revenue_from_opening_contract_liability", {}),
        ("2026-03", "revenue_from_opening_contract_liability", {"": "100"}),
        # cash 1,760 and receivables 600 for 1,100 deferred
        ("2026-03", "current_ratio", {"": "2.145455"}),
        ("2026-03", "quick_ratio", {"": "2.145455"}),
        # 1,100 and the loan for capital of 1,000 and a result of 60
        ("2026-03", "debt_to_equity", {"": "1.509434"}),
        ("2026-03", "gross_margin", {"": "0.6"}),
        # neither the loan nor the plant
        ("2026-03", "operating_cash_flow", {"": "-40"}),
        ("2026-02", "operating_cash_flow", {"": "600"}),
        ("2026-03", "operating_cash_flow_to_capital_employed", {"": "-0.025641"}),
    ],
)
def test_a_measure_is_what_its_page_says(
    company: Company, period: str, metric: str, expected: dict[str, str]
) -> None:
    rows = company.query(
        f"select breakdown, value from marts.rpt_metrics where period = '{period}' and metric = '{metric}'"
    )
    assert dict(rows) == {key: Decimal(value) for key, value in expected.items()}


def test_every_measure_has_a_page_and_every_page_a_measure(company: Company) -> None:
    """Backlog in quantities and overdue backlog need deliveries; the demo has them."""
    measured = {name for (name,) in company.query("select distinct metric from marts.rpt_metrics")}
    assert measured <= set(metrics())
    assert set(metrics()) - measured == {"backlog_quantity", "overdue_backlog"}


def test_the_semantic_layer_says_of_every_measure_what_the_table_says(
    company: Company, tmp_path: Path
) -> None:
    """What `dbt parse` hands to tools that read it, worked out as they do: parts are added up, then divided.

    By breakdown where a measure has one; a measure with a row of all has only that.
    """
    project = shutil.copytree(company.workspace.dbt_project, tmp_path / "dbt")
    done = subprocess.run(
        [Path(sys.executable).parent / "dbt", "parse", "--project-dir", project, "--profiles-dir", project],
        capture_output=True,
        text=True,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
    )
    assert done.returncode == 0, done.stdout[-3000:]
    manifest = json.loads((project / "target" / "semantic_manifest.json").read_text("utf-8"))
    (model,) = manifest["semantic_models"]
    assert model["node_relation"]["alias"] == "rpt_metrics"
    parts = {one["name"]: (one["agg"], one["expr"]) for one in model["measures"]}
    told = {one["name"]: one for one in manifest["metrics"]}
    assert metrics().keys() <= told.keys()
    assert manifest["project_configuration"]["time_spines"][0]["primary_column"]["name"] == "day"
    for name, metric in metrics().items():
        broken_down = "breakdown" if metric.breakdown and not metric.has_total else "''"
        sums = [
            f"{parts[part][0]}({parts[part][1]})"
            for part in (f"{name}_numerator", f"{name}_denominator")
            if part in parts
        ]
        if told[name]["type"] == "ratio":
            value = f"case when {sums[1]} != 0 then round({sums[0]} / {sums[1]}, 6) end"
        else:
            (value,) = sums
        computed = company.query(
            f"select period, entity_id, currency, {broken_down} as place, {value} as value from marts.rpt_metrics"
            f" group by all having count({parts[f'{name}_numerator'][1]}) > 0 order by all"
        )
        published = company.query(
            "select period, entity_id, currency, breakdown, value from marts.rpt_metrics"
            f" where metric = '{name}' {'and breakdown = ' + repr('') if metric.has_total else ''}"
            " and numerator is not null order by all"
        )
        assert [row[:4] for row in computed] == [row[:4] for row in published], name
        for mine, theirs in zip(computed, published, strict=True):
            if theirs[4] is None:
                assert mine[4] is None, (name, mine)
            else:
                assert float(mine[4]) == pytest.approx(float(theirs[4]), abs=0.000001), (name, mine)
