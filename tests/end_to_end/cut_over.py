"""A company that loads its whole history, as it would deliver it if another system had kept it until a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from decimal import Decimal

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
    entities: dict[str, Rows], whole: Company, day: str, *, keeps_no_events: bool = True
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
        or row["kind"] == "milestone"
        and not keeps_no_events
    ]
    delivered = entities | _documents(entities, day, with_history) | {"fulfillments": happened, "opening_balances": balances}
    return {entity: rows for entity, rows in delivered.items() if rows}


def _invoice(line: Mapping[str, str], note: Mapping[str, str], invoice_of: Mapping[str, str]) -> str | None:
    return invoice_of.get(line.get("invoice_line_id") or "") or note.get("invoice_id") or None


def _documents(entities: Mapping[str, Rows], day: str, with_history: Collection[str]) -> dict[str, Rows]:
    billed: dict[str, Decimal] = defaultdict(Decimal)
    going_on = set()
    for row in entities.get("invoice_lines", ()):
        billed[row["invoice_id"]] += Decimal(row["amount"]) + Decimal(row.get("tax_amount") or 0)
        if (row.get("service_end") or "") > day or row.get("contract_line_id") not in with_history:
            going_on.add(row["invoice_id"])
    open_amount = defaultdict(Decimal, billed)
    for row in entities.get("payments", ()):
        if row.get("invoice_id") and row["payment_date"] <= day:
            sign = 1 if row["kind"] in ("refund", "dispute", "dispute_lost") else -1
            open_amount[row["invoice_id"]] += sign * Decimal(row["amount"])
    for row in entities.get("invoices", ()):
        if row["status"] == "void" and (row.get("status_date") or day) <= day:
            open_amount[row["invoice_id"]] -= billed[row["invoice_id"]]
    notes = {row["credit_note_id"]: row for row in entities.get("credit_notes", ())}
    counting = {
        row["invoice_id"]
        for row in entities.get("invoices", ())
        if row["status"] != "draft" and not (row["status"] == "void" and not row.get("status_date"))
    }
    invoice_of = {row["invoice_line_id"]: row["invoice_id"] for row in entities.get("invoice_lines", ())}
    lines_of: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in entities.get("credit_note_lines", ()):
        note = notes[row["credit_note_id"]]
        lines_of[row["credit_note_id"]].append(row)
        if named := _invoice(row, note, invoice_of):
            if note["issue_date"] <= day:
                open_amount[named] -= Decimal(row["amount"]) + Decimal(row.get("tax_amount") or 0)
            if note["issue_date"] > day or named not in counting:
                going_on.add(named)
    kept = {
        row["invoice_id"]
        for row in entities.get("invoices", ())
        if row["issue_date"] > day or open_amount[row["invoice_id"]] != 0 or row["invoice_id"] in going_on
    }
    kept_notes = {
        key
        for key, note in notes.items()
        if note["issue_date"] > day
        or not any(_invoice(row, note, invoice_of) in counting for row in lines_of[key])
        or any(_invoice(row, note, invoice_of) in kept for row in lines_of[key])
    }
    return {
        "invoices": [row for row in entities.get("invoices", ()) if row["invoice_id"] in kept],
        "invoice_lines": [row for row in entities.get("invoice_lines", ()) if row["invoice_id"] in kept],
        "payments": [
            row
            for row in entities.get("payments", ())
            if row["payment_date"] > day or row.get("invoice_id") in kept or row.get("invoice_id") not in counting
        ],
        "credit_notes": [note for key, note in notes.items() if key in kept_notes],
        "credit_note_lines": [
            row for row in entities.get("credit_note_lines", ()) if row["credit_note_id"] in kept_notes
        ],
    }
