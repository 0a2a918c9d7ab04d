"""Contract lives and the script of their deliveries.

A *life* is one customer's story: a contract or two, lines, deliveries, invoices, a cancellation, and what was
late, wrong, moved or voided on the way. Many lives share a workspace, its deliveries and its close dates: a
*script*. Each wave of a script is the complete export of that day (mode full), entity -> rows of text, in the
columns of interface.md section 2.

    script = generate_lives(seed=7, n=200)            plain and in bulk
    @given(scripts(max_lives=3))                      the same through hypothesis, which shrinks them
    script.only({"L0003"})                            one life alone, to look at it

What is generated is valid: control totals agree, dates are legal, returned <= delivered. Nothing here is dirty
unless `Options.held` asks for contracts that vanish or break between closes.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.oracle.conventions import CONVENTIONS, ONE_DAY, add_months, days_in_month
from tests.oracle.ledger import Facts, Ledger
from tests.oracle.money import OutOfScopeError, QuarantinedError, as_decimal, minor_units, scale
from tests.oracle.policy import DEFAULT, Policy
from tests.oracle.positions import Positions
from tests.oracle.records import read_books, read_calendar
from tests.property import eventful
from tests.property.gate import violations

Row = dict[str, str]
Export = dict[str, list[Row]]

COLUMNS: dict[str, tuple[str, ...]] = {
    "entities": ("entity_id", "entity_name", "functional_currency", "time_zone"),
    "customers": ("customer_id", "customer_name", "segment", "country"),
    "products": (
        "product_id", "product_name", "product_family", "revenue_category", "recognition_method",
        "recognition_convention", "ssp_unit", "ssp_currency", "ssp_per", "ssp_method", "ssp_low", "ssp_high",
    ),
    "ssp_prices": ("product_id", "currency", "valid_from", "ssp_unit", "ssp_per", "ssp_low", "ssp_high"),
    "contracts": (
        "contract_id", "customer_id", "entity_id", "contract_number", "status", "contract_type", "signed_date",
        "start_date", "end_date", "currency", "total_amount", "sales_rep", "renewal_of", "combined_with",
        "cancelled_date", "cancellation_signed_date", "cancellation_reason", "termination_for_convenience",
        "notice_days", "termination_penalty",
    ),
    "contract_lines": (
        "contract_line_id", "contract_id", "line_number", "product_id", "description", "quantity", "amount",
        "start_date", "end_date", "promised_date", "recognition_method", "recognition_convention", "ssp_unit",
        "ssp_per", "ssp_method", "allocation_group", "amendment_id", "variable_amount", "constrained_amount",
        "expected_return_pct",
    ),
    "amendments": (
        "amendment_id", "contract_id", "contract_line_id", "effective_date", "signed_date", "action", "treatment",
        "quantity_delta", "amount_delta", "new_start_date", "new_end_date", "ssp_unit", "reason",
    ),
    "estimates": (
        "estimate_id", "contract_id", "contract_line_id", "allocation_group", "estimate_date", "variable_amount",
        "constrained_amount", "expected_return_pct",
    ),
    "fulfillments": (
        "fulfillment_id", "contract_line_id", "event_date", "kind", "quantity", "amount", "percent_complete",
        "cost_to_date", "cost_at_completion", "reason",
    ),
    "invoices": (
        "invoice_id", "invoice_number", "customer_id", "contract_id", "entity_id", "issue_date", "due_date",
        "currency", "status", "status_date", "total_amount", "tax_amount",
    ),
    "invoice_lines": (
        "invoice_line_id", "invoice_id", "contract_line_id", "description", "quantity", "amount", "tax_amount",
        "service_start", "service_end",
    ),
    "credit_notes": (
        "credit_note_id", "invoice_id", "contract_id", "customer_id", "issue_date", "currency", "status",
        "status_date", "total_amount",
    ),
    "credit_note_lines": (
        "credit_note_line_id", "credit_note_id", "invoice_line_id", "contract_line_id", "amount", "tax_amount",
        "reason", "applies_to",
    ),
    "payments": (
        "payment_id", "customer_id", "invoice_id", "contract_id", "payment_date", "amount", "currency", "kind",
    ),
    "accounting_periods": ("period", "start_date", "end_date", "status"),
}  # fmt: skip

PARENT = {
    "invoice_lines": ("invoices", "invoice_id"),
    "credit_note_lines": ("credit_notes", "credit_note_id"),
}
CURRENCIES = ("USD", "EUR", "JPY", "KWD")


# --- what a workspace lives through -------------------------------------------------------------------


@dataclass(frozen=True)
class Delivery:
    """On `as_of` all exports are dropped, then `closes` are closed in order (through: with --through)."""

    as_of: date
    closes: tuple[str, ...] = ()
    through: bool = False


@dataclass(frozen=True)
class Timeline:
    """The deliveries and closes that all lives of a workspace share, and its calendar if it has one."""

    name: str
    deliveries: tuple[Delivery, ...]
    accounting_periods: tuple[tuple[str, date, date], ...] = ()

    @property
    def last(self) -> date:
        return self.deliveries[-1].as_of

    def wave_of(self, d: date) -> int | None:
        """The first delivery on or after d."""
        return next((i for i, row in enumerate(self.deliveries) if row.as_of >= d), None)


def _monthly() -> Timeline:
    """A first publication of everything through January 2025, then month by month; June ended, July runs."""
    deliveries = (
        Delivery(date(2025, 2, 6), ("2025-01",)),
        Delivery(date(2025, 3, 5), ("2025-02",)),
        Delivery(date(2025, 4, 4), ("2025-03",)),
        Delivery(date(2025, 5, 8), ("2025-04",)),
        Delivery(date(2025, 6, 3), ("2025-05",)),
        Delivery(date(2025, 7, 17)),
    )
    return Timeline("monthly", deliveries)


def _two_open() -> Timeline:
    """Closes lag: a delivery that closes nothing, a close with the next month over, two closes on a day."""
    deliveries = (
        Delivery(date(2024, 9, 30), ("2024-08",)),
        Delivery(date(2024, 11, 5)),
        Delivery(date(2024, 12, 20), ("2024-09", "2024-10")),
        Delivery(date(2025, 1, 31), ("2024-11",)),
        Delivery(date(2025, 3, 1), ("2024-12",)),
        Delivery(date(2025, 4, 30)),
    )
    return Timeline("two_open", deliveries)


def _through() -> Timeline:
    """A half-year closed with --through, and an as_of on the last day of a month that is open."""
    deliveries = (
        Delivery(date(2024, 7, 15), ("2024-06",)),
        Delivery(date(2025, 1, 10), ("2024-12",), through=True),
        Delivery(date(2025, 2, 28), ("2025-01",)),
        Delivery(date(2025, 5, 31), ("2025-04",), through=True),
        Delivery(date(2025, 5, 31)),
    )
    return Timeline("through", deliveries)


def _weeks() -> Timeline:
    """4-4-5 weeks: the periods cut where they like, conventions still weigh calendar months."""
    periods = []
    start = date(2020, 12, 28)
    for year in range(2021, 2034):
        for i in range(12):
            end = start + timedelta(weeks=5 if i % 3 == 2 else 4) - ONE_DAY
            periods.append((f"{year}-P{i + 1:02}", start, end))
            start = end + ONE_DAY
    ends = {key: end for key, _, end in periods}
    closes = [key for key, _, _ in periods[48:54]]  # the fifth year's first periods
    deliveries = [Delivery(ends[key] + timedelta(days=3 + 4 * i), (key,)) for i, key in enumerate(closes)]
    deliveries.append(Delivery(deliveries[-1].as_of + timedelta(days=20)))
    return Timeline("weeks", tuple(deliveries), tuple(periods))


TIMELINES = (_monthly(), _two_open(), _through(), _weeks())
ONCE = Timeline("once", (Delivery(date(2025, 7, 17)),))  # all is known and nothing is closed


def _days() -> Timeline:
    """A calendar of single days: every position is asked for on every day, and so on the date of every event."""
    first, last = date(2025, 2, 1), date(2025, 7, 17)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    single = [(f"2025-{'ABCDEF'[i // 100]}{i % 100:02}", day, day) for i, day in enumerate(days)]
    before = [(f"{year}-Y00", date(year, 1, 1), date(year, 12, 31)) for year in range(2015, 2025)]
    before.append(("2025-00", date(2025, 1, 1), first - ONE_DAY))
    after = [("2025-Y99", last + ONE_DAY, date(2025, 12, 31))]
    after += [(f"{year}-Y00", date(year, 1, 1), date(year, 12, 31)) for year in range(2026, 2034)]
    return Timeline("days", (Delivery(last),), (*before, *single, *after))


DAYS = _days()


@dataclass(frozen=True)
class Options:
    """What may happen in a life."""

    currencies: tuple[str, ...] = CURRENCIES
    changes: bool = True  # late, corrected, moved and voided data between closes
    held: bool = False  # contracts that vanish from an export or break, and mostly come back
    without_line: bool = False  # invoice lines that name no contract line, on invoices that name a contract
    methods: bool = False  # percent_complete, milestone, usage, drawdown and as_invoiced beside the others
    amendments: bool = False  # lines added, changed, extended, suspended; with every treatment
    estimates: bool = False  # variable consideration and expected returns, dated versions of them
    concessions: bool = False  # credit notes of every reason
    cash: bool = False  # payments, refunds, disputes, write-offs
    measured: bool = False  # many lines that are used and drawn down, whose prices change like any other
    goods: bool = False  # many lines of goods, whose returns are mostly credited
    rollover: bool = False  # commitments that run longer, shorter, or stand still


@dataclass(frozen=True)
class Wave:
    """One delivery: the complete exports of that day, and what is done on it."""

    number: int
    as_of: date
    rows: Mapping[str, Sequence[Row]]
    closes: tuple[str, ...]
    through: bool
    broken: frozenset[str]  # contracts with a typo that the gate quarantines


@dataclass
class Record:
    """A row of an export: since which wave it is delivered, what changes in it, where it is missing."""

    entity: str
    row: Row
    since: int
    changes: list[tuple[int, Row]] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)

    def at(self, wave: int) -> Row | None:
        if wave < self.since:
            return None
        row = dict(self.row)
        for since, change in sorted(self.changes, key=lambda item: item[0]):
            if since <= wave:
                row.update(change)
        return row


@dataclass
class Life:
    """One story, in records."""

    life_id: str
    records: list[Record] = field(default_factory=list)
    broken: dict[int, dict[str, Row]] = field(default_factory=dict)  # wave -> contract -> typo in its header
    notes: list[str] = field(default_factory=list)

    def of(self, entity: str) -> list[Record]:
        return [record for record in self.records if record.entity == entity]

    def export(self, wave: int, as_if_never_held: bool = False) -> Export:
        """The rows of a wave, with the totals that the headers carry."""
        found: Export = {}
        for record in self.records:
            if wave in record.hidden and not as_if_never_held:
                continue
            row = record.at(wave)
            if row is not None:
                found.setdefault(record.entity, []).append(row)
        _fill_totals(found)
        if as_if_never_held:
            return found
        for row in found.get("contracts", ()):
            row.update(self.broken.get(wave, {}).get(row["contract_id"], {}))
        return found


def _fill_totals(export: Export) -> None:
    for contract in export.get("contracts", ()):
        amounts = [
            Decimal(row["amount"])
            for row in export.get("contract_lines", ())
            if row["contract_id"] == contract["contract_id"] and not row.get("amendment_id")
        ]
        contract["total_amount"] = f"{sum(amounts, Decimal(0)):f}"
    for entity, (parent, key) in PARENT.items():
        for document in export.get(parent, ()):
            lines = [row for row in export.get(entity, ()) if row[key] == document[key]]
            net = sum((Decimal(row["amount"]) for row in lines), Decimal(0))
            tax = sum((Decimal(row.get("tax_amount") or "0") for row in lines), Decimal(0))
            document["total_amount"] = f"{net + tax:f}"
            if parent == "invoices":
                document["tax_amount"] = f"{tax:f}"


@dataclass(frozen=True)
class Script:
    """Lives that share a workspace."""

    timeline: Timeline
    entities: tuple[str, ...]
    lives: tuple[Life, ...]

    @property
    def waves(self) -> list[Wave]:
        found = []
        for number, delivery in enumerate(self.timeline.deliveries):
            rows: Export = {}
            broken: set[str] = set()
            for life in self.lives:
                for entity, part in life.export(number).items():
                    rows.setdefault(entity, []).extend(part)
                broken |= set(life.broken.get(number, ()))
            rows["entities"] = [
                {"entity_id": key, "entity_name": key, "functional_currency": "USD"} for key in self.entities
            ]
            if self.timeline.accounting_periods:
                rows["accounting_periods"] = [
                    {"period": key, "start_date": start.isoformat(), "end_date": end.isoformat()}
                    for key, start, end in self.timeline.accounting_periods
                ]
            for entity, part in rows.items():
                rows[entity] = [{column: row.get(column, "") for column in COLUMNS[entity]} for row in part]
            wave = Wave(
                number, delivery.as_of, rows, delivery.closes, delivery.through, frozenset(broken)
            )  # fmt: skip
            found.append(wave)
        return found

    def only(self, life_ids: Collection[str]) -> Script:
        """The same workspace with some of its lives."""
        lives = tuple(life for life in self.lives if life.life_id in life_ids)
        return Script(self.timeline, self.entities, lives)

    def expected(self, policy: Policy = DEFAULT) -> Facts:
        """What the oracle publishes and shows for this script."""
        return oracle(self.waves, policy)

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        """Hypothesis prints a falsifying example with this."""
        printer.text(repr(self))

    def __repr__(self) -> str:
        """What is delivered, wave by wave: what is new or has changed since the wave before."""
        lines = [f"Script(timeline={self.timeline.name!r}, entities={self.entities})"]
        before: set[str] = set()
        for wave in self.waves:
            lines.append(f"wave {wave.number} on {wave.as_of}, closes {', '.join(wave.closes) or 'nothing'}")
            rows = [
                f"{entity} {_short(row)}"
                for entity, part in wave.rows.items()
                if entity != "accounting_periods"
                for row in part
            ]
            lines += [f"  + {row}" for row in rows if row not in before]
            lines += [f"  - {row}" for row in sorted(before.difference(rows))]
            before = set(rows)
        return "\n".join(lines)


def _short(row: Mapping[str, str]) -> str:
    return " ".join(f"{column}={value}" for column, value in row.items() if value)


def oracle(waves: Sequence[Wave], policy: Policy = DEFAULT) -> Facts:
    """Deliver, close, run at the end: closed months as published and the open ones of the last wave."""
    ledger = Ledger(read_calendar(waves[0].rows), policy=policy)
    facts = Facts()
    for wave in waves:
        books = read_books(wave.rows, leave_out=wave.broken)
        for period in wave.closes:
            ledger.close(period, books, quarantined=wave.broken, through=wave.through)
        if not wave.closes or wave is waves[-1]:
            facts = ledger.run(books, wave.as_of, quarantined=wave.broken)
    return ledger.published + facts


# What changes no posting is drawn apart, by key: the lives of a seed stay what they were.


def leaving(contract_id: str) -> Row:
    """Whether the customer may leave at will, with what notice, at what price (accounting.md section 7)."""
    rng = random.Random(f"leaving {contract_id}")
    if rng.random() < 0.6:
        return {}
    return {
        "termination_for_convenience": rng.choice(("true", "true", "false")),
        "notice_days": rng.choice(("", "0", "30", "90", "400", "1200")),
        "termination_penalty": rng.choice(("", "", "0", "1000")),
    }


def promised(contract_line_id: str, start: date) -> str:
    """The day on which delivery was promised, mostly none."""
    rng = random.Random(f"promised {contract_line_id}")
    return (start + timedelta(days=rng.randint(0, 1500))).isoformat() if rng.random() < 0.3 else ""


# --- a life -------------------------------------------------------------------------------------------


class Teller:
    """Tells one life. Every choice is drawn from `rng`, so that hypothesis can stand behind it."""

    def __init__(self, rng: random.Random, life_id: str, timeline: Timeline, options: Options) -> None:
        self.rng = rng
        self.timeline = timeline
        self.options = options
        self.life = Life(life_id)
        self.currency = rng.choice(options.currencies)
        self.entity = ""
        self.waves = len(timeline.deliveries)
        # What is written off of such contracts is held by the gate, so those with cash are told apart.
        self.without_line = options.without_line and (not options.cash or self.chance(0.3))

    # --- small choices

    def chance(self, share: float) -> bool:
        return self.rng.randrange(1000) < share * 1000

    def key(self, kind: str) -> str:
        entity = {"K": "contracts", "L": "contract_lines", "F": "fulfillments", "I": "invoices"}
        entity |= {"IL": "invoice_lines", "N": "credit_notes", "NL": "credit_note_lines", "P": "products"}
        entity |= {"A": "amendments", "C": "customers", "E": "estimates", "Z": "payments"}
        return f"{self.life.life_id}-{kind}{len(self.life.of(entity[kind])) + 1}"

    def add(self, entity: str, since: int, **row: str) -> Record:
        record = Record(entity, row, since)
        self.life.records.append(record)
        return record

    def text(self, units: int) -> str:
        """Minor units as an export would write them: sometimes without trailing zeros."""
        amount = as_decimal(units, self.currency)
        if self.chance(0.3) and amount == amount.to_integral_value():
            return str(int(amount))
        return f"{amount:f}"

    def money(self) -> int:
        """From one minor unit to billions, round and awkward."""
        one = scale(self.currency)
        kind = self.rng.randrange(10)
        if kind == 0:
            return self.rng.randint(1, 12)
        if kind <= 3:
            return self.rng.choice((100, 120, 900, 1000, 1200, 12000, 36000)) * one
        if kind == 4:
            return self.rng.randint(10**9, 10**11)
        return self.rng.randint(1, 10**7)

    def lag(self, wave: int) -> int:
        """Most data is delivered with the first export after its date, some one or two later."""
        if not self.options.changes or not self.chance(0.25):
            return wave
        return wave + self.rng.choice((1, 1, 2))

    def wave_for(self, d: date, at_least: int = 0, early: float = 0.0) -> int | None:
        """The wave that first delivers a record dated d; None: after the last one."""
        if early and self.chance(early):
            return at_least
        wave = self.timeline.wave_of(d)
        if wave is None:
            return None
        wave = max(self.lag(wave), at_least)
        return wave if wave < self.waves else None

    def a_date(self, first: date, last: date) -> date:
        """A date in a range, odd ones preferred: ends and middles of months, leap days."""
        d = first + timedelta(days=self.rng.randint(0, (last - first).days))
        day = self.rng.choice((0, 0, 0, 1, 1, 14, 15, 16, 28, 29, 30, 31))
        odd = d.replace(day=min(day, days_in_month(d))) if day else d
        if self.chance(0.05):
            odd = date(2024, 2, 29)
        return odd if first <= odd <= last else d

    def a_term(self) -> tuple[date, date]:
        """Whole months, nearly whole months, single days, any days."""
        start = self.a_date(self.timeline.last - timedelta(days=800), self.timeline.last + timedelta(days=60))
        kind = self.rng.randrange(10)
        if kind < 5:
            return start, add_months(start, self.rng.choice((1, 2, 3, 6, 12, 12, 12, 24, 36))) - ONE_DAY
        if kind < 7:
            near = add_months(start, self.rng.choice((1, 3, 12))) + timedelta(days=self.rng.randint(-3, 2))
            return start, max(near, start)
        if kind == 7:
            return start, start
        if kind == 8:
            last = start.replace(day=days_in_month(start))
            return start, self.rng.choice((last, last + ONE_DAY, max(last - ONE_DAY, start)))
        return start, start + timedelta(days=self.rng.randint(1, 800))

    # --- the story

    def tell(self, entities: Sequence[str]) -> Life:
        self.entity = "" if len(entities) == 1 and self.chance(0.5) else self.rng.choice(list(entities))
        for _ in range(2):
            self.add(
                "customers", 0, customer_id=self.key("C"), customer_name=f"Customer of {self.life.life_id}"
            )
        first = self.contract()
        more = self.rng.randrange(10)
        if more == 0:
            self.contract(renewal_of=first)
        elif more <= 2:
            self.contract(combined_with=first)
        if self.options.changes and self.chance(0.5):
            for _ in range(self.rng.choice((1, 1, 2))):
                self.change()
        if self.options.held and self.chance(0.3):
            self.hold()
        return self.life

    def contract(self, renewal_of: Record | None = None, combined_with: Record | None = None) -> Record:
        start, end = self.a_term()
        signed = start + timedelta(days=self.rng.choice((-60, -31, -10, -1, 0, 0, 1, 20, 45, 100)))
        signed = min(signed, self.timeline.last - timedelta(days=self.rng.choice((0, 1, 40, 90))))
        contract_id = self.key("K")
        row = {
            "contract_id": contract_id,
            "customer_id": f"{self.life.life_id}-C1",
            "entity_id": self.entity,
            "contract_type": self.rng.choice(("new", "new", "", "renewal")),
            "currency": self.currency,
        }
        if renewal_of is not None:
            row["renewal_of"] = renewal_of.row["contract_id"]
            row["contract_type"] = self.rng.choice(("renewal", ""))
            signed = max(signed, self.signed(renewal_of))
        if combined_with is not None:
            label = combined_with.row["contract_id"]
            row["combined_with"] = combined_with.row["combined_with"] = label
            signed = date.fromisoformat(combined_with.changes[0][1]["signed_date"])
        # A header may leave the dates to its lines.
        has_dates = self.chance(0.85)
        if has_dates:
            row |= {"start_date": start.isoformat(), "end_date": end.isoformat()}
        after = 0 if renewal_of is None else self.counted_since(renewal_of)
        wave = self.wave_for(signed, after)
        if wave is None:
            wave = self.waves - 1
        draft_since = self.rng.randint(after, wave) if self.chance(0.15) else wave
        row |= {"status": self.rng.choice(("draft", "proposal")), "signed_date": ""} | leaving(contract_id)
        record = self.add("contracts", draft_since, **row)
        counted = {"status": self.rng.choice(("signed", "active", "active", "expired"))}
        record.changes.append((wave, counted | {"signed_date": signed.isoformat()}))
        lines = self.lines(record, draft_since, start, end, has_dates)
        self.cancel(record, lines, signed, start, end)
        self.deliver(record, lines, start)
        eventful.happen(self, record, lines, start)
        if self.options.amendments:
            lines = eventful.amend(self, record, lines, start, end)
        if self.options.estimates:
            eventful.estimates(self, record, lines, start)
        self.invoice(record, lines, start, end, signed)
        return record

    def counted_since(self, contract: Record) -> int:
        return contract.changes[0][0]

    def signed(self, contract: Record) -> date:
        return date.fromisoformat(contract.changes[0][1]["signed_date"])

    # --- lines, products, prices

    def lines(self, contract: Record, since: int, start: date, end: date, has_dates: bool) -> list[Record]:
        groups = self.rng.choice((("",), ("",), ("",), ("", "G1"), ("G1", "G2")))
        found = []
        residual_in: set[str] = {"*"} if contract.row.get("combined_with") else set()
        for _ in range(self.rng.choice((1, 1, 2, 2, 3, 4, 5))):
            group = self.rng.choice(groups)
            line = self.line(contract, since, start, end, has_dates, group)
            if "*" not in residual_in and group not in residual_in and self.chance(0.08):
                residual_in.add(group)
                line.row |= {"ssp_method": "residual", "ssp_unit": "", "ssp_per": ""}
                if self.chance(0.5):
                    product = self.product_of(line)
                    high = minor_units(line.row["amount"], self.currency) * self.rng.choice((1, 2, 5))
                    product.row |= {"ssp_low": "0", "ssp_high": self.text(high)}
            found.append(line)
        if self.chance(0.2):
            found.append(self.discount(contract, since, self.rng.choice(found)))
        if self.chance(0.08):
            found.append(self.negative(contract, since, start, end))
        numbers = list(range(1, len(found) + 1))
        if self.chance(0.3):
            self.rng.shuffle(numbers)
        for line, n in zip(found, numbers, strict=True):
            line.row["line_number"] = str(n * 10 if len(found) % 2 else n)  # 10 comes after 9, not after 1
        return found

    def line(
        self, contract: Record, since: int, start: date, end: date, has_dates: bool, group: str
    ) -> Record:
        method = self.rng.choice(eventful.methods(self.options))
        convention = self.rng.choice(list(CONVENTIONS))
        amount = 0 if self.chance(0.03) else self.money()
        row = {
            "contract_line_id": self.key("L"),
            "contract_id": contract.row["contract_id"],
            "amount": self.text(amount),
            "allocation_group": group,
            "description": self.rng.choice(("", "as agreed", 'with a "quote", and a comma')),
        }
        eventful.fit_to_method(self, row, method)
        group = row["allocation_group"] if method == "usage" else ""
        if group and group in eventful.amended_groups(self, contract):
            # Amendments of a contract that it is combined with have changed the price that it would share.
            row["allocation_group"] = row["contract_line_id"]
        own_dates = self.chance(0.4) or (not has_dates and method != "point_in_time")
        if own_dates:
            first, last = (start, end) if self.chance(0.4) else self.a_term()
            row |= {"start_date": first.isoformat(), "end_date": last.isoformat()}
        if method == "point_in_time" or self.chance(0.6):
            row["quantity"] = self.rng.choice(("1", "2", "3", "7", "12", "100", "2.5", "0.333"))
        product = self.product(method, convention)
        if self.chance(0.25):
            # The line overrules its product.
            row["recognition_method"] = method
            product.row["recognition_method"] = self.rng.choice(("ratable", "point_in_time", "on_start", ""))
        if self.chance(0.25):
            row["recognition_convention"] = self.rng.choice(list(CONVENTIONS))
        row["product_id"] = product.row["product_id"]
        row["promised_date"] = promised(row["contract_line_id"], start)
        can_per_month = has_dates or own_dates
        self.ssp(row, product, amount, can_per_month)
        return self.add("contract_lines", since, **row)

    def product(self, method: str, convention: str) -> Record:
        return self.add(
            "products",
            0,
            product_id=self.key("P"),
            product_name=self.rng.choice(("Seat", "Server", "Support")),
            revenue_category=self.rng.choice(("subscription", "services", "hardware")),
            recognition_method=method,
            recognition_convention=self.rng.choice(("", convention)),
        )

    def product_of(self, line: Record) -> Record:
        return next(
            row for row in self.life.of("products") if row.row["product_id"] == line.row["product_id"]
        )

    def unit_price(self, amount: int, row: Row, per_month: bool) -> str:
        """A unit SSP somewhere around the price: discounts and premiums, rarely 0."""
        if self.chance(0.05):
            return "0"
        quantity = Fraction(row.get("quantity") or "1") * (self.rng.choice((1, 6, 12)) if per_month else 1)
        units = int(Fraction(max(amount, 1)) * self.rng.randint(30, 200) / 100 / quantity)
        return self.text(max(units, 1))

    def ssp(self, row: Row, product: Record, amount: int, can_per_month: bool) -> None:
        """Where the stand-alone selling price comes from: line, price list, product, or nowhere."""
        source = self.rng.choice(("line", "list", "list", "product", "stated", "stated", "zero"))
        if source == "zero":
            source = "zero" if self.chance(0.3) else "stated"
        per_month = can_per_month and self.chance(0.3)
        per = {"ssp_per": "month" if per_month else "unit"}
        if source == "line":
            row |= {"ssp_unit": self.unit_price(amount, row, per_month)} | per
        elif source == "zero":
            row["ssp_unit"] = "0"
        if source == "product" or self.chance(0.2):
            product.row |= {
                "ssp_unit": self.unit_price(amount, row, per_month),
                "ssp_currency": self.currency,
            } | per
        if source == "list":
            self.price_list(product.row["product_id"], amount, row, per_month)

    def price_list(self, product_id: str, amount: int, row: Row, per_month: bool) -> None:
        """Rows around the signing, in the contract's currency and in another one."""
        middle = self.timeline.last - timedelta(days=400)
        dates = {middle + timedelta(days=self.rng.randint(-900, 500)) for _ in range(self.rng.randint(1, 3))}
        other = self.rng.choice([currency for currency in CURRENCIES if currency != self.currency])
        for valid_from in sorted(dates):
            for currency in (self.currency, other):
                self.add(
                    "ssp_prices",
                    0,
                    product_id=product_id,
                    currency=currency,
                    valid_from=valid_from.isoformat(),
                    ssp_unit=self.unit_price(amount, row, per_month) if currency == self.currency else "77",
                    ssp_per="month" if per_month else "unit",
                )

    def discount(self, contract: Record, since: int, line: Record) -> Record:
        """A negative line that neither itself nor its product has a method for, in the group of another."""
        product = self.product("", "")
        units = minor_units(line.row["amount"], self.currency)
        return self.add(
            "contract_lines",
            since,
            contract_line_id=self.key("L"),
            contract_id=contract.row["contract_id"],
            product_id=product.row["product_id"],
            amount=self.text(-max(units * self.rng.randint(1, 60) // 100, 1)),
            allocation_group=line.row["allocation_group"],
        )

    def negative(self, contract: Record, since: int, start: date, end: date) -> Record:
        """A negative line with a method is an ordinary line, with its own negative SSP."""
        product = self.product("ratable", self.rng.choice(list(CONVENTIONS)))
        return self.add(
            "contract_lines",
            since,
            contract_line_id=self.key("L"),
            contract_id=contract.row["contract_id"],
            product_id=product.row["product_id"],
            amount=self.text(-self.rng.randint(1, 10**4)),
            allocation_group=self.rng.choice(("", "NEGATIVE")),
            start_date=start.isoformat(),
            end_date=end.isoformat(),
        )

    # --- cancellation

    def cancel(self, contract: Record, lines: list[Record], signed: date, start: date, end: date) -> None:
        if not self.chance(0.45):
            return
        span = (end - start).days
        x = self.rng.choice(
            (
                start - timedelta(days=self.rng.randint(1, 40)),
                start,
                start + ONE_DAY,
                self.a_date(start, end),
                self.a_date(start, end),
                start + timedelta(days=self.rng.randint(0, span)),
                end,
                end + ONE_DAY,
                end + timedelta(days=30),
            )
        )
        s = max(x + timedelta(days=self.rng.choice((-60, -20, -1, 0, 0, 1, 15, 70))), signed)
        by_header = self.chance(0.6)
        on_x = s == x or (x >= signed and self.chance(0.3))
        known = self.wave_for(x if by_header and on_x else s, self.counted_since(contract), early=0.05)
        if known is None:
            return
        if by_header:
            change = {"cancelled_date": x.isoformat(), "cancellation_reason": self.rng.choice(("", "price"))}
            if not on_x:
                change["cancellation_signed_date"] = s.isoformat()
            if self.chance(0.7):
                change["status"] = "cancelled"
            contract.changes.append((known, change))
            contract.row["_x"], contract.row["_s"] = x.isoformat(), (x if on_x else s).isoformat()
            chosen = lines if self.chance(0.1) else []
        else:
            chosen = [line for line in lines if self.chance(0.6)] or lines[:1]
        amendment_id = self.key("A")
        for line in chosen:
            amount = minor_units(line.row["amount"], self.currency)
            last = date.fromisoformat(line.row.get("end_date") or end.isoformat())
            if x > last or amount < 0:
                continue  # an amendment is not effective after the end; a discount has nothing to keep
            row = {
                "amendment_id": amendment_id,
                "contract_id": contract.row["contract_id"],
                "contract_line_id": line.row["contract_line_id"],
                "effective_date": x.isoformat(),
                "signed_date": (x if by_header and on_x else s).isoformat(),
                "action": "cancel",
            }
            if self.chance(0.4):
                row["amount_delta"] = self.text(-(amount * self.rng.choice((0, 10, 50, 100, 120)) // 100))
            line.row["_x"], line.row["_s"] = x.isoformat(), s.isoformat()
            self.add("amendments", known, **row)

    # --- goods

    def deliver(self, contract: Record, lines: list[Record], start: date) -> None:
        for line in lines:
            method = line.row.get("recognition_method") or self.product_of(line).row["recognition_method"]
            if method == "point_in_time" and self.chance(0.85):
                self.deliver_line(contract, line, start)

    def deliver_line(self, contract: Record, line: Record, start: date) -> None:
        ordered = Decimal(line.row["quantity"])
        share = self.rng.choice((Decimal(1), Decimal(1), Decimal(1), Decimal("0.5"), Decimal("1.2")))
        left = ordered * share
        stop = line.row.get("_s") or contract.row.get("_s")
        x = line.row.get("_x") or contract.row.get("_x")
        last = None if stop is None or x is None else max(date.fromisoformat(stop), date.fromisoformat(x))
        delivered = Decimal(0)
        since = self.counted_since(contract)
        d = start + timedelta(days=self.rng.choice((-5, 0, 1, 20, 60)))
        while left > 0 and d <= self.timeline.last + timedelta(days=20):
            if last is not None and d > last:
                break
            part = (
                left if self.chance(0.5) else (left / self.rng.choice((2, 3, 4))).quantize(Decimal("0.001"))
            )
            part = min(max(part, Decimal("0.001")), left)
            known = self.wave_for(d, self.counted_since(contract), early=0.03)
            if known is None:
                break
            since = max(since, known)
            self.event(line, since if self.chance(0.5) else known, d, "delivery", part)
            left, delivered = left - part, delivered + part
            d += timedelta(days=self.rng.choice((0, 1, 15, 40)))
            if self.chance(0.5 if self.options.goods else 0.2) and (last is None or d <= last):
                back = min(delivered, self.rng.choice((part, delivered, Decimal("0.5"))))
                returned = self.wave_for(d, since)
                if back > 0 and returned is not None:
                    since = max(since, returned)
                    self.event(line, since, d, "return", back)
                    delivered -= back
                    left += back if self.chance(0.5) else 0
                    d += timedelta(days=self.rng.choice((1, 10)))

    def event(self, line: Record, since: int, d: date, kind: str, quantity: Decimal) -> None:
        self.add(
            "fulfillments",
            since,
            fulfillment_id=self.key("F"),
            contract_line_id=line.row["contract_line_id"],
            event_date=d.isoformat(),
            kind=kind,
            quantity=f"{quantity.normalize():f}",
        )

    # --- invoices, voids, credit notes

    def invoice(self, contract: Record, lines: list[Record], start: date, end: date, signed: date) -> None:
        by_date: dict[date, list[tuple[Record, int]]] = {}
        plan = self.rng.choice(("upfront", "upfront", "monthly", "arrears", "yearly", "none"))
        if plan == "none":
            return
        for line in lines:
            amount = minor_units(line.row["amount"], self.currency)
            if self.chance(0.1):
                amount = amount * self.rng.choice((50, 90, 110)) // 100
            for d, part in self.instalments(plan, start, end, signed, amount):
                if part:
                    by_date.setdefault(d, []).append((line, part))
        for d, parts in sorted(by_date.items()):
            known = self.wave_for(d, self.counted_since(contract), early=0.03)
            if known is not None:
                self.document(contract, known, d, parts)

    def instalments(
        self, plan: str, start: date, end: date, signed: date, amount: int
    ) -> Iterable[tuple[date, int]]:
        if plan == "upfront":
            return [(self.rng.choice((start, signed, start - timedelta(days=7))), amount)]
        step = 12 if plan == "yearly" else 1
        n = 1
        while add_months(start, n * step) <= end and n < 24:
            n += 1
        dates = [add_months(start, i * step) for i in range(n)]
        if plan == "arrears":
            dates = [min(add_months(start, (i + 1) * step) - ONE_DAY, max(end, start)) for i in range(n)]
        return [(d, amount * (i + 1) // n - amount * i // n) for i, d in enumerate(dates)]

    def document(self, contract: Record, since: int, d: date, parts: list[tuple[Record, int]]) -> None:
        invoice_id = self.key("I")
        status = self.rng.choice(("open", "open", "paid", "paid", "uncollectible", "draft"))
        if status == "draft" and not self.options.changes:
            status = "open"
        as_of = self.timeline.deliveries[since].as_of
        row = {
            "invoice_id": invoice_id,
            "invoice_number": f"N-{invoice_id}",
            "customer_id": contract.row["customer_id"],
            "contract_id": self.rng.choice((contract.row["contract_id"], "")),
            "entity_id": self.entity,
            "issue_date": d.isoformat(),
            "currency": self.currency,
            "status": status,
            "status_date": max(as_of, d).isoformat() if status in ("paid", "uncollectible") else "",
        }
        invoice = self.add("invoices", since, **row)
        lines = []
        # What is earned as invoiced is earned by the lines that name it.
        without_line = self.without_line and not any(
            row.row["contract_id"] == contract.row["contract_id"]
            and eventful.method_of(self, row) == "as_invoiced"
            for row in self.life.of("contract_lines")
        )
        for line, part in parts:
            tax = part // 5 if self.chance(0.2) else 0
            named = line.row["contract_line_id"]
            if without_line and self.chance(0.3):
                named, invoice.row["contract_id"] = "", contract.row["contract_id"]
            row = {"invoice_line_id": self.key("IL"), "invoice_id": invoice_id, "contract_line_id": named}
            row |= {"amount": self.text(part), "tax_amount": self.text(tax) if tax else ""}
            row |= eventful.service_period(self, line, d)
            lines.append(self.add("invoice_lines", since, **row))
        if self.options.cash:
            eventful.pay(self, contract, invoice, sum(part for _, part in parts), d)
        if self.chance(0.12):
            self.void(invoice, d)
        elif status == "draft" and since + 1 < self.waves and self.chance(0.7):
            invoice.changes.append((since + 1, {"status": "open"}))
        if self.chance(0.4 if self.options.goods else 0.1):
            self.credit(contract, invoice, self.rng.choice(lines), d)

    def void(self, document: Record, issued: date) -> None:
        """From some delivery on it is void: as of a date between, or as if it never counted."""
        wave = self.rng.randint(document.since, self.waves - 1) if self.options.changes else document.since
        change = {"status": "void", "status_date": ""}
        if self.chance(0.6):
            last = max(self.timeline.deliveries[wave].as_of, issued) + timedelta(
                days=40 if self.chance(0.1) else 0
            )
            change["status_date"] = self.a_date(issued, last).isoformat()
        document.changes.append((wave, change))

    def credit(self, contract: Record, invoice: Record, line: Record, issued: date) -> None:
        """A billing error: a part of an invoice line, or all of it, is credited."""
        d = issued + timedelta(days=self.rng.choice((0, 3, 30, 75)))
        since = self.wave_for(d, invoice.since)
        units = minor_units(line.row["amount"], self.currency)
        units = units * self.rng.choice((10, 50, 100)) // 100
        if since is None or units <= 0 or not line.row["contract_line_id"]:
            return
        note = self.add(
            "credit_notes",
            since,
            credit_note_id=self.key("N"),
            invoice_id=invoice.row["invoice_id"],
            contract_id=invoice.row["contract_id"],
            customer_id=contract.row["customer_id"],
            issue_date=d.isoformat(),
            currency=self.currency,
            status=self.rng.choice(("", "open", "paid")),
        )
        self.add(
            "credit_note_lines",
            since,
            credit_note_line_id=self.key("NL"),
            credit_note_id=note.row["credit_note_id"],
            invoice_line_id=line.row["invoice_line_id"],
            contract_line_id=self.rng.choice((line.row["contract_line_id"], "")),
            amount=self.text(units),
            **eventful.reason_of_credit(self, contract, line.row["contract_line_id"], d),
        )
        if self.chance(0.1):
            self.void(note, d)

    # --- what changes between closes

    def change(self) -> None:
        """One change of what was already delivered, from a later wave on."""
        contract = self.rng.choice(self.life.of("contracts"))
        since = self.counted_since(contract)
        if since + 1 >= self.waves:
            return
        wave = self.rng.randint(since + 1, self.waves - 1)
        lines = [
            line
            for line in self.life.of("contract_lines")
            if line.row["contract_id"] == contract.row["contract_id"]
        ]
        line = self.rng.choice(lines)
        kinds = (
            self.change_amount, self.change_amount, self.change_start, self.change_end, self.change_signed,
            self.change_customer, self.change_product, self.change_quantity, self.change_convention,
            self.change_ssp, self.change_type, self.change_invoice,
        )  # fmt: skip
        self.rng.choice(kinds)(wave, contract, line)

    def change_amount(self, wave: int, _: Record, line: Record) -> None:
        units = minor_units(line.row["amount"], self.currency)
        moved = units * self.rng.choice((50, 99, 101, 130)) // 100 if self.chance(0.7) else units + 1
        line.changes.append((wave, {"amount": self.text(moved)}))

    def change_start(self, wave: int, contract: Record, line: Record) -> None:
        """Back-dated mostly."""
        record = line if line.row.get("start_date") else contract
        if record.row.get("start_date"):
            moved = date.fromisoformat(record.row["start_date"]) - timedelta(
                days=self.rng.choice((1, 14, 31, 90, -1))
            )
            record.changes.append((wave, {"start_date": moved.isoformat()}))

    def change_end(self, wave: int, contract: Record, line: Record) -> None:
        record = line if line.row.get("end_date") else contract
        if record.row.get("end_date"):
            moved = date.fromisoformat(record.row["end_date"]) + timedelta(
                days=self.rng.choice((1, 31, -1, -20))
            )
            record.changes.append((wave, {"end_date": moved.isoformat()}))

    def change_signed(self, wave: int, contract: Record, _: Record) -> None:
        moved = self.signed(contract) - timedelta(days=self.rng.choice((1, 10, 35)))
        together = contract.row.get("combined_with")
        for record in self.life.of("contracts"):
            if record is contract or (together and record.row.get("combined_with") == together):
                since = max(wave, self.counted_since(record))
                record.changes.append((since, {"signed_date": moved.isoformat()}))

    def change_customer(self, wave: int, *_: Record) -> None:
        """The whole story moves to another customer, documents included."""
        for record in self.life.records:
            if record.entity in ("contracts", "invoices", "credit_notes"):
                record.changes.append((wave, {"customer_id": f"{self.life.life_id}-C2"}))

    def change_product(self, wave: int, _: Record, line: Record) -> None:
        """Its twin: the same terms under another key."""
        twin = self.add("products", 0, **self.product_of(line).row | {"product_id": self.key("P")})
        for price in self.life.of("ssp_prices"):
            if price.row["product_id"] == line.row["product_id"]:
                self.add("ssp_prices", 0, **price.row | {"product_id": twin.row["product_id"]})
        line.changes.append((wave, {"product_id": twin.row["product_id"]}))

    def change_quantity(self, wave: int, _: Record, line: Record) -> None:
        if line.row.get("quantity"):
            moved = Decimal(line.row["quantity"]) * self.rng.choice((2, 3))
            line.changes.append((wave, {"quantity": f"{moved.normalize():f}"}))

    def change_convention(self, wave: int, _: Record, line: Record) -> None:
        line.changes.append((wave, {"recognition_convention": self.rng.choice(list(CONVENTIONS))}))

    def change_ssp(self, wave: int, _: Record, line: Record) -> None:
        if line.row.get("ssp_unit"):
            line.changes.append((wave, {"ssp_unit": self.text(self.money())}))

    def change_type(self, wave: int, contract: Record, _: Record) -> None:
        contract.changes.append((wave, {"contract_type": self.rng.choice(("new", "renewal"))}))

    def change_invoice(self, wave: int, contract: Record, line: Record) -> None:
        """The amount of an invoice line was wrong."""
        rows = [
            row
            for row in self.life.of("invoice_lines")
            if row.row["contract_line_id"] == line.row["contract_line_id"]
        ]
        if rows:
            row = self.rng.choice(rows)
            units = minor_units(row.row["amount"], self.currency)
            row.changes.append((max(wave, row.since), {"amount": self.text(units * 9 // 10 + 1)}))

    # --- what is held

    def hold(self) -> None:
        """A contract with published figures vanishes from the exports, or breaks; mostly it comes back."""
        contract = self.rng.choice(self.life.of("contracts"))
        first = self.published_wave(contract)
        if first is None or first + 1 >= self.waves or contract.row.get("combined_with"):
            return
        start = self.rng.randint(first + 1, self.waves - 1)
        until = start + 1 if self.chance(0.5) else self.rng.randint(start + 1, self.waves)
        gone = range(start, until)
        contract_id = contract.row["contract_id"]
        lines = {
            row.row["contract_line_id"]
            for row in self.life.of("contract_lines")
            if row.row["contract_id"] == contract_id
        }
        kind = self.rng.choice(("vanished", "vanished", "typo"))
        if kind == "typo":
            typo = self.rng.choice(
                ({"signed_date": "2025-02-30"}, {"start_date": "soon"}, {"status": "sgined"})
            )
            for wave in gone:
                self.life.broken.setdefault(wave, {})[contract_id] = typo
            return
        for record in self.life.records:
            of_it = record.row.get("contract_id") == contract_id and record.entity in (
                "contracts",
                "contract_lines",
            )
            of_it = of_it or (record.entity == "amendments" and record.row["contract_id"] == contract_id)
            of_it = of_it or (record.entity == "fulfillments" and record.row["contract_line_id"] in lines)
            if of_it:
                record.hidden |= set(gone)

    def published_wave(self, contract: Record) -> int | None:
        """The first wave after which the contract has surely been published."""
        since = self.counted_since(contract)
        for number, delivery in enumerate(self.timeline.deliveries):
            closed = [self.period_end(key) for key in delivery.closes]
            if number >= since and closed and max(closed) >= self.signed(contract):
                return number
        return None

    def period_end(self, key: str) -> date:
        for name, _, end in self.timeline.accounting_periods:
            if name == key:
                return end
        return add_months(date.fromisoformat(f"{key}-01"), 1) - ONE_DAY


def _tell(
    rng: random.Random, life_id: str, timeline: Timeline, entities: Sequence[str], options: Options
) -> Life | None:
    """A life, or None where the dice made one that a strict gate or the rule book would not let in."""
    life = Teller(rng, life_id, timeline, options).tell(entities)
    for record in life.records:
        for column in ("_x", "_s"):
            record.row.pop(column, None)
    try:
        for wave in range(len(timeline.deliveries)):
            export = life.export(wave, as_if_never_held=True)
            books = read_books(export)
            positions = Positions(books)
            for line in books.lines.values():
                positions.bookings(line)
                allocated = positions.allocated(line, timeline.last)
                positions.fraction(line, timeline.last)
                if abs(allocated) > 10**12:
                    return None
            if violations(export):
                return None
    except (QuarantinedError, OutOfScopeError):
        return None
    return life


def _entities(rng: random.Random) -> tuple[str, ...]:
    return ("main",) if rng.randrange(2) else ("de", "us")


def generate_lives(
    seed: int, n: int, timeline: Timeline | None = None, options: Options | None = None
) -> Script:
    """n lives that share a workspace; the same seed gives the same script on any machine."""
    rng = random.Random(f"tieout-{seed}")
    timeline = timeline or TIMELINES[seed % len(TIMELINES)]
    entities = _entities(rng)
    lives: list[Life] = []
    while len(lives) < n:
        life = _tell(rng, f"L{len(lives):04}", timeline, entities, options or Options())
        if life is not None:
            lives.append(life)
    return Script(timeline, entities, tuple(lives))


@st.composite
def scripts(draw: st.DrawFn, max_lives: int = 3, options: Options | None = None) -> Script:
    """Scripts of a few lives, drawn and shrunk by hypothesis."""
    timeline = draw(st.sampled_from(TIMELINES))
    rng = draw(st.randoms(use_true_random=False))
    entities = _entities(rng)
    lives = []
    for i in range(draw(st.integers(1, max_lives))):
        life = _tell(rng, f"L{i:04}", timeline, entities, options or Options())
        if life is not None:
            lives.append(life)
    return Script(timeline, entities, tuple(lives))
