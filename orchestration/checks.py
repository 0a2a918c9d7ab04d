"""The gate's verdict and the equations as Dagster asset checks: one an entity and severity, rules in its metadata.
What a rule says stands in expectations/."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import dagster as dg

from expectations.suites import Rule
from orchestration.stages import EQUATIONS
from orchestration.translator import GATE_KEY, RELEASE_KEY

if TYPE_CHECKING:
    from expectations.gate import GateReport, RuleOutcome


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


def gate_checks(rules: Iterable[Rule], report: "GateReport") -> Iterator[dg.AssetCheckResult]:
    """What the gate found, check by check: rules, records and money held back."""
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
            description="; ".join(one.message for one in failed) or "Every record passes.",
            metadata={
                "records": sum(one.records for one in failed),
                "rules": {one.rule: one.records for one in failed},
                "held": {one.rule: {c: str(a) for c, a in one.money} for one in failed if one.money},
            },
        )


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
