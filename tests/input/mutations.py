# ruff: noqa: RUF001
"""What goes wrong with exports, one function a fault: of a table before it is written, or of the bytes after.

Each takes the random numbers it needs as its first argument and nothing else that differs between two runs.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from random import Random

from tests.input.exports import Table

TableMutation = Callable[[Random, Table], Table]
BytesMutation = Callable[[Random, bytes], bytes]

# --- values -----------------------------------------------------------------------------------------

VALUES: dict[str, tuple[str, ...]] = {
    "huge_number": ("9" * 13, "9" * 15 + ".99", "1" + "0" * 40, "-" + "9" * 400, "1e400", "99999999999.999"),
    "odd_number": (
        "1.234,56", "1,234.56", "1_000", "NaN", "infinity", "-0", "+5", ".5", "5.", "1e5", "0x10", "٣٤", "½",
        "0.001", "12.3456", "−5", "$5", "5 USD", "--5", "1 000", "0", "-1", "(5)",
    ),
    "odd_date": (
        "31/02/2026", "2026-02-30", "2026-13-01", "0001-01-01", "9999-12-31", "infinity", "2026-1-5", "20260105",
        "2026-01-05T10:00:00Z", "2026-01-05 25:00", "46053", "yesterday", "1899-12-31", "2100-12-31", "2101-01-01",
    ),
    "unicode": ("Ω≈ç√", "🧾" * 20, "\u202etxt.exe", "e\u0301", "\u200b", "\u00a0", "\ufeff", "İ", "𝟙𝟚", "ﬀ", "\u2028"),
    "formula_text": ("=1+1", "=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1", "=HYPERLINK(\"http://x\")"),
    "sql_text": (
        "'; drop table contracts; --", "' or 1=1 --", "\"; delete from x", "{{ 1 }}", "${x}", "%s%n", "\\", "$$",
        "../../etc/passwd", "<script>alert(1)</script>", "/* */",
    ),
    "control_characters": ("a\x01b", "\x00", "a\x00b", "\x1b[31m", "\x7f", "a\rb", "\r\n", "\t", "\x1a", "\x85"),
    "no_value": ("", " ", "   ", "NULL", "null", "None", "N/A", "#N/A", "#REF!", "-", "\\N", '""'),
    "long_text": ("x" * 256, "x" * 5_000, "é" * 70_000, '"' * 999, "a,b;c\td|" * 300),
    "wrong_word": ("USD ", "usd", "XXX", "JPY", "EUR", "draft", "void", "Active", "ratable", "add", "true", "1"),
}  # fmt: skip


def _value(kind: str) -> TableMutation:
    def mutate(random: Random, table: Table) -> Table:
        row = random.choice(table.rows)
        row[random.randrange(len(row))] = random.choice(VALUES[kind])
        return table

    return mutate


def swapped_values(random: Random, table: Table) -> Table:
    row = random.choice(table.rows)
    a, b = random.randrange(len(row)), random.randrange(len(row))
    row[a], row[b] = row[b], row[a]
    return table


def padded_values(random: Random, table: Table) -> Table:
    return Table(table.columns, [[f" {value} " for value in row] for row in table.rows])


# --- rows and columns -------------------------------------------------------------------------------


def missing_column(random: Random, table: Table) -> Table:
    place = random.randrange(len(table.columns))
    for row in [table.columns, *table.rows]:
        del row[place]
    return table


def renamed_column(random: Random, table: Table) -> Table:
    place = random.randrange(len(table.columns))
    name = table.columns[place]
    table.columns[place] = random.choice(
        (name.upper(), f" {name} ", name + "s", "", f'"{name}"', "_row", "ß" + name)
    )
    return table


def duplicated_header(random: Random, table: Table) -> Table:
    place = random.randrange(len(table.columns))
    table.columns.append(random.choice((table.columns[place], table.columns[place].upper())))
    for row in table.rows:
        row.append(row[place])
    return table


def extra_columns(random: Random, table: Table) -> Table:
    for number in range(random.randint(1, 40)):
        table.columns.append(random.choice(("", f"extra {number}", f"Ünused-{number}")))
        for row in table.rows:
            row.append(random.choice(("", "x", "a,b")))
    return table


def blank_trailing_columns(random: Random, table: Table) -> Table:
    blank = [""] * random.randint(1, 5)
    return Table(table.columns + blank, [row + blank for row in table.rows])


def reordered_columns(random: Random, table: Table) -> Table:
    order = random.sample(range(len(table.columns)), len(table.columns))
    return Table([table.columns[n] for n in order], [[row[n] for n in order] for row in table.rows])


def repeated_rows(random: Random, table: Table) -> Table:
    table.rows.extend([*random.choice(table.rows)] for _ in range(random.randint(1, 5)))
    return table


def same_key_other_content(random: Random, table: Table) -> Table:
    row = [*random.choice(table.rows)]
    row[random.randrange(1, len(row))] = random.choice(("7", "2026-05-05", "x", ""))
    table.rows.append(row)
    return table


def removed_rows(random: Random, table: Table) -> Table:
    table.rows[:] = random.sample(table.rows, random.randrange(len(table.rows)))
    return table


def ragged_row(random: Random, table: Table) -> Table:
    row = random.choice(table.rows)
    row[:] = random.choice((row[:-1], [*row, "more"], [*row, ""], row[:1], [*row, *row]))
    return table


def preamble_and_trailer(random: Random, table: Table) -> Table:
    width = len(table.columns)
    total = ["Grand Total", *[""] * (width - 1)]
    title = ["Report of today", *[""] * (width - 1)]
    rows = [[*table.columns], *table.rows, total]
    return Table(title, rows) if random.random() < 0.5 else Table(table.columns, [*table.rows, total])


OF_TABLES: dict[str, TableMutation] = {
    **{kind: _value(kind) for kind in VALUES},
    **{
        mutate.__name__: mutate
        for mutate in (
            swapped_values, padded_values, missing_column, renamed_column, duplicated_header, extra_columns,
            blank_trailing_columns, reordered_columns, repeated_rows, same_key_other_content, removed_rows,
            ragged_row, preamble_and_trailer,
        )
    },
}  # fmt: skip

# --- bytes ------------------------------------------------------------------------------------------


def flipped_bits(random: Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8, 64))):
        out[random.randrange(len(out))] ^= 1 << random.randrange(8)
    return bytes(out)


def cut_off(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data))]


def inserted_bytes(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data) + 1)
    more = random.choice(
        (random.randbytes(random.randint(1, 9)), b",", b'"', b"\n", b"\r", b";", b"\t", b"'", b"\xff")
    )
    return data[:place] + more + data[place:]


def removed_bytes(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data))
    return data[:place] + data[place + random.randint(1, 40) :]


def repeated_bytes(random: Random, data: bytes) -> bytes:
    start = random.randrange(len(data))
    end = start + random.randint(1, 200)
    return data[:end] + data[start:end] + data[end:]


def nul_bytes(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data))
    return data[:place] + bytes(random.choice((1, 3, 512))) + data[place:]


def garbage_at_the_end(random: Random, data: bytes) -> bytes:
    return data + random.choice((bytes(512), b"\x1a", b"\n\n\n", random.randbytes(30), b'"', b"</html>"))


def garbage_at_the_start(random: Random, data: bytes) -> bytes:
    return (
        random.choice((b"\n\n", b"\xef\xbb\xbf", b"sep=;\n", b"<html>\n", b"\xef\xbb\xbf\xef\xbb\xbf", b" "))
        + data
    )


def removed_line(random: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    del lines[random.randrange(len(lines))]
    return b"".join(lines)


def repeated_line(random: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    place = random.randrange(len(lines))
    return b"".join(lines[: place + 1] + lines[place:])


def twice(random: Random, data: bytes) -> bytes:
    return data + data


def other_delimiter(random: Random, data: bytes) -> bytes:
    return data.replace(b",", random.choice((b";", b"\t", b"|", b", ", b",,", b"\x01")))


def quote_storm(random: Random, data: bytes) -> bytes:
    for _ in range(random.randint(1, 12)):
        place = random.randrange(len(data) + 1)
        data = data[:place] + b'"' * random.randint(1, 3) + data[place:]
    return data


def other_line_ends(random: Random, data: bytes) -> bytes:
    return data.replace(
        b"\n", random.choice((b"\r\n", b"\r", b"\n\n", b"\n\r", b"\r\r\n", b"\n \n", b"\x85", b"\x0b"))
    )


def other_encoding(random: Random, data: bytes) -> bytes:
    encoding = random.choice(
        ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-7", "utf-8-sig")
    )
    return data.decode("utf-8", "replace").encode(encoding, "replace")


def empty_file(random: Random, data: bytes) -> bytes:
    return random.choice((b"", b"\n", b" ", b"\xef\xbb\xbf", b"{}", b"[]", b"\x00", data[:1]))


def another_format(random: Random, data: bytes) -> bytes:
    return random.choice(
        (gzip.compress(data, mtime=0), b"PAR1" + data + b"PAR1", b"PK\x03\x04" + data, data[::-1])
    )


OF_BYTES: dict[str, BytesMutation] = {
    mutate.__name__: mutate
    for mutate in (
        flipped_bits, cut_off, inserted_bytes, removed_bytes, repeated_bytes, nul_bytes, garbage_at_the_end,
        garbage_at_the_start, removed_line, repeated_line, twice, other_delimiter, quote_storm, other_line_ends,
        other_encoding, empty_file, another_format,
    )
}  # fmt: skip

MUTATIONS = (*OF_TABLES, *OF_BYTES)


def mutated_bytes(name: str, random: Random, data: bytes, form: str) -> bytes:
    """Of the file as it lies there, or of what is packed in it: else a checksum would be all that is ever tried."""
    is_inner = random.random() < 0.7
    if form.endswith(".gz") and is_inner:
        inner = mutated_bytes(name, random, gzip.decompress(data), form.removesuffix(".gz"))
        return gzip.compress(inner, mtime=0)
    if form == "xlsx" and is_inner:
        return _in_archive(name, random, data)
    return OF_BYTES[name](random, data) if data else data


def _in_archive(name: str, random: Random, data: bytes) -> bytes:
    """One part of a workbook, most often its sheet."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {one: archive.read(one) for one in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    chosen = sheet if random.random() < 0.7 else random.choice(sorted(parts))
    parts[chosen] = OF_BYTES[name](random, parts[chosen])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(zipfile.ZipInfo(part), content, compresslevel=zlib.Z_DEFAULT_COMPRESSION)
    return out.getvalue()
