"""The page: figures and manifest laid out by a template that escapes whatever it prints. No SQL, no money computed."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from warehouse.engine import Connection
from warehouse.explain.report import charts
from warehouse.explain.report.figures import FIGURES, LARGEST, LONGEST_LIST, MonthFiles, Pair, Series
from warehouse.printing import amount_text, exact_text, printable
from warehouse.publish.manifest import KIND_COVERED, month_hash

HERE = Path(__file__).parent
MOST_SECTIONS = 40
"""A company with more entities and currencies finds the others in the first table, and in rpt_bbb."""
MONTHS_IN_TABLE = 13

# accounting.md's equations in one line each.
EQUATIONS = {
    "E1": "what was and what will be recognized of a line is its allocated amount",
    "E2": "contracted = recognized + backlog, and what is posted is what is known",
    "E3": "opening + movements = closing, and opening = the published closing of the month before",
    "E4": "what is allocated to the lines of a contract is its transaction price",
    "E5": "debits = credits",
    "E6": "rows and money extracted = used + excluded + quarantined + held + later + unmapped + rounding",
    "E7": "backlog = deferred revenue + refund liability + unbilled amount - contract asset",
    "E8": "files of closed months that are what was published, byte for byte",
    "E9": "revenue, deferred revenue and receivables = the general ledger",
}
BALANCES = (
    "backlog",
    "deferred_revenue",
    "contract_asset",
    "refund_liability",
    "customer_deposits",
    "accounts_receivable",
)
AGES = ("not due", "1-30", "31-60", "61-90", "91-120", "over 120", "not applied")
MOVEMENTS = (
    "opening",
    "bookings",
    "amendments",
    "cancellations",
    "billings",
    "credits",
    "revenue",
    "payments",
    "deposits",
    "applied",
    "write_offs",
    "not_yet_counted",
    "reclassification",
    "prior_period",
)


def report(con: Connection, manifest: Mapping[str, Any], folders: Sequence[Path]) -> bytes:
    """report.html of the last of `folders`, which are the months in force up to it; `manifest` is that month's.

    The manifest may list the report or not: what the report prints of it leaves that line out.
    """
    files = MonthFiles(con, folders)
    company = manifest["policies"].get("company", {})
    reporting = company.get("reporting_currency") or ""
    series = files.series()
    pairs = sorted(series, key=lambda pair: _order(pair, series[pair], reporting))
    text = _template().render(
        m=manifest,
        company=company.get("name") or "",
        period=files.period,
        is_covered=manifest["kind"] == KIND_COVERED,
        month_hash=month_hash(manifest),
        figures=FIGURES,
        summary=[_summary(place, pair, series[pair]) for place, pair in enumerate(pairs, start=1)],
        sections=_sections(files, series, pairs[:MOST_SECTIONS]),
        left_out=max(0, len(pairs) - MOST_SECTIONS),
        total=_total(files, series, reporting),
        reporting=reporting,
        prior=_prior(files),
        largest_of=LARGEST,
        held=_held(files),
        uncollectible=files.earned_while_uncollectible(),
        equations=_equations(files, manifest),
        sources=_sources(manifest),
        longest=LONGEST_LIST,
        style=_style(),
        style_hash=b64encode(hashlib.sha256(_style().encode()).digest()).decode(),
    )
    return text.encode()


def _aging(buckets: Mapping[str, Decimal]) -> list[tuple[str, Decimal]]:
    """Every age, and all of them; nothing where nothing is open."""
    if not buckets:
        return []
    return [(age, buckets.get(age, Decimal(0))) for age in AGES] + [
        ("all", sum(buckets.values(), Decimal(0)))
    ]


def _order(pair: Pair, series: Series, reporting: str) -> tuple[bool, str, Decimal, str]:
    """By revenue where it can be compared: the reporting currency's first, then currency by currency."""
    revenue = series.figures["revenue"][-1] or Decimal(0)
    return pair.currency != reporting, pair.currency, -revenue, pair.entity_id


def _summary(place: int, pair: Pair, series: Series) -> dict[str, Any]:
    return {
        "pair": pair,
        "anchor": f"s{place}" if place <= MOST_SECTIONS else None,
        "now": [series.figures[name][-1] for name in FIGURES],
        "trend": charts.spark(
            series.figures["revenue"], f"Revenue of {_named(pair)}, {_span(series.periods)}"
        ),
    }


def _sections(
    files: MonthFiles, series: Mapping[Pair, Series], pairs: Sequence[Pair]
) -> list[dict[str, Any]]:
    rollforward, waterfall = files.rollforward(), files.waterfall()
    obligations, terms, aging = files.obligations(), files.terms(), files.aging()
    return [
        {
            "anchor": f"s{place}",
            "pair": pair,
            "cards": _cards(series[pair], pair.currency, _named(pair)),
            "months": _months(series[pair]),
            "rollforward": _rollforward(rollforward.get(pair, {})),
            "obligations": obligations.get(pair),
            "terms": terms.get(pair),
            "aging": _aging(aging.get(pair, {})),
            "heat": waterfall
            and charts.heat_map(
                waterfall.cells.get(pair, []),
                waterfall.rows,
                waterfall.columns,
                waterfall.now,
                f"Revenue of {_named(pair)} by the period it was booked in and the period it is earned in",
            ),
            "bands": waterfall and waterfall.bands.get(pair, []),
        }
        for place, pair in enumerate(pairs, start=1)
    ]


def _total(files: MonthFiles, series: Mapping[Pair, Series], reporting: str) -> list[dict[str, Any]] | None:
    """All entities and currencies together, where there are several and all their money is translated."""
    if not reporting or len(series) < 2 or not all(one.is_translated for one in series.values()):
        return None
    return _cards(files.reporting_series(reporting), reporting, f"all entities, {reporting}")


def _cards(series: Series, currency: str, whose: str) -> list[dict[str, Any]]:
    return [
        {
            "figure": name,
            "now": values[-1],
            "change": _change(values),
            "before": series.periods[-2] if len(values) > 1 else None,
            "currency": currency,
            "chart": charts.bars(
                values, series.periods, f"{_label(name).capitalize()} of {whose}, {_span(series.periods)}"
            ),
        }
        for name, values in series.figures.items()
    ]


def _change(values: Sequence[Decimal | None]) -> str | None:
    """Against the month before, in percent; None where that was nothing or had the other sign."""
    now, before = (values[-1], values[-2]) if len(values) > 1 else (None, None)
    if now is None or before is None or not before or (now < 0) != (before < 0):
        return None
    percent = ((now - before) * 100 / abs(before)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{percent:+,.1f} %" if abs(percent) < 1000 else None


def _months(series: Series) -> list[tuple[str, list[Decimal | None]]]:
    """Newest first."""
    rows = [
        (period, [values[place] for values in series.figures.values()])
        for place, period in enumerate(series.periods)
    ]
    return rows[-MONTHS_IN_TABLE:][::-1]


def _rollforward(movements: Mapping[str, Mapping[str, Decimal]]) -> dict[str, Any]:
    """Movements as rows, balances as columns; a balance in which nothing is or was is left out."""
    used = [name for name in BALANCES if any(of.get(name) for of in movements.values())]
    known = [*MOVEMENTS, "closing"]
    order = [*MOVEMENTS, *sorted(set(movements) - set(known)), "closing"]
    rows = [
        (name, [movements[name].get(balance) for balance in used])
        for name in order
        if name in movements and (name in ("opening", "closing") or any(movements[name].values()))
    ]
    return {"balances": used, "rows": rows}


def _prior(files: MonthFiles) -> dict[str, Any]:
    """The first close has nothing before it that could change."""
    causes = files.prior_by_cause() if files.has("dim_period") else []
    return {
        "causes": causes,
        "contracts": files.prior_contracts() if causes else 0,
        "largest": files.largest_prior() if causes else [],
    }


def _held(files: MonthFiles) -> dict[str, Any]:
    records = files.held_records()
    money: dict[str | None, list[tuple[Any, ...]]] = {}
    for rule, *of_currency in files.held_money():
        money.setdefault(rule, []).append(tuple(of_currency))
    number, lines = files.held_numbers()
    return {
        "rules": [row for row in records if row[0] != "warn"],
        "warnings": [row for row in records if row[0] == "warn"],
        "money": money,
        "contracts": files.held_contracts(),
        "number": number,
        "lines": lines,
    }


def _equations(files: MonthFiles, manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = files.tie_outs()
    return [
        {**entry, "says": EQUATIONS.get(entry["equation"], ""), "rows": rows.get(entry["equation"], [])}
        for entry in manifest["equations"]
    ]


def _sources(manifest: Mapping[str, Any]) -> list[tuple[str, str, int, int]]:
    """System, object, files, rows of what the close stands on."""
    inputs = sorted(manifest["inputs"], key=lambda one: (one["system"], one["object"]))
    return [
        (*key, len(files), sum(one["rows"] or 0 for one in files))
        for key, group in groupby(inputs, key=lambda one: (one["system"], one["object"]))
        for files in [list(group)]
    ]


# --- words and numbers ------------------------------------------------------------------------------


def _named(pair: Pair) -> str:
    return printable(f"{pair.entity_id}, {pair.currency}")


def _span(periods: Sequence[str]) -> str:
    return periods[0] if len(periods) == 1 else f"{periods[0]} to {periods[-1]}"


def _label(name: object) -> str:
    return str(name).replace("_", " ")


def _amount(amount: Decimal | str | None, currency: str | None) -> str:
    """Money with the decimals of its currency; a dash where there is none."""
    return "-" if amount is None else amount_text(Decimal(amount), currency)


def _exact(number: Decimal) -> str:
    """A count or an amount of an equation, which does not say its currency."""
    is_whole = number == number.to_integral_value()
    return exact_text(number, 0 if is_whole else 2)


def _count(number: int, one: str, more: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def _finalize(value: Any) -> Any:
    """What every printed value goes through: control characters out, before the template escapes it."""
    return printable(value) if type(value) is str else value


@lru_cache(maxsize=1)
def _template() -> Template:
    """Compiled once a process: a first close makes a report of every month since the company began."""
    # `line_statement` and bytecode caches are off: the same text compiles the same way everywhere.
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
        auto_reload=False,
    )
    environment.filters |= {
        "label": _label,
        "amount": _amount,
        "exact": _exact,
        "count": _count,
        "named": _named,
    }
    return environment.get_template("report.html.j2")


@lru_cache(maxsize=1)
def _style() -> Markup:
    # Our own file, and no text of anybody else's: it stands in the page as it is.
    return Markup((HERE / "report.css").read_text(encoding="utf-8"))  # noqa: S704
