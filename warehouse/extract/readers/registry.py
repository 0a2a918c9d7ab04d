"""The reader of each format. What a new one needs: its name in find.Format, a module beside this one, a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from warehouse.connectors import SourceObject
from warehouse.engine import Connection
from warehouse.extract.find import Format
from warehouse.extract.readers.columns import ReadResult
from warehouse.extract.readers.csv import read_csv, read_tsv
from warehouse.extract.readers.jsonl import read_jsonl
from warehouse.extract.readers.parquet import read_parquet
from warehouse.extract.readers.xlsx import read_xlsx
from warehouse.extract.stage import Staged

Reader = Callable[[Connection, Staged, Path, SourceObject], ReadResult]
"""From a stable copy to a lake file of text columns and `_row`, as the object declares it; raises
UnreadableFileError with a sentence where the copy can't be used, and then leaves no lake file."""

READERS: Mapping[Format, Reader] = {
    "csv": read_csv,
    "tsv": read_tsv,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "xlsx": read_xlsx,
}
