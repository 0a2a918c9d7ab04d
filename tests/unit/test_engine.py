"""The engine: one instance a file in a process, and no door to the outside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.workspaces import new_workspace
from warehouse import engine
from warehouse.engine import EngineError, connect, literal, session, settings_for


def test_what_dbt_connects_with_joins_the_open_session(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path, '[engine]\nthreads = 1\nmemory_limit = "1 GB"')
    with session(workspace) as connection:
        connection.execute("create table t as select 1 as a")
        other = connect(workspace.warehouse_db, settings=settings_for(workspace))
        assert other.execute("select a from t").fetchall() == [(1,)]
        assert other.execute("select current_setting('threads')").fetchone() == (1,)
        other.close()


# Nothing of `nothing` can be joined, and its statistics say so.
LEFT_JOIN_OF_NOTHING = """
with lines as (
    select terms.* from terms left join nothing on terms.line = nothing.line and nothing.version = 1
),
prices as (select line, sum(price) as price from lines group by line)
select lines.line, case when prices.price != 0 then 'priced' else 'free' end
from lines join prices on lines.line = prices.line
"""


def test_a_left_join_that_finds_nothing_changes_no_condition(tmp_path: Path) -> None:
    """DuckDB 2.0.0 says `free` of a price of 75 unless it is kept from it, on every kind of connection."""
    workspace = new_workspace(tmp_path)
    with session(workspace) as connection:
        connection.execute("create table terms as select 'A' as line, 75 as price union all select 'B', 0")
        connection.execute("create table nothing (line varchar, version integer)")
        for one in (connection, connection.cursor()):
            assert sorted(one.execute(LEFT_JOIN_OF_NOTHING).fetchall()) == [("A", "priced"), ("B", "free")]
    memory = connect()
    memory.execute("create table terms as select 'A' as line, 75 as price union all select 'B', 0")
    memory.execute("create table nothing (line varchar, version integer)")
    assert sorted(memory.execute(LEFT_JOIN_OF_NOTHING).fetchall()) == [("A", "priced"), ("B", "free")]


def test_a_session_can_be_nested_and_frees_the_file_at_its_end(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    with session(workspace), session(workspace) as inner:
        inner.execute("create table t as select 1 as a")
    code = (
        f"import duckdb; print(duckdb.connect({str(workspace.warehouse_db)!r}).execute('from t').fetchall())"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[(1,)]\n"


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_text('{outside}')",
        "select * from read_text('{root}/../{name}')",
        "copy (select 1) to '{outside}'",
        "attach '{outside}.duckdb' as other",
        "set enable_external_access = true",
        "set allowed_directories = ['/']",
        "install httpfs",
    ],
)
def test_sql_reaches_nothing_outside_the_workspace(tmp_path: Path, statement: str) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    workspace = new_workspace(tmp_path / "ws")
    sql = statement.format(outside=outside, root=workspace.root, name=outside.name)
    with session(workspace) as connection:
        with pytest.raises(EngineError):
            connection.execute(sql)
        connection.execute(f"copy (select 1 as a) to {literal(str(workspace.root / 'in.parquet'))}")


def test_a_link_out_of_the_workspace_is_followed_only_where_its_owner_put_it(tmp_path: Path) -> None:
    drop_zone = tmp_path / "drop"
    drop_zone.mkdir()
    (drop_zone / "a.txt").write_text("given")
    workspace = new_workspace(tmp_path / "ws")
    (workspace.root / "linked").symlink_to(drop_zone)
    (workspace.exports / "sneaky.txt").symlink_to(tmp_path / "other.txt")
    (tmp_path / "other.txt").write_text("secret")
    with session(workspace) as connection:
        read = f"select content from read_text({literal(str(workspace.root / 'linked' / 'a.txt'))})"
        assert connection.execute(read).fetchone() == ("given",)
        with pytest.raises(EngineError):
            connection.execute(f"from read_text({literal(str(workspace.exports / 'sneaky.txt'))})")


def test_quoting_keeps_text_from_becoming_code() -> None:
    hostile = "x'; drop table t; --"
    with connect() as connection:
        assert connection.execute(f"select {literal(hostile)}").fetchone() == (hostile,)
        name = engine.identifier('a"b')
        named = connection.execute(f"select 1 as {name}")
        assert named.description is not None
        assert named.description[0][0] == 'a"b'


def test_an_attached_new_file_can_be_read_by_older_clients(tmp_path: Path) -> None:
    path = tmp_path / "new.duckdb"
    with connect() as connection:
        engine.attach(connection, path, "new")
        connection.execute("create table new.t as select 1 as a")
        connection.execute("detach new")
    # Bytes 12 to 20 of a DuckDB file are its storage version; 64 is that of DuckDB 1.0.
    assert int.from_bytes(path.read_bytes()[12:20], "little") == 64


def test_the_gate_reads_inside_the_session_and_sees_uncommitted_hand_overs(tmp_path: Path) -> None:
    import sqlalchemy

    workspace = new_workspace(tmp_path / "with space & more")
    with session(workspace) as connection:
        connection.execute("create schema checks")
        connection.execute("create view checks.contracts as select range as id from range(3)")
        gate = sqlalchemy.create_engine(engine.gx_connection_string(workspace.warehouse_db, "checks"))
        with gate.begin() as reader:
            result = reader.execute(sqlalchemy.text("select count(*) from contracts"))
            reader.commit()
            assert result.scalar() == 3
    # The pool still holds its connection, and yet the file is free for another process.
    code = f"import duckdb; duckdb.connect({str(workspace.warehouse_db)!r})"
    subprocess.run([sys.executable, "-c", code], check=True)
    gate.dispose()
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="no session is open"):
        gate.connect()


def test_the_spill_folder_is_made_and_lies_in_the_workspace(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path, '[engine]\nmemory_limit = "60MB"\nthreads = 1')
    with session(workspace) as connection:
        spilled = "select count(*) from (select range, md5(cast(range as varchar)) as m from range(1500000) order by m)"
        assert connection.execute(spilled).fetchone() == (1_500_000,)
    assert workspace.spill.is_dir()
