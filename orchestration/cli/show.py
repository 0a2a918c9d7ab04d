"""`tieout show`: the reports in the terminal. Lays out what warehouse.explain.show answers; computes nothing else."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli import output
from orchestration.cli.options import (
    Format,
    FormatOption,
    PeriodOption,
    RuleOption,
    WorkspaceOption,
    open_workspace,
)
from orchestration.cli.output import Cell, Column, Kind, Table
from warehouse.printing import exponent_of

if TYPE_CHECKING:
    from warehouse.explain.show import Answer

commands = typer.Typer(help="The reports in the terminal.", no_args_is_help=True, rich_markup_mode="markdown")

AMOUNTS = {
    "bookings",
    "billings",
    "revenue",
    "backlog",
    "deferred_revenue",
    "contract_asset",
    "contracted",
    "recognized",
    "billed_backlog",
    "unbilled_backlog",
    "rpo",
    "backlog_12m",
    "amount",
}
# What is left out first where the terminal is narrow.
OPTIONAL = {
    "deferred_revenue",
    "contract_asset",
    "book_to_bill",
    "revenue_recognition_rate",
    "backlog_coverage_months",
    "backlog_growth",
    "billed_backlog",
    "unbilled_backlog",
    "rpo",
    "backlog_12m",
    "fate",
    "returns",
    "record_key",
    "detail",
}
RATIOS = {"book_to_bill", "backlog_coverage_months"}
COUNTS = {"source_row", "runs", "returns"}
PERCENTS = {"revenue_recognition_rate", "backlog_growth"}
HEADINGS = {
    "entity_id": "entity",
    "customer_name": "customer",
    "contract_id": "contract",
    "revenue_recognition_rate": "recognition rate",
    "backlog_coverage_months": "coverage (months)",
    "source_row": "row",
    "source_file": "file",
    "record_key": "record",
    "booking_period": "booked in",
    "first_seen": "since",
    "rpo": "RPO",
    "backlog_12m": "within 12 months",
    "runs": "in runs",
    "returns": "came back",
}


def register(app: typer.Typer) -> None:
    """Adds `show` and its reports to the command line."""
    app.add_typer(commands, name="show")


def column(name: str) -> Column:
    """How a column of a published table is headed and laid out for people."""
    return Column(name, HEADINGS.get(name, name.replace("_", " ")), kind_of(name), name in OPTIONAL)


def kind_of(name: str) -> Kind:
    """What a column of a published table holds."""
    if name in AMOUNTS or name.startswith("amount_"):
        return "amount"
    if name in RATIOS:
        return "ratio"
    if name in PERCENTS:
        return "percent"
    return "number" if name in COUNTS or name.startswith("rows_") else "text"


def table_of(answer: "Answer", **extra: object) -> Table:
    """Every row and column of an answer as a table."""
    return Table([column(name) for name in answer.columns], answer.rows, **extra)  # type: ignore[arg-type]


def total(rows: Sequence[Sequence[Cell]], position: int) -> Decimal:
    """Sum of one column; null counts as nothing."""
    return sum((Decimal(str(row[position])) for row in rows if row[position] is not None), Decimal(0))


def without(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], hidden: set[str]
) -> tuple[list[Column], list[list[Cell]]]:
    """Columns and rows without the columns that say nothing to people here."""
    kept = [i for i, col in enumerate(columns) if col.name not in hidden]
    return [columns[i] for i in kept], [[row[i] for i in kept] for row in rows]


def one_entity(answer: "Answer") -> bool:
    """Whether all rows belong to one entity, so that naming it on every row is noise."""
    position = list(answer.columns).index("entity_id")
    return len({row[position] for row in answer.rows}) < 2


@commands.command("bbb")
def show_bbb(
    workspace: WorkspaceOption = None, period: PeriodOption = None, form: FormatOption = Format.table
) -> None:
    """Bookings, billings, revenue, backlog and deferred revenue by period, entity and currency.

    Examples:

    - `tieout show bbb`
    - `tieout show bbb --period 2026-10`
    - `tieout show bbb --format csv > bbb.csv`
    """
    from warehouse.explain import show

    with show.reader(open_workspace(workspace)) as connection:
        answer = show.bbb(connection, period)
        statuses = show.statuses(connection)
    output.show(table_of(answer) if form is not Format.table else bbb_for_people(answer, statuses), form)


def bbb_for_people(answer: "Answer", statuses: dict[str, str]) -> list[Table]:
    """One table a currency and entity, with totals of the flows and the last balance of the stocks."""
    columns = [column(name) for name in answer.columns]
    at = {col.name: i for i, col in enumerate(columns)}
    groups: dict[tuple[Cell, Cell], list[Sequence[Cell]]] = defaultdict(list)
    for row in answer.rows:
        groups[row[at["currency"]], row[at["entity_id"]]].append(row)
    tables = []
    for (currency, entity), rows in groups.items():
        totals: list[Cell] = [""] * len(columns)
        totals[at["period"]], totals[at["currency"]] = "total", currency
        for flow in ("bookings", "billings", "revenue"):
            totals[at[flow]] = total(rows, at[flow])
        # Entity and currency stand in the title; a column of zeros says less than a remark.
        hidden = {"entity_id", "currency"}
        remarks = _quiet_periods(rows, at)
        if not any(row[at["contract_asset"]] for row in rows):
            hidden.add("contract_asset")
            remarks.append("Nothing was earned before it was billed: no contract asset in any period.")
        shown, kept = without(columns, [*rows, totals], hidden)
        shown = [*shown[:1], Column("status", "status"), *shown[1:]]
        laid_out: list[list[Cell]] = [[row[0], statuses.get(str(row[0]), ""), *row[1:]] for row in kept]
        tables.append(
            Table(
                shown,
                laid_out[:-1],
                title=f"{entity} · {currency}: bookings, billings, revenue, backlog",
                totals=laid_out[-1:] if len(rows) > 1 else (),
                remarks=remarks,
                currency=str(currency),
            )
        )
    return tables or [Table(columns, [], empty="No contract counts yet: no bookings, billings or revenue.")]


def _quiet_periods(rows: Sequence[Sequence[Cell]], at: dict[str, int]) -> list[str]:
    flows = [at["bookings"], at["billings"], at["revenue"]]
    quiet = [str(row[at["period"]]) for row in rows if not any(row[i] for i in flows)]
    return [f"Nothing was booked, billed or earned in {', '.join(quiet)}."] if quiet else []


@commands.command("waterfall")
def show_waterfall(
    workspace: WorkspaceOption = None,
    period: Annotated[
        str | None,
        typer.Option("--period", "-p", help="Only revenue earned in this period.", show_default=False),
    ] = None,
    form: FormatOption = Format.table,
) -> None:
    """Revenue by the period it was booked in and the period it is earned in, future periods included.

    Examples:

    - `tieout show waterfall`
    - `tieout show waterfall --period 2026-10`
    - `tieout show waterfall --format json`
    """
    from warehouse.explain import show

    with show.reader(open_workspace(workspace)) as connection:
        answer = show.waterfall(connection, period)
    output.show(table_of(answer) if form is not Format.table else waterfall_for_people(answer), form)


def waterfall_for_people(answer: "Answer") -> list[Table]:
    """One table a currency and entity: booked in by row, earned in by column (years; one period if asked for)."""
    at = {name: i for i, name in enumerate(answer.columns)}
    groups: dict[tuple[Cell, Cell], list[Sequence[Cell]]] = defaultdict(list)
    for row in answer.rows:
        groups[row[at["currency"]], row[at["entity_id"]]].append(row)
    tables = []
    for (currency, entity), rows in groups.items():
        sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for one in rows:
            earned_in = str(one[at["recognition_period"]])
            head = earned_in if answer.period else earned_in[:4]
            head += " scheduled" if one[at["is_scheduled"]] else ""
            sums[str(one[at["booking_period"]])][head] += Decimal(str(one[at["amount"]]))
        heads = sorted({head for by in sums.values() for head in by})
        columns = [Column("booking_period", "booked in")]
        columns += [Column(h, h, "amount") for h in heads] + [Column("total", "total", "amount")]
        body: list[list[Cell]] = [
            [booked, *(by.get(h) for h in heads), sum(by.values(), Decimal(0))]
            for booked, by in sorted(sums.items())
        ]
        foot: list[Cell] = ["total", *(total(body, 1 + i) for i in range(len(heads) + 1))]
        tables.append(
            Table(
                columns,
                body,
                title=f"{entity} · {currency}: revenue by booking period",
                totals=[foot],
                currency=str(currency),
            )
        )
    where = f" in {answer.period}" if answer.period else " yet, and none is scheduled"
    return tables or [Table([Column("booking_period", "booked in")], [], empty=f"No revenue{where}.")]


@commands.command("backlog")
def show_backlog(
    workspace: WorkspaceOption = None, period: PeriodOption = None, form: FormatOption = Format.table
) -> None:
    """What is contracted and not yet earned at the end of a period, by contract.

    Examples:

    - `tieout show backlog`
    - `tieout show backlog --period 2026-10 --format csv`
    """
    from warehouse.explain import show

    with show.reader(open_workspace(workspace)) as connection:
        answer = show.backlog(connection, period)
    output.show(table_of(answer) if form is not Format.table else backlog_for_people(answer), form)


def backlog_for_people(answer: "Answer") -> Table:
    """All contracts with backlog, the largest first, with a total a currency."""
    columns = [column(name) for name in answer.columns]
    at = {col.name: i for i, col in enumerate(columns)}
    by_currency: dict[Cell, list[Sequence[Cell]]] = defaultdict(list)
    for row in answer.rows:
        by_currency[row[at["currency"]]].append(row)
    totals = []
    for currency, rows in by_currency.items():
        foot: list[Cell] = [""] * len(columns)
        foot[at["customer_name"]], foot[at["currency"]] = "total", currency
        for name in AMOUNTS & set(answer.columns):
            foot[at[name]] = total(rows, at[name])
        totals.append(foot)
    hidden = {"period"} | ({"entity_id"} if one_entity(answer) else set())
    shown, kept = without(columns, [*answer.rows, *totals], hidden)
    body = len(answer.rows)
    return Table(
        shown,
        kept[:body],
        title=f"Backlog at the end of {answer.period}",
        totals=kept[body:],
        empty="No contract has backlog: everything contracted is earned.",
    )


class Money(StrEnum):
    """The currency of a roll-forward."""

    contract = "contract"
    functional = "functional"
    reporting = "reporting"


@commands.command("rollforward")
def show_rollforward(
    workspace: WorkspaceOption = None,
    period: PeriodOption = None,
    money: Annotated[
        Money,
        typer.Option(
            "--in", help="The contracts' currencies, the entities' functional ones, or the reporting one."
        ),
    ] = Money.contract,
    form: FormatOption = Format.table,
) -> None:
    """Opening + movements = closing of each balance in one period (default: the latest).

    In functional and reporting currency `fx` is what balances gained or lost because rates moved.

    Examples:

    - `tieout show rollforward`
    - `tieout show rollforward --period 2026-09 --in functional`
    """
    from warehouse.explain import show

    opened = open_workspace(workspace)
    with show.reader(opened) as connection:
        if money is Money.contract:
            answer = show.rollforward(connection, period)
        elif money is Money.functional:
            answer = show.rollforward_in_books(connection, period)
        else:
            answer = show.rollforward_in_reporting(
                connection, opened.settings.company.reporting_currency, period
            )
    output.show(table_of(answer) if form is not Format.table else rollforward_for_people(answer), form)


def rollforward_for_people(answer: "Answer") -> list[Table]:
    """One table a currency and entity: movements by row, balances by column."""
    at = {name: i for i, name in enumerate(answer.columns)}
    groups: dict[tuple[Cell, Cell], dict[str, dict[str, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    for row in answer.rows:
        movement, balance = str(row[at["movement"]]), str(row[at["balance"]])
        cells = groups[row[at["currency"]], row[at["entity_id"]]][movement]
        cells[balance] = cells.get(balance, Decimal(0)) + Decimal(str(row[at["amount"]]))
    tables = []
    for (currency, entity), movements in groups.items():
        balances = sorted({b for cells in movements.values() for b in cells})
        columns = [Column("movement", "movement")]
        columns += [Column(b, b.replace("_", " "), "amount") for b in balances]
        order = sorted(movements, key=lambda m: ({"opening": 0, "closing": 2}.get(m, 1), m))
        rows: list[list[Cell]] = [
            [m.replace("_", " "), *(movements[m].get(b) for b in balances)] for m in order
        ]
        has_closing = bool(order) and order[-1] == "closing"
        tables.append(
            Table(
                columns,
                rows[:-1] if has_closing else rows,
                title=f"{entity} · {currency}: roll-forward of {answer.period}",
                totals=rows[-1:] if has_closing else (),
                currency=str(currency),
            )
        )
    return tables or [Table([Column("movement", "movement")], [], empty="No balance to roll forward yet.")]


MOST_DIFFERENCES = 40


@commands.command("reconciliation")
def show_reconciliation(
    workspace: WorkspaceOption = None,
    period: PeriodOption = None,
    is_all: Annotated[bool, typer.Option("--all", help="List what is a matter of time as well.")] = False,
    form: FormatOption = Format.table,
) -> None:
    """What is published beside the general ledger in one period (default: the latest), and each difference's reason.

    Debits are positive. Timing differences clear by themselves; with csv or json every difference is listed.

    Examples:

    - `tieout show reconciliation`
    - `tieout show reconciliation --period 2026-09 --format csv`
    """
    from warehouse.explain import show

    with show.reader(open_workspace(workspace)) as connection:
        totals, items = show.reconciliation(connection, period)
    if form is Format.table:
        output.show(reconciliation_for_people(totals, items, is_all), form)
    else:
        output.show(table_of(items), form)


def reconciliation_for_people(totals: "Answer", items: "Answer", is_all: bool) -> list[Table]:
    """Both sides by balance, then the differences, those first that somebody has to clear."""
    at = {name: i for i, name in enumerate(items.columns)}
    shown = [row for row in items.rows if is_all or row[at["reason"]] != "timing"]
    left = len(items.rows) - len(shown)
    columns = [
        Column("entity_id", "entity"),
        Column("currency", "currency"),
        Column("balance", "balance"),
        Column("reason", "reason"),
        Column("item_type", "what"),
        Column("item", "key"),
        Column("ledger_journal_id", "their journal"),
        Column("ours", "here", "amount"),
        Column("theirs", "ledger", "amount"),
        Column("difference", "difference", "amount"),
    ]
    in_words = {"reason", "balance"}
    listed: list[list[Cell]] = [
        [str(row[at[c.name]]).replace("_", " ") if c.name in in_words else row[at[c.name]] for c in columns]
        for row in shown[: len(shown) if is_all else MOST_DIFFERENCES]
    ]
    remarks = [f"{left:,} differences are a matter of time (--all lists them)."] if left else []
    if len(listed) < len(shown):
        remarks.append(f"{len(shown) - len(listed):,} more: --all, or --format csv.")
    return [
        _both_sides(totals),
        Table(
            columns,
            listed,
            title=f"Differences to be cleared, {items.period}"
            if not is_all
            else f"Differences, {items.period}",
            empty="Nothing differs that somebody has to clear.",
            remarks=remarks,
        ),
    ]


def _both_sides(totals: "Answer") -> Table:
    at = {name: i for i, name in enumerate(totals.columns)}
    return Table(
        [
            Column("entity_id", "entity"),
            Column("currency", "currency"),
            Column("balance", "balance"),
            Column("ours", "here", "amount"),
            Column("theirs", "ledger", "amount"),
            Column("difference", "difference", "amount"),
            Column("timing", "of it timing", "amount"),
            Column("to_be_cleared", "to be cleared", "amount"),
            Column("items", "items", "number"),
            Column("agrees", "within tolerance"),
        ],
        [
            [
                row[at["entity_id"]],
                row[at["currency"]],
                str(row[at["balance"]]).replace("_", " "),
                *(
                    row[at[name]]
                    for name in ("ours", "theirs", "difference", "timing", "to_be_cleared", "items")
                ),
                "yes" if row[at["is_within_tolerance"]] else "no",
            ]
            for row in totals.rows
            if row[at["ours"]] or row[at["theirs"]] or row[at["items"]]
        ],
        title=f"Published balances and the general ledger, {totals.period}",
        empty="Nothing to compare: deliver gl_journal_lines, gl_accounts and account_mapping of the accounting system.",
    )


@commands.command("metrics")
def show_metrics(
    workspace: WorkspaceOption = None,
    period: PeriodOption = None,
    form: FormatOption = Format.table,
) -> None:
    """The measures of one period (default: the latest), by company and currency; docs/metrics says what each means.

    Examples:

    - `tieout show metrics`
    - `tieout show metrics --period 2026-09 --format json`
    """
    from warehouse.explain import show

    with show.reader(open_workspace(workspace)) as connection:
        answer = show.metrics(connection, period)
    output.show(table_of(answer) if form is not Format.table else metrics_for_people(answer), form)


def metrics_for_people(answer: "Answer") -> list[Table]:
    """One table a currency and entity, measures in the order of docs/metrics, with what each is made of."""
    from warehouse.explain.metrics import metrics

    known = metrics()
    order = {name: place for place, name in enumerate(known)}
    at = {name: i for i, name in enumerate(answer.columns)}
    groups: dict[tuple[Cell, Cell], list[Sequence[Cell]]] = defaultdict(list)
    for row in answer.rows:
        groups[row[at["currency"]], row[at["entity_id"]]].append(row)
    tables = []
    for (currency, entity), rows in groups.items():
        rows.sort(key=lambda row: (order[str(row[at["metric"]])], str(row[at["breakdown"]])))
        laid_out: list[list[Cell]] = []
        for one in rows:
            metric, value = known[str(one[at["metric"]])], one[at["value"]]
            is_amount = metric.unit == "amount"
            laid_out.append(
                [
                    metric.title,
                    one[at["breakdown"]],
                    value if is_amount else "",
                    "" if is_amount else value,
                    "" if is_amount else metric.unit,
                    metric.formula,
                ]
            )
        tables.append(
            Table(
                [
                    Column("metric", "measure"),
                    Column("breakdown", "of"),
                    Column("amount", "amount", "amount"),
                    Column("value", "value", "ratio"),
                    Column("unit", ""),
                    Column("formula", "formula", is_optional=True),
                ],
                laid_out,
                title=f"{entity} · {currency}: measures of {answer.period}",
                currency=str(currency),
            )
        )
    return tables or [Table([Column("metric", "measure")], [], empty="Nothing to measure yet.")]


class Severity(StrEnum):
    """What `show quarantine` can be limited to; held is the part of quarantine that has published figures."""

    block = "block"
    quarantine = "quarantine"
    held = "held"
    warn = "warn"


SeverityOption = Annotated[
    Severity | None, typer.Option("--severity", help="Only what has this severity.", show_default=False)
]


@commands.command("quarantine")
def show_quarantine(
    workspace: WorkspaceOption = None,
    rule: RuleOption = None,
    contract: Annotated[
        str | None,
        typer.Option(
            "--contract", metavar="C", help="Only what belongs to this contract.", show_default=False
        ),
    ] = None,
    severity: SeverityOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Records that are held out of the facts, held, or used with a warning: rule, money, file and row, since when.

    Examples:

    - `tieout show quarantine`
    - `tieout show quarantine --rule end_before_start`
    - `tieout show quarantine --contract K-2026-010 --format json`
    """
    from orchestration.rules import known_rules, remedies, require_known
    from warehouse.explain import show

    opened = open_workspace(workspace)
    if rule is not None:
        require_known(rule, known_rules(opened))
    wanted = show.Wanted(rule, contract, severity.value if severity else None)
    with show.reader(opened) as connection:
        answer = show.quarantine(connection, wanted)
        held = show.held_money(connection, wanted)
        excluded = show.excluded_count(connection)
    if form is not Format.table:
        output.show(table_of(answer), form)
        return
    tables = quarantine_for_people(answer, held, excluded if wanted == show.Wanted() else None)
    if rule is not None:
        found = {(row[0], rule) for row in answer.rows}
        texts = {text: None for entity, name, text in remedies(opened) if (entity, name) in found}
        what_to_do = [f"What to do: {text}" for text in texts]
        tables[0] = replace(tables[0], remarks=[*tables[0].remarks, *what_to_do])
    output.show(tables, form)


@commands.command("completeness")
def show_completeness(workspace: WorkspaceOption = None, form: FormatOption = Format.table) -> None:
    """What became of every source row and of its money: used, left out, held back, mapped to nothing, rounded.

    Examples:

    - `tieout show completeness`
    - `tieout show completeness --format json`
    """
    from warehouse.explain import show

    with show.reader(open_workspace(workspace)) as connection:
        answer = show.completeness(connection)
    output.show(table_of(answer) if form is not Format.table else completeness_for_people(answer), form)


def completeness_for_people(answer: "Answer") -> Table:
    """Two lines an object and currency, rows and money; fates that nothing has are left out and named below."""
    at = {name: i for i, name in enumerate(answer.columns)}
    fates = [name.removeprefix("amount_") for name in answer.columns if name.startswith("amount_")]
    body: list[list[Cell]] = []
    for row in answer.rows:
        place: list[Cell] = [row[at["source_system"]], row[at["source_object"]], row[at["currency"]] or ""]
        rows = [row[at[f"rows_{fate}"]] if f"rows_{fate}" in at else "" for fate in fates]
        money = [_exact(row[at[f"amount_{fate}"]], place[2]) for fate in fates]
        body.append([*place, "rows", *rows])
        if any(money):
            body.append(["", "", "", "money", *money])
    heads = [Column("source_system", "system"), Column("source_object", "object")]
    heads += [Column("currency", "currency"), Column("what", "")]
    heads += [Column(fate, fate, "number") for fate in fates]
    unused = {fate for i, fate in enumerate(fates, start=4) if not any(row[i] for row in body)}
    shown, kept = without(heads, body, unused - {"extracted", "used"})
    remarks = ["Extracted is the sum of the others, in rows and in money."] if body else []
    if unused:
        remarks.append(f"Nothing is {', '.join(fate for fate in fates if fate in unused)}.")
    return Table(
        shown, kept, title="What became of every source row", remarks=remarks, empty="No row was delivered."
    )


def _exact(amount: Cell, currency: Cell) -> Decimal:
    """With the decimals of its currency, and all that it has beyond them."""
    exact = Decimal(str(amount))
    decimals = len(f"{exact:f}".rstrip("0").partition(".")[2])
    return exact.quantize(Decimal(1).scaleb(-max(decimals, exponent_of(currency))))


def quarantine_for_people(answer: "Answer", held: "Answer", excluded: int | None = None) -> list[Table]:
    """A summary by rule with what is held back, then every record with where it stands in the exports."""
    columns = [column(name) for name in answer.columns]
    at = {col.name: i for i, col in enumerate(columns)}
    by_rule: dict[tuple[Cell, Cell], list[Sequence[Cell]]] = defaultdict(list)
    for row in answer.rows:
        by_rule[row[at["severity"]], row[at["rule"]]].append(row)
    heads = [
        Column("severity", "severity"),
        Column("rule", "rule"),
        Column("records", "records", "number"),
        Column("contracts", "contracts", "number"),
        Column("contracted", "contracted"),
        Column("billed", "billed", is_optional=True),
        Column("revenue", f"revenue of {held.period}" if held.period else "revenue of the month"),
        Column("since", "since"),
        Column("runs", "in runs", "number"),
        Column("money", "money in the records", is_optional=True),
    ]
    summary: list[list[Cell]] = []
    for (severity, rule), rows in by_rule.items():
        seen = [str(row[at["first_seen"]]) for row in rows if row[at["first_seen"]]]
        runs = [int(str(row[at["runs"]])) for row in rows if row[at["runs"]] is not None]
        summary.append(
            [
                severity,
                rule,
                len(rows),
                *(_held_cells(held, rule) if severity == "quarantine" else ("", "", "", "")),
                min(seen, default=""),
                max(runs, default=""),
                _money(sums_by_currency(rows, at["currency"], at["amount"])),
            ]
        )
    totals = (
        [["", "in all", len(answer.rows), *_held_cells(held, None), "", "", ""]] if len(summary) > 1 else []
    )
    remarks = [*_gap_remark(held), *_excluded_remark(excluded)]
    if not answer.rows:
        return [Table(heads, [], empty="No such record is quarantined, held or warned of.", remarks=remarks)]
    return [
        Table(heads, summary, title="By rule", totals=totals, remarks=remarks),
        Table(columns, answer.rows, title="Records"),
    ]


def _held_cells(held: "Answer", rule: Cell) -> tuple[Cell, ...]:
    """Contracts, contracted, billed and revenue that a rule holds back; of all rules together for None."""
    at = {name: i for i, name in enumerate(held.columns)}
    rows = [row for row in held.rows if row[at["rule"]] == rule]
    money = [
        _money(sums_by_currency(rows, at["currency"], at[name]))
        for name in ("contracted", "billed", "revenue")
    ]
    return (max((int(str(row[at["contracts"]])) for row in rows), default=0), *money)


def _gap_remark(held: "Answer") -> list[str]:
    at = {name: i for i, name in enumerate(held.columns)}
    unknown = sum(int(str(row[at["unknown_revenue"]])) for row in held.rows if row[at["rule"]] is None)
    if not unknown:
        return []
    whose = "1 contract" if unknown == 1 else f"{unknown:,} contracts"
    return [f"Revenue of {whose} can't be computed from what was delivered: audit.held_back says why."]


def _excluded_remark(excluded: int | None) -> list[str]:
    if excluded is None:
        return []
    if not excluded:
        return ["No record is left out by a rule of business."]
    records = f"{excluded:,} record{'' if excluded == 1 else 's'}"
    return [
        f"{records} left out by a rule of business (drafts, void documents and the like): see audit.excluded."
    ]


def sums_by_currency(rows: Sequence[Sequence[Cell]], currency: int, amount: int) -> dict[str, Decimal]:
    """The money of a column, by currency; null is none."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row[amount] is not None:
            sums[str(row[currency] or "")] += Decimal(str(row[amount]))
    return sums


def _money(sums: dict[str, Decimal]) -> str:
    return ", ".join(
        f"{code} {output.people_number(value, 'amount', exponent_of(code))}".strip()
        for code, value in sorted(sums.items())
    )
