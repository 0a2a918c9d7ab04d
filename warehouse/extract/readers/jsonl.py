"""JSON lines: an object a line, every value as text, nested ones as JSON. What values mean is not known here.

Numbers keep their digits (1.10 stays 1.10), which no parser that makes them numbers can promise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from warehouse.connectors import SourceObject
from warehouse.engine import Connection, identifier, literal
from warehouse.extract.findings import UnreadableFileError
from warehouse.extract.readers.columns import (
    MOST_COLUMNS,
    ROW,
    ReadResult,
    checked_columns,
    too_many_columns,
    write_rewritten,
)
from warehouse.extract.stage import Staged

_LONGEST_LINE = 64 << 20


class _Number(str):
    """A number as it stands in the file."""

    __slots__ = ()


def read_jsonl(connection: Connection, staged: Staged, target: Path, _declared: SourceObject) -> ReadResult:
    """Read a UTF-8 copy into a lake file; a key that some objects lack is null there. `_row` is the line."""
    source = staged.path
    rewritten = source.with_name(source.name + ".rewritten")
    try:
        keys, written, longest = _rewrite(source, rewritten)
        columns = checked_columns(keys)
        # By position: two keys may differ by what a column name can't.
        places = [f"c{place}" for place in range(len(columns))]
        types = ", ".join(f"{literal(place)}: 'VARCHAR'" for place in places)
        names = ", ".join(
            f"{place} as {identifier(name)}" for place, name in zip(places, columns, strict=True)
        )
        query = (
            f"select {names}, {ROW} from read_json({literal(str(rewritten))}, format = 'newline_delimited', "
            f"columns = {{{types}, {literal(ROW)}: 'BIGINT'}}, maximum_object_size = {longest + 1024})"
        )
        return write_rewritten(connection, query, columns, target, written)
    finally:
        rewritten.unlink(missing_ok=True)


def _rewrite(source: Path, target: Path) -> tuple[Sequence[str], int, int]:
    """The same objects with texts alone, numbered: their keys in the order they come, how many, the longest."""
    places: dict[str, int] = {}
    written = longest = 0
    with target.open("w", encoding="utf-8") as out:
        for number, record in _objects(source):
            line: dict[str, object] = {ROW: number}
            for key, value in record.items():
                place = places.setdefault(key, len(places))
                if (text := _text(value)) is not None:
                    line[f"c{place}"] = text
            if len(places) > MOST_COLUMNS:
                raise too_many_columns()
            rendered = json.dumps(line, ensure_ascii=False)
            longest = max(longest, _bytes_of(rendered, number))
            out.write(rendered + "\n")
            written += 1
    if not places:
        raise UnreadableFileError(
            "empty_file", "it has no object with a key, so it has no columns", "Export it again."
        )
    return list(places), written, longest


def _bytes_of(rendered: str, number: int) -> int:
    try:
        return len(rendered.encode())
    except UnicodeEncodeError as error:
        raise _malformed(number, "it holds half a character (an unpaired surrogate)") from error


def _objects(source: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with source.open(encoding="utf-8-sig", newline="\n") as file:
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE + 1), ""), start=1):
            if len(line) > _LONGEST_LINE:
                raise _malformed(number, f"it is longer than {_LONGEST_LINE >> 20} MB")
            if line.strip():
                yield number, _object(line, number)


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        value = json.loads(
            line, parse_int=_Number, parse_float=_Number, parse_constant=_no_number, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError) as error:
        raise _malformed(number, f"it is no valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise _malformed(number, "it is no JSON object")
    return value


def _no_number(name: str) -> str:
    raise ValueError(f"{name} is no number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice} stands twice")
    return found


def _malformed(number: int, what: str) -> UnreadableFileError:
    return UnreadableFileError(
        "malformed_row", f"line {number}: {what}", "Export it again: one JSON object a line."
    )


def _text(value: object) -> str | None:
    """A value as the lake holds it; null for null, true and false as such, nested values as JSON."""
    if value is None:
        return None
    return str(value) if isinstance(value, str) else _json(value)


def _json(value: object) -> str:
    """JSON without spaces, numbers with the digits they came with."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{_json(one)}" for key, one in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
