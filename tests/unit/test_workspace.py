"""Workspaces and the context of a run."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.unit.workspaces import new_workspace
from warehouse.errors import ConfigurationError
from warehouse.settings import Settings
from warehouse.workspace import RunContext, Waiver, Workspace, shipped, today


def test_init_makes_a_workspace_that_opens_and_explains_its_entities(tmp_path: Path) -> None:
    made = Workspace.init(tmp_path / "new")
    assert Workspace.open(tmp_path / "new") == made
    header = (made.exports / "files" / "contracts.csv.example").read_text()
    assert header.startswith("contract_id,customer_id,")
    assert all(folder.is_dir() for folder in made.given_folders())


def test_init_refuses_a_folder_that_is_a_workspace_or_a_file(tmp_path: Path) -> None:
    Workspace.init(tmp_path / "new")
    with pytest.raises(ConfigurationError, match="already is a workspace"):
        Workspace.init(tmp_path / "new")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="is a file"):
        Workspace.init(tmp_path / "file")


def test_a_folder_without_configuration_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no tieout.toml") as caught:
        Workspace.open(tmp_path)
    assert caught.value.remedy == f"Make one with `tieout init {tmp_path}`."


def test_paths_are_written_down_relative_to_the_workspace(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    assert workspace.relative(workspace.exports / "crm" / "deals.csv") == "exports/crm/deals.csv"


def test_shipped_folders_are_found_and_a_missing_one_is_said_to_be_missing() -> None:
    assert (shipped("dbt_project") / "dbt_project.yml").is_file()
    with pytest.raises(ConfigurationError, match="incomplete"):
        shipped("no_such_folder")


def test_today_is_the_date_in_the_companys_time_zone() -> None:
    evening = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    assert today(Settings(), evening) == date(2026, 3, 31)
    assert today(Settings.parse({"company": {"time_zone": "Asia/Tokyo"}}), evening) == date(2026, 4, 1)


def test_a_run_for_a_past_date_looks_at_data_as_of_the_end_of_that_date(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert RunContext(workspace, date(2026, 3, 31), started_at=now).data_time() == datetime(
        2026, 4, 1, tzinfo=UTC
    )
    assert RunContext(workspace, date(2026, 6, 1), started_at=now).data_time() == now


def test_only_the_named_rule_is_waived(tmp_path: Path) -> None:
    context = RunContext(new_workspace(tmp_path), date(2026, 1, 1), waivers=(Waiver("vanished", "agreed"),))
    assert context.is_waived("vanished")
    assert not context.is_waived("rows_fell")
