"""What the warehouse sees of the lake."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.workspaces import CONNECTOR, context, drop, extracted, new_workspace
from warehouse import lake
from warehouse.engine import session
from warehouse.errors import ConfigurationError
from warehouse.fingerprint import code_hash
from warehouse.workspace import Workspace


def seen(workspace: Workspace, *queries: str) -> list[list[tuple[object, ...]]]:
    extracted(workspace)
    with session(workspace) as connection:
        lake.register(connection, context(workspace))
        return [connection.execute(query).fetchall() for query in queries]


def test_every_declared_object_has_all_declared_columns_with_or_without_files(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals.csv", "Amount,ID,extra\n5,D1,x\n")
    deals, lines, types = seen(
        workspace,
        "from lake.crm__deals",
        "from lake.crm__deal_lines",
        "select distinct column_type from (describe lake.crm__deal_lines) order by 1",
    )
    assert deals == [("D1", "5", None, None, (1 << 32) + 2, 1, 5, None)]
    assert lines == []
    assert types == [("BIGINT",), ("DECIMAL(28,9)",), ("VARCHAR",)]


def test_rows_of_increments_carry_the_rank_of_their_file(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "events-2026-01-02.csv", "id,kind\n1,new\n")
    drop(workspace, "events-2026-01-01.csv", "kind,id\nold,1\nold,2\n")
    rows, files = seen(
        workspace,
        "select id, kind, _row_id >> 32, _row_id & 4294967295, _rank % 1000000000"
        " from lake.crm__events order by _row_id",
        "select file_id, path, rank, is_current, mode, rows from run.source_files order by file_id",
    )
    assert rows == [("1", "old", 1, 2, 1), ("2", "old", 1, 3, 1), ("1", "new", 2, 2, 2)]
    assert files == [
        (1, "exports/crm/events-2026-01-01.csv", 1, True, "incremental", 2),
        (2, "exports/crm/events-2026-01-02.csv", 2, True, "incremental", 1),
    ]


def test_only_the_newest_full_export_is_seen_and_older_ones_stay_listed(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals-1.csv", "id,amount\nD1,1\n")
    drop(workspace, "deals-2.csv", "id,amount\nD1,2\n")
    rows, files = seen(
        workspace,
        "select id, amount, _rank % 1000000000 from lake.crm__deals",
        "select path, is_current from run.source_files order by path",
    )
    assert rows == [("D1", "2", 1)]
    assert files == [("exports/crm/deals-1.csv", False), ("exports/crm/deals-2.csv", True)]


def test_a_version_column_ranks_rows_as_numbers_or_as_iso_dates(tmp_path: Path) -> None:
    versioned = CONNECTOR.replace(
        "mode: incremental", "mode: incremental\n    order: version\n    version_column: updated_at"
    )
    for name, values in (
        ("numbers", ("9", "10", "9")),
        ("dates", ("2026-01-09", "2026-01-10", "2026-01-09")),
    ):
        workspace = new_workspace(tmp_path / name, connector=versioned)
        drop(workspace, "events.csv", f"id,updated_at\na,{values[0]}\nb,{values[1]}\n")
        drop(workspace, "events-new.csv", "")
        (workspace.exports / "crm" / "events-new.csv").unlink()
        drop(workspace, "events-2.csv", f"id,updated_at\nc,{values[2]}\n")
        (rows,) = seen(workspace, "select id, _rank % 1000000000 from lake.crm__events order by id")
        assert rows == [("a", 1), ("b", 2), ("c", 1)]


def test_registering_again_and_without_a_connector_replaces_what_was_there(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals.csv", "id,amount\nD1,1\n")
    assert seen(workspace, "select count(*) from run.source_files") == [[(1,)]]
    drop(workspace, "deals.csv", "id,amount\nD1,7\nD2,7\n")
    assert seen(workspace, "select count(*), sum(rows) from run.source_files where is_current") == [[(1, 2)]]


# --- decimal comma ----------------------------------------------------------------------------------

COMMA = CONNECTOR.replace(
    "required: [id, amount]", 'required: [id, amount]\n    decimal_mark: ","\n    number_columns: [amount]'
)


@pytest.mark.parametrize(
    ("delivered", "text"),
    [
        ("1234,56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1.234.567,8", "1234567.8"),
        ("-1.234,56", "-1234.56"),
        ("+7", "+7"),
        ("1.234", "1234"),
        ("0,005", "0.005"),
        (" 12,5 ", "12.5"),
        ("1234.56", "1234.56 (decimal mark is ,)"),
        ("1234.5", "1234.5 (decimal mark is ,)"),
        ("1,234.56", "1,234.56 (decimal mark is ,)"),
        ("1.23,45", "1.23,45 (decimal mark is ,)"),
        ("1234.567,8", "1234.567,8 (decimal mark is ,)"),
        ("1,2,3", "1,2,3 (decimal mark is ,)"),
        ("1,", "1, (decimal mark is ,)"),
        (",5", ",5 (decimal mark is ,)"),
        ("1e5", "1e5 (decimal mark is ,)"),
        ("NaN", "NaN (decimal mark is ,)"),
        ("", None),
        ("  ", "  "),
    ],
)
def test_a_decimal_comma_becomes_a_point_and_anything_else_no_number(
    tmp_path: Path, delivered: str, text: str | None
) -> None:
    workspace = new_workspace(tmp_path, connector=COMMA)
    drop(workspace, "deals.csv", f'id,amount,note\nD1,"{delivered}","{delivered}"\n')
    ((row,),) = seen(workspace, "select amount, note from lake.crm__deals")
    assert row == (text, delivered or None)


def test_the_total_of_a_delivery_reads_its_decimal_marks_as_the_lake_does(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path, connector=COMMA)
    drop(workspace, "deals.csv", "id;amount;currency\n1;1.234,50;EUR\n2;-0,50;EUR\n3;99.99;EUR\n")
    (one,) = extracted(workspace).current
    assert one.profile.money == {"EUR": "1234"}


def test_another_decimal_mark_is_seen_at_once_and_builds_again(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals.csv", "id,amount\n1,1.234\n")
    assert seen(workspace, "select amount from lake.crm__deals") == [[("1.234",)]]
    before = code_hash(workspace)
    new_workspace(tmp_path, connector=COMMA)
    assert seen(workspace, "select amount from lake.crm__deals") == [[("1234",)]]
    assert code_hash(workspace) != before, (
        "what was built on the other mark is not kept (orchestration.unchanged)"
    )


def test_money_is_computed_exactly_and_what_is_no_number_is_none(tmp_path: Path) -> None:
    """One expression, which a row's text can't stop: also text too long, and a product that overflows."""
    computed = CONNECTOR.replace(
        "money: {amount: amount, currency: currency}",
        "money: {amount: 'cast(amount as decimal(18, 5)) * cast(note as decimal(18, 0))  -- price', currency: USD}",
    )
    workspace = new_workspace(tmp_path, connector=computed)
    drop(workspace, "deals.csv", "id,amount,note\na,0.33449,3\nb,x,1\nc,9999999999999,99999999\nd,,\n")
    (rows,) = seen(workspace, "select id, _amount::varchar, _currency from lake.crm__deals order by id")
    assert rows == [
        ("a", "1.003470000", "USD"),
        ("b", None, "USD"),
        ("c", None, "USD"),
        ("d", None, "USD"),
    ]
    [delivery] = extracted(workspace).current
    assert delivery.profile.money == {"USD": "1.00347"}


@pytest.mark.parametrize(
    ("money", "said"),
    [
        ("amount: cast(amount as double)", "objects.deals.money.amount is a double, which cannot hold money"),
        ("amount: amount * 2 + nothing", "objects.deals.money.amount can't be computed"),
        ("amount: amount, currency: lower(amont)", "objects.deals.money.currency can't be computed"),
    ],
)
def test_money_that_cannot_be_money_is_named(tmp_path: Path, money: str, said: str) -> None:
    connector = CONNECTOR.replace("amount: amount, currency: currency", money)
    with pytest.raises(ConfigurationError) as caught:
        extracted(new_workspace(tmp_path, connector=connector))
    assert said in str(caught.value)
    assert "connectors/crm/connector.yml" in str(caught.value)
