"""A company that loads its whole history, as it would deliver it if another system had kept it until a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from tests.harness import Company, Rows


def figures(whole: Company, day: str) -> list[dict[str, str]]:
    """Opening balances of every line that was there by the day: what a company with all history says of it."""
    cumulative = "where period <= strftime(date '{day}', '%Y-%m')".format(day=day)
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


def taken_over(entities: Mapping[str, Rows], whole: Company, day: str) -> dict[str, Rows]:
    """The same company's exports from a cut-over on: master data, amendments and estimates as they are, figures of its
    lines, and of the time before only invoices that are open or whose service goes on."""
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
    return {**entities, **_documents(entities, day), "opening_balances": balances}


def _documents(entities: Mapping[str, Rows], day: str) -> dict[str, Rows]:
    open_amount: dict[str, Decimal] = defaultdict(Decimal)
    going_on = set()
    for row in entities.get("invoice_lines", ()):
        open_amount[row["invoice_id"]] += Decimal(row["amount"]) + Decimal(row.get("tax_amount") or 0)
        if (row.get("service_end") or "") > day:
            going_on.add(row["invoice_id"])
    for row in entities.get("payments", ()):
        if row.get("invoice_id") and row["payment_date"] <= day:
            open_amount[row["invoice_id"]] -= Decimal(row["amount"])
    notes = {row["credit_note_id"]: row for row in entities.get("credit_notes", ())}
    invoice_of = {row["invoice_line_id"]: row["invoice_id"] for row in entities.get("invoice_lines", ())}
    for row in entities.get("credit_note_lines", ()):
        note = notes[row["credit_note_id"]]
        if named := invoice_of.get(row.get("invoice_line_id") or "") or note.get("invoice_id"):
            if note["issue_date"] <= day:
                open_amount[named] -= Decimal(row["amount"]) + Decimal(row.get("tax_amount") or 0)
            else:
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
        or any(
            (invoice_of.get(row.get("invoice_line_id") or "") or note.get("invoice_id")) in kept
            for row in entities["credit_note_lines"]
            if row["credit_note_id"] == key
        )
    }
    return {
        "invoices": [row for row in entities.get("invoices", ()) if row["invoice_id"] in kept],
        "invoice_lines": [row for row in entities.get("invoice_lines", ()) if row["invoice_id"] in kept],
        "payments": [
            row
            for row in entities.get("payments", ())
            if row["payment_date"] > day or not row.get("invoice_id") or row["invoice_id"] in kept
        ],
        "credit_notes": [note for key, note in notes.items() if key in kept_notes],
        "credit_note_lines": [
            row for row in entities.get("credit_note_lines", ()) if row["credit_note_id"] in kept_notes
        ],
        "fulfillments": [row for row in entities.get("fulfillments", ()) if row["event_date"] > day],
    }
