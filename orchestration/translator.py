"""How dbt nodes appear in Dagster: keys are the tables' own names, groups are the stages of a row's life."""

from collections.abc import Mapping
from typing import Any

from dagster import AssetKey
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

GROUPS = {
    "lake": "1_lake",
    "staging": "2_staging",
    "exchange": "3_exchange",
    "checks": "4_gate",
    "gate": "4_gate",
    "accepted": "5_accepted",
    "engine": "6_engine",
    "posting": "7_posting",
    "marts": "8_marts",
    "audit": "8_audit",
    "published": "9_published",
}


def lake_key(system: str, name: str) -> AssetKey:
    """The asset of one export object."""
    return AssetKey(["lake", f"{system}__{name}"])


GATE_KEY = AssetKey(["gate", "failures"])
RELEASE_KEY = AssetKey(["published", "tieout"])


def node_key(node: Mapping[str, Any]) -> AssetKey:
    """The asset of a dbt node: schema and table, as in the warehouse."""
    return AssetKey([node["schema"], node.get("alias") or node["name"]])


class Translator(DagsterDbtTranslator):  # type: ignore[misc] # dagster-dbt is not looked into
    """Keys, groups and descriptions of dbt's models, and of the sources between the stages."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        """Schema and table."""
        if dbt_resource_props["resource_type"] == "source":
            return AssetKey([dbt_resource_props["source_name"], dbt_resource_props["name"]])
        return node_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The stage."""
        schema = str(dbt_resource_props["schema"])
        return GROUPS["staging"] if schema.startswith("stg_") else GROUPS.get(schema, schema)

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The description in the model's YAML, else the grain and reason in its header."""
        described = str(dbt_resource_props.get("description") or "")
        return described or header_of(str(dbt_resource_props.get("raw_code") or ""))


def header_of(sql: str) -> str:
    """The comment lines a model starts with."""
    lines: list[str] = []
    for line in sql.strip().splitlines():
        text = line.strip()
        if not text.startswith(("--", "{#", "#}")) and not lines:
            break
        if not text.startswith("--"):
            break
        lines.append(text.removeprefix("--").strip())
    return "\n".join(lines)
