"""Twenty differences planted in the journal that the demo's accounting system exports."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path

Lines = list[dict[str, str]]

RUNNING = "2026-09"
"""The month that is open after the demo: what is a matter of time is posted in it here, a month later there."""


def plant(journal: Path, differing: Collection[str]) -> dict[str, str]:
    """Changes the file; item → reason of what is planted. Documents that differ already are left alone."""
    with journal.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    by_journal: defaultdict[str, Lines] = defaultdict(list)
    for row in rows:
        by_journal[row["journal"]].append(row)
    invoices = [
        lines
        for key, lines in sorted(by_journal.items())
        if key.startswith("I-") and lines[0]["reference"] not in differing and len(lines) <= 3
    ]
    running = [lines for lines in invoices if lines[0]["posted"].startswith(RUNNING)]
    foreign = [lines for lines in invoices if lines[0]["currency"] == "EUR" and lines not in running]
    others = [lines for lines in invoices if lines not in running and lines not in foreign]
    found: dict[str, str] = {}
    for lines in others[:4]:
        found[lines[0]["reference"]] = "amount"
        _side(lines, "1200")["debit"] = f"{Decimal(_side(lines, '1200')['debit']) + 10:f}"
        _side(lines, "2100")["credit"] = f"{Decimal(_side(lines, '2100')['credit']) + 10:f}"
    for lines in others[4:8]:
        found[lines[0]["reference"]] = "missing_in_gl"
        rows = [row for row in rows if row not in lines]
    for lines in foreign[:3]:
        found[lines[0]["reference"]] = "currency"
        for row in lines:
            row["currency"] = "USD"
    for lines in running[:3]:
        found[lines[0]["reference"]] = "timing"
        for row in lines:
            row["posted"] = "2026-10-02"
    for number in range(1, 4):
        found[f"I-GHOST-{number}"] = "missing_here"
        rows += _entry(f"I-GHOST-{number}", ("1200", "2100"), f"GHOST-{number}")
        found[f"M-{number}"] = "manual_entry"
        rows += _entry(f"M-{number}", ("6500", "2100"), "")
    with journal.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)
    return found


def _side(lines: Lines, account: str) -> dict[str, str]:
    return next(row for row in lines if row["account"] == account)


def _entry(key: str, accounts: tuple[str, str], reference: str) -> Lines:
    return [
        {
            "line": f"{key}/{side}",
            "journal": key,
            "posted": f"{RUNNING}-02",
            "account": account,
            "company": "BW-US",
            "debit": "250.00" if side == 1 else "0.00",
            "credit": "250.00" if side == 2 else "0.00",
            "currency": "USD",
            "reference": reference,
        }
        for side, account in enumerate(accounts, start=1)
    ]
