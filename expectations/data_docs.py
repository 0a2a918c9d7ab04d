"""Great Expectations' own pages about the records of the last run, on demand. It reads; the gate's verdict is not here.

Its site builder writes them. What it would load from elsewhere is taken out: a page about a company's contracts
asks nobody's server for anything and runs no script, whatever stands in a record.
"""

from __future__ import annotations

import html
import re
import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from expectations.gate import (
    TESTED,
    expectation,
    filled,
    gather,
    gx_context,
    tested_tables,
    view_columns,
)
from expectations.pages import POLICY, STYLE
from expectations.suites import Rule
from warehouse.engine import Connection, database_of, gx_connection_string

EXAMPLES = 10
# Its styles and pictures are thirty files that say nothing about the records.
_LOADED = re.compile(
    r"<link\b[^>]*>|<script\b.*?</script>|<footer>.*?</footer>|<img\b[^>]*>", re.DOTALL | re.IGNORECASE
)


def write_data_docs(
    connection: Connection, database: Path, rules: Sequence[Rule], folder: Path
) -> dict[str, Path]:
    """Test every rule against the records that are there; returns the page of each entity that has some.

    `connection` is a session on the database, which may be one that only reads.
    """
    by_entity: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.told_by is None:
            by_entity[rule.entity].append(rule)
    context = gx_context(_site(folder))
    columns, warehouse = view_columns(connection), database_of(connection)
    with tested_tables(connection) as cursor:
        source = context.data_sources.add_sql(
            name="tieout", connection_string=gx_connection_string(database, f"{TESTED}.main")
        )
        for entity in filled(connection, by_entity):
            if gather(cursor, warehouse, by_entity[entity], columns[entity]):
                asset = source.add_table_asset(name=entity, table_name=entity)
                batch = asset.add_batch_definition_whole_table("all rows")
                _validate(context, entity, batch, by_entity[entity])
        source.get_engine().dispose()
    _escape_results(context.validation_results_store)
    context.build_data_docs()
    shutil.rmtree(folder / "static")
    for path in folder.rglob("*.html"):
        path.write_text(_secluded(path.read_text(encoding="utf-8")), encoding="utf-8")
    return {path.parents[2].name: path for path in sorted((folder / "validations").rglob("*.html"))}


def _site(folder: Path) -> dict[str, Any]:
    return {
        "last run": {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        }
    }


def _validate(context: Any, entity: str, batch: Any, rules: Sequence[Rule]) -> None:
    import great_expectations as gx

    suite = gx.ExpectationSuite(name=entity, expectations=[expectation(rule) for rule in rules])
    definition = gx.ValidationDefinition(name=entity, data=batch, suite=context.suites.add(suite))
    context.validation_definitions.add(definition).run(
        result_format={"result_format": "SUMMARY", "partial_unexpected_count": EXAMPLES}
    )


def _escape_results(store: Any) -> None:
    """Values of records become text for a page: the site builder puts some of them into it as they are."""
    for key in store.list_keys():
        outcome = store.get(key)
        for one in outcome.results:
            one.result = _escaped(one.result)
        store.set(key, outcome)


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return html.escape(value)
    if isinstance(value, dict):
        return {key: _escaped(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_escaped(one) for one in value]
    return value


def _secluded(page: str) -> str:
    """The page without scripts and without what it would load, and told to fetch nothing."""
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    bare = re.sub(r"<style\b.*?</style>", "", _LOADED.sub("", page), flags=re.DOTALL)
    return bare.replace("<head>", f'<head><meta charset="utf-8">{policy}<style>{STYLE}{_STYLE}</style>', 1)


# What needs a script to do anything is not shown; the two marks were letters of a font.
_STYLE = """
.btn, input, label, .modal, .card, a[data-toggle], .collapse { display: none; }
.fa-times::before { content: "✗ "; color: #a02020; font-style: normal; }
.fa-check-circle::before { content: "✓ "; color: #207030; font-style: normal; }
.breadcrumb { list-style: none; padding: 0; }
ul { margin: .2rem 0; }
h5, h6 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
"""
