"""Builds golden cases on the product, then again with one mutated text of its SQL, and tells what differs.

The first build is a run through the product's own doors. A mutation is then executed the way a run executes it
(warehouse.plan), from the models that hold the text on, in a transaction that is rolled back. dbt is not asked to
compile again: a text without a template that stands once in the whole project is itself in the compiled SQL, wherever
that place ends up.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from tests.golden.cases import Case, policies, waves
from tests.harness import PUBLISHED_TABLES, Company, policy_lines
from tests.mutations.mutations import Mutation
from tests.oracle.tables import Tables
from warehouse import engine
from warehouse.engine import Connection
from warehouse.plan import Step, TransformError, execute
from warehouse.transform import compiled
from warehouse.workspace import shipped

SCENARIOS = ("opening", "quarter", "short", "due-date", "cash", "stopped", "rates")
"""Nothing arrives late in them: what their last delivery says, with no month closed yet, is computed by one build."""


@dataclass(frozen=True)
class Result:
    """What became of a mutation: the first difference in each case, and why it could not be built, if so."""

    mutation: Mutation
    differences: dict[str, str]
    seconds: float
    invalid: str = ""

    @property
    def missed_by(self) -> list[str]:
        return [case_id for case_id in self.mutation.cases if case_id not in self.differences]

    @property
    def is_caught(self) -> bool:
        return not self.invalid and not self.missed_by


def project_texts() -> dict[str, str]:
    """Every SQL file of the shipped project by its path in it."""
    root = shipped("dbt_project")
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in root.rglob("*.sql")
    }


def faults_of(mutation: Mutation, texts: dict[str, str], case_ids: Iterable[str]) -> list[str]:
    """Why a mutation would prove nothing."""
    places = [file for file, text in texts.items() for _ in range(text.count(mutation.text))]
    faults = [f"there is no golden case {case_id}" for case_id in mutation.cases if case_id not in case_ids]
    if places != [mutation.file]:
        faults.append(f"{mutation.text!r} stands in {places}, not once in {mutation.file}")
    if "{{" in mutation.text or "{%" in mutation.text:
        faults.append("its text is a template, which the compiled SQL does not hold")
    if mutation.text == mutation.becomes:
        faults.append("it changes nothing")
    return faults


class Proof:
    """The golden cases of one scenario in a workspace, built once."""

    def __init__(self, root: Path, cases: Sequence[Case]) -> None:
        self._cases = {case.case_id: case for case in cases}
        (scenario,) = {case.scenario for case in cases}
        wave = waves(scenario, cases)[-1]
        own = policy_lines(policies(scenario))
        company = Company(
            root,
            "[policies]\nfreshness_hours = 0\nmax_fall_percent = 100\n"
            f"max_held_contracts_percent = 100\nmax_held_amount_percent = 100\n{own}",
        )
        company.deliver({entity: rows for entity, rows in wave.rows.items() if rows})
        company.run(date.fromisoformat(str(wave.as_of)))
        self.workspace = company.workspace
        self._steps = compiled(company.workspace).plan.steps

    def failures(self) -> dict[str, list[str]]:
        """What does not hold as the product is: nothing may."""
        with engine.session(self.workspace) as connection:
            return self._compare(_tables(connection), self._cases)

    def run(self, mutation: Mutation) -> Result:
        """Build what the mutation reaches, compare its cases, and leave everything as it was."""
        start = time.monotonic()
        mutated = {step.unique_id for step in self._steps if mutation.text in step.sql}
        steps = [
            replace(step, sql=step.sql.replace(mutation.text, mutation.becomes))
            for step in self._reached(mutated)
        ]
        differences: dict[str, str] = {}
        invalid = "" if mutated else "no compiled model holds its text"
        with engine.session(self.workspace) as connection:
            connection.execute("begin transaction")
            try:
                execute(connection, steps, at_once=1)
                found = self._compare(_tables(connection), mutation.cases)
                differences = {case_id: failures[0] for case_id, failures in found.items()}
            except TransformError as error:
                # the transaction is broken by then, so what the engine said first counts
                invalid = f"{error.model}: {error.__cause__ or error.detail}"
            finally:
                connection.execute("rollback")
        return Result(mutation, differences, time.monotonic() - start, invalid)

    def _reached(self, mutated: set[str]) -> list[Step]:
        """The mutated models and those that stand on them, as far as published tables need them."""
        wanted = {step.unique_id for step in self._steps if step.relation in _RELATIONS}
        for step in reversed(self._steps):
            if step.unique_id in wanted:
                wanted.update(step.parents)
        reached = set(mutated)
        for step in self._steps:
            if reached & set(step.parents):
                reached.add(step.unique_id)
        return [step for step in self._steps if not step.is_test and step.unique_id in reached & wanted]

    def _compare(self, tables: Tables, case_ids: Iterable[str]) -> dict[str, list[str]]:
        compared = {case_id: self._cases[case_id].failures(tables) for case_id in case_ids}
        return {case_id: failures for case_id, failures in compared.items() if failures}


_RELATIONS = tuple(table if "." in table else f"marts.{table}" for table in PUBLISHED_TABLES)


def _tables(connection: Connection) -> Tables:
    """What the build publishes, read where it stands before it is published."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, relation in zip(PUBLISHED_TABLES, _RELATIONS, strict=True):
        result = connection.execute(f"select * from {relation}")
        names = [column[0] for column in result.description]
        found[table] = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return found
