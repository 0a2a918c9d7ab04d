"""Check a published month from its own files: hashes, the chain of months, and the equations.

    python verify.py            this month, and that the months before it are the ones it names
    python verify.py --chain    every earlier month as well

Needs Python 3.11 and `pip install duckdb`; nothing of tieout, no network. Exit code 0: all holds, 4: something
does not. Money is compared as whole thousandths; it is rounded where it was translated, half away from zero to the
minor unit, and nowhere else.
"""
# ruff: noqa: T201  (a command of its own: it prints)

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import duckdb

# ISO 4217: currencies whose minor unit is not 1/100.
NO_MINOR_UNIT = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
THOUSANDTHS = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
# Tables of which a close publishes only the rows that differ from the months before.
STATE = ("dim_contract", "dim_contract_line", "revenue_segments")
STANDS_ON = frozenset(f"{table}.parquet" for table in ("posted_positions", "rpt_rollforward", *STATE))
NOT_LINKED = "(not linked)"
SCHEDULE = "marts.fct_revenue_schedule"
REPORT = "report.html"

# What each measure of the frozen positions is in the facts: its amount and, of what is invoiced, its tax.
FACTS = [
    ("contracted", "amount_minor", "fct_bookings", "amount"),
    ("billed", "amount_minor", "fct_billings", "amount"),
    ("billed", "tax_minor", "fct_billings", "tax_amount"),
    ("recognized", "amount_minor", "fct_recognized_revenue", "amount"),
]
# What each figure of rpt_bbb is the sum of.
BBB = {
    "bookings": ("fct_bookings", "amount"),
    "billings": ("fct_billings", "amount"),
    "revenue": ("fct_recognized_revenue", "amount"),
    "backlog": ("fct_backlog", "backlog"),
    "deferred_revenue": ("fct_contract_balances", "deferred_revenue"),
    "contract_asset": ("fct_contract_balances", "contract_asset"),
}
# What each figure of a report is the sum of, by entity, currency and age: the sum, and the columns it needs.
SUMS = {
    ("rpt_contract_balances", "fct_contract_balances"): {
        balance: (balance, balance)
        for balance in (
            "deferred_revenue",
            "deferred_revenue_current",
            "deferred_revenue_long_term",
            "contract_asset",
            "unbilled_receivable",
            "refund_liability",
            "customer_deposits",
            "accounts_receivable",
        )
    },
    ("rpt_rpo", "fct_backlog"): {
        "backlog": ("backlog", "backlog_12m"),
        "rpo": ("rpo", "rpo"),
        "rpo_exempt": ("rpo_exempt", "rpo_exempt"),
        "rpo_12m": ("crpo", "crpo"),
        "rpo_24m": ("within(backlog_12m + backlog_24m, rpo) - crpo", "crpo"),
        "rpo_36m": (
            "within(backlog_12m + backlog_24m + backlog_36m, rpo) - within(backlog_12m + backlog_24m, rpo)",
            "crpo",
        ),
        "rpo_beyond": ("rpo - within(backlog_12m + backlog_24m + backlog_36m, rpo)", "crpo"),
    },
    ("rpt_backlog_aging", "fct_backlog"): {"backlog": ("backlog", "backlog_12m")},
    ("rpt_ar_aging", "fct_receivables"): {"open": ("open", "age_bucket")},
}
# In the contract's currency, the entity's functional one and the reporting one.
STEPS = ("", "_functional", "_reporting")
# What is translated at the rate of its own day, and at that of the period's end; the parts of a whole are what the
# other parts leave, so that of them only sums are.
BY_DAY = {
    "fct_bookings": ("booking_date", ["amount"]),
    "fct_billings": ("billing_date", ["amount", "tax_amount"]),
}
AT_CLOSING = {
    "fct_backlog": [
        "contracted",
        "billed",
        "backlog",
        "billed_backlog",
        "rpo",
        "rpo_exempt",
        "crpo",
        "backlog_12m",
        "backlog_12m + backlog_24m",
        "backlog_12m + backlog_24m + backlog_36m",
    ],
    "fct_contract_balances": [
        "contract_asset",
        "unbilled_receivable",
        "refund_liability",
        "customer_deposits",
        "accounts_receivable",
    ],
    "fct_receivables": ["credited", "paid", "written_off", "open"],
}
# Rows that add up in every currency.
ADDS_UP = {
    "fct_backlog": [
        ("backlog", "contracted - recognized"),
        ("backlog", "billed_backlog + unbilled_backlog"),
        ("backlog", "backlog_12m + backlog_24m + backlog_36m + backlog_beyond"),
    ],
    "fct_contract_balances": [("deferred_revenue", "deferred_revenue_current + deferred_revenue_long_term")],
    "fct_receivables": [("open", "billed - credited - paid - written_off")],
}
CLOSING_IN = {
    "backlog": ("fct_backlog", "backlog"),
    "deferred_revenue": ("fct_contract_balances", "deferred_revenue"),
    "contract_asset": ("fct_contract_balances", "contract_asset"),
    "refund_liability": ("fct_contract_balances", "refund_liability"),
    "customer_deposits": ("fct_contract_balances", "customer_deposits"),
    "accounts_receivable": ("fct_contract_balances", "accounts_receivable"),
}


class Report:
    """Prints each check as it is done and remembers whether all of them held."""

    def __init__(self) -> None:
        self.failed = 0

    def check(self, name: str, problems: list[str], what: str = "") -> None:
        if problems:
            self.failed += 1
            print(f"FAIL  {name}")
            for problem in problems[:10]:
                print(f"        {problem}")
            if len(problems) > 10:
                print(f"        ... and {len(problems) - 10} more")
        else:
            print(f"ok    {name}{f'  ({what})' if what else ''}")

    def skip(self, name: str, why: str) -> None:
        print(f"skip  {name}  ({why})")


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


# --- files and chain ---------------------------------------------------------------------------------


def read_manifest(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "manifest.json").read_bytes()))


def folder_of(published: Path, link: dict[str, Any]) -> Path:
    return published / str(link["period"]) / f"v{link['version']}"


def check_files(
    report: Report, folder: Path, manifest: dict[str, Any], only: frozenset[str] | None = None
) -> None:
    """The folder's files against its manifest; with `only` those of an earlier month that this one stands on."""
    problems = []
    seal = folder / "manifest.sha256"
    expected = f"{sha256(folder / 'manifest.json')}  manifest.json\n"
    if not seal.is_file() or seal.read_text(encoding="utf-8") != expected:
        problems.append("manifest.json is not the one manifest.sha256 was written for")
    checked = {file: entry for file, entry in manifest["files"].items() if only is None or file in only}
    for file, entry in checked.items():
        path = folder / file
        if not path.is_file():
            problems.append(f"{file} is missing")
        elif sha256(path) != entry["sha256"]:
            problems.append(f"{file} was changed: {sha256(path)}, published as {entry['sha256']}")
    listed = {*manifest["files"], "manifest.json", "manifest.sha256"}
    for path in sorted(folder.rglob("*")):
        file = path.relative_to(folder).as_posix()
        if only is None and not path.is_dir() and file not in listed:
            problems.append(f"{file} was not published")
    label = f"{manifest['period']} v{manifest['version']}"
    report.check(f"{label}: files are the published ones", problems, f"{len(checked)} files")


def earlier_folders(report: Report, published: Path, manifest: dict[str, Any]) -> list[Path] | None:
    """The folders before this one, nearest first, each proved by the hash in the one after it."""
    folders: list[Path] = []
    problems: list[str] = []
    link = manifest["previous"]
    while link is not None:
        folder = folder_of(published, link)
        path = folder / "manifest.json"
        if not path.is_file():
            problems.append(f"{link['period']} v{link['version']} is not beside this month")
            break
        if sha256(path) != link["manifest_sha256"]:
            problems.append(f"the manifest of {link['period']} v{link['version']} was changed")
            break
        folders.append(folder)
        link = read_manifest(folder)["previous"]
    for covered in manifest["covers"]:
        if folder_of(published, covered) not in folders and not problems:
            problems.append(f"{covered['period']} v{covered['version']} is covered, but not in the chain")
    if (
        manifest["previous"] is not None
        and not folders
        and problems
        == [f"{manifest['previous']['period']} v{manifest['previous']['version']} is not beside this month"]
    ):
        report.skip("chain of months", "the earlier months are not beside this one")
        return None
    report.check("chain of months", problems, f"{len(folders)} earlier")
    return None if problems else folders


def months_in_force(folder: Path, earlier: list[Path]) -> list[Path]:
    """Oldest first; of a reopened month only its last version."""
    latest: dict[str, Path] = {}
    for path in [*reversed(earlier), folder]:
        latest[path.parent.name] = path
    return list(latest.values())


# --- content -----------------------------------------------------------------------------------------


def content_hash(
    con: duckdb.DuckDBPyConnection, path: Path, columns: list[dict[str, Any]]
) -> tuple[int, str]:
    """The hash of the values that the manifest holds: the same for any order of rows and engine version."""
    row_text = " || ".join(
        f"coalesce(strlen({value}) || ':' || {value}, '-')"
        for value in (f"cast({name(column['name'])} as varchar)" for column in columns)
    )
    [row] = con.execute(
        "select count(*), coalesce(sum(cast('0x' || substr(digest, 1, 15) as bigint)), 0),"
        " coalesce(sum(cast('0x' || substr(digest, 16, 15) as bigint)), 0)"
        f" from (select md5({row_text}) as digest from read_parquet({text(path)})) as digests"
    ).fetchall()
    head = ";".join(f"{column['name']} {column['type']}" for column in columns)
    return int(row[0]), hashlib.sha256(
        (f"{head}|" + "|".join(str(value) for value in row)).encode()
    ).hexdigest()


def check_content(
    report: Report, con: duckdb.DuckDBPyConnection, folder: Path, manifest: dict[str, Any]
) -> None:
    """Columns, rows, values and money totals are what the manifest says of them."""
    problems = []
    tables = {file: entry for file, entry in manifest["files"].items() if "columns" in entry}
    for file, entry in tables.items():
        path = folder / file
        rows, content = content_hash(con, path, entry["columns"])
        if rows != entry["rows"]:
            problems.append(f"{file} has {rows} rows, published with {entry['rows']}")
        if content != entry["content_sha256"]:
            problems.append(f"{file} has other values than were published")
        for currency, totals in entry.get("totals", {}).items():
            for column, total in totals.items():
                found = con.execute(
                    f"select cast(coalesce(sum({name(column)}), 0) as varchar) from read_parquet({text(path)})"
                    " where coalesce(currency, '(none)') = ?",
                    [currency],
                ).fetchone()
                if found is None or found[0] != total:
                    problems.append(f"{file}: {column} in {currency} adds up to {found}, published {total}")
    report.check("rows, values and money totals", problems, f"{len(tables)} tables")


def register(con: duckdb.DuckDBPyConnection, folder: Path, months: list[Path] | None) -> set[str]:
    """A view for each file of this month, and the positions of this month and those before it."""
    con.execute(
        "create macro thousandths(amount) as cast(amount * 1000 as hugeint);"
        "create macro within(amount, most) as"
        " case when most >= 0 then greatest(least(amount, most), 0) else least(greatest(amount, most), 0) end;"
        "create macro minor_thousandths(minor, currency) as cast(minor as hugeint) * case"
        f" when currency in ({', '.join(repr(code) for code in NO_MINOR_UNIT)}) then 1000"
        f" when currency in ({', '.join(repr(code) for code in THOUSANDTHS)}) then 1 else 10 end"
    )
    present = set()
    for path in sorted(folder.glob("*.parquet")):
        con.execute(f"create view {name(path.stem)} as select * from read_parquet({text(path)})")
        present.add(path.stem)
    if months and "posted_positions" in present:
        rows = " union all by name ".join(
            f"select *, {place} as place from read_parquet({text(month / 'posted_positions.parquet')})"
            for place, month in enumerate(months)
        )
        con.execute(f"create table postings as select * from ({rows})")
        con.execute(
            "create table positions as select * from postings"
            " qualify row_number() over (partition by posting_key, original_period order by place desc) = 1"
        )
        con.execute(
            f"create table positions_before as select * from postings where place < {len(months) - 1}"
            " qualify row_number() over (partition by posting_key, original_period order by place desc) = 1"
        )
        present |= {"positions", "positions_before"}
    return present


def differences(con: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    """Rows that a check's query finds, as sentences: `column value, column value`."""
    cursor = con.execute(sql + " order by all limit 100")
    columns = [column[0] for column in cursor.description or []]
    return [
        ", ".join(f"{column} {value}" for column, value in zip(columns, row, strict=True))
        for row in cursor.fetchall()
    ]


def columns_of(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [str(column[0]) for column in con.execute(f"from {table} limit 0").description or []]


def check_equations(
    report: Report, con: duckdb.DuckDBPyConnection, present: set[str], before: Path | None
) -> None:
    """E2, E3, E7 and the tie of the facts to the positions, as far as the files at hand allow."""
    check_bbb(report, con, present)
    check_journals(report, con, present)
    check_ledger(report, con, present)
    check_metrics(report, con, present)
    check_rows(report, con, present)
    check_sums(report, con, present)
    if "rpt_rollforward" in present:
        check_rollforward(report, con, present, before)
    if "positions" not in present:
        report.skip("E2, E7 and facts against positions", "needs the earlier months")
        return
    for measure, minor, table, column in FACTS:
        if table in present and column in columns_of(con, table):
            what = measure if minor == "amount_minor" else f"{measure} tax"
            report.check(
                f"{table} = change of {what} positions",
                differences(con, fact_ties(measure, minor, table, column)),
            )
    if "rpt_rollforward" in present:
        report.check("cut-over of backlog = change of opening positions", differences(con, cut_over_ties()))
    if "fct_backlog" in present:
        report.check("E2 backlog = contracted - recognized positions", differences(con, backlog_ties()))
        report.check("fct_backlog billed = billed positions", differences(con, billed_ties()))
    if "fct_contract_balances" in present:
        report.check(
            "E7 backlog = deferred revenue + refund liability + unbilled - contract asset",
            differences(con, balance_ties()),
        )
        report.check(
            "receivables = billed with tax - paid + deposited - written off positions",
            differences(con, receivable_ties()),
        )
        report.check("customer deposits = deposited positions", differences(con, deposit_ties()))
    report.check(
        "reporting amount of positions = their amount, in that currency",
        differences(
            con,
            "select posting_key, original_period, amount_minor, reporting_minor from positions"
            " where reporting_minor <> amount_minor",
        ),
    )
    report.check(
        "only what is billed or written off has tax",
        differences(
            con,
            "select posting_key, original_period, tax_minor from positions"
            " where tax_minor <> 0 and measure not in ('billed', 'not_yet_counted', 'bad_debt')",
        ),
    )


def check_journals(report: Report, con: duckdb.DuckDBPyConnection, present: set[str]) -> None:
    if "fct_journal_entries" in present:
        held = columns_of(con, "fct_journal_entries")
        for step in (step for step in STEPS if f"debit{step}" in held):
            ties = f"""
                select journal_id, sum(debit{step}) as debits, sum(credit{step}) as credits from fct_journal_entries
                group by journal_id having sum(debit{step}) <> sum(credit{step})"""
            report.check(f"E5 debits = credits, each journal{in_words(step)}", differences(con, ties))


def check_ledger(report: Report, con: duckdb.DuckDBPyConnection, present: set[str]) -> None:
    if "rpt_reconciliation" not in present:
        return
    scope = "period, entity_id, currency, balance"
    report.check(
        "difference to the general ledger = ours - theirs, in all and each item",
        differences(
            con,
            f"""
                select {scope}, ours, theirs, difference from rpt_reconciliation
                where difference is distinct from ours - theirs
                union all
                select {scope}, ours, theirs, difference from rpt_reconciliation_items
                where difference is distinct from ours - theirs""",
        ),
    )
    report.check(
        "E9 the difference to the general ledger is listed",
        differences(
            con,
            f"""
                with listed as (
                    select {scope}, count(*) as items, sum(difference) as difference,
                        sum(case when reason = 'timing' then difference else 0 end) as timing,
                        sum(case when reason = 'timing' then 0 else abs(difference) end) as to_be_cleared
                    from rpt_reconciliation_items group by {scope}
                )
                select {scope}, totals.difference, listed.difference, totals.timing, listed.timing,
                    totals.to_be_cleared, listed.to_be_cleared, totals.items, listed.items
                from rpt_reconciliation as totals
                full join listed using ({scope})
                where totals.period is null
                    or totals.difference is distinct from coalesce(listed.difference, 0)
                    or totals.timing is distinct from coalesce(listed.timing, 0)
                    or totals.to_be_cleared is distinct from coalesce(listed.to_be_cleared, 0)
                    or totals.items is distinct from coalesce(listed.items, 0)""",
        ),
    )
    if "rpt_rollforward" in present:
        report.check(
            "what is compared with the general ledger = the closing balances",
            differences(
                con,
                """
                    select compared.period, compared.entity_id, compared.currency, compared.balance, compared.ours,
                        rolled.amount
                    from rpt_reconciliation as compared
                    inner join rpt_rollforward as rolled using (period, entity_id, currency, balance)
                    where rolled.movement = 'closing'
                        and compared.ours <> case
                            when rolled.balance in ('accounts_receivable', 'contract_asset') then rolled.amount
                            else -rolled.amount
                        end""",
            ),
        )


def check_metrics(report: Report, con: duckdb.DuckDBPyConnection, present: set[str]) -> None:
    if not {"rpt_metrics", "rpt_bbb"} <= present:
        return
    report.check(
        "a measure = its numerator / its denominator",
        differences(
            con,
            """
                select period, entity_id, currency, metric, breakdown, value, numerator, denominator from rpt_metrics
                where numerator is not null and case
                    when denominator is null then value is distinct from numerator
                    when abs(numerator) >= 999999999999 * cast(abs(denominator) as decimal(38, 6))
                        then value is not null
                    else value is null or abs(value * denominator - numerator) > 0.0000005 * abs(denominator)
                end""",
        ),
    )
    ratios = ("book_to_bill", "revenue_recognition_rate", "backlog_coverage_months", "backlog_growth")
    shared = {name: name for name in ratios} | {"direct_billings": "billings"}
    held = columns_of(con, "rpt_bbb")
    for metric, column in shared.items():
        if column in held:
            report.check(
                f"measure {metric} = that of rpt_bbb",
                differences(
                    con,
                    f"""
                        select measures.period, measures.entity_id, measures.currency, measures.value, figures.{column}
                        from rpt_metrics as measures
                        inner join rpt_bbb as figures using (period, entity_id, currency)
                        where measures.metric = '{metric}' and measures.value is distinct from figures.{column}""",
                ),
            )


def check_rows(report: Report, con: duckdb.DuckDBPyConnection, present: set[str]) -> None:
    """What holds in each row, and between tables of one month."""
    if "fct_backlog" in present:
        report.check(
            "E2 contracted = recognized + backlog, each line",
            differences(
                con,
                "select contract_line_id, contracted, recognized, backlog from fct_backlog"
                " where contracted is distinct from recognized + backlog"
                " or billed_backlog + unbilled_backlog is distinct from backlog",
            ),
        )
        if "backlog_12m" in columns_of(con, "fct_backlog"):
            report.check(
                "bands add up to backlog, RPO lies within it",
                differences(
                    con,
                    "select contract_line_id, backlog, rpo, crpo from fct_backlog"
                    " where backlog <> backlog_12m + backlog_24m + backlog_36m + backlog_beyond"
                    " or abs(rpo) > abs(backlog) or abs(crpo) > abs(rpo)",
                ),
            )
    if "fct_contract_balances" in present and "unbilled_receivable" in columns_of(
        con, "fct_contract_balances"
    ):
        report.check(
            "current + long-term = deferred revenue, unbilled receivable within contract asset",
            differences(
                con,
                "select accounting_contract_id, deferred_revenue, contract_asset from fct_contract_balances"
                " where deferred_revenue <> deferred_revenue_current + deferred_revenue_long_term"
                " or deferred_revenue_current < 0 or deferred_revenue_long_term < 0"
                " or unbilled_receivable not between 0 and contract_asset",
            ),
        )
    if "fct_receivables" in present and "written_off" in columns_of(con, "fct_receivables"):
        report.check(
            "open = billed - credited - paid - written off, each invoice",
            differences(
                con,
                "select contract_id, invoice_id, open from fct_receivables"
                " where open is distinct from billed - credited - paid - written_off",
            ),
        )
    if "fct_receivables" in present and "fct_contract_balances" in present:
        report.check("receivables by invoice = balances of contracts", differences(con, invoice_ties()))


def check_sums(report: Report, con: duckdb.DuckDBPyConnection, present: set[str]) -> None:
    """Reports are sums of facts."""
    for (table, fact), figures in SUMS.items():
        if table in present and fact in present:
            said, known = columns_of(con, table), columns_of(con, fact)
            for figure, (column, needed) in figures.items():
                for step in ("", "_reporting"):
                    if f"{figure}{step}" in said and f"{needed}{step}" in known:
                        report.check(
                            f"{table} {figure} = {fact}{in_words(step)}",
                            differences(con, sum_ties(table, figure + step, fact, stepped(column, step))),
                        )
    if {"rpt_backlog_bridge", "rpt_rollforward"} <= present:
        for step in STEPS:
            reports = ("rpt_backlog_bridge", "rpt_rollforward")
            if all(f"amount{step}" in columns_of(con, report) for report in reports):
                report.check(
                    f"backlog by cause = roll-forward of backlog{in_words(step)}",
                    differences(con, bridge_ties(step)),
                )


def stepped(expression: str, step: str) -> str:
    """An expression of amounts, of the same amounts in another currency."""
    return re.sub(r"\b(?!within\b)[a-z]\w*", lambda found: found[0] + step, expression)


def check_bbb(report: Report, con: duckdb.DuckDBPyConnection, present: set[str]) -> None:
    if "rpt_bbb" not in present:
        return
    for figure, (table, column) in BBB.items():
        for step in ("", "_reporting"):
            if table in present and figure + step in columns_of(con, "rpt_bbb"):
                report.check(
                    f"rpt_bbb {figure} = {table}{in_words(step)}",
                    differences(con, bbb_ties(figure + step, table, column + step)),
                )


def check_rollforward(
    report: Report, con: duckdb.DuckDBPyConnection, present: set[str], before: Path | None
) -> None:
    held = columns_of(con, "rpt_rollforward")
    for step in (step for step in STEPS if f"amount{step}" in held):
        amount, what = f"amount{step}", in_words(step)
        report.check(
            f"E3 opening + movements = closing{what}",
            differences(
                con,
                "select entity_id, currency, balance,"
                f" sum(case when movement = 'closing' then -{amount} else {amount} end) as difference"
                " from rpt_rollforward group by entity_id, currency, balance having difference <> 0",
            ),
        )
        earlier = before / "rpt_rollforward.parquet" if before is not None else None
        if (
            earlier is not None
            and earlier.is_file()
            and amount in columns_of(con, f"read_parquet({text(earlier)})")
        ):
            opening = f"""
                select entity_id, currency, balance, sum(opening) as opening, sum(closing) as closing_before from (
                    select entity_id, currency, balance, {amount} as opening, 0 as closing
                    from rpt_rollforward where movement = 'opening'
                    union all
                    select entity_id, currency, balance, 0, {amount}
                    from read_parquet({text(earlier)}) where movement = 'closing'
                ) group by entity_id, currency, balance having sum(opening) <> sum(closing)"""
            report.check(f"E3 opening = closing of the month before{what}", differences(con, opening))
        for balance, (table, column) in CLOSING_IN.items():
            if table in present and f"{column}{step}" in columns_of(con, table):
                ties = f"""
                    select entity_id, currency, sum(rolled) as closing, sum(held) as {table} from (
                        select entity_id, currency, {amount} as rolled, 0 as held from rpt_rollforward
                        where balance = '{balance}' and movement = 'closing'
                        union all select entity_id, currency, 0, {column}{step} from {table}
                    ) group by entity_id, currency having sum(rolled) <> sum(held)"""
                report.check(f"E3 closing {balance} = {table}{what}", differences(con, ties))
        facts = ("fct_bookings", "fct_recognized_revenue")
        if step and all(fact in present and amount in columns_of(con, fact) for fact in facts):
            report.check(
                f"E3 backlog moved by bookings and revenue{what}", differences(con, backlog_moves(step))
            )


def in_words(step: str) -> str:
    return f", {step[1:]} currency" if step else ""


def backlog_moves(step: str) -> str:
    """What is neither opening nor closing nor fx nor cut-over of the roll-forward is posted facts."""
    return f"""
        select entity_id, currency, sum(rolled) as rolled_forward, sum(posted) as facts from (
            select entity_id, currency, amount{step} as rolled, 0 as posted from rpt_rollforward
            where balance = 'backlog' and movement not in ('opening', 'cut_over', 'fx', 'closing')
            union all select entity_id, currency, 0, amount{step} from fct_bookings
            union all select entity_id, currency, 0, -amount{step} from fct_recognized_revenue
        ) group by entity_id, currency having sum(rolled) <> sum(posted)"""


def bbb_ties(figure: str, table: str, column: str) -> str:
    return f"""
        select entity_id, currency, sum(said) as {figure}, sum(held) as {table} from (
            select entity_id, currency, {figure} as said, 0 as held from rpt_bbb
            union all select entity_id, currency, 0, {column} from {table}
        ) group by entity_id, currency having sum(said) <> sum(held)"""


def fact_ties(measure: str, minor: str, table: str, column: str) -> str:
    """Posted facts = positions as of this month - positions as of the month before, without what a cut-over opened."""
    grain = "entity_id, customer_id, contract_id, currency, original_period"
    return f"""
        select {grain}, sum(posted) as posted_thousandths, sum(moved) as positions_thousandths from (
            select {grain}, thousandths({column}) as posted, 0 as moved from {table}
            union all
            select {grain}, 0, minor_thousandths({minor}, currency) from positions
            where measure = '{measure}' and event_type <> 'opening'
            union all
            select {grain}, 0, -minor_thousandths({minor}, currency) from positions_before
            where measure = '{measure}' and event_type <> 'opening'
        ) group by {grain} having sum(posted) <> sum(moved)"""


def cut_over_ties() -> str:
    """What a cut-over brings into backlog = what opening positions changed by in this month."""
    grain = "entity_id, currency"
    opened = "case measure when 'contracted' then amount_minor else -amount_minor end"
    return f"""
        select {grain}, sum(rolled) as rolled_thousandths, sum(opened) as positions_thousandths from (
            select {grain}, thousandths(amount) as rolled, 0 as opened from rpt_rollforward
            where balance = 'backlog' and movement = 'cut_over'
            union all
            select {grain}, 0, minor_thousandths({opened}, currency) from positions
            where event_type = 'opening' and measure in ('contracted', 'recognized')
            union all
            select {grain}, 0, -minor_thousandths({opened}, currency) from positions_before
            where event_type = 'opening' and measure in ('contracted', 'recognized')
        ) group by {grain} having sum(rolled) <> sum(opened)"""


def backlog_ties() -> str:
    grain = "contract_line_id, customer_id, entity_id, product_id, currency"
    return f"""
        select {grain}, sum(held) as backlog_thousandths, sum(position) as positions_thousandths from (
            select {grain}, thousandths(backlog) as held, 0 as position from fct_backlog
            union all
            select {grain}, 0, minor_thousandths(
                case measure when 'contracted' then amount_minor else -amount_minor end, currency)
            from positions where measure in ('contracted', 'recognized')
        ) group by {grain} having sum(held) <> sum(position)"""


def billed_ties() -> str:
    """Of the lines that have backlog; what is billed on others is in no table by line."""
    grain = "contract_line_id, customer_id, entity_id, product_id, currency"
    return f"""
        select {grain}, sum(held) as billed_thousandths, sum(position) as positions_thousandths from (
            select {grain}, thousandths(billed) as held, 0 as position, true as has_backlog from fct_backlog
            union all
            select {grain}, 0, minor_thousandths(amount_minor, currency), false
            from positions where measure in ('billed', 'not_yet_counted')
        ) group by {grain} having bool_or(has_backlog) and sum(held) <> sum(position)"""


def receivable_ties() -> str:
    grain = "accounting_contract_id, entity_id, currency"
    return f"""
        select {grain}, sum(held) as receivable_thousandths, sum(position) as positions_thousandths from (
            select {grain}, thousandths(accounts_receivable) as held, 0 as position from fct_contract_balances
            union all
            select {grain}, 0, minor_thousandths(
                case measure when 'paid' then -amount_minor when 'bad_debt' then -amount_minor - coalesce(tax_minor, 0)
                    else amount_minor + coalesce(tax_minor, 0) end, currency)
            from positions
            where measure in ('billed', 'not_yet_counted', 'paid', 'deposited', 'bad_debt')
                and accounting_contract_id <> '{NOT_LINKED}'
        ) group by {grain} having sum(held) <> sum(position)"""


def sum_ties(table: str, figure: str, fact: str, column: str) -> str:
    grain = "entity_id, currency, age_bucket" if table == "rpt_ar_aging" else "entity_id, currency"
    return f"""
        select {grain}, sum(said) as {figure}, sum(held) as {fact} from (
            select {grain}, {figure} as said, 0 as held from {table}
            union all select {grain}, 0, {column} from {fact}
        ) group by {grain} having sum(said) <> sum(held)"""


def bridge_ties(step: str) -> str:
    """Opening, cut-over, fx and closing are those of the roll-forward, and what lies between is their difference."""
    stocks = "('opening', 'cut_over', 'fx', 'closing')"
    return f"""
        select entity_id, currency, item, sum(bridge) as by_cause, sum(rolled) as rolled_forward from (
            select entity_id, currency, case when cause in {stocks} then cause else 'moved' end as item,
                amount{step} as bridge, 0 as rolled
            from rpt_backlog_bridge
            union all
            select entity_id, currency, case when movement in {stocks} then movement else 'moved' end, 0, amount{step}
            from rpt_rollforward where balance = 'backlog'
        ) group by entity_id, currency, item having sum(bridge) <> sum(rolled)"""


def invoice_ties() -> str:
    return f"""
        select entity_id, currency, sum(by_invoice) as invoices_thousandths, sum(balance) as balances_thousandths from (
            select entity_id, currency, thousandths(open) as by_invoice, 0 as balance from fct_receivables
            where contract_id <> '{NOT_LINKED}'
            union all
            select entity_id, currency, 0, thousandths(accounts_receivable) from fct_contract_balances
        ) group by entity_id, currency having sum(by_invoice) <> sum(balance)"""


def deposit_ties() -> str:
    """By contract; of money without one by customer."""
    grain = "accounting_contract_id, holder_id, entity_id, currency"
    holder = f"case when accounting_contract_id = '{NOT_LINKED}' then customer_id end as holder_id"
    return f"""
        select {grain}, sum(held) as deposits_thousandths, sum(position) as positions_thousandths from (
            select accounting_contract_id, {holder}, entity_id, currency, thousandths(customer_deposits) as held,
                0 as position from fct_contract_balances
            union all
            select accounting_contract_id, {holder}, entity_id, currency, 0, minor_thousandths(amount_minor, currency)
            from positions where measure = 'deposited'
        ) group by {grain} having sum(held) <> sum(position)"""


def balance_ties() -> str:
    """Deferred revenue - contract asset + refund liability = billed - recognized, per accounting contract."""
    grain = "accounting_contract_id, entity_id, currency"
    return f"""
        select {grain}, sum(held) as balances_thousandths, sum(position) as positions_thousandths from (
            select {grain}, thousandths(deferred_revenue - contract_asset + refund_liability) as held, 0 as position
            from fct_contract_balances
            union all
            select {grain}, 0, minor_thousandths(
                case measure when 'recognized' then -amount_minor else amount_minor end, currency)
            from positions
            where measure in ('billed', 'not_yet_counted', 'recognized') and accounting_contract_id <> '{NOT_LINKED}'
        ) group by {grain} having sum(held) <> sum(position)"""


def check_currency(
    report: Report, con: duckdb.DuckDBPyConnection, present: set[str], manifest: dict[str, Any]
) -> None:
    """What is in its own currency is itself; all else is the amount times the rate that the month names."""
    reporting = manifest["policies"].get("company", {}).get("reporting_currency")
    if not reporting:
        report.skip(
            "amounts in functional and reporting currency", "the manifest names no reporting currency"
        )
        return
    report.check("amounts in their own currency are themselves", own_amounts(con, present, reporting))
    report.check("parts add up in the reporting currency", parts_of_wholes(con, present))
    if "rpt_rollforward" not in present or "functional_currency" not in columns_of(con, "rpt_rollforward"):
        return
    if "rates_used" not in present:
        report.skip("amounts = amount x rate", "this month was published without its rates")
        return
    register_rates(con)
    places = [
        (table, amount, f"'daily' and rates.rate_day = facts.{day}", "rate of its day")
        for table, (day, amounts) in BY_DAY.items()
        for amount in amounts
    ]
    places += [
        (table, amount, "'closing'", "closing rate")
        for table, amounts in AT_CLOSING.items()
        for amount in amounts
    ]
    for table, amount, rate, what in places:
        if table in present:
            report.check(
                f"{table} {amount}, translated = x {what}",
                differences(con, rate_ties(con, table, amount, rate, reporting)),
            )


def own_amounts(con: duckdb.DuckDBPyConnection, present: set[str], reporting: str) -> list[str]:
    return [
        f"{table}: {problem}"
        for table in sorted(present - {"positions", "positions_before"})
        for own, other, condition in own_currency(columns_of(con, table), reporting)
        for problem in differences(
            con, f"select {own}, {other} from {table} where {condition} and {other} is distinct from {own}"
        )
    ]


def parts_of_wholes(con: duckdb.DuckDBPyConnection, present: set[str]) -> list[str]:
    problems = []
    for table, sums in ADDS_UP.items():
        for whole, parts in sums if table in present else ():
            said, added = stepped(whole, "_reporting"), stepped(parts, "_reporting")
            if set(re.findall(r"\w+", f"{said} {added}")) <= set(columns_of(con, table)):
                problems += differences(
                    con, f"select {said}, {added} as parts from {table} where {said} <> {added}"
                )
    return problems


def own_currency(columns: list[str], reporting: str) -> list[tuple[str, str, str]]:
    """Pairs of columns that say the same where the condition holds."""
    pairs = []
    for column in columns:
        own = column.removesuffix("_functional").removesuffix("_reporting")
        if column == own or own not in columns or "currency" not in columns:
            continue
        if column.endswith("_functional"):
            pairs.append((own, column, "currency = functional_currency"))
        elif f"{own}_functional" in columns:
            pairs.append((f"{own}_functional", column, f"functional_currency = '{reporting}'"))
        elif "functional_currency" in columns:
            pairs.append((own, column, f"currency = '{reporting}' and functional_currency = '{reporting}'"))
    return pairs


def register_rates(con: duckdb.DuckDBPyConnection) -> None:
    """The month's rates as whole trillionths, and a product of one, rounded half away from zero to the minor unit."""
    con.execute(
        "create table rates as select *, cast(rate * 1000000000000 as hugeint) as trillionths from rates_used;"
        "create table scopes as select distinct entity_id, currency, functional_currency from rpt_rollforward;"
        "create macro unit(currency) as cast(case"
        f" when currency in ({', '.join(repr(code) for code in NO_MINOR_UNIT)}) then 1000"
        f" when currency in ({', '.join(repr(code) for code in THOUSANDTHS)}) then 1 else 10 end as hugeint);"
        "create macro exchanged(amount, source, target, trillionths) as"
        " case when source = target or amount = 0 then amount"
        " else sign(amount) * ((2 * abs(amount) * trillionths + 1000000000000 * unit(target))"
        " // (2 * 1000000000000 * unit(target))) * unit(target) end"
    )


def rate_ties(con: duckdb.DuckDBPyConnection, table: str, amount: str, rate: str, reporting: str) -> str:
    """Rows whose amount in functional or reporting currency is not the amount x the rate."""
    functional = stepped(amount, "_functional")
    has_functional = functional in columns_of(con, table)
    said = f"thousandths({functional})" if has_functional else "cast(null as hugeint)"
    columns = ", ".join(name(column) for column in columns_of(con, table) if column != "functional_currency")
    return f"""
        select * from (
            select entity_id, currency, {amount.split(" ", maxsplit=1)[0]} as amount, functional_said,
                exchanged(own, currency, functional_currency, to_functional) as functional,
                reporting_said,
                exchanged(exchanged(own, currency, functional_currency, to_functional),
                    functional_currency, '{reporting}', to_reporting) as reporting
            from (
                select facts.*, scopes.functional_currency as functional_currency, thousandths({amount}) as own,
                    {said} as functional_said, thousandths({stepped(amount, "_reporting")}) as reporting_said,
                    (select rates.trillionths from rates where rates.from_currency = facts.currency
                        and rates.to_currency = scopes.functional_currency and rates.rate_kind = {rate}
                    ) as to_functional,
                    (select rates.trillionths from rates where rates.from_currency = scopes.functional_currency
                        and rates.to_currency = '{reporting}' and rates.rate_kind = {rate}
                    ) as to_reporting
                from (select {columns} from {table}) as facts
                left join scopes on facts.entity_id = scopes.entity_id and facts.currency = scopes.currency
            )
        ) where functional_said is not null and functional_said is distinct from functional
            or reporting_said is not null and reporting_said is distinct from reporting"""


def check_waterfall(
    report: Report,
    con: duckdb.DuckDBPyConnection,
    present: set[str],
    months: list[Path] | None,
    views: dict[str, str | None],
) -> None:
    """Revenue by the period it was booked in: what is posted as the facts have it, what is to come as the segments."""
    if not {"rpt_revenue_waterfall", "fct_recognized_revenue"} <= present:
        return
    for amount in ("amount", "amount_reporting"):
        if amount in columns_of(con, "rpt_revenue_waterfall") and amount in columns_of(
            con, "fct_recognized_revenue"
        ):
            ties = f"""
                select entity_id, currency, sum(said) as waterfall, sum(held) as revenue from (
                    select entity_id, currency, {amount} as said, 0 as held
                    from rpt_revenue_waterfall where not is_scheduled
                    union all select entity_id, currency, 0, {amount} from fct_recognized_revenue
                ) group by entity_id, currency having sum(said) <> sum(held)"""
            what = in_words(amount.removeprefix("amount"))
            report.check(f"rpt_revenue_waterfall = fct_recognized_revenue{what}", differences(con, ties))
    schedule = views.get(SCHEDULE)
    if months is None or schedule is None:
        report.skip("rpt_revenue_waterfall by booking period", "needs the state that a close publishes")
        return
    con.execute("create schema marts")
    for table in STATE:
        con.execute(f"create table marts.{table} as {as_of(months, table)}")
    for table in ("dim_period", "fct_backlog"):
        con.execute(f"create view marts.{table} as from main.{table}")
    con.execute(f"create view {SCHEDULE} as {schedule}")
    report.check(
        "rpt_revenue_waterfall by booking period = facts and schedule",
        differences(con, waterfall_ties("fct_recognized_revenue", "amount", "false"))
        + differences(con, waterfall_ties(SCHEDULE, "scheduled", "true")),
    )


def as_of(months: list[Path], table: str) -> str:
    """State as the months' changes leave it: the last row of every key that is not gone."""
    changes = " union all by name ".join(
        f"select *, {place} as place from read_parquet({text(month / f'{table}.parquet')})"
        for place, month in enumerate(months)
        if (month / f"{table}.parquet").is_file()
    )
    key = ", ".join(read_manifest(months[-1])["files"][f"{table}.parquet"]["key"])
    return (
        f"select * exclude (place, is_removed) from ({changes})"
        f" qualify row_number() over (partition by {key} order by place desc) = 1 and not is_removed"
    )


def waterfall_ties(table: str, column: str, is_scheduled: str) -> str:
    grain = "entity_id, currency, booking_period, recognition_period"
    return f"""
        select {grain}, {is_scheduled} as is_scheduled, sum(said) as waterfall, sum(held) as facts from (
            select {grain}, amount as said, 0 as held from rpt_revenue_waterfall where is_scheduled = {is_scheduled}
            union all
            select facts.entity_id, facts.currency, lines.booking_period, facts.period, 0, facts.{column}
            from {table} as facts inner join marts.dim_contract_line as lines using (contract_line_id)
        ) group by {grain} having sum(said) <> sum(held)"""


def month_hash(manifest: dict[str, Any]) -> str:
    """What report.html prints: the hash of the manifest without the line of the report itself."""
    files = {file: entry for file, entry in manifest["files"].items() if file != REPORT}
    content = json.dumps({**manifest, "files": files}, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    return hashlib.sha256(content.encode()).hexdigest()


def check_report(report: Report, folder: Path, manifest: dict[str, Any]) -> None:
    """A copy of the report that was kept elsewhere proves this month and those before it where the hashes agree."""
    if REPORT in manifest["files"]:
        expected = month_hash(manifest)
        is_printed = expected in (folder / REPORT).read_text(encoding="utf-8")
        report.check(
            f"{REPORT} prints the hash of this month",
            [] if is_printed else [f"{expected} does not stand on it"],
            expected,
        )


def waived(waiver: dict[str, Any]) -> str:
    """Who let which rule pass, and what that covered."""
    contract = f" for contract {waiver['contract_id']}" if waiver.get("contract_id") else ""
    until = f" until {waiver['expires']}" if waiver.get("expires") else ""
    money = "".join(f", {currency} {amount}" for currency, amount in waiver.get("amounts", {}).items())
    covered = (
        f" ({waiver['records']} records, {waiver['contracts']} contracts{money})"
        if "records" in waiver
        else ""
    )
    return (
        f"rule {waiver['rule']}{contract} was waived by {waiver['approved_by'] or '?'}{until}:"
        f" {waiver['reason']}{covered}"
    )


def check_manifest_equations(report: Report, manifest: dict[str, Any]) -> None:
    failed = [f"{entry['equation']}: {entry}" for entry in manifest["equations"] if not entry["holds"]]
    if manifest["equations"]:
        report.check(
            "equations at the close, as the manifest says", failed, f"{len(manifest['equations'])} kinds"
        )
    for waiver in manifest["waivers"]:
        print(f"note  {waived(waiver)}")


# --- the command -------------------------------------------------------------------------------------


def verify_month(report: Report, folder: Path, manifest: dict[str, Any], months: list[Path] | None) -> None:
    """Content and equations of one month; its files' hashes must hold."""
    con = duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            # 2.0.0 gives wrong figures with it
            "disabled_optimizers": "statistics_propagation",
        }
    )
    try:
        check_content(report, con, folder, manifest)
        present = register(con, folder, months)
        check_equations(report, con, present, months[-2] if months and len(months) > 1 else None)
        check_currency(report, con, present, manifest)
        check_waterfall(report, con, present, months, manifest.get("views", {}))
        check_manifest_equations(report, manifest)
        check_report(report, folder, manifest)
    finally:
        con.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chain", action="store_true", help="check all earlier months as well")
    parser.add_argument(
        "--folder", type=Path, default=Path(__file__).resolve().parent, help=argparse.SUPPRESS
    )
    options = parser.parse_args()
    folder: Path = options.folder.resolve()
    report = Report()
    try:
        manifest = read_manifest(folder)
        published = folder.parent.parent
        print(f"{manifest['period']} v{manifest['version']}, manifest {sha256(folder / 'manifest.json')}")
        check_files(report, folder, manifest)
        earlier = earlier_folders(report, published, manifest)
        for path in earlier or []:
            check_files(report, path, read_manifest(path), only=None if options.chain else STANDS_ON)
        if report.failed == 0:
            months = months_in_force(folder, earlier) if earlier is not None else None
            verify_month(report, folder, manifest, months)
            if options.chain and months is not None:
                for place, month in enumerate(months[:-1]):
                    print(f"-- {month.parent.name} {month.name}")
                    verify_month(report, month, read_manifest(month), months[: place + 1])
        else:
            report.skip("rows, values, money totals and equations", "the files are not the published ones")
    except (OSError, ValueError, KeyError, duckdb.Error) as error:
        report.check("the month can be read", [f"{type(error).__name__}: {error}"])
    print(f"{report.failed} checks failed" if report.failed else "all checks hold")
    return 4 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
