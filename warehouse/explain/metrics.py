"""What the measures of rpt_metrics mean: one definition each, for the terminal and docs/metrics. No SQL runs here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_DEFINITIONS = Path(__file__).with_name("metrics.yml")


@dataclass(frozen=True)
class Metric:
    """One measure; its value is by period, entity and currency, and by `breakdown` where it has one."""

    name: str
    title: str
    definition: str
    formula: str
    unit: str
    """ratio, amount (in the row's currency), months, days or units."""
    sign: str
    not_for: str
    source: str
    breakdown: str = ""


@cache
def metrics() -> dict[str, Metric]:
    """Every measure by name, in the order in which they are told."""
    declared = yaml.safe_load(_DEFINITIONS.read_text(encoding="utf-8"))
    return {name: Metric(name, **of) for name, of in declared.items()}


def page(metric: Metric) -> str:
    """Its page of docs/metrics."""
    grain = ", ".join(["period", "entity", "currency", *([metric.breakdown] if metric.breakdown else [])])
    return (
        f"# {metric.title}\n\n{metric.definition}\n\n"
        "| | |\n| --- | --- |\n"
        f"| `metric` in `rpt_metrics` | `{metric.name}` |\n"
        f"| formula | {metric.formula} |\n"
        f"| unit | {metric.unit} |\n"
        f"| grain | {grain} |\n"
        f"| sign | {metric.sign} |\n"
        f"| not to be used for | {metric.not_for} |\n"
        f"| from | {metric.source} |\n\n"
        "```sql\n"
        "select period, entity_id, currency, breakdown, value, numerator, denominator\n"
        f"from marts.rpt_metrics where metric = '{metric.name}' order by all;\n"
        "```\n"
    )


def index() -> str:
    """The list of all of them."""
    lines = [
        "# Measures",
        "",
        "Each is computed once, in `rpt_metrics` (accounting.md §10), with numerator and denominator.",
        "`tieout show metrics` prints them. Amounts are in the row's currency. Those of the general ledger are there",
        "where its journals are delivered.",
        "",
        "| measure | what it says |",
        "| --- | --- |",
    ]
    lines += [f"| [{one.title}]({one.name}.md) | {one.definition} |" for one in metrics().values()]
    return "\n".join(lines) + "\n"
