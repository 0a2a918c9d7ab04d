"""Pages are what the code says, their example is a valid workspace file, and nothing in them is markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from expectations.pages import EXAMPLE, Policy, markdown, page
from expectations.suites import Rule, lowered_rules, rules_of, shipped_rules
from tests.checks.pages import DOCS, PAGES, rules
from warehouse.publish.dictionary import dictionary
from warehouse.publish.tables import PUBLISHED, RELEASED_VIEWS
from warehouse.settings import Policies, described_policies

POLICIES = [Policy(*one) for one in described_policies()]


@pytest.mark.parametrize("name", PAGES)
def test_the_committed_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name]()


def test_every_published_table_is_described_with_its_grain_and_every_column() -> None:
    described = dictionary()
    published = {table.name for table in PUBLISHED} | {view.split(".")[1] for view in RELEASED_VIEWS}
    assert published <= described.keys()
    assert [table.name for table in described.values() if "Grain:" not in table.description] == []
    assert [
        f"{table.name}.{column.name}"
        for table in described.values()
        for column in table.columns
        if not re.search(r"\w.*[.:)]$", column.description)
    ] == []


def test_every_rule_and_every_policy_stands_on_the_page() -> None:
    text = rules()
    assert [rule.id for rule in shipped_rules() if f"| `{rule.id}` |" not in text] == []
    assert [name for name in Policies.model_fields if f"| `{name}` |" not in text] == []


def test_the_example_of_the_page_is_a_file_that_a_workspace_can_have(tmp_path: Path) -> None:
    folder = tmp_path / "expectations"
    folder.mkdir()
    (folder / "contracts.yml").write_text(EXAMPLE, encoding="utf-8")
    rules = rules_of(folder)
    assert len(rules) == len(shipped_rules()) + 1
    assert [rule.id for rule in lowered_rules(rules)] == ["control_total_differs"]
    text = markdown(rules, POLICIES)
    assert "| `deep_discount` (this workspace's) | quarantine |" in text
    assert "## Weakened by this workspace" in text


def test_what_a_workspace_writes_is_text_on_the_page() -> None:
    rule = Rule(
        entity="contracts", id="odd", severity="warn", sentence="<script>alert(1)</script>", remedy="a | b",
        condition="true", is_shipped=False,
    )  # fmt: skip
    shown = page([*shipped_rules(), rule], POLICIES, 'Rules of <b>"A & B"</b>')
    assert "<script" not in shown
    assert "<b>" not in shown
    assert "| a &#124; b |" in markdown([*shipped_rules(), rule], POLICIES)
