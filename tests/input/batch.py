"""Many mutated exports through extraction, gate and facts in one workspace: what became of each, and does it add up.

A batch is a company whose every slice has one mutated file; the other entities of the slice are delivered clean.
"""

from __future__ import annotations

import itertools
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from random import Random
from typing import Literal

from tests.harness import Company
from tests.input import mutations
from tests.input.cases import CASES
from tests.input.exports import AS_OF, ENTITIES, FORMATS, Table, rendered, slice_of, text
from tests.input.reference import records_of
from warehouse import engine
from warehouse.engine import Connection, identifier, literal
from warehouse.errors import BlockedError
from warehouse.extract import deliver
from warehouse.extract.deliver import Extraction, lake_file
from warehouse.journal import Journal

Outcome = Literal["block", "quarantine", "warn", "use"]
OUTCOMES: tuple[Outcome, ...] = ("block", "quarantine", "warn", "use")
SECONDS = 10
SETTINGS = "[policies]\nfreshness_hours = 0\n" + "".join(
    f'[sources.files.{entity}]\nmode = "incremental"\norder = "first_seen"\n' for entity in ENTITIES
)
_SPLIT_BY = {"csv": ",", "csv;": ";", "tsv": "\t"}


@dataclass(frozen=True)
class Sample:
    """One mutated file; seed and number are all it takes to make it again."""

    seed: int
    number: int
    entity: str
    form: str
    mutation: str
    data: bytes

    @property
    def name(self) -> str:
        return f"{self.entity}-{self.number:06}.{self.form.replace(';', '')}"

    def __str__(self) -> str:
        return f"{self.mutation} of {self.name} (--seed {self.seed} --file {self.number})"


def sample(seed: int, number: int, scratch: Path) -> Sample:
    """Every mutation in turn; entity, format and all else by chance."""
    random = Random(f"{seed}/{number}")
    mutation = mutations.MUTATIONS[number % len(mutations.MUTATIONS)]
    entity, form = random.choice(ENTITIES), random.choice(FORMATS)
    table = Table.of(slice_of(number)[entity])
    if mutation in mutations.OF_TABLES:
        data = rendered(mutations.OF_TABLES[mutation](random, table), form, scratch)
    else:
        data = mutations.mutated_bytes(mutation, random, rendered(table, form, scratch), form)
    return Sample(seed, number, entity, form, mutation, data)


def case(name: str, number: int) -> Sample:
    """A fault that was found before, as a file of a slice of its own."""
    entity, values = CASES[name]
    first, *more = slice_of(number)[entity]
    return Sample(0, number, entity, "csv", name, text(Table.of([{**first, **values}, *more]), ","))


@dataclass
class Result:
    """What became of each file, and what must not have happened: a sentence, and the file where it is known."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    failures: list[tuple[str, int | None]] = field(default_factory=list)


def run(root: Path, seed: int, numbers: Sequence[int], cases: Sequence[Sample] = ()) -> Result:
    """One batch in a new workspace."""
    result = Result()
    try:
        samples = [sample(seed, number, root.with_name("scratch.parquet")) for number in numbers]
        _Batch(root, [*samples, *cases], result).run()
    except Exception:
        result.failures.append((traceback.format_exc(limit=-6), None))
    return result


def answer(pipe: Pipe, root: Path, seed: int, numbers: Sequence[int]) -> None:
    """One batch as the whole of a process, which may die of it."""
    pipe.send(run(root, seed, numbers))


class _Batch:
    """One workspace and its files."""

    def __init__(self, root: Path, samples: Sequence[Sample], result: Result) -> None:
        self.company = Company(root, SETTINGS)
        self.workspace = self.company.workspace
        self.samples = {f"exports/files/{one.name}": one for one in samples}
        self.result = result

    def run(self) -> None:
        self._deliver()
        extraction = self._extract()
        for file in {finding.file for finding in extraction.blocks}:
            self.result.outcomes[self.samples[file].number] = "block"
            (self.workspace.root / file).unlink()
        self._check_lake(extraction)
        try:
            self.company.run(AS_OF)
        except BlockedError as error:
            reasons = "; ".join(f"{finding.rule}: {finding.message}" for finding in error.findings)
            self.result.failures.append((f"{error}: {reasons}", None))
            return
        with engine.connect(self.workspace.warehouse_db, read_only=True) as connection:
            self._check_totals(connection, extraction)
            self._judge(connection, extraction)

    def _deliver(self) -> None:
        clean: dict[str, list[dict[str, str]]] = {entity: [] for entity in ENTITIES}
        for one in self.samples.values():
            for entity, rows in slice_of(one.number).items():
                if entity != one.entity:
                    clean[entity] += [dict(row) for row in rows]
        self.company.deliver({entity: rows for entity, rows in clean.items() if rows})
        for file, one in self.samples.items():
            (self.workspace.root / file).write_bytes(one.data)

    def _extract(self) -> Extraction:
        """With the time of each file: from its being told to the next."""
        told: list[tuple[str, float]] = []

        def report(text: str) -> None:
            told.append((text.removeprefix("reading "), time.monotonic()))

        try:
            context = self.company.context(AS_OF)
            extraction = deliver.extract(context, Journal(self.workspace.journal_dir), report)
        except Exception:
            last = self.samples.get(told[-1][0]) if told else None
            self.result.failures.append((traceback.format_exc(limit=-4), last.number if last else None))
            raise
        told.append(("", time.monotonic()))
        for (file, start), (_, end) in itertools.pairwise(told):
            if end - start > SECONDS:
                self._fail(f"took {end - start:.0f} s to read", file)
        return extraction

    def _fail(self, what: str, file: str) -> None:
        one = self.samples.get(file)
        self.result.failures.append((f"{file}: {what}", one.number if one else None))

    # --- does it add up ------------------------------------------------------------------------------

    def _check_lake(self, extraction: Extraction) -> None:
        """What is in the lake is what a second reader finds, wherever that one can tell."""
        with engine.connect() as connection:
            for one in extraction.deliveries:
                made = self.samples.get(one.path)
                if made is None or made.form not in _SPLIT_BY:
                    continue
                expected = records_of(made.data, _SPLIT_BY[made.form])
                if expected is not None:
                    path = lake_file(self.workspace, one.sha256, one.reading)
                    self._compare(connection, one.path, path, expected)

    def _compare(
        self, connection: Connection, file: str, path: Path, expected: list[tuple[int, list[str | None]]]
    ) -> None:
        source = f"read_parquet({literal(str(path))})"
        described = connection.execute(f"describe select * from {source}").fetchall()
        names = [row[0] for row in described if row[0] != "_row"]
        if expected and len(names) != len(expected[0][1]):
            return  # another delimiter found more of the declared columns
        columns = ", ".join(["_row", *map(identifier, names)])
        found = [
            (row[0], list(row[1:]))
            for row in connection.execute(f"select {columns} from {source} order by _row").fetchall()
        ]
        if found != expected:
            differing = next(
                (pair for pair in zip(expected, found, strict=False) if pair[0] != pair[1]), None
            )
            self._fail(f"{len(expected)} records, {len(found)} in the lake; {differing}", file)

    def _check_totals(self, connection: Connection, extraction: Extraction) -> None:
        fates = ("used", "excluded", "quarantined", "held", "later", "unmapped")
        rows = connection.execute(
            f"select source_object, rows_extracted, {' + '.join(f'rows_{fate}' for fate in fates)}, amount_extracted,"
            f" {' + '.join(f'amount_{fate}' for fate in fates)} + amount_rounding from audit.completeness"
        ).fetchall()
        counted: Counter[str] = Counter()
        for name, extracted, accounted, amount, amount_accounted in rows:
            counted[name] += extracted
            if (extracted, amount) != (accounted, amount_accounted):
                failure = (
                    f"{name}: {extracted} rows, {amount}; accounted for {accounted} rows, {amount_accounted}"
                )
                self.result.failures.append((failure, None))
        read: Counter[str] = Counter()
        for one in extraction.current:
            read[one.object] += one.rows
        if +counted != +read:
            self.result.failures.append((f"rows read {dict(read)}, in completeness {dict(counted)}", None))

    def _judge(self, connection: Connection, extraction: Extraction) -> None:
        held = self._files(
            connection, "select row_id from accepted.row_fates where fate in ('quarantined', 'held')"
        )
        failed = self._files(connection, "select source_row from gate.failures where severity = 'quarantine'")
        told = self._files(connection, "select source_row from gate.failures where severity = 'warn'")
        told |= {finding.file for finding in extraction.findings if finding.severity == "warn"}
        for file, one in self.samples.items():
            if one.number not in self.result.outcomes:
                outcome: Outcome = (
                    "quarantine" if file in held | failed else "warn" if file in told else "use"
                )
                self.result.outcomes[one.number] = outcome

    def _files(self, connection: Connection, rows: str) -> set[str]:
        found = connection.execute(
            f"select distinct path from ({rows}) as found (row_id)"
            " inner join run.source_files as files on found.row_id >> 32 = files.file_id"
        ).fetchall()
        return {str(path) for (path,) in found}
