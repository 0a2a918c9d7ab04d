"""One build of the warehouse for one cut date, stage after stage. Locks, publication and the order of builds are
the pipeline's; what the numbers mean is SQL's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestration import totals, unchanged
from orchestration.calendar import Calendar, calendar_of
from orchestration.context_tables import cut_date_of, write_context, write_published_checks, write_waivers
from orchestration.findings import Finding
from orchestration.fingerprint import own_program
from orchestration.hold import Hold, Stopwatch
from orchestration.stages import split
from orchestration.totals import Figures, Totals
from orchestration.waivers import Coverage
from warehouse import fingerprint as rules
from warehouse import plan, quarantine
from warehouse.connectors import enabled_connectors
from warehouse.errors import BlockedError, TieoutError
from warehouse.plan import Step, StepResult
from warehouse.publish import release
from warehouse.publish.manifest import Chain
from warehouse.publish.verify import check_published
from warehouse.workspace import RunContext

if TYPE_CHECKING:
    from expectations.gate import GateReport

NOTHING_CHANGED = "Nothing that readers see has changed."


class Build:
    """The stages of one pass from the exports to the marts.

    Each stage leaves its tables in warehouse.duckdb and may be looked at before the next one starts.
    """

    def __init__(self, hold: Hold, context: RunContext, run_id: str) -> None:
        self.held = hold
        self.context = context
        self.run_id = run_id
        self.watch = Stopwatch()
        self.tests: dict[str, list[StepResult]] = {"stage": [], "facts": []}
        self.rows: dict[str, int] = {}
        self.gate_report: GateReport | None = None
        self.gate_failures = 0
        self.error: BaseException | None = None
        self.is_released = False
        self.found: quarantine.Found | None = None
        self.calendar = Calendar()
        self.is_extracted = False

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Times a stage and keeps its error, which Dagster would only hand on as text; a stage may be tried again."""
        self.held.progress.stage(name)
        self.error = None
        try:
            with self.watch.measure(name):
                yield
        except BaseException as error:
            self.error = error
            raise

    # --- the stages --------------------------------------------------------------------------------

    def extract(self) -> dict[tuple[str, str], int]:
        """Exports into the lake, and the context as rows; the rows in force of each export object."""
        with self._stage("extract"):
            extraction = self.held.extract(self.context)
            self.held.register(self.context)
            chain = self.held.sync(self.context)
            connection = self.held.connection
            write_waivers(connection, [Coverage(waiver) for waiver in self.context.waivers])
            is_full = self.context.close_period is not None
            write_published_checks(connection, check_published(self.context.workspace, full=is_full))
            self._write_context(chain)
            self.is_extracted = True
        rows: dict[tuple[str, str], int] = {}
        for one in extraction.current:
            rows[one.system, one.object] = rows.get((one.system, one.object), 0) + one.rows
        self.held.progress.count(sum(rows.values()))
        return rows

    def _write_context(self, chain: Chain) -> None:
        """The cut of this build needs the company's periods, which are an export as any other."""
        self.calendar = read_calendar(self.held, self.context)
        cut = cut_date_of(self.context, self.calendar)
        through = self.calendar.of_day(cut)
        write_context(self.held.connection, self.context, chain, through, cut)

    def stage(self) -> dict[str, int | None]:
        """Lake to exchange and check views; what stands on unchanged deliveries alone stays as it is."""
        if not self.is_extracted:
            self.extract()
        connection = self.held.connection
        with self._stage("stage"):
            steps, _ = split(self.held.project.plan)
            wanted = unchanged.keys(steps, self.held.extract(self.context).current, self._rules())
            kept = unchanged.kept(connection, steps, wanted)
            unchanged.forget(connection, kept)
            results = plan.execute(
                connection, [step for step in steps if not unchanged.stands_on(step, kept)]
            )
            self._require_passed(results, "stage")
            unchanged.remember(connection, wanted)
            return self._rows_of(steps)

    def _rules(self) -> str:
        """Everything but deliveries that what is typed from them stands on."""
        workspace = self.context.workspace
        parts = (rules.code_hash(workspace), rules.configuration_hash(workspace.settings), own_program())
        return " ".join(parts)

    def gate(self) -> GateReport:
        """What the rules say of every record; a blocking rule stops here."""
        from expectations import gate

        findings = self.held.extract(self.context).findings
        with self._stage("gate"):
            self.gate_report = gate.run(self.held.connection, self.context, findings)
            self.gate_failures = self._count("gate.failures")
            self.held.progress.count(self.gate_failures)
        return self.gate_report

    def require_gate(self) -> None:
        """Facts are never computed on what a blocking rule refused."""
        report = self.gate_report
        if report is None:
            raise TieoutError(
                "the gate has not looked at these records in this run",
                "Materialize all assets, not only those after the gate.",
            )
        if report.blocks:
            raise BlockedError(
                f"the gate stopped the {self.kind}.", report.blocks, consequence=NOTHING_CHANGED
            )

    def facts(self) -> dict[str, int | None]:
        """Accepted records to marts and audit, with the equations as tests."""
        self.require_gate()
        with self._stage("facts"):
            _, steps = split(self.held.project.plan)
            self._require_passed(plan.execute(self.held.connection, steps), "facts")
            return self._rows_of(steps)

    def release(self) -> None:
        """The file readers open."""
        connection, workspace, journal = self.held.connection, self.context.workspace, self.held.journal
        with self._stage("release"):
            found = quarantine.look(connection, workspace, journal, self.run_id, self.context.as_of)
            release.release(connection, workspace, release.ReleaseRun(self.run_id, self.context.as_of, found))
            quarantine.remember(journal, found)
        self.found = found
        self.is_released = True

    # --- what the stages found ---------------------------------------------------------------------

    def equations(self) -> dict[str, tuple[int, int]]:
        """How often each equation was tested, and how often it does not hold."""
        rows = self.held.connection.execute(
            "select equation, count(*), cast(count(*) filter (where not holds) as bigint)"
            " from audit.tie_outs group by equation"
        ).fetchall()
        return {str(equation): (int(tested), int(broken)) for equation, tested, broken in rows}

    @property
    def period(self) -> str:
        """The period that runs on the as-of day, or the one that is closed."""
        return self.context.close_period or self.calendar.of_day(self.context.as_of).period

    def totals(self) -> dict[str, Totals]:
        """The money of each fact."""
        return totals.of_facts(self.held.connection, self.period)

    def figures(self) -> Figures:
        """The report of the period that runs."""
        return totals.of_period(self.held.connection, self.period)

    @property
    def kind(self) -> str:
        return f"close of {self.context.close_period}" if self.context.close_period else "run"

    def _count(self, table: str) -> int:
        row = self.held.connection.execute(f"select count(*) from {table}").fetchone()
        return int(row[0]) if row else 0

    def _rows_of(self, steps: Sequence[Step]) -> dict[str, int | None]:
        """Rows of every table among these models; a view has none of its own."""
        counted = {
            f"{schema}.{table}": int(rows)
            for schema, table, rows in self.held.connection.execute(
                "select schema_name, table_name, estimated_size from duckdb_tables()"
                " where database_name = current_database()"
            ).fetchall()
        }
        relations = {step.unique_id: step.relation for step in steps if not step.is_test}
        found = {name: counted[name] for name in relations.values() if name in counted}
        self.held.progress.count(sum(found.values()))
        self.rows |= found
        return {unique_id: counted.get(name) for unique_id, name in relations.items()}

    def _require_passed(self, results: list[StepResult], stage: str) -> None:
        self.tests[stage] += [one for one in results if one.step.is_test]
        failed = [one for one in results if one.failures]
        if failed:
            raise BlockedError(
                f"{len(failed):,} test{'' if len(failed) == 1 else 's'} of the figures failed in the "
                f"{self.kind}.",
                [self._finding(one) for one in failed],
                consequence=NOTHING_CHANGED,
            )

    def _finding(self, test: StepResult) -> Finding:
        from orchestration.close_gate import broken_equations

        name = test.step.name
        message = f"{name} found {test.failures:,} row{'' if test.failures == 1 else 's'}."
        remedy = (
            "The source data may be at fault in a way no rule of the gate covers yet, or the program: "
            "see .tieout/logs, and report it."
        )
        if name[:1] == "e" and name[1:2].isdigit():
            equation = name.split("_")[0].upper()
            for broken in broken_equations(self.held.connection):
                if broken.rule == f"equation {equation}":
                    return broken
        return Finding(name, message, remedy)


def read_calendar(held: Hold, context: RunContext) -> Calendar:
    """The company's periods as its exports declare them; they are needed before anything is cut."""
    if held.calendar is None:
        held.calendar = _declared_calendar(held, context) if _has_periods(held, context) else Calendar()
    return held.calendar


def _declared_calendar(held: Hold, context: RunContext) -> Calendar:
    held.register(context)
    plan.execute(held.connection, held.project.plan.upstream("model.tieout.exchange__accounting_periods"))
    rows = held.connection.execute(
        "select period, start_date, end_date from exchange.accounting_periods"
    ).fetchall()
    return calendar_of(rows)


def _has_periods(held: Hold, context: RunContext) -> bool:
    """Whether an export may declare periods: as such, or through the SQL of another system's connector."""
    current = held.extract(context).current
    if any(one.rows for one in current if (one.system, one.object) == ("files", "accounting_periods")):
        return True
    systems = {one.system for one in current} - {"files"}
    return any(
        (connector.folder / "accounting_periods.sql").is_file()
        for name, connector in enabled_connectors(context.workspace).items()
        if name in systems
    )


def journal_rows(rows: Mapping[str, int]) -> dict[str, int]:
    """Row counts worth keeping in the journal: what readers see."""
    return {name: count for name, count in sorted(rows.items()) if name.startswith(("marts.", "audit."))}
