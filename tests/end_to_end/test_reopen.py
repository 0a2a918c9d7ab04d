"""A closed month that is published once more: what must not wait, with the version before still readable.

K0 is 1,200 for 2026, K 1,200 for a year from June 2026: 100 a month each. After June is closed K turns out to be 2,400,
so that June lacks 100 of revenue, more than corrections may have.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration import reopening
from orchestration.hold import chain_of
from tests.harness import Company
from warehouse.errors import BlockedError, ConfigurationError, TieoutError
from warehouse.publish.manifest import Month
from warehouse.publish.verify import verify

SETTINGS = '[policies]\nfreshness_hours = 0\nrestatement_amount = "50"\nrestatement_percent = "5"\n'
LINE = {"line_number": "1", "product_id": "P"}


def deliver(company: Company, amount: str, customer: str = "C") -> None:
    signed = {"customer_id": "C", "status": "signed", "currency": "USD"}
    old = {"signed_date": "2026-01-01", "start_date": "2026-01-01", "end_date": "2026-12-31"}
    new = {"signed_date": "2026-06-01", "start_date": "2026-06-01", "end_date": "2027-05-31"}
    company.deliver(
        {
            "customers": [{"customer_id": "C", "customer_name": "C"}],
            "products": [
                {
                    "product_id": "P",
                    "product_name": "P",
                    "recognition_method": "ratable",
                    "revenue_category": "services",
                }
            ],
            "contracts": [
                {"contract_id": "K0", "total_amount": "1200", **signed, **old},
                {"contract_id": "K", "total_amount": amount, **signed, **new, "customer_id": customer},
            ],
            "contract_lines": [
                {**LINE, "contract_line_id": "L0", "contract_id": "K0", "amount": "1200"},
                {**LINE, "contract_line_id": "L", "contract_id": "K", "amount": amount},
            ],
        }
    )


def revenue(company: Company) -> dict[str, Decimal]:
    return dict(company.query("select period, sum(revenue) from marts.rpt_bbb group by period"))


def allow(company: Company, period: str) -> reopening.Reopening:
    context = company.context("2026-07-05")
    return reopening.reopen(context.workspace, period, "the amount was wrong", "C. Controller", context.as_of)


def refusal(command: Callable[[], object]) -> TieoutError:
    """The error a command ends with."""
    with pytest.raises((BlockedError, ConfigurationError)) as found:
        command()
    return found.value


@dataclass
class Story:
    """What each step left behind."""

    company: Company
    refusals: dict[str, TieoutError] = field(default_factory=dict)
    revenue: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    heads: dict[str, str | None] = field(default_factory=dict)
    restatements: list[tuple[object, ...]] = field(default_factory=list)

    def remember(self, step: str) -> None:
        self.revenue[step] = revenue(self.company)
        self.heads[step] = chain_of(self.company.workspace).head_sha256


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    company = Company(tmp_path_factory.mktemp("reopen") / "company", SETTINGS)
    told = Story(company)
    deliver(company, "1200")
    company.commit("2026-05", "2026-06-03")
    company.commit("2026-06", "2026-07-03")
    deliver(company, "2400")
    told.refusals["a correction"] = refusal(lambda: company.close("2026-07", "2026-08-03"))
    told.refusals["an earlier month"] = refusal(lambda: allow(company, "2026-05"))
    told.refusals["an open month"] = refusal(lambda: allow(company, "2026-07"))
    allow(company, "2026-06")
    told.refusals["twice"] = refusal(lambda: allow(company, "2026-06"))
    company.run("2026-07-05")
    told.remember("reopened")
    deliver(company, "2400", customer="nobody")
    told.refusals["still broken"] = refusal(lambda: company.close("2026-06", "2026-07-05"))
    told.remember("blocked")
    deliver(company, "2400")
    company.close("2026-06", "2026-07-05")
    told.remember("closed again")
    told.restatements = company.query("select * from audit.restatements order by all")
    told.refusals["used up"] = refusal(lambda: company.close("2026-06", "2026-07-05"))
    company.close("2026-07", "2026-08-03")
    told.remember("July closed")
    return told


def rules(error: TieoutError) -> set[str]:
    assert isinstance(error, BlockedError)
    return {finding.rule for finding in error.findings}


def test_a_correction_above_the_threshold_blocks_the_next_close(story: Story) -> None:
    assert rules(story.refusals["a correction"]) == {"restatement_amount"}


def test_it_is_published_in_its_own_month_once_that_is_reopened(story: Story) -> None:
    assert story.revenue["closed again"] | {"2026-07": Decimal(0)} == {
        **{f"2026-0{month}": Decimal(100) for month in range(1, 6)},
        "2026-06": Decimal(100 + 200),
        "2026-07": Decimal(0),
    }
    assert story.revenue["July closed"]["2026-07"] == Decimal(100 + 200)


def test_readers_see_what_was_restated_and_why(story: Story) -> None:
    scope = ("2026-06", 2, 1, "the amount was wrong", "C. Controller", "main", "USD")
    assert story.restatements == [
        (*scope, "backlog", 600 + 1100, 600 + 2200, 1100),
        (*scope, "bookings", 1200, 2400, 1200),
        (*scope, "contract_asset", 600 + 100, 600 + 200, 100),
        (*scope, "revenue", 200, 300, 100),
    ]


def test_until_it_is_published_again_it_is_as_it_was(story: Story) -> None:
    assert story.revenue["reopened"]["2026-06"] == story.revenue["blocked"]["2026-06"] == Decimal(200)
    assert story.heads["reopened"] == story.heads["blocked"] != story.heads["closed again"]


def test_a_blocked_close_leaves_it_reopened(story: Story) -> None:
    assert rules(story.refusals["still broken"]) == {"max_held_amount_percent", "max_held_contracts_percent"}
    assert story.heads["blocked"] != story.heads["closed again"]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("an earlier month", "only the last closed month, 2026-06, can be reopened"),
        ("an open month", "2026-07 is not closed"),
        ("twice", "2026-06 is reopened already, because of: the amount was wrong (C. Controller)"),
        ("used up", "2026-06 is closed already (2026-06 v2)"),
    ],
)
def test_only_the_last_closed_month_and_only_once(story: Story, step: str, said: str) -> None:
    assert said in str(story.refusals[step])


def versions(company: Company, period: str) -> tuple[Month, Month]:
    chain = chain_of(company.workspace)
    first, second = chain.find(period, 1), chain.find(period, 2)
    assert first is not None
    assert second is not None
    return first, second


def test_the_version_before_stays_readable_and_the_chain_holds(story: Story) -> None:
    first, second = versions(story.company, "2026-06")
    assert second.kind == "reopen"
    assert second.document["replaces"] == {
        "period": "2026-06",
        "version": 1,
        "manifest_sha256": first.sha256,
    }
    assert second.document["reopening"] == {
        "reason": "the amount was wrong",
        "approved_by": "C. Controller",
    }
    report = (second.path / "report.html").read_text(encoding="utf-8")
    assert "the amount was wrong (approved by C. Controller)" in report
    assert verify(story.company.workspace) == []


@pytest.mark.parametrize("version", [0, 1])
def test_each_version_proves_itself(story: Story, version: int) -> None:
    folder = versions(story.company, "2026-06")[version].path
    done = subprocess.run(
        [sys.executable, str(folder / "verify.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_a_reopened_first_close_is_published_again_with_all_it_covers(tmp_path: Path) -> None:
    """Nothing is closed before it, so each month shows what is known by its own dates, without adjustments."""
    company = Company(tmp_path / "company", SETTINGS)
    deliver(company, "1200")
    company.commit("2026-06", "2026-07-03")
    deliver(company, "2400")
    allow(company, "2026-06")
    company.close("2026-06", "2026-07-05")
    months = chain_of(company.workspace).months
    assert [month.name for month in months] == [f"2026-0{month} v2" for month in range(1, 7)]
    assert revenue(company)["2026-06"] == Decimal(300)
    assert company.query("select count(*) from marts.fct_recognized_revenue where is_prior_period") == [(0,)]
    assert verify(company.workspace) == []
