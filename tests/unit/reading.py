"""One file read by its format's reader, the way extraction does it, without a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from warehouse.connectors import SourceObject
from warehouse.engine import Connection, connect, literal
from warehouse.extract.exports import Export
from warehouse.extract.find import Format, FoundFile
from warehouse.extract.readers.registry import READERS
from warehouse.extract.stage import stage

Row = tuple[object, ...]
COLUMNS = ("id", "amount", "note")


class Reader:
    """Stages and reads files of an object with the columns id, amount and note."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection: Connection = connect(settings={"threads": 2})
        self.left_out = 0

    def __call__(
        self, data: bytes, name: str = "deals.csv", **declared: Any
    ) -> tuple[tuple[str, ...], list[Row]]:
        """Its columns, and its rows with their numbers first."""
        path = self.folder / name
        path.write_bytes(data)
        deals = SourceObject(columns=COLUMNS, **declared)
        kind = cast(Format, name.removesuffix(".gz").rpartition(".")[2])
        file = FoundFile(Export(path, name), "crm", "deals", kind, name.endswith(".gz"))
        staged = stage(file, self.folder / "copy", deals.encoding, pause=lambda _: None)
        target = self.folder / "lake.parquet"
        result = READERS[kind](self.connection, staged, target, deals)
        self.left_out = result.left_out
        columns = ", ".join(["_row", *(f'"{column}"' for column in result.columns)])
        query = f"select {columns} from read_parquet({literal(str(target))}) order by _row"
        rows = self.connection.execute(query).fetchall()
        assert len(rows) == result.rows
        return result.columns, rows
