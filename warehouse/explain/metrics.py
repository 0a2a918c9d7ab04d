"""What the measures of rpt_metrics mean: one definition each, for the terminal and docs/metrics. No SQL runs here."""

from __future__ import annotations

from collections.abc import Iterator
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
    has_total: bool = False
    """Beside the rows of its breakdown there is one of all."""
    adds_up: bool = False
    """Its parts may be added up over periods; else it is measured at a period's end, or of one alone."""

    has_denominator: bool = False
    """Although it is an amount."""

    @property
    def is_divided(self) -> bool:
        return self.has_denominator or self.unit not in ("amount", "units")


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


def semantic_models() -> str:
    """dbt's semantic layer, as rpt_metrics computes the measures: YAML for the models' folder.

    A tool that reads it adds up numerators and denominators before it divides. Amounts of different currencies never
    add up: group by currency.
    """
    return (
        "# Written from warehouse/explain/metrics.yml by `python -m tests.checks.pages --write`.\n"
        + yaml.safe_dump(
            {
                "semantic_models": [
                    {
                        "name": "measures",
                        "description": "The measures of docs/metrics by legal entity and currency. Group by currency.",
                        "model": "ref('rpt_metrics')",
                        "primary_entity": "measure",
                        "defaults": {"agg_time_dimension": "period_end"},
                        "entities": [{"name": "legal_entity", "type": "foreign", "expr": "entity_id"}],
                        "dimensions": [
                            {
                                "name": "period_end",
                                "type": "time",
                                "type_params": {"time_granularity": "day"},
                            },
                            *(
                                {"name": name, "type": "categorical"}
                                for name in ("period", "currency", "breakdown")
                            ),
                        ],
                        "measures": [part for one in metrics().values() for part in _parts(one)],
                    }
                ],
                "metrics": [_semantic_metric(one) for one in metrics().values()],
            },
            sort_keys=False,
            allow_unicode=True,
            width=120,
        )
    )


def _parts(metric: Metric) -> Iterator[dict[str, object]]:
    rows = f"metric = '{metric.name}'" + (" and breakdown = ''" if metric.has_total else "")
    for part in ("numerator", "denominator") if metric.is_divided else ("numerator",):
        yield {
            "name": f"{metric.name}_{part}",
            "agg": "sum",
            "expr": f"case when {rows} then {part} end",
            "create_metric": metric.is_divided,
            **(
                {}
                if metric.adds_up
                else {"non_additive_dimension": {"name": "period_end", "window_choice": "max"}}
            ),
        }


def _semantic_metric(metric: Metric) -> dict[str, object]:
    numerator, denominator = f"{metric.name}_numerator", f"{metric.name}_denominator"
    return {
        "name": metric.name,
        "label": metric.title,
        "description": f"{metric.definition} {metric.sign} Not to be used for: {metric.not_for}",
        **(
            {"type": "ratio", "type_params": {"numerator": numerator, "denominator": denominator}}
            if metric.is_divided
            else {"type": "simple", "type_params": {"measure": numerator}}
        ),
    }


def index() -> str:
    """The list of all of them."""
    lines = [
        "# Measures",
        "",
        "Each is computed once, in `rpt_metrics` (accounting.md §10), with numerator and denominator.",
        "`tieout show metrics` prints them. Amounts are in the row's currency. Those of the general ledger are there",
        "where its journals are delivered.",
        "",
        "Tools that read dbt's semantic layer have the same definitions: `dbt parse` in a workspace's `.tieout/dbt`",
        "writes `target/semantic_manifest.json`. They add up numerators and denominators before they divide; group by",
        "currency.",
        "",
        "| measure | what it says |",
        "| --- | --- |",
    ]
    lines += [f"| [{one.title}]({one.name}.md) | {one.definition} |" for one in metrics().values()]
    return "\n".join(lines) + "\n"
