"""Journal entries of closed months for a ledger: what of them was not exported yet, in the layout it imports.

The workspace's journal keeps what was exported, line by line. A later export holds the difference alone: nothing where
nothing changed, and of a month that was published anew what its versions differ by, under a document number and
idempotency key of its own.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO

from warehouse.errors import ConfigurationError
from warehouse.spreadsheet import as_text

if TYPE_CHECKING:
    from warehouse.engine import Connection
    from warehouse.journal import Journal

EXPORTS = "journal_exports"
KINDS = (
    "billing",
    "recognition",
    "cash",
    "bad_debt",
    "refund_liability",
    "fx",
    "reclassification",
    "reversal",
)
"""Of journals, as in fct_journal_entries. A ledger that posts invoices and payments itself takes the others."""
XERO_LINES = 300
"""More than Xero takes from one file."""


@dataclass(frozen=True)
class JournalLine:
    """One account of a journal: amounts are debits where positive, credits where negative."""

    period: str
    entity_id: str
    currency: str
    functional_currency: str
    journal_id: str
    posting_date: date
    account_id: str
    account_name: str
    memo: str
    amount: Decimal
    amount_functional: Decimal | None
    """None where no rates are delivered."""
    number: int = 1
    """Counts the exports of its journal: a difference is a document of its own."""

    @property
    def kind(self) -> str:
        return self.journal_id.rpartition(":")[2]

    @property
    def document(self) -> str:
        return self.journal_id if self.number == 1 else f"{self.journal_id}:{self.number}"

    @property
    def idempotency_key(self) -> str:
        """Of the first export the one that fct_journal_entries shows."""
        return hashlib.md5(self.document.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Scope:
    """What is to be exported: closed months, oldest first, of one legal entity or of all; some kinds of journals."""

    periods: tuple[str, ...]
    entity_id: str | None
    kinds: tuple[str, ...] = KINDS

    def holds(self, line: JournalLine) -> bool:
        return (
            line.period in self.periods
            and self.entity_id in (None, line.entity_id)
            and line.kind in self.kinds
        )


def published(connection: Connection, scope: Scope) -> list[JournalLine]:
    """Its journal lines, in order."""
    rows = connection.execute(
        "select entries.period, entity_id, currency, functional_currency, journal_id, posting_date, account_id,"
        " coalesce(account_name, ''), memo, debit - credit, debit_functional - credit_functional"
        " from marts.fct_journal_entries as entries"
        " inner join marts.dim_period as periods on entries.period = periods.period"
        " where entries.period = any(?) and (? is null or entity_id = ?)"
        " order by periods.start_date, journal_id, account_id",
        [list(scope.periods), scope.entity_id, scope.entity_id],
    ).fetchall()
    return [line for row in rows if scope.holds(line := JournalLine(*row))]


def scope_of(
    connection: Connection, period: str | None, entity: str | None, kinds: Sequence[str] = ()
) -> Scope:
    """All closed months through a period; ConfigurationError where it is not closed, or nothing is posted."""
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise ConfigurationError(f"no journal is of kind {unknown[0]!r}; there are: {', '.join(KINDS)}")
    closed = [row[0] for row in connection.execute(
        "select period from marts.dim_period where status = 'closed' order by start_date"
    ).fetchall()]  # fmt: skip
    if not closed:
        raise ConfigurationError("no month is closed yet: journals are those of closed months")
    if period is not None and period not in closed:
        raise ConfigurationError(
            f"{period} is not closed; journals are exported through {closed[-1]} at most"
        )
    entities = [row[0] for row in connection.execute(
        "select distinct entity_id from marts.fct_journal_entries order by entity_id"
    ).fetchall()]  # fmt: skip
    if not entities:
        raise ConfigurationError(
            "there are no journal entries", "Deliver account_mapping and gl_accounts: roles need accounts."
        )
    if entity is not None and entity not in entities:
        raise ConfigurationError(f"nothing is posted for {entity!r}; there are: {', '.join(entities)}")
    through = closed if period is None else closed[: closed.index(period) + 1]
    return Scope(tuple(through), entity, tuple(kinds) or KINDS)


def not_yet_exported(lines: Sequence[JournalLine], journal: Journal, scope: Scope) -> list[JournalLine]:
    """What the published lines are more, or less, than what was exported of the scope."""
    done: dict[tuple[str, str], JournalLine] = {}
    numbers: dict[str, int] = {}
    for event in journal.read(EXPORTS):
        for line in map(_read, event["lines"]):
            if scope.holds(line):
                key = (line.journal_id, line.account_id)
                done[key] = _plus(line, done.get(key))
                numbers[line.journal_id] = max(numbers.get(line.journal_id, 0), line.number)
    now = {(line.journal_id, line.account_id): line for line in lines}
    # an account or a whole journal that a new version of its month has no more is taken back
    gone = [_minus(line) for key, line in done.items() if key not in now]
    found = [
        replace(_plus(line, _minus(before) if before else None), number=numbers.get(line.journal_id, 0) + 1)
        for line, before in [
            *((line, done.get(key)) for key, line in now.items()),
            *((line, None) for line in gone),
        ]
    ]
    places = {period: place for place, period in enumerate(scope.periods)}
    return sorted(
        (line for line in found if line.amount or line.amount_functional),
        key=lambda line: (places[line.period], line.journal_id, line.account_id),
    )


def _minus(line: JournalLine) -> JournalLine:
    functional = line.amount_functional
    return replace(line, amount=-line.amount, amount_functional=None if functional is None else -functional)


def _plus(line: JournalLine, other: JournalLine | None) -> JournalLine:
    """Both together; a functional amount that one of them has not is that of the other."""
    if other is None:
        return line
    known = [one.amount_functional for one in (line, other) if one.amount_functional is not None]
    return replace(
        line, amount=line.amount + other.amount, amount_functional=sum(known, Decimal(0)) if known else None
    )


def record(journal: Journal, lines: Sequence[JournalLine], layout: str) -> None:
    """Keeps what was exported; a later export is the difference to it."""
    journal.append(EXPORTS, {"layout": layout, "lines": [_written(line) for line in lines]})


def _written(line: JournalLine) -> dict[str, Any]:
    functional = line.amount_functional
    return {
        **asdict(line),
        "posting_date": line.posting_date.isoformat(),
        "amount": f"{line.amount:f}",
        "amount_functional": None if functional is None else f"{functional:f}",
    }


def _read(written: Mapping[str, Any]) -> JournalLine:
    functional = written["amount_functional"]
    return JournalLine(
        **{
            **written,
            "posting_date": date.fromisoformat(written["posting_date"]),
            "amount": Decimal(written["amount"]),
            "amount_functional": None if functional is None else Decimal(functional),
        }
    )


# --- layouts -----------------------------------------------------------------------------------------


def _debit(amount: Decimal) -> str:
    return f"{amount:f}" if amount > 0 else ""


def _credit(amount: Decimal) -> str:
    return f"{-amount:f}" if amount < 0 else ""


def _plain(lines: Iterable[JournalLine]) -> list[dict[str, str]]:
    return [
        {
            "idempotency_key": line.idempotency_key,
            "document": as_text(line.document),
            "posting_date": line.posting_date.isoformat(),
            "period": line.period,
            "entity_id": as_text(line.entity_id),
            "account_id": as_text(line.account_id),
            "account_name": as_text(line.account_name),
            "currency": line.currency,
            "debit": _debit(line.amount),
            "credit": _credit(line.amount),
            "functional_currency": line.functional_currency,
            "debit_functional": "" if line.amount_functional is None else _debit(line.amount_functional),
            "credit_functional": "" if line.amount_functional is None else _credit(line.amount_functional),
            "memo": line.memo,
        }
        for line in lines
    ]


def _quickbooks(lines: Iterable[JournalLine]) -> list[dict[str, str]]:
    """Accounts by name, days as Americans write them; what moved by rates alone is no document there."""
    return [
        {
            "JournalNo": line.document,
            "JournalDate": f"{line.posting_date:%m/%d/%Y}",
            "AccountName": line.account_name,
            "Debits": _debit(line.amount),
            "Credits": _credit(line.amount),
            "Description": line.memo,
            "Name": "",
            "Currency": line.currency,
        }
        for line in lines
        if line.amount
    ]


def _netsuite(lines: Iterable[JournalLine]) -> list[dict[str, str]]:
    """Accounts by number; the external id is what keeps a second import out."""
    return [
        {
            "External ID": line.idempotency_key,
            "Subsidiary": line.entity_id,
            "Currency": line.currency,
            "Date": f"{line.posting_date:%m/%d/%Y}",
            "Memo": line.document,
            "Account": line.account_id,
            "Debit": _debit(line.amount),
            "Credit": _credit(line.amount),
            "Line Memo": line.memo,
        }
        for line in lines
        if line.amount
    ]


def _xero(lines: Iterable[JournalLine]) -> list[dict[str, str]]:
    """Manual journals are in the organisation's own currency: functional amounts, debits positive."""
    return [
        {
            "*Narration": line.document,
            "*Date": f"{line.posting_date:%d/%m/%Y}",
            "Description": line.memo,
            "*AccountCode": line.account_id,
            "*TaxRate": "Tax Exempt",
            "*Amount": f"{line.amount_functional:f}",
            "TrackingName1": "Currency",
            "TrackingOption1": line.currency,
            "TrackingName2": "",
            "TrackingOption2": "",
        }
        for line in lines
        if line.amount_functional
    ]


LAYOUTS: dict[str, Callable[[Iterable[JournalLine]], list[dict[str, str]]]] = {
    "plain": _plain,
    "quickbooks": _quickbooks,
    "netsuite": _netsuite,
    "xero": _xero,
}
OF_ONE_ENTITY = ("quickbooks", "xero")
"""Their files have no column for the company: a file is for one."""


def require_writable_as(layout: str, lines: Sequence[JournalLine]) -> None:
    """ConfigurationError where a layout can't say what is to be posted."""
    entities = sorted({line.entity_id for line in lines})
    if layout in OF_ONE_ENTITY and len(entities) > 1:
        raise ConfigurationError(
            f"a file for {layout} is for one company, and journals of {', '.join(entities)} are to be exported",
            "Export them one by one: --entity NAME.",
        )
    if layout == "xero" and (bare := [line for line in lines if line.amount_functional is None]):
        raise ConfigurationError(
            f"Xero posts in the company's own currency, and {bare[0].document} is in {bare[0].currency} without a rate",
            "Deliver fx_rates; months that are closed by then stay without.",
        )
    if layout == "quickbooks" and (unnamed := [line for line in lines if not line.account_name]):
        raise ConfigurationError(
            f"QuickBooks finds accounts by name, and {unnamed[0].account_id} of {unnamed[0].document} has none",
            "Deliver it with gl_accounts, and map its role.",
        )


def write(lines: Sequence[JournalLine], layout: str, out: TextIO) -> int:
    """Writes the file and says how many lines it has."""
    rows = LAYOUTS[layout](lines)
    columns = list(rows[0]) if rows else []
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    if columns:
        writer.writeheader()
    writer.writerows(rows)
    return len(rows)
