"""Pages are what the code says, their example is a valid workspace file, and nothing in them is markup."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import pytest

from expectations import policies
from expectations.pages import EXAMPLE, Setting, markdown, page
from expectations.suites import Rule, lowered_rules, rules_of, shipped_rules
from orchestration.cli.main import app
from tests.checks.pages import DOCS, PAGES, rules
from warehouse.publish.dictionary import dictionary
from warehouse.publish.tables import PUBLISHED, RELEASED_VIEWS
from warehouse.settings import Policies, Settings, described_overrides, described_settings

POLICIES = [Setting(**asdict(one)) for one in described_settings()]


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
    shown = page([*shipped_rules(), rule], 'Rules of <b>"A & B"</b>')
    assert "<script" not in shown
    assert "<b>" not in shown
    assert "| a &#124; b |" in markdown([*shipped_rules(), rule], POLICIES)


def test_the_page_of_policies_says_what_is_in_force_and_what_it_belongs_to() -> None:
    data = {
        "company": {"name": "Acme & <b>Sons</b>"},
        "policies": {"defer_on": "due_date"},
        "sources": {"crm": {"deals": {"rows_fell": "warn", "no_delivery_on": ["2026-12-25"]}}},
    }
    settings = Settings.parse(data)
    shown = policies.policy_page(
        policies.Workspace(
            shipped_rules(),
            [Setting(**asdict(one)) for one in described_settings(settings)],
            [Setting(**asdict(one)) for one in described_overrides(settings)],
            [("`end_before_start`", "K-1", "<script>", "S. Chen", "2026-12-31")],
            {("contracts", "contract_not_signed"): 1234, ("contract_lines", "contract_not_signed"): 3},
            {("ratable", "daily"): 7, ("ratable", "monthly"): 3},
        ),
        "Policies",
    )
    set_here = shown.split("Set by this workspace")[1].split("<h2>")[0]
    assert re.findall(r"<code>(.*?)</code></td><td>(.*?)</td><td>(.*?)</td>", set_here) == [
        ("company.name", "Acme &amp; &lt;b&gt;Sons&lt;/b&gt;", "&quot;&quot;"),
        ("policies.defer_on", "due_date", "issue_date"),
    ]
    assert "§6 When billing counts" in set_here
    assert "<code>sources.crm.deals.rows_fell</code></td><td>warn" in shown
    assert "<td>2026-12-25</td>" in shown
    assert "<td>1,234</td>" in shown
    assert "<script" not in shown
    assert re.search(r"<code>ratable</code>.*?<td>10</td>", shown)
    assert re.search(r"<code>daily</code>.*?<td>7</td>", shown)
    assert all(f"<code>policies.{name}</code>" in shown for name in Policies.model_fields)


def test_every_policy_belongs_to_a_rule() -> None:
    assert [one.name for one in described_settings() if one.section == "policies" and not one.rule] == []


def test_the_methods_and_conventions_of_the_page_are_those_of_the_gate() -> None:
    allowed = {
        rule.kwargs["column"]: set(rule.kwargs["value_set"])
        for rule in shipped_rules()
        if rule.entity == "contract_lines" and rule.expectation == "ExpectColumnValuesToBeInSet"
    }
    assert allowed["method"] == set(policies.METHODS)
    assert allowed["convention"] == set(policies.CONVENTIONS)


ROOT = DOCS.parent
PEOPLES_PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("path", PEOPLES_PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere_and_commands_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []
    known = {command.name for command in app.registered_commands} | {
        group.name for group in app.registered_groups
    }
    assert set(re.findall(r"(?m)(?:^|[`$] ?)tieout ([a-z]+)", text)) - known == set()
