"""Which dbt models are built before the gate and which after it. The gate's verdict stands between them."""

from collections.abc import Sequence

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


def is_before_gate(fqn: Sequence[str]) -> bool:
    """Whether a model, by its place in the project, is built before the gate."""
    place = ".".join(fqn)
    return any(place.startswith(f"{selector.removeprefix('fqn:')}.") for selector in BEFORE_GATE)
