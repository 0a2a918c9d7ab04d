"""How dbt nodes appear in Dagster: keys are the tables' own names, groups are the stages of a row's life."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from dagster import AssetKey, AssetSpec
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

from orchestration.lineage import Lineage, shown

STAGING = "stg_"
GROUPS = {
    "lake": "1_lake",
    "run": "1_lake",
    "staging": "2_staging",
    "exchange": "3_exchange",
    "checks": "4_gate",
    "gate": "4_gate",
    "links": "5_accepted",
    "accepted": "5_accepted",
    "engine": "6_engine",
    "posting": "7_posting",
    "marts": "8_marts",
    "audit": "8_audit",
    "frozen": "9_published",
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
    """Keys, groups, owner and descriptions of dbt's models, and of the sources between the stages."""

    def __init__(self, owner: str, columns: Lineage) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True))
        self.owner = owner
        self.columns = columns

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        """Schema and table."""
        if dbt_resource_props["resource_type"] == "source":
            return AssetKey([dbt_resource_props["source_name"], dbt_resource_props["name"]])
        return node_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The stage."""
        return group_of(str(dbt_resource_props["schema"]))

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002 (as Dagster calls it)
        """Whoever answers for the workspace."""
        return [self.owner]

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """The columns with their descriptions, and what each is made of."""
        found: Mapping[str, Any] = super().get_metadata(dbt_resource_props)
        return {**found, **shown(self.columns, self.get_asset_key(dbt_resource_props))}

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The description in the model's YAML, else the grain and reason in its header, else where it stems from."""
        described = str(dbt_resource_props.get("description") or "")
        described = described or header_of(str(dbt_resource_props.get("raw_code") or ""))
        schema, name = str(dbt_resource_props["schema"]), str(dbt_resource_props["name"])
        if not described and schema.startswith(STAGING):
            system, entity = schema.removeprefix(STAGING), name.rsplit("__", maxsplit=1)[-1]
            return f"The exports of {system} as {entity}, by the SQL of its connector."
        return described


def group_of(schema: str) -> str:
    """The stage of a row's life that a schema belongs to."""
    return GROUPS["staging"] if schema.startswith(STAGING) else GROUPS.get(schema, schema)


def source_specs(manifest: Mapping[str, Any], made: Collection[AssetKey], owner: str) -> list[AssetSpec]:
    """What models read and no step of the night materializes: context, frozen months, objects without an export."""
    return [
        AssetSpec(
            key,
            group_name=group_of(source["source_name"]),
            description=source["description"] or source["source_description"],
            owners=[owner],
            kinds={"duckdb"},
        )
        for source in manifest["sources"].values()
        if (key := AssetKey([source["source_name"], source["name"]])) not in made
    ]


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
