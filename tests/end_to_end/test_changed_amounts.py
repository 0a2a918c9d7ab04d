"""An amount of a published month that is changed by one minor unit does not pass: neither as it is, nor with every
hash, total and seal of its month written anew by someone who can write there.

Places are drawn from facts, reports and frozen positions. What of them is only told (state, audit) is held by hashes
and by the head that tieout.duckdb remembers; what of them is money of the month has to break an equation as well.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.brightwater import company
from tests.end_to_end.test_demo import tieout
from tests.harness import Company
from warehouse.engine import Connection, connect, identifier, literal
from warehouse.publish import commit, freeze, manifest
from warehouse.publish.freeze import Column
from warehouse.publish.manifest import Month, read_chain
from warehouse.publish.tables import BY_NAME, PUBLISHED, PublishedTable
from warehouse.publish.verify import verify
from warehouse.workspace import Workspace

PLACES = 20
PERIOD = "2026-08"
THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
NO_DECIMALS = {"CLP", "ISK", "JPY", "KRW", "VND"}


@dataclass(frozen=True)
class Place:
    """One amount: the row is its number in the order in which the table is published."""

    table: PublishedTable
    column: str
    row: int
    currency: str

    @property
    def step(self) -> str:
        """One minor unit, in the unit of the column."""
        if self.column.endswith("_minor") or self.currency in NO_DECIMALS:
            return "1"
        return "0.001" if self.currency in THREE_DECIMALS else "0.01"

    @property
    def twins(self) -> set[str]:
        """The columns of the same amount in other currencies, where the table has them."""
        own = self.column.removesuffix("_functional").removesuffix("_reporting")
        return (
            {"reporting_minor"} if own == "amount_minor" else {own, f"{own}_functional", f"{own}_reporting"}
        )

    def __str__(self) -> str:
        return f"{self.table.name} row {self.row} {self.column} {self.currency} + {self.step}"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """August closed behind July: a month with current, late and corrected rows. TIEOUT_CHANGED: a copy of that
    workspace instead, the demo's for example."""
    if given := os.environ.get("TIEOUT_CHANGED"):
        return Workspace.open(
            Path(shutil.copytree(given, tmp_path_factory.mktemp("given") / "workspace", symlinks=True))
        )
    brightwater = Company(tmp_path_factory.mktemp("brightwater") / "workspace", company.CONFIGURATION)
    waived = ["unparseable_value"]
    brightwater.deliver(company.delivery(1).entities)
    brightwater.commit(company.FIRST_CLOSE, company.FIRST_AS_OF, waive=waived)
    brightwater.deliver(company.delivery(2).entities)
    brightwater.close(PERIOD, company.SECOND_AS_OF, waive=waived)
    return brightwater.workspace


@pytest.fixture
def con() -> Iterator[Connection]:
    connection = connect()
    connection.execute("create schema marts")
    yield connection
    connection.close()


def last_month(workspace: Workspace) -> Month:
    return read_chain(workspace.published).months[-1]


def columns_of(month: Month, table: PublishedTable) -> tuple[Column, ...]:
    entry = month.document["files"][table.file]
    return tuple(Column(column["name"], column["type"], column["comment"]) for column in entry["columns"])


def numbered(month: Month, table: PublishedTable) -> str:
    """The table's rows as they are published, with their numbers."""
    order = freeze.total_order(table.key, columns_of(month, table))
    file = literal(str(month.path / table.file))
    return f"(select *, row_number() over (order by {order}) as row_number from read_parquet({file}))"


def places(con: Connection, month: Month) -> list[Place]:
    """Every amount of the month's facts, reports and positions."""
    found = []
    for table in (one for one in PUBLISHED if one.is_by_period):
        for column in columns_of(month, table):
            if not (column.type == "DECIMAL(18,3)" or column.name.endswith("_minor")):
                continue
            rows = con.execute(
                f"select row_number, currency from {numbered(month, table)}"
                f" where {identifier(column.name)} is not null order by row_number"
            ).fetchall()
            found += [Place(table, column.name, row, currency) for row, currency in rows]
    return found


@contextmanager
def changed(con: Connection, month: Month, place: Place, *, is_sealed_again: bool) -> Iterator[None]:
    """One minor unit more, and, if so, every hash (the one on the report too), total and seal of the month as if it
    had been published so.

    Sealed again, the same amount in the other currencies moves with it: who can do the one does the other.
    """
    file, columns = month.path / place.table.file, columns_of(month, place.table)
    names = (file.name, manifest.MANIFEST, manifest.SEAL, manifest.REPORT)
    before = {name: (month.path / name).read_bytes() for name in names}
    moved = {place.column, *(place.twins if is_sealed_again else ())}
    step = f"case when row_number = {place.row} then {place.step} else 0 end"
    replaced = ", ".join(
        f"cast({identifier(one.name)} + {step} as {one.type}) as {identifier(one.name)}"
        for one in columns
        if one.name in moved
    )
    con.execute(
        f"create or replace table marts.changed as select * exclude (row_number) replace ({replaced})"
        f" from {numbered(month, place.table)}"
    )
    try:
        written = freeze.freeze(con, "marts.changed", None, place.table.key, file, columns=columns)
        if is_sealed_again:
            entry = commit.describe(place.table, written)
            document = {**month.document, "files": {**month.document["files"], file.name: entry}}
            printed, printed_now = (manifest.month_hash(one).encode() for one in (month.document, document))
            report = before[manifest.REPORT].replace(printed, printed_now)
            document["files"][manifest.REPORT] = {"sha256": manifest.sha256(report)}
            content = manifest.canonical(document)
            (month.path / manifest.REPORT).write_bytes(report)
            (month.path / manifest.MANIFEST).write_bytes(content)
            (month.path / manifest.SEAL).write_bytes(manifest.seal(manifest.sha256(content)))
        yield
    finally:
        for name, content in before.items():
            (month.path / name).write_bytes(content)


def verify_py(month: Month) -> subprocess.CompletedProcess[str]:
    """The month's own script, in a process that knows nothing of tieout."""
    return subprocess.run([sys.executable, "-I", "verify.py"], cwd=month.path, capture_output=True, text=True)


def test_the_untouched_month_verifies(closed: Workspace) -> None:
    done = verify_py(last_month(closed))
    assert done.returncode == 0, done.stdout
    assert "skip" not in done.stdout
    assert verify(closed) == []


def test_every_changed_amount_breaks_a_hash_and_behind_right_hashes_an_equation(
    closed: Workspace, con: Connection
) -> None:
    """Its seed is printed; TIEOUT_SEED repeats it."""
    seed = int(os.environ.get("TIEOUT_SEED") or random.randrange(10**6))
    month, passed = last_month(closed), []
    print(f"seed {seed}")
    for place in random.Random(seed).sample(places(con, month), PLACES):
        with changed(con, month, place, is_sealed_again=False):
            said = [problem.what for problem in verify(closed)]
        assert said == [f"{last_month(closed).period}/v1/{place.table.file} was changed"], (seed, place)
        with changed(con, month, place, is_sealed_again=True):
            done = verify_py(month)
        assert "ok    rows, values and money totals" in done.stdout, (seed, place, done.stdout)
        failed = [line[6:] for line in done.stdout.splitlines() if line.startswith("FAIL")]
        print(f"{place}: {'; '.join(failed)}")
        if done.returncode != 4:
            passed.append(str(place))
    assert not passed, f"seed {seed}: no equation knows of {passed}"


def test_a_month_that_is_sealed_again_is_not_the_one_that_is_remembered(
    closed: Workspace, con: Connection
) -> None:
    """Also where no equation stands on the table: the last month's hash is in tieout.duckdb."""
    month = last_month(closed)
    price = Place(BY_NAME["dim_contract_line"], "ssp", 1, "USD")
    with changed(con, month, price, is_sealed_again=True):
        assert verify_py(month).returncode == 0
        said = tieout("verify", "-w", str(closed.root), expect=4)
    assert (
        f"tieout.duckdb was built from {last_month(closed).period} v1, which is gone or was changed"
        in " ".join(said.split())
    )
