"""Frozen Parquet: bytes that depend on the rows alone, and a content hash that does not depend on bytes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from warehouse.engine import Connection, connect
from warehouse.errors import TieoutError
from warehouse.publish.freeze import FrozenFile, columns_of, file_hash, freeze, read_content

ROWS = 250_000


def _table(con: Connection, rows: int, descending: bool = False) -> None:
    """Rows whose key order is unrelated to the order they are inserted in, with nulls and long text."""
    con.execute("create schema marts")
    con.execute(
        "create table marts.facts as select md5(cast(i * 7919 as varchar)) as posting_id,"
        " 'C-' || cast(i % 5000 as varchar) as contract_id,"
        " case when i % 3 = 0 then null else repeat(md5(cast(i as varchar)), 6) end as reason,"
        " cast(i % 1000003 as decimal(18, 3)) as amount, cast(i as bigint) as amount_minor,"
        " date '2020-01-01' + cast(i % 700 as integer) as booking_date, i % 2 = 0 as is_prior_period,"
        " case when i % 5 = 0 then 'EUR' else 'USD' end as currency"
        f" from range({rows}) as numbers (i) order by i {'desc' if descending else 'asc'}"
    )


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FrozenFile]:
    """A database with the rows, and what one thread with ample memory makes of them."""
    folder = tmp_path_factory.mktemp("reference")
    with connect(folder / "facts.duckdb", settings={"threads": 1, "memory_limit": "2GB"}) as con:
        _table(con, ROWS)
        return folder, freeze(con, "marts.facts", None, ("posting_id",), folder / "reference.parquet")


@pytest.mark.parametrize(("threads", "memory_limit"), [(2, "2GB"), (1, "512MB"), (2, "512MB"), (2, "110MB")])
def test_bytes_depend_on_neither_threads_nor_memory(
    tmp_path: Path, reference: tuple[Path, FrozenFile], threads: int, memory_limit: str
) -> None:
    folder, expected = reference
    settings = {"threads": threads, "memory_limit": memory_limit, "temp_directory": str(tmp_path / "spill")}
    with connect(folder / "facts.duckdb", settings=settings) as con:
        frozen = freeze(con, "marts.facts", None, ("posting_id",), tmp_path / "other.parquet")
    assert frozen == expected
    assert frozen.rows == ROWS


def test_bytes_do_not_depend_on_the_order_rows_were_inserted_in(tmp_path: Path) -> None:
    frozen = []
    for descending in (False, True):
        with connect() as con:
            _table(con, 5_000, descending)
            frozen.append(freeze(con, "marts.facts", None, ("contract_id",), tmp_path / "facts.parquet"))
    assert frozen[0] == frozen[1]


def test_what_is_written_reads_back_value_for_value(tmp_path: Path) -> None:
    con = connect()
    _table(con, 2_000)
    path = tmp_path / "facts.parquet"
    frozen = freeze(con, "marts.facts", "contract_id < 'C-3'", ("posting_id",), path)
    columns = columns_of(con, "marts.facts")
    assert columns_of(con, "marts.facts") == frozen.columns
    chosen = "(select * from marts.facts where contract_id < 'C-3')"
    content = read_content(con, chosen, columns)
    assert (content.rows, content.sha256, content.totals) == (
        frozen.rows,
        frozen.content_sha256,
        frozen.totals,
    )
    assert frozen.sha256 == file_hash(path)


@pytest.mark.parametrize("kind", ["double", "float", "hugeint"])
def test_inexact_columns_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    con = connect()
    con.execute("create schema marts")
    con.execute(f"create table marts.facts as select 'a' as posting_id, cast(1 as {kind}) as amount")
    with pytest.raises(TieoutError, match=r"marts\.facts\.amount is"):
        freeze(con, "marts.facts", None, ("posting_id",), tmp_path / "facts.parquet")


def test_an_uncast_sum_is_refused(tmp_path: Path) -> None:
    con = connect()
    con.execute("create schema marts")
    con.execute(
        "create table marts.facts as select 'a' as k, sum(cast(i as bigint)) as total from range(3) as t (i)"
    )
    with pytest.raises(TieoutError, match="HUGEINT"):
        freeze(con, "marts.facts", None, ("k",), tmp_path / "facts.parquet")


def test_a_missing_key_column_is_told(tmp_path: Path) -> None:
    con = connect()
    con.execute("create schema marts")
    con.execute("create table marts.facts as select 'a' as other")
    with pytest.raises(TieoutError, match="posting_id is missing"):
        freeze(con, "marts.facts", None, ("posting_id",), tmp_path / "facts.parquet")


def test_content_hash_tells_values_apart_that_look_alike() -> None:
    con = connect()
    con.execute("create schema t")
    con.execute("create table t.t (a varchar, b varchar)")
    columns = columns_of(con, "t.t")
    rows = [
        ("", None),
        (None, ""),
        ("-", None),
        (None, None),
        ("1:a", "b"),
        ("1", "a1:b"),
        ("a", "b"),
        ("ab", ""),
    ]
    hashes = set()
    for row in rows:
        con.execute("delete from t.t")
        con.execute("insert into t.t values (?, ?)", list(row))
        hashes.add(read_content(con, "t.t", columns).sha256)
    assert len(hashes) == len(rows)


def test_content_hash_ignores_row_order_and_counts_repeated_rows() -> None:
    con = connect()
    con.execute("create schema t")
    con.execute("create table t.t (a varchar)")
    columns = columns_of(con, "t.t")
    values = [f"v{number}" for number in range(50)]
    seen = set()
    for seed in range(3):
        con.execute("delete from t.t")
        shuffled = values[:]
        random.Random(seed).shuffle(shuffled)
        con.executemany("insert into t.t values (?)", [[value] for value in shuffled])
        seen.add(read_content(con, "t.t", columns).sha256)
    assert len(seen) == 1
    con.execute("insert into t.t values ('v1')")
    assert read_content(con, "t.t", columns).sha256 not in seen


def test_money_totals_are_exact_by_currency() -> None:
    con = connect()
    con.execute("create schema marts")
    con.execute(
        "create table marts.facts as select * from (values ('USD', 0.1, 'x'), ('USD', 0.2, 'y'), ('JPY', 5, 'z'))"
        " as t (currency, amount, k)"
    )
    con.execute("alter table marts.facts alter amount type decimal(18, 3)")
    content = read_content(con, "marts.facts", columns_of(con, "marts.facts"))
    assert content.totals == {"JPY": {"amount": "5.000"}, "USD": {"amount": "0.300"}}
