"""A company that loads its whole history, as it would deliver it if another system had kept it until a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from tests.harness import Company, Rows

# What is said of a month, whatever was before it; without ids, which are of postings, and the row of a trigger.
FIGURES = {
    "fct_bookings": "period, contract_line_id, booking_type, booking_date, amount",
    "fct_billings": "period, contract_line_id, document_id, amount, tax_amount",
    "fct_recognized_revenue": "period, contract_line_id, recognition_method, amount",
    "fct_backlog": "period, contract_line_id, contracted, billed_backlog, recognized, backlog, rpo, backlog_12m",
    "fct_contract_balances": "period, accounting_contract_id, deferred_revenue, deferred_revenue_current,"
    " contract_asset, unbilled_receivable, refund_liability, customer_deposits, accounts_receivable",
    "fct_receivables": "period, invoice_id, contract_id, billed, credited, paid, written_off, open",
    "rpt_rollforward": "period, balance, movement, amount",
    "rpt_backlog_bridge": "period, cause, amount",
    "rpt_bbb": "period, bookings, billings, revenue, backlog, deferred_revenue, contract_asset",
    "rpt_rpo": "*",
    "rpt_ar_aging": "*",
    "fct_journal_entries": "period, journal, account_role, debit, credit",
}


def figures(whole: Company, day: str) -> list[dict[str, str]]:
    """Opening balances of every line that was there by the day: what a company with all history says of it."""
    cumulative = f"where period in (select period from marts.dim_period where end_date <= date '{day}')"
    rows = whole.query(
        f"""
        select lines.contract_line_id,
            coalesce((select sum(amount) from marts.fct_bookings as facts {cumulative}
                and facts.contract_line_id = lines.contract_line_id), 0),
            coalesce((select sum(amount) from marts.fct_billings as facts {cumulative}
                and facts.contract_line_id = lines.contract_line_id), 0),
            coalesce((select sum(amount) from marts.fct_recognized_revenue as facts {cumulative}
                and facts.contract_line_id = lines.contract_line_id), 0)
        from marts.dim_contract_line as lines where lines.contract_line_id != '(not linked)'
        order by 1"""
    )
    return [
        {
            "contract_line_id": line,
            "as_of_date": day,
            "contracted": f"{contracted:f}",
            "billed": f"{billed:f}",
            "recognized": f"{recognized:f}",
        }
        for line, contracted, billed, recognized in rows
    ]


def taken_over(
    entities: Mapping[str, Rows], whole: Company, day: str, *, keeps_no_events: bool = True
) -> dict[str, Rows]:
    """The same company's exports from a cut-over on: master data, amendments and estimates as they are, figures of its
    lines, and of the time before only invoices that are open or whose service goes on, and
    credits that name none."""
    contracts = {row["contract_id"]: row for row in entities["contracts"]}
    lines = {row["contract_line_id"]: row for row in entities["contract_lines"]}
    old = {key for key, row in contracts.items() if row["signed_date"] <= day}
    added = {
        row["contract_line_id"]: row.get("signed_date") or row["effective_date"]
        for row in entities.get("amendments", ())
        if row["action"] == "add"
    }
    balances = [
        row
        for row in figures(whole, day)
        if lines[row["contract_line_id"]]["contract_id"] in old
        and added.get(row["contract_line_id"], "") <= day
    ]
    with_history = {row["contract_line_id"] for row in balances}
    happened = [
        row
        for row in entities.get("fulfillments", ())
        # what milestones reached is read back from what they earned, which may be coarser: their events are delivered
        if row["event_date"] > day
        or row["contract_line_id"] not in with_history
        or (row["kind"] == "milestone" and not keeps_no_events)
    ]
    delivered: dict[str, Rows] = {
        **entities,
        **Documents(entities, day, with_history).after(),
        "fulfillments": happened,
        "opening_balances": balances,
    }
    return {entity: rows for entity, rows in delivered.items() if rows}


@dataclass(frozen=True)
class Documents:
    """A company's invoices, credit notes and payments, and what of them a cut-over on a day still needs."""

    entities: Mapping[str, Rows]
    day: str
    with_history: Collection[str]
    """Lines whose history the other system keeps."""

    def rows(self, entity: str) -> Rows:
        return self.entities.get(entity, ())

    @cached_property
    def counting(self) -> set[str]:
        return {
            row["invoice_id"]
            for row in self.rows("invoices")
            if row["status"] != "draft" and not (row["status"] == "void" and not row.get("status_date"))
        }

    @cached_property
    def invoices_of(self) -> dict[str, set[str]]:
        """Of each credit note the invoices that it names."""
        invoice_of = {row["invoice_line_id"]: row["invoice_id"] for row in self.rows("invoice_lines")}
        notes = {row["credit_note_id"]: row.get("invoice_id") for row in self.rows("credit_notes")}
        found: dict[str, set[str]] = {key: set() for key in notes}
        for row in self.rows("credit_note_lines"):
            note = row["credit_note_id"]
            if named := invoice_of.get(row.get("invoice_line_id") or "") or notes[note]:
                found[note].add(named)
        return found

    def open_amounts(self) -> dict[str, Decimal]:
        """What of each invoice is open when the day is over; a credit for several falls on the first."""
        billed: dict[str, Decimal] = defaultdict(Decimal)
        for row in self.rows("invoice_lines"):
            billed[row["invoice_id"]] += Decimal(row["amount"]) + Decimal(row.get("tax_amount") or 0)
        found = defaultdict(Decimal, billed)
        for row in self.rows("payments"):
            if row.get("invoice_id") and row["payment_date"] <= self.day:
                sign = 1 if row["kind"] in ("refund", "dispute", "dispute_lost") else -1
                found[row["invoice_id"]] += sign * Decimal(row["amount"])
        for row in self.rows("invoices"):
            if row["status"] == "void" and (row.get("status_date") or self.day) <= self.day:
                found[row["invoice_id"]] -= billed[row["invoice_id"]]
        dates = {row["credit_note_id"]: row["issue_date"] for row in self.rows("credit_notes")}
        for row in self.rows("credit_note_lines"):
            named = sorted(self.invoices_of[row["credit_note_id"]])
            if named and dates[row["credit_note_id"]] <= self.day:
                found[named[0]] -= Decimal(row["amount"]) + Decimal(row.get("tax_amount") or 0)
        return found

    def still_needed(self) -> set[str]:
        """Invoices whose service goes on, that name a line without history, or that a later credit names."""
        found = {
            row["invoice_id"]
            for row in self.rows("invoice_lines")
            if (row.get("service_end") or "") > self.day
            or row.get("contract_line_id") not in self.with_history
        }
        for note in self.rows("credit_notes"):
            named = self.invoices_of[note["credit_note_id"]]
            found |= named if note["issue_date"] > self.day else named - self.counting
        return found

    def after(self) -> dict[str, Rows]:
        open_amounts, needed = self.open_amounts(), self.still_needed()
        kept = {
            row["invoice_id"]
            for row in self.rows("invoices")
            if row["issue_date"] > self.day or open_amounts[row["invoice_id"]] or row["invoice_id"] in needed
        }
        notes = {
            row["credit_note_id"]
            for row in self.rows("credit_notes")
            if row["issue_date"] > self.day
            or not self.invoices_of[row["credit_note_id"]] & self.counting
            or self.invoices_of[row["credit_note_id"]] & kept
        }
        return {
            "invoices": [row for row in self.rows("invoices") if row["invoice_id"] in kept],
            "invoice_lines": [row for row in self.rows("invoice_lines") if row["invoice_id"] in kept],
            "payments": [
                row
                for row in self.rows("payments")
                if row["payment_date"] > self.day
                or row.get("invoice_id") in kept
                or row.get("invoice_id") not in self.counting
            ],
            "credit_notes": [row for row in self.rows("credit_notes") if row["credit_note_id"] in notes],
            "credit_note_lines": [
                row for row in self.rows("credit_note_lines") if row["credit_note_id"] in notes
            ],
        }
