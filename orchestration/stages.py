"""Which dbt models are built before the gate and which after it. The gate's verdict stands between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.plan import Plan, Step

# Everything the check views look at, by the folder a model lies in. `path:` would mean the current folder,
# which for dagster-dbt is not the project's.
BEFORE_GATE = (
    "fqn:tieout.staging",
    "fqn:tieout.exchange",
    "fqn:tieout.engine.price",
    "fqn:tieout.checks",
)
STAGES = ("extract", "stage", "gate", "facts", "release")
STAGE_TITLES = {
    "extract": "reading exports",
    "stage": "staging and typing",
    "gate": "checking at the gate",
    "facts": "computing facts",
    "close": "tying out",
    "publish": "publishing",
    "release": "releasing tieout.duckdb",
}
EQUATIONS = ("E1", "E2", "E3", "E4", "E6", "E7", "E8")


def split(plan: Plan) -> tuple[list[Step], list[Step]]:
    """The steps before the gate and those after it, each in order; a test belongs where all it reads is there."""
    places = tuple(f"{selector.removeprefix('fqn:')}." for selector in BEFORE_GATE)
    early = {step.unique_id for step in plan.steps if ".".join(step.fqn).startswith(places)}
    early |= {step.unique_id for step in plan.steps if step.is_test and models_of(step) <= early}
    before = [step for step in plan.steps if step.unique_id in early]
    return before, [step for step in plan.steps if step.unique_id not in early]


def models_of(step: Step) -> set[str]:
    """The models a step reads."""
    return {parent for parent in step.parents if parent.startswith("model.")}
