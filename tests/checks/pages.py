"""Pages of docs/ that say what the code says: docs/rules.md of the suites, docs/data-dictionary.md of the models' YAML,
docs/metrics and dbt's semantic layer of the measures' definitions.

`python -m tests.checks.pages` compares, with --write it writes them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from expectations.gate import declared_rules
from expectations.pages import Setting, markdown
from warehouse.explain.metrics import index, metrics, page, semantic_models
from warehouse.publish.dictionary import DescribedTable, dictionary
from warehouse.publish.tables import BY_NAME, RELEASED_VIEWS, Kind
from warehouse.settings import described_settings

DOCS = Path(__file__).resolve().parents[2] / "docs"

_INTRODUCTION = """\
# Data dictionary

Every table and column of `published/tieout.duckdb`, with the same words as the comments in the file
(`select * from duckdb_columns()` shows them there). Written from the YAML beside the models.

Amounts are exact decimals, never floats, in the currency of the row's column `currency`; `<amount>_reporting` is in
the reporting currency of tieout.toml. Columns that end in `_minor` are integers in the currency's smallest unit. Dates
include both ends; periods are `YYYY-MM` or as the company's `accounting_periods` name them. "accounting.md §2" is a
section of the rule book; [accounting/proof.md](accounting/proof.md) lists its sentences with the tests that hold them.
"""
_KINDS = {
    Kind.FACT: "Rows of a closed period never change; those of open periods are of the last run.",
    Kind.REPORT: "Rows of a closed period never change; those of open periods are of the last run.",
    Kind.STATE: "As of the last run; a close publishes what differs from the months before.",
    Kind.AUDIT: "As of the last run; a close publishes what it saw.",
    Kind.DIMENSION: "As of the last run; a close publishes it whole.",
}


def rules() -> str:
    """docs/rules.md as it should be."""
    policies = [Setting(**asdict(one)) for one in described_settings() if one.section == "policies"]
    return markdown(declared_rules(), policies)


def data_dictionary() -> str:
    """docs/data-dictionary.md as it should be."""
    parts = [_INTRODUCTION]
    for schema in ("marts", "audit"):
        tables = [table for table in dictionary().values() if _schema(table) == schema]
        names = ", ".join(f"[{table.name}](#{schema}{table.name})" for table in tables)
        parts.append(f"## Schema `{schema}`\n\n{names}\n")
        parts += ["\n".join(_lines(schema, table)) + "\n" for table in tables]
    return "\n".join(parts)


def _schema(table: DescribedTable) -> str | None:
    """Where readers find it; what no month holds and is no view, the file makes for itself."""
    if table.name in BY_NAME:
        return BY_NAME[table.name].released or ("audit" if table.name == "waivers" else None)
    return "marts" if f"marts.{table.name}" in RELEASED_VIEWS else "audit"


def _lines(schema: str, table: DescribedTable) -> Iterator[str]:
    published = BY_NAME.get(table.name)
    yield f"### {schema}.{table.name}\n"
    yield table.description + (f" {_KINDS[published.kind]}" if published else "") + "\n"
    yield "| column | type | meaning |\n| --- | --- | --- |"
    for column in table.columns:
        yield f"| `{column.name}` | {column.type} | {column.description.replace('|', '&#124;')} |"


PAGES: dict[str, Callable[[], str]] = {
    "rules.md": rules,
    "data-dictionary.md": data_dictionary,
    "metrics/README.md": index,
    **{f"metrics/{one.name}.md": partial(page, one) for one in metrics().values()},
    "../dbt_project/models/marts/metrics/semantic_models.yml": semantic_models,
}


def main() -> int:
    stale = [
        name
        for name, wanted in PAGES.items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != wanted()
    ]
    if "--write" in sys.argv:
        for name in stale:
            (DOCS / name).parent.mkdir(exist_ok=True)
            (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
        return 0
    for name in stale:
        print(f"docs/{name} is not what the code says: run `make format`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
