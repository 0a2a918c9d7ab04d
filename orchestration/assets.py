"""The night as Dagster assets: extract, stage, gate, facts, release. Each only calls its step of the build and
reports what it did; the work is in orchestration.build."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from expectations.suites import Rule
from orchestration import metadata
from orchestration.build import Build
from orchestration.checks import (
    equation_checks,
    equation_specs,
    freshness_checks,
    freshness_hours,
    freshness_specs,
    gate_checks,
    gate_specs,
)
from orchestration.lineage import Lineage, shown
from orchestration.stages import BEFORE_GATE
from orchestration.totals import Totals
from orchestration.translator import GATE_KEY, GROUPS, RELEASE_KEY, Translator, lake_key, node_key
from warehouse.errors import BlockedError
from warehouse.extract.deliver import Extraction
from warehouse.settings import Settings

RESOURCE = "build"
WRITER = "warehouse"
"""The pool of all steps: DuckDB has one writer. The workspace's lock guards it; the pool makes runs wait their turn."""
RETRIES = 3
RETRY_SECONDS = 20
PASSING = {"changing_file", "vanished_file", "unreadable_file"}
TEST_ID = "dagster_dbt/unique_id"


def extract_assets(objects: Sequence[tuple[str, str]], settings: Settings) -> dg.AssetsDefinition:
    """One asset an export object that is present; all are read in one step, because deliveries are journaled once."""
    specs = [
        dg.AssetSpec(
            lake_key(system, name),
            group_name=GROUPS["lake"],
            description=f"What {system} exported as {name}, column for column.",
            owners=[settings.schedule.owner],
            kinds={"parquet"},
            freshness_policy=_freshness(freshness_hours(settings, system, name)),
        )
        for system, name in objects
    ]
    check_specs = freshness_specs(objects, settings)

    @dg.multi_asset(
        name="extract",
        specs=specs,
        check_specs=check_specs,
        required_resource_keys={RESOURCE},
        pool=WRITER,
    )
    def extract(context: dg.AssetExecutionContext) -> Iterator[Any]:
        build: Build = getattr(context.resources, RESOURCE)
        extraction = read_exports(context, build)
        for system, name in objects:
            current = [one for one in extraction.current if (one.system, one.object) == (system, name)]
            yield dg.MaterializeResult(asset_key=lake_key(system, name), metadata=metadata.delivered(current))
        yield from freshness_checks(check_specs, objects, extraction.findings)

    return extract


def _freshness(hours: int) -> dg.FreshnessPolicy | None:
    """That the night came to read the object at all, which Dagster watches by itself."""
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=hours)) if hours else None


def read_exports(context: dg.AssetExecutionContext, build: Build) -> Extraction:
    """Reads what is new and names the run. Only reading what others still write can be mended by waiting."""
    context.instance.add_run_tags(context.run_id, tags_of(build))
    try:
        build.extract()
    except BlockedError as error:
        if not may_pass(error):
            raise
        build.held.extraction = None
        raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=RETRY_SECONDS) from error
    context.instance.add_run_tags(context.run_id, {"tieout/period": build.period})
    return build.held.extract(build.context)


def may_pass(error: BlockedError) -> bool:
    """Whether all that stops the run is a file that could not be read to its end just now."""
    return bool(error.findings) and {one.rule for one in error.findings} <= PASSING


def tags_of(build: Build) -> dict[str, str]:
    """What a run of Dagster is, in the words of the command line."""
    is_close = build.context.close_period is not None
    return {
        "tieout/run_id": build.run_id,
        "tieout/as_of": build.context.as_of.isoformat(),
        "tieout/command": "close" if is_close else "run",
    }


def no_exports_asset(owner: str) -> dg.AssetsDefinition:
    """The extract step of a workspace without any export: there is nothing to read, and it says so."""

    @dg.multi_asset(
        name="extract",
        specs=[
            dg.AssetSpec(
                dg.AssetKey(["lake", "no_exports"]),
                group_name=GROUPS["lake"],
                description="No export matches an object of a connector yet.",
                owners=[owner],
            )
        ],
        required_resource_keys={RESOURCE},
        pool=WRITER,
    )
    def extract(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        read_exports(context, getattr(context.resources, RESOURCE))
        yield dg.MaterializeResult(metadata={"dagster/row_count": 0})

    return extract


def _results(
    context: dg.AssetExecutionContext,
    manifest: Mapping[str, Any],
    outcome: "Mapping[str, int | None]",
    totals: Mapping[str, Totals],
    columns: Lineage,
) -> Iterator[dg.MaterializeResult[None]]:
    """One result for every model built, with its rows where it is a table, and its money where it is a fact."""
    wanted = context.selected_asset_keys
    for unique_id, rows in outcome.items():
        node = manifest["nodes"].get(unique_id)
        if node is None:
            continue
        key = node_key(node)
        if key in wanted:
            total = totals.get(key.path[-1]) if key.path[0] == "marts" else None
            yield dg.MaterializeResult(
                asset_key=key, metadata={**metadata.built(rows, total), **shown(columns, key)}
            )


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


def dbt_stage_assets(
    manifest: Mapping[str, Any], name: str, owner: str, columns: Lineage
) -> dg.AssetsDefinition:
    """The models before the gate (`stage`) or after it (`facts`), built by one call of dbt in this process."""
    before = " ".join(BEFORE_GATE)
    selection = {"select": before} if name == "stage" else {"select": "fqn:*", "exclude": before}
    checks: dict[str, dg.AssetCheckKey] = {}

    def models(context: dg.AssetExecutionContext) -> Iterator[Any]:
        build: Build = getattr(context.resources, RESOURCE)
        outcome = build.stage() if name == "stage" else build.facts()
        yield from _results(context, manifest, outcome, {} if name == "stage" else build.totals(), columns)
        yield from _test_results(context, checks, build, name)

    decorate = dbt_assets(
        manifest=manifest,
        name=name,
        dagster_dbt_translator=Translator(owner, columns),
        required_resource_keys={RESOURCE},
        pool=WRITER,
        **selection,
    )
    assets: dg.AssetsDefinition = decorate(models)
    checks.update({str(spec.metadata[TEST_ID]): spec.key for spec in assets.check_specs})
    return assets


def gate_asset(rules: Sequence[Rule], upstream: Sequence[dg.AssetKey], owner: str) -> dg.AssetsDefinition:
    """What the rules say of every record: one check an entity and severity."""

    @dg.multi_asset(
        name="gate",
        specs=[
            dg.AssetSpec(
                GATE_KEY,
                deps=list(upstream),
                group_name=GROUPS["gate"],
                description="Records that break a rule, with rule, money, file and row.",
                owners=[owner],
                kinds={"duckdb", "greatexpectations"},
            )
        ],
        check_specs=gate_specs(rules),
        required_resource_keys={RESOURCE},
        pool=WRITER,
    )
    def gate(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        build: Build = getattr(context.resources, RESOURCE)
        report = build.gate()
        yield dg.MaterializeResult(
            metadata=metadata.built(build.gate_failures),
            check_results=list(gate_checks(rules, report, build.context.workspace.docs)),
        )

    return gate


def release_asset(upstream: Sequence[dg.AssetKey], owner: str) -> dg.AssetsDefinition:
    """The file BI tools open, replaced in one rename."""

    @dg.multi_asset(
        name="release",
        specs=[
            dg.AssetSpec(
                RELEASE_KEY,
                deps=list(upstream),
                group_name=GROUPS["published"],
                description="published/tieout.duckdb: marts and audit, closed months as frozen, open ones as computed.",
                owners=[owner],
                kinds={"duckdb"},
            )
        ],
        check_specs=equation_specs(),
        required_resource_keys={RESOURCE},
        pool=WRITER,
    )
    def release(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        build: Build = getattr(context.resources, RESOURCE)
        checks = list(equation_checks(build.equations()))
        build.release()
        yield dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(build.context.workspace.tieout_db),
                **metadata.released(build.figures()),
            },
            check_results=checks,
        )

    return release
