"""The gate's verdict and the equations as Dagster asset checks: one an entity and severity, rules in its metadata.
What a rule says stands in expectations/."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from expectations.suites import Rule
from orchestration.findings import described, money_text
from orchestration.metadata import Metadata, table
from orchestration.stages import EQUATIONS
from orchestration.translator import GATE_KEY, RELEASE_KEY, lake_key
from warehouse.extract.findings import FileFinding
from warehouse.settings import Settings

if TYPE_CHECKING:
    from expectations.gate import GateReport, RuleOutcome


FOLLOWS = {
    "block": "The run stopped; readers see what they saw before.",
    "quarantine": "These records are held out of the figures, each with its whole contract; the rest went on.",
    "warn": "They are used, and listed.",
    "excluded": "They are left out by a rule of business, and no fault.",
    "later": "They are used once their day has come, and no fault.",
}


# The interface shows descriptions as Markdown, in which a line's end is a space.
PARAGRAPH = "\n\n"
WHERE = {
    # A run that stopped leaves the file that readers open as it was.
    "block": "select * from gate.failures where severity = 'block', in warehouse.duckdb",
    "warn": "select * from audit.quarantine, in tieout.duckdb",
    "excluded": "select * from audit.excluded, in tieout.duckdb",
    "later": "select * from audit.excluded, in tieout.duckdb",
}


def check_name(entity: str, severity: str) -> str:
    """The name of the check of an entity's rules of one severity."""
    return f"{entity}_{severity}"


def by_check(rules: Iterable[Rule]) -> dict[tuple[str, str], list[str]]:
    """The rules of each entity and severity."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for rule in rules:
        found[rule.entity, rule.severity].append(rule.id)
    return dict(sorted(found.items()))


def gate_specs(rules: Iterable[Rule]) -> list[dg.AssetCheckSpec]:
    """A check for every entity and severity that has rules; only severity `block` stops the run."""
    return [
        dg.AssetCheckSpec(
            check_name(entity, severity),
            asset=GATE_KEY,
            description=f"Rules: {', '.join(sorted(names))}.",
            blocking=severity == "block",
        )
        for (entity, severity), names in by_check(rules).items()
    ]


def gate_checks(rules: Iterable[Rule], report: "GateReport", pages: Path) -> Iterator[dg.AssetCheckResult]:
    """What the gate found, check by check: what is wrong, how much it is, and what mends it."""
    found: dict[tuple[str, str], list[RuleOutcome]] = defaultdict(list)
    for outcome in report.outcomes:
        found[outcome.entity, outcome.severity].append(outcome)
    for entity, severity in by_check(rules):
        failed = [one for one in found[entity, severity] if one.records]
        yield dg.AssetCheckResult(
            asset_key=GATE_KEY,
            check_name=check_name(entity, severity),
            # A draft or a later invoice is no fault, so it fails no check.
            passed=not failed or severity in {"excluded", "later"},
            severity=dg.AssetCheckSeverity.ERROR if severity == "block" else dg.AssetCheckSeverity.WARN,
            description=PARAGRAPH.join(line for one in failed for line in described(one))
            or "Every record passes.",
            metadata=_found(failed, severity, pages),
        )


def _found(failed: Sequence["RuleOutcome"], severity: str, pages: Path) -> Metadata:
    """What someone who is woken by it needs, in the order of the questions."""
    records = dg.MetadataValue.int(sum(one.records for one in failed))
    if not failed:
        return {"records": records}
    header = ["rule", "what is wrong", "records", "money", "what to do", "for example"]
    rows = [
        (one.rule, one.message, one.records, money_text(one.money), one.remedy or "", "; ".join(one.examples))
        for one in failed
    ]
    return {
        "what follows": dg.MetadataValue.text(FOLLOWS[severity]),
        "records": records,
        "money": dg.MetadataValue.text(money_text(_added(failed)) or "none"),
        "rules": table(header, rows),
        "all of them": dg.MetadataValue.text(f"tieout show quarantine --rule {failed[0].rule}")
        if severity == "quarantine"
        else dg.MetadataValue.text(WHERE[severity]),
        "page (tieout docs writes it)": dg.MetadataValue.path(pages / "rules.html"),
    }


def _added(failed: Iterable["RuleOutcome"]) -> list[tuple[str, Decimal]]:
    """The money of several rules; a record that breaks two counts with both."""
    money: dict[str, Decimal] = defaultdict(Decimal)
    for one in failed:
        for currency, amount in one.money:
            money[currency] += amount
    return sorted(money.items())


def equation_specs() -> list[dg.AssetCheckSpec]:
    """One blocking check an equation of accounting.md §9."""
    return [
        dg.AssetCheckSpec(
            f"equation_{name}", asset=RELEASE_KEY, description=f"Equation {name} holds.", blocking=True
        )
        for name in EQUATIONS
    ]


def equation_checks(found: Mapping[str, tuple[int, int]]) -> Iterator[dg.AssetCheckResult]:
    """Whether each equation holds, and in how many cases it was tested."""
    for name in EQUATIONS:
        tested, broken = found.get(name, (0, 0))
        yield dg.AssetCheckResult(
            asset_key=RELEASE_KEY,
            check_name=f"equation_{name}",
            passed=broken == 0,
            metadata={"tested": tested, "broken": broken},
        )


FRESH = "fresh"


def freshness_hours(settings: Settings, system: str, name: str) -> int:
    """The age at which an object's newest file is too old; 0 where nobody asks."""
    policies = settings.delivery_policies(system, name)
    return 0 if policies.stale_exports == "off" else policies.freshness_hours


def freshness_specs(objects: Iterable[tuple[str, str]], settings: Settings) -> list[dg.AssetCheckSpec]:
    """A check for every export object with a freshness limit; whether it stops the run is its policy's matter."""
    return [
        dg.AssetCheckSpec(
            FRESH,
            asset=lake_key(system, name),
            description=f"The newest file is no older than {hours:,} hours (freshness_hours in tieout.toml).",
        )
        for system, name in objects
        if (hours := freshness_hours(settings, system, name))
    ]


def freshness_checks(
    specs: Iterable[dg.AssetCheckSpec], objects: Iterable[tuple[str, str]], findings: Iterable[FileFinding]
) -> Iterator[dg.AssetCheckResult]:
    """What extraction said about the age of exports."""
    stale = {(one.system, one.object): one for one in findings if one.rule == "stale_exports"}
    checked = {spec.asset_key for spec in specs}
    for system, name in objects:
        if lake_key(system, name) in checked:
            finding = stale.get((system, name)) or stale.get((system, None))
            yield dg.AssetCheckResult(
                asset_key=lake_key(system, name),
                check_name=FRESH,
                passed=finding is None,
                severity=dg.AssetCheckSeverity.WARN,
                description=PARAGRAPH.join(described(finding)) if finding else "It is.",
            )
