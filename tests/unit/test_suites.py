"""The rules as data: the shipped ones are well formed, a workspace adds or tunes, never weakens one silently."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from expectations.suites import STRENGTH, Rule, lowered_rules, rules_of, shipped_rules
from warehouse.errors import ConfigurationError
from warehouse.exchange import entities


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def rule_named(rules: tuple[Rule, ...], entity: str, name: str) -> Rule:
    return next(rule for rule in rules if (rule.entity, rule.id) == (entity, name))


def test_an_id_names_one_rule_of_an_entity() -> None:
    twice = [key for key, count in Counter((r.entity, r.id) for r in shipped_rules()).items() if count > 1]
    assert not twice


def test_every_exchange_entity_has_the_common_rules() -> None:
    with_common = {rule.entity for rule in shipped_rules() if rule.id == "unparseable_value"}
    assert with_common == set(entities())


def test_each_outcome_of_the_gate_has_rules() -> None:
    assert {rule.severity for rule in shipped_rules()} == set(STRENGTH)


def test_a_sentence_is_for_people_and_names_no_column() -> None:
    for rule in shipped_rules():
        assert rule.sentence, rule.id
        assert rule.remedy, rule.id
        assert "{" not in rule.title, rule.id
        assert not rule.sentence.endswith("."), f"{rule.id}: a sentence is put into others"


def test_a_sentence_is_cut_into_text_and_columns() -> None:
    rule = rule_named(shipped_rules(), "contracts", "signed_after_as_of")
    assert rule.placeholders[0] == "signed_date"
    assert rule.sentence_parts()[:2] == [("signed on ", False), ("signed_date", True)]
    assert rule.title.startswith("signed on …")


NEW_RULE = """
entity: contracts
rules:
  - id: tiny_contract
    severity: warn
    sentence: "only {total_amount}"
    remedy: Check it.
    condition: total_amount > 10
"""


def test_a_workspace_adds_a_rule(tmp_path: Path) -> None:
    rules = rules_of(write(tmp_path / "expectations", "ours", NEW_RULE))
    added = rule_named(rules, "contracts", "tiny_contract")
    assert (added.severity, added.is_shipped) == ("warn", False)
    assert len(rules) == len(shipped_rules()) + 1


def test_no_folder_means_the_shipped_rules(tmp_path: Path) -> None:
    assert rules_of(tmp_path / "expectations") == shipped_rules()


TUNED = """
entity: contracts
rules:
  - id: unknown_customer
    severity: {severity}
    {reason}
"""


def test_raising_a_rule_needs_no_reason(tmp_path: Path) -> None:
    folder = write(tmp_path / "expectations", "ours", TUNED.format(severity="block", reason=""))
    rules = rules_of(folder)
    assert rule_named(rules, "contracts", "unknown_customer").severity == "block"
    assert rule_named(rules, "contracts", "unknown_customer").condition is not None
    assert lowered_rules(rules) == []


def test_weakening_a_rule_without_a_reason_is_an_error(tmp_path: Path) -> None:
    folder = write(tmp_path / "expectations", "ours", TUNED.format(severity="warn", reason=""))
    with pytest.raises(
        ConfigurationError, match="unknown_customer of contracts is weakened without a reason"
    ):
        rules_of(folder)


def test_rewriting_the_test_of_a_rule_is_weakening_it(tmp_path: Path) -> None:
    text = TUNED.format(severity="quarantine", reason='condition: "true"')
    with pytest.raises(ConfigurationError, match="weakened without a reason"):
        rules_of(write(tmp_path / "expectations", "ours", text))


@pytest.mark.parametrize(
    ("entity", "rule", "change", "message"),
    [
        ("accounting_periods", "period_name", "severity: warn", "can't be weakened"),
        ("accounting_periods", "period_name", "condition: period is not null", "can't be weakened"),
        ("invoices", "missing_rate", "severity: quarantine", "can't be weakened"),
        ("contracts", "contract_not_signed", "severity: warn", "says what counts at all"),
        ("contracts", "signed_after_as_of", "condition: signed_date is not null", "says what counts at all"),
        ("contracts", "unknown_customer", "severity: excluded", "never left out as excluded"),
        ("files", "rows_fell", "severity: warn", "is not changed here"),
        ("contracts", "unknown_customer", "told_by: gate", "unknown key told_by"),
    ],
)
def test_no_reason_makes_up_for_some_changes(
    tmp_path: Path, entity: str, rule: str, change: str, message: str
) -> None:
    text = f"entity: {entity}\nrules:\n  - id: {rule}\n    {change}\n    reason: we would like to\n"
    with pytest.raises(ConfigurationError, match=message) as caught:
        rules_of(write(tmp_path / "expectations", "ours", text))
    assert rule in caught.value.message


def test_words_for_people_may_be_changed_in_any_rule(tmp_path: Path) -> None:
    text = "entity: accounting_periods\nrules:\n  - id: period_name\n    remedy: Ask Ann.\n"
    rules = rules_of(write(tmp_path / "expectations", "ours", text))
    assert rule_named(rules, "accounting_periods", "period_name").remedy == "Ask Ann."
    assert lowered_rules(rules) == []


def test_a_rule_of_the_workspace_that_leaves_records_out_gives_a_reason_and_is_told(tmp_path: Path) -> None:
    text = NEW_RULE.replace("severity: warn", "severity: excluded")
    with pytest.raises(ConfigurationError, match="leaves records out as excluded without a reason"):
        rules_of(write(tmp_path / "a", "ours", text))
    text += "    reason: test contracts\n"
    assert [rule.id for rule in lowered_rules(rules_of(write(tmp_path / "b", "ours", text)))] == [
        "tiny_contract"
    ]


def test_a_reason_is_kept_and_told(tmp_path: Path) -> None:
    text = TUNED.format(severity="warn", reason="reason: the CRM has no customers yet")
    (lowered,) = lowered_rules(rules_of(write(tmp_path / "expectations", "ours", text)))
    assert (lowered.id, lowered.reason) == ("unknown_customer", "the CRM has no customers yet")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("entity: contract\nrules: []\n", "there is no entity contract, did you mean contracts"),
        (NEW_RULE.replace("condition", "conditon"), "unknown key conditon, did you mean condition"),
        (NEW_RULE.replace("    condition: total_amount > 10\n", ""), "needs a condition or an expectation"),
        (NEW_RULE.replace("severity: warn", "severity: fatal"), "severity"),
        (
            TUNED.format(severity="warn", reason="").replace("customer", "custmer"),
            "no rule unknown_custmer to tune.*did you mean unknown_customer",
        ),
        ("rules: []\n", "entity"),
        ("- a\n", "declares no rules"),
        ("entity: [\n", "cannot be read"),
    ],
)
def test_a_faulty_suite_is_told_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        rules_of(write(tmp_path / "expectations", "ours", text))
    assert "ours.yml" in caught.value.message
