"""Which dbt models are built before the gate and which after it. The gate's verdict stands between them."""

# Everything the check views look at; a selector is a path, so a model's folder decides.
BEFORE_GATE = (
    "path:models/staging",
    "path:models/exchange",
    "path:models/engine/price",
    "path:models/checks",
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
