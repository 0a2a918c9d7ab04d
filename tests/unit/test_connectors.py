"""connector.yml: what a connector's author is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.workspaces import CONNECTOR, new_workspace
from warehouse.connectors import enabled_connectors, load_connector, load_connectors
from warehouse.errors import ConfigurationError


def test_the_shipped_connector_files_declares_every_required_and_key_column(tmp_path: Path) -> None:
    files = load_connectors(new_workspace(tmp_path))["files"]
    assert files.is_shipped
    assert {"contracts", "contract_lines", "invoices", "payments", "fx_rates"} <= set(files.objects)
    assert files.objects["contracts"].money.amount == "total_amount"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("mode: incremental", "mod: full", "unknown key objects.events.mod, did you mean mode?"),
        (
            "amount: amount,",
            "amount: amont,",
            "amont is not one of the columns, did you mean amount?",
        ),
        ("[id, deal]", "[id, _amount]", "_amount is a name of ours"),
        ("currency: currency}", "currency: curency}", "curency is not one of the columns"),
        ("currency: currency}", "becomes: {contracts: 2}}", "objects.deals.money.becomes.contracts"),
        ("[id, deal]", "[id, ID]", "columns are declared twice: id"),
        ("system: crm", "system: sales", "declares the system sales, but its folder is crm"),
        ("deal_lines:", "deal__lines:", "'deal__lines' is no name"),
        ("[.]csv'", "[.csv'", "is no regular expression"),
        ("mode: incremental", "order: version", "order: version needs a version_column"),
        ("mode: incremental", "order: version\n    version_column: kind", "is for mode: incremental"),
        ("system: crm", "system: crm\nfolder: /", "unknown key folder"),
        ("key: [id]", 'decimal_mark: ","', 'decimal_mark: "," needs number_columns'),
        ("key: [id]", "number_columns: [amount]", 'number_columns are for decimal_mark: ","'),
        ("key: [id]", 'decimal_mark: ","\n    number_columns: [amunt]', "amunt is not one of the columns"),
        (
            "key: [id]",
            'decimal_mark: ","\n    number_columns: [note]',
            "amount, the amount of its money, is not one of",
        ),
        ("system: crm", "system: [", "not valid YAML"),
    ],
)
def test_a_wrong_declaration_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    workspace = new_workspace(tmp_path, connector=CONNECTOR.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load_connectors(workspace)
    assert said in caught.value.message
    assert "connector.yml" in caught.value.message or "folder is crm" in caught.value.message


def test_an_empty_declaration_is_named(tmp_path: Path) -> None:
    (tmp_path / "connector.yml").write_text("")
    with pytest.raises(ConfigurationError, match="declares nothing"):
        load_connector(tmp_path)


def test_the_workspace_overrides_mode_and_order(tmp_path: Path) -> None:
    toml = '[sources.crm.deals]\nmode = "incremental"\norder = "first_seen"'
    deals = load_connectors(new_workspace(tmp_path, toml))["crm"].objects["deals"]
    assert (deals.mode, deals.order) == ("incremental", "first_seen")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[sources.crn]", "unknown system sources.crn, did you mean crm?"),
        ("[sources.crm.deal]", "unknown object sources.crm.deal, did you mean deals?"),
        ('[sources.crm.deals]\norder = "version"', "needs a version_column"),
    ],
)
def test_a_source_that_no_connector_declares_is_named(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_connectors(new_workspace(tmp_path, toml))
    assert said in caught.value.message


def test_a_connector_is_used_where_its_exports_are_unless_it_is_switched_off(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    assert "crm" in enabled_connectors(workspace)
    (workspace.exports / "crm").rmdir()
    assert list(enabled_connectors(workspace)) == ["files"]
    switched = new_workspace(tmp_path, "[sources.crm]\nenabled = false\n[sources.files]\nenabled = false")
    assert enabled_connectors(switched) == {}


def test_a_workspace_cannot_replace_a_shipped_connector_unseen(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    folder = workspace.connectors / "files"
    folder.mkdir()
    (folder / "connector.yml").write_text(CONNECTOR.replace("system: crm", "system: files"))
    with pytest.raises(ConfigurationError, match="has the name of a shipped connector"):
        load_connectors(workspace)
