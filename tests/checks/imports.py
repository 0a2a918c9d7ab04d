"""The house rules that a reader cannot see in one file: who imports whom, and who alone imports or divides."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("orchestration", "warehouse", "expectations")

# What each package may import of the others. Data enters at the left and never walks back.
ALLOWED: dict[str, tuple[str, ...]] = {
    "orchestration": ("orchestration", "warehouse", "expectations"),
    "warehouse": ("warehouse",),
    "expectations": ("expectations", "warehouse.engine", "warehouse.errors"),
}
# Libraries with one door into the code.
ONLY: dict[str, tuple[str, ...]] = {
    "duckdb": ("warehouse/engine.py",),
    "duckdb_engine": ("warehouse/engine.py",),
    "sqlalchemy": ("warehouse/engine.py", "expectations/"),
    "great_expectations": ("expectations/",),
    "jinja2": ("warehouse/explain/report/",),
    "dagster": ("orchestration/",),
    "dagster_dbt": ("orchestration/",),
    "typer": ("orchestration/cli/",),
}
# Data files: published with a month, or shown as an example, never imported by us.
DATA_FILES = ("warehouse/publish/verify_template.py",)

_DIVISION_MACROS = "dbt_project/macros/money.sql"
# How the two engines spell their integer division; only money.sql may call it.
_ENGINE_DIVISION = "dbt_project/macros/dialect.sql"
_DIVISION = re.compile(r"(?<![/*<])/(?![/*>])|//|\bdiv\b|\binteger_division\s*\(")


@dataclass(frozen=True)
class Import:
    file: str
    line: int
    module: str


def main() -> int:
    faults = [*import_faults(ROOT), *division_faults(ROOT)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def import_faults(root: Path) -> list[str]:
    return [fault for one in imports(root) if (fault := fault_of(one))]


def imports(root: Path) -> Iterator[Import]:
    """Every import of our packages, also those inside functions."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            file = path.relative_to(root).as_posix()
            if file not in DATA_FILES:
                yield from _imports_of(file, path.read_text(encoding="utf-8"))


def _imports_of(file: str, source: str) -> Iterator[Import]:
    for node in ast.walk(ast.parse(source, file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield Import(file, node.lineno, "." * node.level + (node.module or ""))
            else:
                for alias in node.names:
                    yield Import(file, node.lineno, f"{node.module}.{alias.name}")


def fault_of(one: Import) -> str | None:
    """Why an import is against the rules of the house, or None."""
    place = f"{one.file}:{one.line}"
    if one.module.startswith("."):
        return f"{place}: relative import; write the whole name, so that the direction can be seen"
    package = one.file.split("/")[0]
    library = one.module.split(".")[0]
    if library == "tests":
        return f"{place}: nothing imports tests"
    if library in PACKAGES and not _is_below(one.module, ALLOWED[package]):
        return (
            f"{place}: {package} must not import {one.module} (it may import {', '.join(ALLOWED[package])})"
        )
    if library in ONLY and not one.file.startswith(ONLY[library]):
        return f"{place}: only {' and '.join(ONLY[library])} may import {library}"
    return None


def _is_below(module: str, allowed: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in allowed)


def division_faults(root: Path) -> list[str]:
    """Division of money is exact in one macro file only; everywhere else it would become a float."""
    faults = []
    for path in sorted((root / "dbt_project").rglob("*.sql")):
        file = path.relative_to(root).as_posix()
        if file in (_DIVISION_MACROS, _ENGINE_DIVISION):
            continue
        for number, line in enumerate(without_comments(path.read_text(encoding="utf-8")).splitlines(), 1):
            if _DIVISION.search(line):
                faults.append(f"{file}:{number}: only {_DIVISION_MACROS} divides; use its macros")
    return faults


def without_comments(sql: str) -> str:
    """The SQL with comments and string literals blanked, lines kept."""
    pattern = re.compile(r"\{#.*?#\}|/\*.*?\*/|--[^\n]*|'(?:[^']|'')*'", re.DOTALL)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), sql)


if __name__ == "__main__":
    sys.exit(main())
