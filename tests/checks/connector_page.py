"""docs/write-a-connector.md says what is so: its example is tests/connectors/northwind, its tables are the models'.

`python -m tests.checks.connector_page --write` puts both in their places; the check only compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from expectations.suites import shipped_rules
from warehouse.connectors import Connector, Money, SourceObject
from warehouse.exchange import entities

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "write-a-connector.md"
# Columns of check views that stand for one of the record's own.
DERIVED = {"method": "recognition_method", "convention": "recognition_convention"}
EXAMPLE = ROOT / "tests" / "connectors" / "northwind"
# A block of the page that is written from elsewhere, and what names it.
_FILE = re.compile(
    r"(?P<head>`connectors/northwind/(?P<name>[^`]+)`:?\n\n```[a-z]*\n)(?P<body>.*?)(?P<tail>```)", re.DOTALL
)
_TABLE = re.compile(r"(?P<head><!-- (?P<name>[a-z.]+) -->\n)(?P<body>.*?)(?P<tail><!-- end -->)", re.DOTALL)


def main(arguments: list[str]) -> int:
    text = PAGE.read_text(encoding="utf-8")
    current = written(text)
    missing = sorted(set(_example_files()) - {match["name"] for match in _FILE.finditer(text)})
    for name in missing:
        print(f"{PAGE.name} does not show {name} of its example")
    if "--write" in arguments:
        PAGE.write_text(current, encoding="utf-8")
    elif current != text:
        print(f"{PAGE.name} is not what its sources say: python -m tests.checks.connector_page --write")
        return 1
    return 1 if missing else 0


def written(text: str) -> str:
    """The page with every block as its source says."""
    tables = {"connector.yml": keys_table(), "exchange": exchange_table(), "values": values_table()}
    text = _TABLE.sub(lambda match: f"{match['head']}{tables[match['name']]}{match['tail']}", text)
    files = _example_files()
    return _FILE.sub(lambda match: f"{match['head']}{files[match['name']]}{match['tail']}", text)


def _example_files() -> dict[str, str]:
    return {
        path.relative_to(EXAMPLE).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(EXAMPLE.rglob("*"))
        if path.is_file()
    }


def keys_table() -> str:
    """Every key of connector.yml, from the models that read it."""
    rows = [
        *_keys(Connector, ""),
        *_keys(SourceObject, "objects.<object>."),
        *_keys(Money, "objects.<object>.money."),
    ]
    return "".join(f"| {row} |\n" for row in ("key | default | meaning", "--- | --- | ---", *rows))


def _keys(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        default = "required" if field.is_required() else _shown(field.get_default(call_default_factory=True))
        description = " ".join((field.description or "").split()).replace("|", "\\|").replace("<", "\\<")
        yield f"`{prefix}{name}` | {default} | {description}"


def _shown(value: object) -> str:
    if value in (None, "", (), {}):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def exchange_table() -> str:
    """Every exchange entity with its key, required and further columns, from its model."""
    rows = [
        f"`{entity.name}` | {', '.join(entity.key)} | {', '.join(entity.required)} | "
        + ", ".join(name for name in entity.names if name not in entity.required)
        for entity in entities().values()
    ]
    heads = ("entity | key | required | optional", "--- | --- | --- | ---")
    return "".join(f"| {row} |\n" for row in (*heads, *rows))


def values_table() -> str:
    """The columns that take certain words only, from the rules that test them."""
    words: dict[tuple[str, ...], list[str]] = {}
    for rule in shipped_rules():
        if rule.expectation == "ExpectColumnValuesToBeInSet" and rule.entity != "key_map":
            column = DERIVED.get(rule.kwargs["column"], rule.kwargs["column"])
            words.setdefault(tuple(rule.kwargs["value_set"]), []).append(f"`{rule.entity}.{column}`")
    rows = [f"{', '.join(columns)} | {', '.join(values)}" for values, columns in words.items()]
    return "".join(f"| {row} |\n" for row in ("column | values", "--- | ---", *rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
