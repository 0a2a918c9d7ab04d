"""A workspace's dbt project: assembled from the shipped one and its connectors, left alone where nothing changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.workspaces import CONNECTOR, new_workspace
from warehouse.connectors import load_connector
from warehouse.errors import ConfigurationError
from warehouse.exchange import entities
from warehouse.transform import assemble, project_files
from warehouse.workspace import Workspace, shipped

CONTRACTS = "select id as contract_id, [_row_id] as source_rows, _rank as source_rank from somewhere\n"


def with_contracts(root: Path) -> Workspace:
    """A workspace whose connector `crm` gives contracts, and that delivers something."""
    workspace = new_workspace(root)
    (workspace.connectors / "crm" / "contracts.sql").write_text(CONTRACTS, encoding="utf-8")
    return workspace


def snapshot(project: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in project.rglob("*") if path.is_file()}


def test_assembling_again_touches_nothing(tmp_path: Path) -> None:
    workspace = with_contracts(tmp_path)
    project = assemble(workspace)
    before = snapshot(project)
    assemble(workspace)
    assert snapshot(project) == before


def test_a_connector_model_is_named_after_system_and_entity(tmp_path: Path) -> None:
    project = assemble(with_contracts(tmp_path))
    model = project / "models" / "staging" / "stg_crm__contracts.sql"
    assert (
        model.read_text(encoding="utf-8")
        == "{% call staged('contracts') %}\n" + CONTRACTS + "{% endcall %}\n"
    )
    macros = (project / "macros" / "staging.sql").read_text(encoding="utf-8")
    assert "['stg_files__contracts', 'files'], ['stg_crm__contracts', 'crm']" in macros
    assert "{'system': 'crm', 'object': 'deals', 'becomes': {}, 'has_currency': True}" in macros


def test_a_connector_that_is_gone_leaves_no_model(tmp_path: Path) -> None:
    workspace = with_contracts(tmp_path)
    project = assemble(workspace)
    (workspace.exports / "crm").rmdir()
    assemble(workspace)
    assert not (project / "models" / "staging" / "stg_crm__contracts.sql").exists()
    assert "crm" not in (project / "models" / "staging" / "lake.yml").read_text(encoding="utf-8")


def test_what_dbt_keeps_in_the_folder_stays(tmp_path: Path) -> None:
    workspace = with_contracts(tmp_path)
    parsed = assemble(workspace) / "target" / "partial_parse.msgpack"
    parsed.parent.mkdir()
    parsed.write_bytes(b"kept")
    assemble(workspace)
    assert parsed.read_bytes() == b"kept"


def test_sql_must_bear_the_name_of_an_exchange_entity(tmp_path: Path) -> None:
    workspace = with_contracts(tmp_path)
    (workspace.connectors / "crm" / "contract.sql").write_text(CONTRACTS, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"contract\.sql .*did you mean contracts\?"):
        project_files(workspace)


@pytest.mark.parametrize("entity", ["customers", "contract"])
def test_money_becomes_an_entity_that_has_money(tmp_path: Path, entity: str) -> None:
    becomes = CONNECTOR.replace("currency: currency}", f"becomes: {{{entity}: 1}}}}")
    with pytest.raises(
        ConfigurationError, match=f"becomes names {entity}, which is no exchange entity with an"
    ):
        project_files(new_workspace(tmp_path, connector=becomes))


def test_files_gives_every_column_of_every_entity() -> None:
    """So that any system that can write a CSV can be used without code."""
    files = load_connector(shipped("dbt_project") / "connectors" / "files", is_shipped=True)
    assert {name: declared.columns for name, declared in files.objects.items()} == {
        name: entity.names for name, entity in entities().items()
    }
