"""posted = now - frozen (accounting.md section 2, architecture.md "Posting").

A Ledger is told, in order, what is known (`Books`) and what is asked for: `close` publishes periods, `run`
shows the open ones up to as_of. Published figures are kept by posting key and original period; the next step
posts in the first open period

    current activity           now at the end of the period - now at the end of the period before
    prior-period adjustments   for each closed period p: activity of p known now - published with original period p

The first publication has no prior-period rows: each earlier period shows what is known now by its own dates.
A held contract (quarantined or vanished, with frozen figures) keeps its frozen positions: nothing posts for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from tests.oracle.deposits import Deposits
from tests.oracle.entities import DocumentLine
from tests.oracle.money import QuarantinedError
from tests.oracle.obligations import Bands, Obligations, clamped
from tests.oracle.periods import Calendar, Period
from tests.oracle.policy import DEFAULT, Policy
from tests.oracle.positions import Balance, Positions, spread
from tests.oracle.records import Books, ContractLine, Estimate, Key
from tests.oracle.terms import Terms
from tests.oracle.tracks import Cumulative, Measure, PostingKey, cumulative_of, document_tracks, line_tracks


@dataclass(frozen=True)
class Posting:
    """A row of a posted fact, in minor units."""

    key: PostingKey
    period: str
    original_period: str
    amount: int
    cause: str | None = None

    @property
    def is_prior_period(self) -> bool:
        return self.original_period != self.period


@dataclass(frozen=True)
class BacklogRow:
    """A line's position at a period end. `is_due`: the published table has this row (interface.md section 4)."""

    period: str
    contract_line_id: str
    contract_id: str
    accounting_contract_id: str
    customer_id: str
    entity_id: str
    product_id: str
    currency: str
    contracted: int
    billed: int
    recognized: int
    is_due: bool
    bands: Bands = field(default=Bands((0, 0, 0)))
    billed_backlog: int = 0

    @property
    def backlog(self) -> int:
        return self.contracted - self.recognized

    @property
    def kept(self) -> int:
        """What the customer cannot walk away from: within the notice, at least what is billed (section 7)."""
        if self.bands.kept is None:
            return self.backlog
        return max(self.bands.kept, self.billed_backlog) if self.backlog >= 0 else self.bands.kept

    @property
    def rpo(self) -> int:
        return 0 if self.bands.is_short else self.kept

    @property
    def crpo(self) -> int:
        """The part of RPO in the first band."""
        return 0 if self.bands.is_short else clamped(self.bands.through[0], self.kept)

    @property
    def rpo_exempt(self) -> int:
        return (self.kept if self.bands.is_short else 0) + self.bands.remainder


@dataclass(frozen=True)
class BalanceRow:
    """An accounting contract's position at a period end."""

    period: str
    accounting_contract_id: str
    entity_id: str
    currency: str
    customer_id: str
    balance: Balance
    current: int = 0
    unbilled: int = 0


@dataclass(frozen=True)
class DepositRow:
    """Customer deposits of an accounting contract, or (None) of a customer, at a period end."""

    period: str
    accounting_contract_id: str | None
    entity_id: str
    currency: str
    customer_id: str
    amount: int


@dataclass
class Facts:
    """Rows of the published tables."""

    postings: list[Posting] = field(default_factory=list)
    backlog: list[BacklogRow] = field(default_factory=list)
    balances: list[BalanceRow] = field(default_factory=list)
    deposits: list[DepositRow] = field(default_factory=list)
    held: dict[str, frozenset[str]] = field(default_factory=dict)

    def of(self, measure: Measure) -> list[Posting]:
        """The rows of one fact."""
        return [row for row in self.postings if row.key.measure == measure]

    def __add__(self, other: Facts) -> Facts:
        return Facts(
            self.postings + other.postings,
            self.backlog + other.backlog,
            self.balances + other.balances,
            self.deposits + other.deposits,
            self.held | other.held,
        )


@dataclass(frozen=True)
class _Known:
    """What is known at one step: cumulative figures by posting key, and the books behind them."""

    positions: Positions
    lines: list[ContractLine]
    tracks: dict[PostingKey, Cumulative]
    held: frozenset[str]
    out: frozenset[str]

    @property
    def books(self) -> Books:
        return self.positions.books


class Ledger:
    """The published chain and what is open behind it.

    expand  `always` (accounting.md section 2): every posting key is looked at by original period; `differs`
            (architecture.md 3): only those whose cumulative at the last close differs from what was frozen.
    """

    def __init__(
        self,
        calendar: Calendar | None = None,
        expand: Literal["differs", "always"] = "always",
        policy: Policy = DEFAULT,
    ) -> None:
        self.policy = policy
        self.calendar = calendar or Calendar()
        self.expand = expand
        self.closed: list[Period] = []
        self.published = Facts()
        self.quarantined: frozenset[str] = frozenset()  # of the last step, with frozen figures or without
        self._frozen: dict[PostingKey, dict[str, int]] = {}
        self._frozen_backlog: dict[str, BacklogRow] = {}
        self._frozen_balances: list[BalanceRow] = []
        self._frozen_deposits: list[DepositRow] = []
        self._earliest: Period | None = None
        self._deliveries = 0
        self._last_books: Books | None = None
        self._first_seen: dict[Key, int] = {}
        self._estimate_seen: dict[Estimate, int] = {}
        self._closed_at: dict[str, int] = {}
        self._opened_at = 0
        self._accepted_rows: dict[str, frozenset[Key]] = {}

    # --- what the user asks for -----------------------------------------------------------------------

    def close(
        self, period: str, books: Books, quarantined: Collection[str] = (), through: bool = False
    ) -> Facts:
        """Publish a period; the first close publishes all before it, `through` closes one by one up to it."""
        last = self.calendar.named(period)
        if self.closed and through:
            found = Facts()
            for each in self.calendar.between(self.calendar.following(self.closed[-1]), last):
                found += self.close(each.key, books, quarantined)
            return found
        known = self._know(books, quarantined)
        first = self._first_period(known, last.end)
        if self.closed:
            if self.calendar.following(self.closed[-1]) != last:
                raise ValueError(f"the period before {period} is not closed")
            periods = [last]
        else:
            periods = self.calendar.between(first, last)
        facts = self._post(known, periods, last.end)
        self.published += facts
        for row in facts.postings:
            amounts = self._frozen.setdefault(row.key, {})
            amounts[row.original_period] = amounts.get(row.original_period, 0) + row.amount
        self._frozen_backlog = {row.contract_line_id: row for row in facts.backlog if row.period == period}
        self._frozen_balances = [row for row in facts.balances if row.period == period]
        self._frozen_deposits = [row for row in facts.deposits if row.period == period]
        self.closed += periods
        self._closed_at |= {each.key: self._deliveries for each in periods}
        self._opened_at = self._opened_at or self._deliveries
        return facts

    def run(self, books: Books, as_of: date, quarantined: Collection[str] = ()) -> Facts:
        """The open periods up to as_of; the running one is cut at as_of."""
        known = self._know(books, quarantined)
        running = self.calendar.containing(as_of)
        first = self._first_period(known, as_of)
        if self.closed:
            first = self.calendar.following(self.closed[-1])
        return self._post(known, self.calendar.between(first, running), as_of)

    # --- what is known now ----------------------------------------------------------------------------

    def _know(self, books: Books, quarantined: Collection[str]) -> _Known:
        self._see(books)
        positions = Positions(books, self.policy)
        refused = set(quarantined) | self._refused(positions)
        self.quarantined = frozenset(refused)
        held = self._held(books, refused)
        out = held | refused
        for contract_id, keys in books.rows_of_contract.items():
            if contract_id not in out:
                self._accepted_rows[contract_id] = keys
        lines = [row for row in books.lines.values() if row.contract_id not in out]
        tracks = dict(line_tracks(positions, lines)) | dict(document_tracks(positions, frozenset(out)))
        return _Known(positions, lines, tracks, frozenset(held), frozenset(out))

    def _see(self, books: Books) -> None:
        """Remember with which delivery each record came first."""
        if books is not self._last_books:
            self._deliveries += 1
            self._last_books = books
            for keys in books.rows_of_contract.values():
                for key in keys:
                    self._first_seen.setdefault(key, self._deliveries)
            for row in books.estimates:
                self._estimate_seen.setdefault(row, self._deliveries)

    def _refused(self, positions: Positions) -> set[str]:
        """Contracts whose terms the rule book quarantines; an accounting contract is held as one."""
        books = positions.books
        found: set[str] = set()
        for contracts in books.contracts_of.values():
            ids = {row.contract_id for row in contracts}
            try:
                for contract_id in ids:
                    for line in books.lines_of.get(contract_id, ()):
                        positions.bookings(line)
                        positions.fraction(line, positions.counts_from(line))
            except QuarantinedError:
                found |= ids
        return found

    def _held(self, books: Books, refused: set[str]) -> set[str]:
        """Contracts with frozen figures that are quarantined or of which a row vanished (section 2)."""
        frozen = {key.contract_id: key.accounting_contract_id for key in self._frozen if key.contract_id}
        held = set()
        for contract_id in frozen:
            accepted = self._accepted_rows.get(contract_id, frozenset())
            now = books.rows_of_contract.get(contract_id, frozenset())
            if contract_id in refused or (accepted - now and contract_id not in books.excluded_contracts):
                held.add(contract_id)
        together = {frozen[contract_id] for contract_id in held}
        held |= {key for key, accounting in frozen.items() if accounting in together}
        held |= {key for key, row in books.contracts.items() if row.accounting_contract_id in together}
        return held

    def _first_period(self, known: _Known, through: date) -> Period:
        """The period of the first date that counts for anything; the earliest one is remembered."""
        books = known.books
        dates = [known.positions.counts_from(line) for line in known.lines]
        dates += [
            books.documents[row.document_type, row.document_id].issue_date for row in books.document_lines
        ]
        first = self.calendar.containing(min([*dates, through]))
        self._earliest = min(first, self._earliest or first)
        return first

    # --- what posts -----------------------------------------------------------------------------------

    def _post(self, known: _Known, periods: Sequence[Period], through: date) -> Facts:
        facts = Facts()
        nothing = cumulative_of([])
        opening = self._end_before(periods[0])
        for key in sorted({*known.tracks, *self._frozen}):
            if key.contract_id in known.held:
                continue
            now = known.tracks.get(key, nothing)
            facts.postings += self._adjustments(known, key, now, periods[0])
            before = 0 if opening is None else now(opening)
            for period in periods:
                cumulative = now(min(period.end, through))
                if cumulative != before:
                    facts.postings.append(Posting(key, period.key, period.key, cumulative - before))
                before = cumulative
        self._balances(known, periods, through, facts)
        for period in periods:
            facts.deposits += self._deposits(known, period.key, min(period.end, through))
        for period in periods:
            facts.held[period.key] = known.held
        return facts

    def _ended(self) -> list[Period]:
        """All periods through the last closed one, with those before the first that anything was published for."""
        return self.calendar.between(self._earliest or self.closed[0], self.closed[-1])

    def _end_before(self, period: Period) -> date | None:
        """The end of the period before, None where none is known (the first of a company's own calendar)."""
        try:
            return self.calendar.containing(date.fromordinal(period.start.toordinal() - 1)).end
        except ValueError:
            return None

    def _adjustments(
        self, known: _Known, key: PostingKey, now: Cumulative, first_open: Period
    ) -> Iterable[Posting]:
        if not self.closed:
            return
        frozen = self._frozen.get(key, {})
        if self.expand == "differs" and now(self.closed[-1].end) == sum(frozen.values()):
            return
        before = 0
        for period in self._ended():
            cumulative = now(period.end)
            amount = cumulative - before - frozen.get(period.key, 0)
            before = cumulative
            if amount:
                yield Posting(key, first_open.key, period.key, amount, self._cause(known, key, period))

    def _cause(self, known: _Known, key: PostingKey, original: Period) -> str:
        """The first that applies: void, late (a record first delivered after that close), else correction."""
        if key.contract_id in self.published.held.get(original.key, ()):
            return "late"
        if key.measure == "billings":
            records, voided_on = self._document_records(known.books, key)
            if voided_on == "never" or voided_on == original.key:
                return "void"
        else:
            records = self._line_records(known.books, key, original)
            if self._falls_with_a_void(known.books, key, original):
                return "void"
        closed_at = self._closed_at.get(original.key, self._opened_at)
        if key.measure != "billings" and self._is_estimated(known.books, key, original, closed_at):
            return "estimate"
        is_late = any(self._first_seen.get(record, 0) > closed_at for record in records)
        return "late" if is_late and key in known.tracks else "correction"

    def _is_estimated(self, books: Books, key: PostingKey, original: Period, closed_at: int) -> bool:
        """Whether an estimate of the accounting contract, dated by then, is new or says something else."""
        ids = {row.contract_id for row in books.contracts_of.get(key.accounting_contract_id, ())}
        return any(
            row.contract_id in ids
            and row.estimate_date <= original.end
            and self._estimate_seen.get(row, 0) > closed_at
            for row in books.estimates
        )

    def _document_records(self, books: Books, key: PostingKey) -> tuple[list[Key], str | None]:
        """The records behind a billing, and the period of its void (`never` where it never counted)."""
        row = books.document_line_of.get((key.kind, key.event_id))
        if row is None:
            return [], None
        document = books.documents[row.document_type, row.document_id]
        records = [document.key, row.key]
        if document.voided_on is not None:
            return records, self.calendar.containing(document.voided_on).key
        return records, "never" if document.status == "void" else None

    def _line_records(self, books: Books, key: PostingKey, original: Period) -> list[Key]:
        """The records behind a line's booking or revenue, dated through the end of the original period."""
        records = [("contracts", key.contract_id), ("contract_lines", key.contract_line_id)]
        if key.measure == "revenue" or key.kind == "usage":
            records += [
                ("fulfillments", event.fulfillment_id)
                for event in books.fulfillments_of.get(key.contract_line_id, ())
                if event.event_date <= original.end
            ]
        for row in self._priced_by(books, key, original):
            records += [books.documents[row.document_type, row.document_id].key, row.key]
        records += [
            ("amendments", row.key)
            for row in books.amendments
            if row.contract_line_id == key.contract_line_id and row.signed_date <= original.end
        ]
        return records

    def _priced_by(self, books: Books, key: PostingKey, original: Period) -> list[DocumentLine]:
        """Documents that say what a line is contracted or earned by: concessions, and all of what is as invoiced."""
        line = books.lines.get(key.contract_line_id)
        method = None if line is None else Terms(books).method(line)
        return [
            row
            for row in books.document_line_of.values()
            if row.contract_line_id == key.contract_line_id
            and (row.document_type == "credit_note" or method == "as_invoiced")
            and books.documents[row.document_type, row.document_id].issue_date <= original.end
        ]

    def _falls_with_a_void(self, books: Books, key: PostingKey, original: Period) -> bool:
        """Whether what a line is contracted or earned by then was taken back by a document that is void."""
        documents = [
            books.documents[row.document_type, row.document_id]
            for row in self._priced_by(books, key, original)
        ]
        return any(
            one.status == "void" and (one.voided_on is None or one.voided_on <= original.end)
            for one in documents
        )

    def _balances(self, known: _Known, periods: Sequence[Period], through: date, facts: Facts) -> None:
        """Backlog by line and balances by accounting contract, of held contracts as they were frozen."""
        positions = known.positions
        carried = [row for row in self._frozen_backlog.values() if row.contract_id in known.held]
        frozen = {
            (row.accounting_contract_id, row.entity_id, row.currency): row for row in self._frozen_balances
        }
        before = {key: row.backlog for key, row in self._frozen_backlog.items()}
        obligations = Obligations(positions, through)
        for period in periods:
            d = min(period.end, through)
            rows: list[BacklogRow] = []
            for line in known.lines:
                contract = positions.contract(line)
                if d < positions.counts_from(line):
                    continue
                contracted, recognized = positions.contracted(line, d), positions.recognized(line, d)
                is_due = contracted != recognized or before.get(line.contract_line_id, 0) != 0
                bands = obligations.bands(line, d, period.end, contracted - recognized)
                is_due = is_due or bands.remainder != 0
                rows.append(
                    BacklogRow(
                        period.key, line.contract_line_id, line.contract_id, positions.balance_group(line),
                        contract.customer_id, contract.entity_id, line.product_id, contract.currency,
                        contracted, positions.billed(line, d), recognized, is_due, bands,
                    )
                )  # fmt: skip
            for old in carried:
                is_due = old.backlog != 0
                rows.append(
                    BacklogRow(
                        period.key, old.contract_line_id, old.contract_id, old.accounting_contract_id,
                        old.customer_id, old.entity_id, old.product_id, old.currency,
                        old.contracted, old.billed, old.recognized, is_due, old.bands, old.billed_backlog,
                    )
                )  # fmt: skip
            before = {row.contract_line_id: row.backlog for row in rows}
            groups: dict[tuple[str, str, str], list[BacklogRow]] = {}
            for row in rows:
                key = (row.accounting_contract_id, row.entity_id, row.currency)
                groups.setdefault(key, []).append(row)
            for key, group in sorted(groups.items()):
                balance = self._balance(known, group, d)
                current = clamped(sum(row.bands.through[0] for row in group), balance.deferred_revenue)
                is_held = group[0].contract_id in known.held
                lines = [own for row in group if (own := known.books.lines.get(row.contract_line_id))]
                unbilled = 0 if is_held else obligations.unbilled(lines, d, balance.contract_asset)
                if is_held and key in frozen:
                    balance, current, unbilled = (
                        frozen[key].balance,
                        frozen[key].current,
                        frozen[key].unbilled,
                    )
                customer_id = group[0].customer_id
                facts.balances.append(BalanceRow(period.key, *key, customer_id, balance, current, unbilled))
                facts.backlog += group if is_held else _with_billed(known.books, group, balance)

    def _deposits(self, known: _Known, period: str, d: date) -> Iterable[DepositRow]:
        """By contract, else by customer; of held contracts as they were frozen."""
        deposits = Deposits(known.books, known.out, self.policy)
        for holder in sorted(deposits.there, key=str):
            contract_id, customer_id, currency = holder
            amount = deposits.of(holder, d)
            if amount and contract_id is None:
                yield DepositRow(period, None, "main", currency, customer_id, amount)
            elif amount and contract_id is not None:
                contract = known.books.contracts[contract_id]
                own = contract.accounting_contract_id
                yield DepositRow(period, own, contract.entity_id, currency, contract.customer_id, amount)
        held = {
            row.accounting_contract_id
            for row in known.books.contracts.values()
            if row.contract_id in known.held
        }
        held |= known.held
        for row in self._frozen_deposits:
            if row.accounting_contract_id in held:
                yield replace(row, period=period)

    def _balance(self, known: _Known, group: Sequence[BacklogRow], d: date) -> Balance:
        """Of held contracts without a frozen balance: billed above contracted is all that is known to go back."""
        lines = [known.books.lines.get(row.contract_line_id) for row in group]
        if any(line is None or line.contract_id in known.held for line in lines):
            return Balance(
                contracted=sum(row.contracted for row in group),
                billed=sum(row.billed for row in group),
                recognized=sum(row.recognized for row in group),
            )
        return known.positions.balance_of([line for line in lines if line is not None], d)


def _with_billed(books: Books, group: Sequence[BacklogRow], balance: Balance) -> list[BacklogRow]:
    """Billed backlog of an accounting contract, over its lines in order by what is open of each (section 1)."""
    lines = {row.contract_line_id: books.lines.get(row.contract_line_id) for row in group}
    ordered = sorted(
        group, key=lambda row: books.line_order(line) if (line := lines[row.contract_line_id]) else ()
    )
    opened = {row.contract_line_id: max(row.backlog, 0) for row in ordered}
    whole = max(min(balance.deferred_revenue, sum(row.backlog for row in group)), 0)
    billed = spread(whole, opened) if sum(opened.values()) else {}
    return [replace(row, billed_backlog=billed.get(row.contract_line_id, 0)) for row in ordered]
