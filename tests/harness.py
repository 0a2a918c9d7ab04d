"""A company for tests: writes exports into a workspace of its own, runs and closes it, reads what readers read.

Everything goes through the product's own doors: files in exports/, `run` and `close` of orchestration.pipeline,
and published/tieout.duckdb. Nothing here knows a rule.
"""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration import pipeline
from orchestration.build import Build
from orchestration.hold import Hold
from orchestration.progress import Silent
from warehouse import engine
from warehouse.transform import compiled, project_digest
from warehouse.workspace import RunContext, Waiver, Workspace

Rows = Sequence[Mapping[str, str]]


def combine(*parts: Mapping[str, Rows]) -> dict[str, list[dict[str, str]]]:
    """Exports of several contracts as one delivery."""
    combined: dict[str, list[dict[str, str]]] = {}
    for part in parts:
        for entity, rows in part.items():
            combined.setdefault(entity, []).extend(dict(row) for row in rows)
    return combined


def shared_data(*parts: str) -> Path:
    """A folder of the data that lies beside the project, or a skip that says where it was looked for."""
    base = Path(os.environ.get("TIEOUT_SHARED", Path(__file__).parents[2] / "shared"))
    folder = base.joinpath("data", *parts)
    if not folder.is_dir():
        pytest.skip(f"the data of others is not there: {folder} (set TIEOUT_SHARED)")
    return folder


def as_date(day: date | str) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)


# What dbt compiled for another test, by the digest of everything it stands on.
_COMPILED = Path(__file__).parents[1] / ".pytest_cache" / "compiled"


_CONNECTORS = Path(__file__).parent / "connectors"


class Company:
    """One workspace with the `files` connector, and those of tests/connectors it is given."""

    def __init__(
        self,
        root: Path,
        toml: str = "[policies]\nfreshness_hours = 0\n",
        connectors: Sequence[str] = (),
        *,
        through_dagster: bool = False,
    ) -> None:
        self.through_dagster = through_dagster
        self.workspace = Workspace.init(root)
        self.workspace.configuration.write_text(toml, encoding="utf-8")
        for system in connectors:
            shutil.copytree(_CONNECTORS / system, self.workspace.connectors / system)
            (self.workspace.exports / system).mkdir()
        keep_compiled(self.workspace)

    def deliver(self, entities: Mapping[str, Rows], system: str = "files") -> None:
        """Each entity's complete export, in the place of the one before."""
        for entity, rows in entities.items():
            columns = list(dict.fromkeys(column for row in rows for column in row))
            path = self.workspace.exports / system / f"{entity}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns, restval="")
                writer.writeheader()
                writer.writerows(rows)

    def context(self, as_of: date | str, **more: Any) -> RunContext:
        return RunContext(Workspace.open(self.workspace.root), as_of=as_date(as_of), **more)

    def run(self, as_of: date | str, *, full_refresh: bool = False) -> pipeline.Outcome:
        with self._stages():
            return pipeline.run(self.context(as_of, full_refresh=full_refresh), Silent())

    def close(
        self,
        period: str,
        as_of: date | str,
        *,
        through: bool = False,
        waive: Sequence[str] = (),
    ) -> pipeline.Outcome:
        waivers = tuple(Waiver(rule, "agreed for the test", "C. Controller") for rule in waive)
        context = self.context(as_of, waivers=waivers, prepared_by="P. Preparer", approved_by="C. Controller")
        with self._stages():
            return pipeline.close(context, period, Silent(), through=through)

    @contextlib.contextmanager
    def _stages(self) -> Iterator[None]:
        """What Dagster notes down of a run takes a third of a small company's: without it, the same stages in order.

        Whole commands (test_demo, test_unattended, tests/faults) go through Dagster; test_same_bytes does both.
        """
        with pytest.MonkeyPatch.context() as patch:
            if not self.through_dagster:
                patch.setattr(pipeline, "_execute", _in_order)
            yield

    def commit(self, period: str, as_of: date | str, *, waive: Sequence[str] = ()) -> pipeline.Outcome:
        """A close that ends with its month published, as one killed there does; the next command mends the rest.

        Half of a close, for a past that is read only after the next command: a whole one computes the open months
        too, which is a build more. Closes killed at this instant are tests/faults' matter.
        """
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pipeline, "_open_months", lambda *_: None)
            return self.close(period, as_of, waive=waive)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """What a reader of tieout.duckdb sees now."""
        connection = engine.connect(self.workspace.tieout_db, read_only=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table of schema marts, or of the schema it names: amounts as Decimal, periods and keys as text."""
        connection = engine.connect(self.workspace.tieout_db, read_only=True)
        try:
            result = connection.execute(f"select * from {table if '.' in table else f'marts.{table}'}")
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        finally:
            connection.close()

    def amounts(self, sql: str) -> dict[Any, Decimal]:
        """Two columns, key and amount, as a dictionary."""
        return {key: Decimal(amount) for key, amount in self.query(sql)}

    def published_files(self) -> dict[str, bytes]:
        """Every published Parquet file by its path in the workspace."""
        return {
            self.workspace.relative(path): path.read_bytes()
            for path in sorted(self.workspace.published.rglob("*.parquet"))
        }


def _in_order(held: Hold, context: RunContext, outcome: pipeline.Outcome, *, is_close: bool = False) -> Build:
    """The stages of a build as the jobs of Dagster start them; the closing one does not release."""
    build = Build(held, context, outcome.run_id)
    try:
        build.extract()
        build.stage()
        build.gate()
        build.facts()
        if not is_close:
            build.release()
    finally:
        outcome.add(build)
    return build


def keep_compiled(workspace: Workspace) -> None:
    """Compiling takes as long as two builds, and every process of the tests would do it again."""
    kept, target = _COMPILED / project_digest(workspace), workspace.dbt_project / "target"
    if kept.is_dir():
        shutil.copytree(kept, target)
        return
    compiled(workspace)
    _COMPILED.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=_COMPILED))
    for path in (target / "plan.json", target / "manifest.json", target / "digest"):
        shutil.copyfile(path, fresh / path.name)
    with contextlib.suppress(OSError):  # another worker was faster
        fresh.rename(kept)


PUBLISHED_TABLES = (
    "fct_bookings",
    "fct_billings",
    "fct_recognized_revenue",
    "fct_backlog",
    "fct_contract_balances",
    "dim_contract_line",
    "audit.quarantine",
)


def policy_lines(values: object) -> str:
    """Lines of tieout.toml."""
    found = values if isinstance(values, dict) else {}
    texts = {
        name: str(value).lower() if isinstance(value, bool) else f'"{value}"' for name, value in found.items()
    }
    return "".join(f"{name} = {text}\n" for name, text in texts.items())


def build(
    tmp_path: Path, waves: Sequence[Any], settings: Mapping[str, object], *, commits: bool = False
) -> dict[str, list[dict[str, Any]]]:
    """Deliver waves of complete exports, with closes and runs between them, and return the published tables.

    `settings`: held_tolerance and fall_tolerance, as shares (1 is any); policies, by their names in tieout.toml. With
    `commits`, the closes before the last wave leave the open months to the command after them.
    """
    percent = {name: str(Decimal(str(settings[name])) * 100) for name in ("held_tolerance", "fall_tolerance")}
    company = Company(
        tmp_path / "workspace",
        "[policies]\nfreshness_hours = 0\n"
        f'max_held_contracts_percent = "{percent["held_tolerance"]}"\n'
        f'max_held_amount_percent = "{percent["held_tolerance"]}"\n'
        f'max_fall_percent = "{percent["fall_tolerance"]}"\n'
        'unlinked_billing_tolerance = "1000000"\n'
        f"{policy_lines(settings.get('policies'))}",
    )
    for number, wave in enumerate(waves, start=1):
        company.deliver({entity: rows for entity, rows in wave.rows.items() if rows})
        for period in wave.closes:
            if commits and number < len(waves) and not wave.through:
                company.commit(period, wave.as_of)
            else:
                company.close(period, wave.as_of, through=wave.through)
        if not wave.closes or number == len(waves):
            company.run(wave.as_of)
    return {table: company.rows(table) for table in PUBLISHED_TABLES}
