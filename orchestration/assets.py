"""The night as Dagster assets: extract, stage, gate, facts, release. Each only calls its step of the build and
reports what it did; the work is in orchestration.build."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from expectations.suites import Rule
from orchestration.build import Build
from orchestration.checks import equation_checks, equation_specs, gate_checks, gate_specs
from orchestration.stages import BEFORE_GATE
from orchestration.translator import GATE_KEY, GROUPS, RELEASE_KEY, Translator, lake_key, node_key

RESOURCE = "build"
TEST_ID = "dagster_dbt/unique_id"


def extract_assets(objects: Sequence[tuple[str, str]]) -> dg.AssetsDefinition:
    """One asset an export object that is present; all are read in one step, because deliveries are journaled once."""
    specs = [
        dg.AssetSpec(
            lake_key(system, name),
            group_name=GROUPS["lake"],
            description=f"What {system} exported as {name}, column for column.",
            kinds={"parquet"},
        )
        for system, name in objects
    ]

    @dg.multi_asset(
        name="extract",
        specs=specs,
        required_resource_keys={RESOURCE},
        # Only reading what others write can be mended by waiting.
        retry_policy=dg.RetryPolicy(max_retries=0),
    )
    def extract(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        build: Build = getattr(context.resources, RESOURCE)
        rows = build.extract()
        for system, name in objects:
            yield dg.MaterializeResult(
                asset_key=lake_key(system, name),
                metadata={"dagster/row_count": rows.get((system, name), 0)},
            )

    return extract


def no_exports_asset() -> dg.AssetsDefinition:
    """The extract step of a workspace without any export: there is nothing to read, and it says so."""

    @dg.multi_asset(
        name="extract",
        specs=[
            dg.AssetSpec(
                dg.AssetKey(["lake", "no_exports"]),
                group_name=GROUPS["lake"],
                description="No export matches an object of a connector yet.",
            )
        ],
        required_resource_keys={RESOURCE},
    )
    def extract(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        build: Build = getattr(context.resources, RESOURCE)
        build.extract()
        yield dg.MaterializeResult(metadata={"dagster/row_count": 0})

    return extract


def _results(
    context: dg.AssetExecutionContext, manifest: Mapping[str, Any], outcome: "Mapping[str, int | None]"
) -> Iterator[dg.MaterializeResult[None]]:
    """One result for every model built, with its rows where it is a table."""
    wanted = context.selected_asset_keys
    for unique_id, rows in outcome.items():
        node = manifest["nodes"].get(unique_id)
        if node is None:
            continue
        key = node_key(node)
        if key in wanted:
            metadata = {} if rows is None else {"dagster/row_count": rows}
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)


def _test_results(
    context: dg.AssetExecutionContext, checks: Mapping[str, dg.AssetCheckKey], build: Build, stage: str
) -> Iterator[dg.AssetCheckResult]:
    """dbt's tests as asset checks, where dagster-dbt made a check of the test."""
    wanted = context.selected_asset_check_keys
    told = set()
    for result in build.tests[stage]:
        key = checks.get(result.step.unique_id)
        if key in wanted and key is not None:
            told.add(key)
            yield dg.AssetCheckResult(
                passed=not result.failures,
                asset_key=key.asset_key,
                check_name=key.name,
                metadata={"failures": result.failures},
            )
    if stage == "stage":
        # The tests of models that were kept as they are passed when these were built.
        for key in sorted(set(wanted) - told, key=str):
            yield dg.AssetCheckResult(
                passed=True,
                asset_key=key.asset_key,
                check_name=key.name,
                metadata={"message": "unchanged since the build in which it passed"},
            )


def dbt_stage_assets(manifest: Mapping[str, Any], name: str) -> dg.AssetsDefinition:
    """The models before the gate (`stage`) or after it (`facts`), built by one call of dbt in this process."""
    before = " ".join(BEFORE_GATE)
    selection = {"select": before} if name == "stage" else {"select": "fqn:*", "exclude": before}
    checks: dict[str, dg.AssetCheckKey] = {}

    def models(context: dg.AssetExecutionContext) -> Iterator[Any]:
        build: Build = getattr(context.resources, RESOURCE)
        outcome = build.stage() if name == "stage" else build.facts()
        yield from _results(context, manifest, outcome)
        yield from _test_results(context, checks, build, name)

    decorate = dbt_assets(
        manifest=manifest,
        name=name,
        dagster_dbt_translator=Translator(),
        required_resource_keys={RESOURCE},
        **selection,
    )
    assets: dg.AssetsDefinition = decorate(models)
    checks.update({str(spec.metadata[TEST_ID]): spec.key for spec in assets.check_specs})
    return assets


def gate_asset(rules: Sequence[Rule], upstream: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """What the rules say of every record: one check an entity and severity."""

    @dg.multi_asset(
        name="gate",
        specs=[
            dg.AssetSpec(
                GATE_KEY,
                deps=list(upstream),
                group_name=GROUPS["gate"],
                description="Records that break a rule, with rule, money, file and row.",
                kinds={"duckdb"},
            )
        ],
        check_specs=gate_specs(rules),
        required_resource_keys={RESOURCE},
    )
    def gate(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        build: Build = getattr(context.resources, RESOURCE)
        report = build.gate()
        yield dg.MaterializeResult(
            metadata={"dagster/row_count": build.gate_failures},
            check_results=list(gate_checks(rules, report)),
        )

    return gate


def release_asset(upstream: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The file BI tools open, replaced in one rename."""

    @dg.multi_asset(
        name="release",
        specs=[
            dg.AssetSpec(
                RELEASE_KEY,
                deps=list(upstream),
                group_name=GROUPS["published"],
                description="published/tieout.duckdb: marts and audit, closed months as frozen, open ones as computed.",
                kinds={"duckdb"},
            )
        ],
        check_specs=equation_specs(),
        required_resource_keys={RESOURCE},
    )
    def release(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        build: Build = getattr(context.resources, RESOURCE)
        checks = list(equation_checks(build.equations()))
        build.release()
        yield dg.MaterializeResult(
            metadata={"path": str(build.context.workspace.tieout_db)}, check_results=checks
        )

    return release
