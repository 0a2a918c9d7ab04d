"""What a figure was computed with."""

from __future__ import annotations

from pathlib import Path

from tests.unit.workspaces import new_workspace
from warehouse.fingerprint import code_hash, configuration_hash, policies_hash
from warehouse.settings import Settings


def test_policies_are_the_same_however_they_are_written() -> None:
    written = Settings.parse({"policies": {"max_fall_percent": "20"}, "engine": {"threads": 1}})
    assert policies_hash(written) == policies_hash(Settings())
    assert configuration_hash(written) == configuration_hash(Settings())


def test_a_decision_changes_the_hash_and_a_source_only_the_configuration() -> None:
    decided = Settings.parse({"policies": {"max_fall_percent": "21"}})
    assert policies_hash(decided) != policies_hash(Settings())
    sourced = Settings.parse({"sources": {"files": {"contracts": {"mode": "incremental"}}}})
    assert policies_hash(sourced) == policies_hash(Settings())
    assert configuration_hash(sourced) != configuration_hash(Settings())


def test_code_is_the_packages_rules_and_the_workspaces_own(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    before = code_hash(workspace)
    assert code_hash(workspace) == before
    (workspace.connectors / "crm" / "__pycache__").mkdir()
    (workspace.connectors / "crm" / "__pycache__" / "x.pyc").write_bytes(b"1")
    assert code_hash(workspace) == before
    (workspace.connectors / "crm" / "contracts.sql").write_text("select 1")
    assert code_hash(workspace) != before
