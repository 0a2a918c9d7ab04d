"""Every model behind the gate is such that Spark could run it (architecture.md 23). Runs nothing, on either engine.

Models are compiled by dbt's own Spark adapter, so that the macros of dialect.sql take their Spark form, and what
comes out is parsed. A parser forgives much (to it `list_value(…)` is just another function), so the words are looked at
as well: functions come from a list, and what only DuckDB understands is named.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlglot
import yaml
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from warehouse.transform import project_files
from warehouse.workspace import Workspace

# What stays on DuckDB and hands over Parquet: reading, typing and judging the delivered text.
ON_DUCKDB = ("staging", "exchange", "checks")

# Functions that give the same on both engines, or that a macro of dialect.sql wrote for Spark. Before adding one,
# look at its nulls, its rounding and its type: `concat`, `round`, `sign`, `any_value` and `date_trunc` differ.
# `regexp_replace` takes the first match on one and all on the other: for a pattern that is bound to the end.
_FUNCTION_NAMES = """
    abs add_months array_distinct array_min array_sort bool_and bool_or cast chr coalesce collect_list concat_ws
    count date_add datediff day dense_rank exists explode first_value flatten greatest lag last_day last_value
    lead least length lower lpad max md5 min month nullif position rank regexp_replace replace row_number size
    sort_array substr substring sum trim try_cast upper year
"""
FUNCTIONS = frozenset(_FUNCTION_NAMES.split())

# Words that a parenthesis follows without being a call.
_KEYWORD_NAMES = """
    all and as between by case decimal distinct div else except filter from having in intersect is join like not
    on or over partition qualify select then union using values when where
"""
_KEYWORDS = frozenset(_KEYWORD_NAMES.split())
# Spark has no `text`, and its `varchar` needs a length.
_FOREIGN_TYPE_NAMES = "hugeint uhugeint ubigint uinteger usmallint utinyint text varchar blob"
_FOREIGN_TYPES = frozenset(_FOREIGN_TYPE_NAMES.split())
_FOREIGN_TOKENS = {
    TokenType.DCOLON: "`::`: write cast(… as …)",
    TokenType.ARROW: "`->`: DuckDB 2 rejects arrow lambdas, and to Spark it is nothing else",
    TokenType.L_BRACKET: "`[`: lists are written, indexed and cut otherwise on Spark",
    TokenType.L_BRACE: "`{`: Spark has no such literal",
    TokenType.ASOF: "asof join: Spark has none",
}
_NAME = re.compile(r"[a-z_]\w*", re.IGNORECASE)


@dataclass(frozen=True)
class Compiled:
    """A model's SQL as Spark would get it."""

    file: str
    sql: str


class CompilationError(Exception):
    """dbt could not compile the models for Spark."""


def main() -> int:
    """Print every model that Spark could not run, with the reason."""
    try:
        models = compiled_for_spark()
    except CompilationError as error:
        print(error)
        return 1
    faults = [f"{model.file}: {fault}" for model in models for fault in faults_of(model.sql)]
    for fault in faults:
        print(fault)
    return 1 if faults or not models else 0


# --- compiling --------------------------------------------------------------------------------------


def compiled_for_spark() -> list[Compiled]:
    """All models behind the gate, compiled for Spark in a folder of their own; no session is started."""
    with tempfile.TemporaryDirectory(prefix="tieout-portability-") as folder:
        workspace = Workspace.init(Path(folder) / "workspace")
        project = Path(folder) / "dbt"
        for name, content in {**project_files(workspace), "profiles.yml": _profile()}.items():
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return _compile(project)


def _profile() -> bytes:
    output = {"type": "spark", "method": "session", "host": "none", "schema": "main", "threads": 1}
    return yaml.safe_dump({"tieout": {"target": "spark", "outputs": {"spark": output}}}).encode()


def _compile(project: Path) -> list[Compiled]:
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    # The adapter wants to see pyspark before it reads a profile; compiling never connects, so an empty one does.
    sys.modules.setdefault("pyspark", ModuleType("pyspark"))
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner().invoke(
        [
            "--quiet", "--log-level", "none", "--log-level-file", "none", "--no-write-json",
            "--no-version-check", "--no-partial-parse", "--no-populate-cache",
            "compile", "--no-introspect", "--project-dir", str(project), "--profiles-dir", str(project),
            "--select", "resource_type:model", "--indirect-selection", "empty", "--exclude", *ON_DUCKDB,
        ]
    )  # fmt: skip
    if outcome.exception is not None:
        raise CompilationError(f"the models do not compile for Spark: {outcome.exception}")
    return sorted((_compiled(result) for result in outcome.result.results), key=lambda model: model.file)


def _compiled(result: Any) -> Compiled:
    file = f"dbt_project/{result.node.original_file_path}"
    if str(result.status) != "success":
        raise CompilationError(f"{file}: does not compile for Spark: {result.message}")
    return Compiled(file, result.node.compiled_code)


# --- judging ----------------------------------------------------------------------------------------


def faults_of(sql: str) -> list[str]:
    """Why Spark could not run a query, or would run it otherwise than DuckDB; empty where it is portable."""
    try:
        tokens = sqlglot.tokenize(sql, read="spark")
        trees = sqlglot.parse(sql, read="spark")
    except SqlglotError as error:
        faults = [f"Spark's dialect cannot parse it: {_first_line(error)}"]
        # What it stumbled over is often said better by the text itself.
        return [*(["`//`: divide by the macros of money.sql"] if "//" in sql else []), *faults]
    faults = [
        *(f"line {token.line}: {fault}" for token, fault in _token_faults(sql, tokens)),
        *(fault for tree in trees if tree is not None for fault in _tree_faults(tree)),
    ]
    return list(dict.fromkeys(faults))


def _token_faults(sql: str, tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    for place, token in enumerate(tokens):
        word = token.text.lower()
        if token.token_type in _FOREIGN_TOKENS:
            yield token, _FOREIGN_TOKENS[token.token_type]
        elif sql[token.start] == '"':
            yield token, f'"{token.text}" is a name to DuckDB and a text to Spark'
        elif token.token_type is not TokenType.STRING and word in _FOREIGN_TYPES:
            yield token, f"Spark has no type `{word}`"
        elif _is_call(tokens, place) and word not in FUNCTIONS:
            yield (
                token,
                f"`{word}()` is not known to do the same on Spark: see FUNCTIONS in tests/checks/portability.py",
            )


def _is_call(tokens: list[Token], place: int) -> bool:
    """Whether a token names a function: a word before a parenthesis that is no keyword, alias or CTE."""
    if place + 1 == len(tokens) or tokens[place + 1].token_type is not TokenType.L_PAREN:
        return False
    word = tokens[place].text
    is_alias = place > 0 and tokens[place - 1].token_type is TokenType.ALIAS
    return bool(_NAME.fullmatch(word)) and word.lower() not in _KEYWORDS and not is_alias


def _tree_faults(tree: exp.Expression) -> Iterator[str]:
    if any(union.args.get("by_name") for union in tree.find_all(exp.SetOperation)):
        yield "`union by name`: Spark unites by position"
    if any(window.args.get("alias") and _adds_to_its_name(window) for window in tree.find_all(exp.Window)):
        yield "`over (name order by …)`: to Spark a named window is whole; write the window out, or name each"
    if any(distinct.args.get("on") for distinct in tree.find_all(exp.Distinct)):
        yield "`distinct on`: Spark has none"
    if any(
        star.args.get(part) for star in tree.find_all(exp.Star) for part in ("except_", "replace", "rename")
    ):
        yield "`* exclude`, `* replace` and `* rename`: name the columns"


def _adds_to_its_name(window: exp.Window) -> bool:
    return any(window.args.get(part) for part in ("partition_by", "order", "spec"))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
