"""Valid exports to mutate: the rows of one small slice of a company, and each entity of it in every format.

A slice has keys of its own, so that any number of them make one company, and the fault of one is no fault of another.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from openpyxl import Workbook

from warehouse import engine
from warehouse.engine import identifier, literal

AS_OF = "2026-06-30"
Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Table:
    """Text in columns, as an export has it: names may stand twice, rows may be ragged."""

    columns: list[str]
    rows: list[list[str]]

    @classmethod
    def of(cls, rows: Rows) -> Table:
        columns = list(dict.fromkeys(column for row in rows for column in row))
        return cls(columns, [[row.get(column, "") for column in columns] for row in rows])

    def copy(self) -> Table:
        return replace(self, columns=[*self.columns], rows=[[*row] for row in self.rows])


def slice_of(n: int) -> dict[str, Rows]:
    """Two contracts of one customer: subscription, goods, a cancellation, a delivery, invoices, a credit, a payment."""
    c, p, k = f"K{n}", f"P{n}", f"C{n}"
    return {
        "customers": [
            {"customer_id": c, "customer_name": f'Customer {n}, "Ltd"', "segment": "mid", "region": "Zürich"},
            {"customer_id": f"{c}-sub", "customer_name": f"Sub {n}", "parent_customer_id": c},
        ],
        "products": [
            {"product_id": p, "product_name": f"Service {n}", "revenue_category": "subscription",
             "recognition_method": "ratable", "recognition_convention": "daily"},
            {"product_id": f"{p}-g", "product_name": f"Goods {n}", "revenue_category": "goods",
             "recognition_method": "point_in_time", "recognition_convention": ""},
        ],
        "contracts": [
            {"contract_id": f"{k}-{i}", "customer_id": c, "status": "active", "signed_date": "2026-01-05",
             "start_date": "2026-01-01", "end_date": "2026-12-31", "currency": "USD", "total_amount": total}
            for i, total in ((1, "1200.00"), (2, "500.50"))
        ],
        "contract_lines": [
            {"contract_line_id": f"{k}-1-1", "contract_id": f"{k}-1", "line_number": "1", "product_id": p,
             "description": "a, b; c", "quantity": "12", "amount": "1200.00"},
            {"contract_line_id": f"{k}-2-1", "contract_id": f"{k}-2", "line_number": "1", "product_id": p,
             "description": "line\nbreak", "quantity": "", "amount": "300.50"},
            {"contract_line_id": f"{k}-2-2", "contract_id": f"{k}-2", "line_number": "2", "product_id": f"{p}-g",
             "description": 'a "quote"', "quantity": "10", "amount": "200.00"},
        ],
        "amendments": [
            {"amendment_id": f"A{n}", "contract_id": f"{k}-1", "contract_line_id": f"{k}-1-1",
             "effective_date": "2026-10-01", "signed_date": "2026-03-20", "action": "cancel",
             "reason": "budget, cut"},
        ],
        "fulfillments": [
            {"fulfillment_id": f"F{n}-{i}", "contract_line_id": f"{k}-2-2", "event_date": f"2026-0{i}-10",
             "kind": "delivery", "quantity": "4"}
            for i in (2, 3)
        ],
        "invoices": [
            {"invoice_id": f"I{n}-{i}", "customer_id": c, "contract_id": f"{k}-{i}", "issue_date": "2026-01-15",
             "currency": "USD", "status": "open", "total_amount": total, "tax_amount": "0.00"}
            for i, total in ((1, "1200.00"), (2, "500.50"))
        ],
        "invoice_lines": [
            {"invoice_line_id": f"I{n}-{contract}-{line}", "invoice_id": f"I{n}-{contract}",
             "contract_line_id": f"{k}-{contract}-{line}", "amount": amount, "tax_amount": "0.00"}
            for contract, line, amount in ((1, 1, "1200.00"), (2, 1, "300.50"), (2, 2, "200.00"))
        ],
        "credit_notes": [
            {"credit_note_id": f"N{n}", "invoice_id": f"I{n}-2", "customer_id": c, "issue_date": "2026-03-01",
             "currency": "USD", "status": "open", "total_amount": "20.00"},
        ],
        "credit_note_lines": [
            {"credit_note_line_id": f"N{n}-1", "credit_note_id": f"N{n}", "invoice_line_id": f"I{n}-2-1",
             "contract_line_id": f"{k}-2-1", "amount": "20.00", "reason": "billing_error"},
        ],
        "payments": [
            {"payment_id": f"Z{n}", "invoice_id": f"I{n}-1", "contract_id": f"{k}-1", "customer_id": c,
             "payment_date": "2026-02-20", "amount": "1200.00", "currency": "USD", "kind": "payment"},
        ],
    }  # fmt: skip


ENTITIES = tuple(slice_of(0))
FORMATS = ("csv", "csv;", "tsv", "csv.gz", "jsonl", "jsonl.gz", "parquet", "parquet.gz", "xlsx", "xlsx.gz")


def rendered(table: Table, form: str, scratch: Path) -> bytes:
    """A table as a file of one of FORMATS."""
    kind = form.removesuffix(".gz")
    if kind == "jsonl":
        data = _jsonl(table)
    elif kind == "parquet":
        data = _parquet(table, scratch)
    elif kind == "xlsx":
        data = _xlsx(table)
    else:
        data = text(table, {"csv;": ";", "tsv": "\t"}.get(kind, ","))
    return gzip.compress(data, mtime=0) if form.endswith(".gz") else data


def text(table: Table, delimiter: str, line_end: str = "\n") -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator=line_end).writerows([table.columns, *table.rows])
    return buffer.getvalue().encode("utf-8", "surrogatepass")


def _jsonl(table: Table) -> bytes:
    """Amounts as numbers, as systems write them; a name that stands twice does so here, too."""
    lines = []
    for row in table.rows:
        pairs = [
            f"{json.dumps(name)}: {_json(value)}" for name, value in zip(table.columns, row, strict=False)
        ]
        lines.append("{" + ", ".join(pairs) + "}\n")
    return "".join(lines).encode("utf-8", "surrogatepass")


def _json(value: str) -> str:
    is_number = (
        value.replace(".", "", 1).isdecimal() and value.isascii() and (value == "0" or value[0] != "0")
    )
    return value if is_number and not value.endswith(".") else json.dumps(value, ensure_ascii=False)


def _xlsx(table: Table) -> bytes:
    workbook = Workbook()
    for row in [table.columns, *table.rows]:
        workbook.active.append([_cell(value) for value in row])
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def _cell(value: str) -> object:
    """Numbers as numbers; what XML can't hold is left out, as Excel would."""
    kept = "".join(one for one in value if one in "\t\n" or (one >= " " and not "\ud800" <= one <= "\udfff"))
    try:
        return float(kept) if kept[:1].isdigit() and kept.isascii() else kept[:32_000]
    except ValueError:
        return kept[:32_000]


def _parquet(table: Table, scratch: Path) -> bytes:
    """By the engine; what Parquet can't hold (a name twice, ragged rows) is a valid file of what remains."""
    names = list({name.lower(): name for name in table.columns if name}.values()) or ["none"]
    rows = [[*row, *[""] * len(names)][: len(names)] for row in table.rows]
    columns = ", ".join(f"{identifier(name)} varchar" for name in names)
    clean = [[value.encode("utf-8", "replace").decode() or None for value in row] for row in rows]
    with engine.connect() as connection:
        connection.execute(f"create table data ({columns})")
        if clean:
            connection.executemany(f"insert into data values ({', '.join('?' * len(names))})", clean)
        connection.execute(f"copy data to {literal(str(scratch))} (format parquet)")
    data = scratch.read_bytes()
    scratch.unlink()
    return data
