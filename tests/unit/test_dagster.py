"""What Dagster shows of a workspace, and when it starts work by itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from expectations.gate import GateReport, RuleOutcome
from expectations.suites import shipped_rules
from orchestration import lineage, metadata
from orchestration.assets import may_pass
from orchestration.checks import freshness_checks, freshness_specs, gate_checks
from orchestration.cli.options import WORKSPACE_VARIABLE
from orchestration.definitions import build_defs
from orchestration.definitions import tieout as code_location
from orchestration.partitions import MONTH_KEY, PERIODS
from orchestration.sensors import Watch, exports_sensor, look, months_sensor, new_exports
from orchestration.translator import lake_key
from tests.unit.workspaces import drop, new_workspace
from warehouse.errors import BlockedError, ConfigurationError
from warehouse.extract.findings import FileFinding
from warehouse.journal import Journal
from warehouse.settings import Settings

ONE, MORE = {"exports/crm/deals.csv": (10, 1)}, {"exports/crm/deals.csv": (20, 2)}


def node(schema: str, name: str, kind: str = "model", parents: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "unique_id": f"{kind}.tieout.{name}",
        "resource_type": kind,
        "name": name,
        "schema": schema,
        "source_name": schema,
        "database": "warehouse",
        "description": "",
        "source_description": "What is there.",
        "raw_code": "-- One row a thing.\nselect 1",
        "fqn": ["tieout", {"checks": "checks"}.get(schema, "later"), name],
        "tags": [],
        "config": {"materialized": "table", "enabled": True},
        "depends_on": {"nodes": list(parents)},
        "columns": {
            "amount": {"name": "amount", "data_type": "decimal(18,3)", "description": "Money.", "tags": []}
        },
        "path": f"{name}.sql",
        "original_file_path": f"models/{name}.sql",
        "package_name": "tieout",
        "meta": {},
        "access": "protected",
        "alias": name,
    }


def small_project() -> Mapping[str, Any]:
    """A project of a source, a check view and a fact, as dbt writes it down."""
    source = node("lake", "crm__deals", "source")
    checks = node("checks", "contracts", parents=(source["unique_id"],))
    fact = node("marts", "fct_bookings", parents=(checks["unique_id"],))
    frozen = node("frozen", "periods", "source")
    fact["depends_on"]["nodes"].append(frozen["unique_id"])
    return {
        "metadata": {"adapter_type": "duckdb", "project_name": "tieout"},
        "nodes": {one["unique_id"]: one for one in (checks, fact)},
        "sources": {one["unique_id"]: one for one in (source, frozen)},
        **{key: {} for key in ("macros", "docs", "exposures", "metrics", "groups", "selectors", "disabled")},
        **{key: {} for key in ("parent_map", "child_map", "semantic_models", "saved_queries", "unit_tests")},
        "child_map": {
            source["unique_id"]: [checks["unique_id"]],
            frozen["unique_id"]: [fact["unique_id"]],
            checks["unique_id"]: [fact["unique_id"]],
            fact["unique_id"]: [],
        },
    }


def definitions(
    settings: Settings | None = None, objects: tuple[tuple[str, str], ...] = ()
) -> dg.Definitions:
    resource = dg.ResourceDefinition.none_resource()
    columns = {"marts.fct_bookings": {"amount": [("checks", "contracts", "amount")]}}
    found = build_defs(small_project(), objects, shipped_rules(), resource, settings or Settings(), columns)
    dg.Definitions.validate_loadable(found)
    return found


@pytest.mark.parametrize("objects", [(), (("crm", "deals"),)])
def test_every_asset_has_a_group_an_owner_and_a_description(objects: tuple[tuple[str, str], ...]) -> None:
    graph = definitions(objects=objects).resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        shown = graph.get(key)
        assert shown.group_name[0].isdigit(), key
        assert shown.owners == ["team:finance-data"], key
        assert shown.description, key


def test_a_table_shows_its_columns_as_the_yaml_describes_them() -> None:
    shown = definitions().resolve_asset_graph().get(dg.AssetKey(["marts", "fct_bookings"]))
    [column] = shown.metadata["dagster/column_schema"].columns
    assert (column.name, column.type, column.description) == ("amount", "decimal(18,3)", "Money.")


def test_a_table_shows_what_its_columns_are_made_of() -> None:
    shown = definitions().resolve_asset_graph().get(dg.AssetKey(["marts", "fct_bookings"]))
    [origin] = shown.metadata["dagster/column_lineage"].value.deps_by_column["amount"]
    assert (origin.asset_key.path, origin.column_name) == (["checks", "contracts"], "amount")


def test_a_columns_origins_are_followed_through_the_parts_of_a_query() -> None:
    found = lineage.of_sql(
        "with both_kinds as (select a.id, a.price * b.rate as amount from s.orders as a join s.rates as b using (day)"
        " union all select id, amount from s.returns), final as (select id, -amount as amount from both_kinds)"
        " select * from final where id > 0",
        {"s": {"orders": dict.fromkeys(("id", "price", "day"), "text"),
               "rates": dict.fromkeys(("rate", "day"), "text"),
               "returns": dict.fromkeys(("id", "amount"), "text")}},
    )  # fmt: skip
    assert found["id"] == [("s", "orders", "id"), ("s", "returns", "id")]
    assert found["amount"] == [("s", "orders", "price"), ("s", "rates", "rate"), ("s", "returns", "amount")]


def test_a_column_of_the_only_table_is_of_it_though_nobody_knows_its_columns() -> None:
    found = lineage.of_sql(
        "with mapped as (select AccountNo as customer_id, upper(Tier) as tier from lake.atlas__accounts)"
        " select * from mapped union all by name select cast(null as text) as customer_id where false",
        {},
    )
    assert found == {
        "customer_id": [("lake", "atlas__accounts", "accountno")],
        "tier": [("lake", "atlas__accounts", "tier")],
    }


def test_all_steps_share_the_pool_of_the_one_writer() -> None:
    made = [one for one in definitions().assets or [] if isinstance(one, dg.AssetsDefinition)]
    pools = {one.op.name: one.op.pool for one in made if one.is_executable}
    assert pools == dict.fromkeys(("extract", "stage", "gate", "facts", "release"), "warehouse")


def test_the_schedule_is_the_one_of_the_settings() -> None:
    said = {"company": {"time_zone": "Europe/Berlin"}, "schedule": {"nightly": "30 2 * * 1-5"}}
    [schedule] = definitions(Settings.parse(said)).schedules or []
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 2 * * 1-5", "Europe/Berlin")
    said["schedule"]["time_zone"] = "America/New_York"
    [schedule] = definitions(Settings.parse(said)).schedules or []
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert schedule.execution_timezone == "America/New_York"


@pytest.mark.parametrize("said", [{"nightly": "at four"}, {"time_zone": "Berlin"}, {"owner": "finance"}])
def test_a_schedule_that_dagster_could_not_read_is_a_fault_of_the_configuration(said: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=f"schedule.{next(iter(said))}"):
        Settings.parse({"schedule": said})


def test_without_a_workspace_the_code_location_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(WORKSPACE_VARIABLE, raising=False)
    found = code_location()
    dg.Definitions.validate_loadable(found)
    graph = found.resolve_asset_graph()
    [key] = graph.get_all_asset_keys()
    assert "make demo" in str(graph.get(key).description)
    assert not found.jobs


def test_a_named_workspace_that_is_none_is_no_reason_to_show_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(tmp_path))
    with pytest.raises(ConfigurationError, match="is not a workspace"):
        code_location()


# --- the gate at three in the morning ---------------------------------------------------------------


def test_a_failing_check_says_what_is_wrong_how_much_and_what_to_do(tmp_path: Path) -> None:
    outcome = RuleOutcome(
        "contracts", "end_before_start", "quarantine", "contracts: it ends before it starts", "Correct end_date.",
        evaluated=9, records=2, money=(("EUR", Decimal("1234.5")),), examples=("K-1: | <b>",),
    )  # fmt: skip
    results = {one.check_name: one for one in gate_checks(shipped_rules(), GateReport((outcome,)), tmp_path)}
    result = results["contracts_quarantine"]
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.WARN
    assert str(result.description).split("\n\n") == [
        "end_before_start: contracts: it ends before it starts",
        "  2 records, EUR 1,234.50",
        "  K-1: | <b>",
        "  What to do: Correct end_date.",
    ]
    said = {
        name: value.value for name, value in result.metadata.items() if isinstance(value, dg.MetadataValue)
    }
    assert said["records"] == 2
    assert said["money"] == "EUR 1,234.50"
    assert "held out of the figures" in str(said["what follows"])
    assert said["all of them"] == "tieout show quarantine --rule end_before_start"
    assert said["page (tieout docs writes it)"] == str(tmp_path / "rules.html")
    row = str(said["rules"]).splitlines()[-1]
    assert "| 2 | EUR 1,234.50 | Correct end\\_date. | K-1: \\| \\<b\\> |" in row
    assert results["invoices_quarantine"].passed


def test_only_what_blocks_keeps_facts_from_being_computed() -> None:
    specs = {
        spec.name: spec for one in definitions().assets or [] for spec in getattr(one, "check_specs", ())
    }
    assert specs["files_block"].blocking
    assert not specs["contracts_quarantine"].blocking


# --- exports ----------------------------------------------------------------------------------------


def test_exports_with_a_limit_are_checked_for_their_age() -> None:
    objects = (("crm", "deals"), ("crm", "events"))
    said = {"sources": {"crm": {"events": {"freshness_hours": 0}}}, "policies": {"freshness_hours": 24}}
    specs = freshness_specs(objects, Settings.parse(said))
    assert [spec.asset_key for spec in specs] == [lake_key("crm", "deals")]
    graph = definitions(Settings.parse(said), objects).resolve_asset_graph()
    policy = graph.get(lake_key("crm", "deals")).freshness_policy
    assert policy == dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=24))
    assert graph.get(lake_key("crm", "events")).freshness_policy is None
    stale = FileFinding(
        "stale_exports", "warn", "deals.csv", "it is 30 hours old", "Deliver it.", "crm", None
    )
    [result] = freshness_checks(specs, objects, [stale])
    assert not result.passed
    assert "it is 30 hours old" in str(result.description)
    [result] = freshness_checks(specs, objects, [])
    assert result.passed


@pytest.mark.parametrize(
    ("rules", "expected"),
    [(["changing_file"], True), (["changing_file", "rows_fell"], False), (["wrong_encoding"], False), ([], False)],
)  # fmt: skip
def test_only_a_file_that_could_not_be_read_just_now_is_read_again(rules: list[str], expected: bool) -> None:
    findings = [FileFinding(rule, "block", "deals.csv", "it changes") for rule in rules]
    assert may_pass(BlockedError("stopped", findings)) is expected


def test_a_run_waits_until_new_exports_stand_still() -> None:
    watch, reason = look(Watch(), ONE, now=0, settled_seconds=60)
    assert reason == "1 export came or changed since the last look"
    watch, reason = look(watch, MORE, now=50, settled_seconds=60)
    assert reason == "1 export came or changed since the last look"
    watch, reason = look(watch, MORE, now=100, settled_seconds=60)
    assert reason == "1 export stood still for 50 of 60 seconds"
    watch, reason = look(watch, MORE, now=110, settled_seconds=60)
    assert reason is None
    watch, reason = look(watch, MORE, now=140, settled_seconds=60)
    assert reason == "no export is new since the last run"
    watch, reason = look(watch, ONE | MORE | {"exports/crm/events.csv": (1, 3)}, now=170, settled_seconds=0)
    assert reason == "2 exports came or changed since the last look", "also where no time is asked for"
    assert look(watch, {}, now=200, settled_seconds=0)[1] == "no export is new since the last run"


def test_the_sensor_asks_for_one_run_of_what_no_run_has_read(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path, "[schedule]\nsettled_seconds = 0\n")
    drop(workspace, "deals.csv", "id,amount\n1,2\n")
    sensor = exports_sensor(workspace, "nightly")
    cursor, requests = None, []
    for _ in range(4):
        result = sensor.evaluate_tick(dg.build_sensor_context(cursor=cursor))
        cursor = result.cursor
        requests.append(len(result.run_requests or []))
    assert requests == [0, 1, 0, 0]
    later = datetime.now(UTC) + timedelta(minutes=1)
    Journal(workspace.journal_dir, lambda: later).append("runs", {"event": "start", "run_id": "1"})
    assert new_exports(workspace) == {}
    os.utime(workspace.exports / "crm" / "deals.csv")
    assert new_exports(workspace) == {}, "it was written before that run"


# --- months and figures -----------------------------------------------------------------------------


def test_nothing_is_told_of_where_nothing_was_published(tmp_path: Path) -> None:
    sensor = months_sensor(new_workspace(tmp_path))
    result = sensor.evaluate_tick(dg.build_sensor_context())
    assert result.skip_message == "no month was published since"
    graph = definitions().resolve_asset_graph()
    assert graph.get(MONTH_KEY).partitions_def == PERIODS
    assert not graph.get(MONTH_KEY).is_materializable, "a close needs people's names"


def test_money_stands_as_exact_text_beside_what_is_drawn() -> None:
    assert metadata.cell(Decimal("-1234.5")) == "-1,234.50"
    assert metadata.cell(Decimal("0.125")) == "0.125"
    assert metadata.sparkline([Decimal(0), Decimal(7), Decimal(-7)]) == "▅█▁"
