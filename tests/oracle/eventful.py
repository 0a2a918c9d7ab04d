"""Contracts with eventful lives, from a seed: amendments, estimates, deliveries, documents and cash.

Not every life is legal: what the rule book quarantines raises QuarantinedError, and whoever uses them passes it by.
"""

from __future__ import annotations

import random
from datetime import date, timedelta

from tests.oracle.exports import Export, Row, Rows, estimate, export, line, pay

METHODS = (
    "ratable", "ratable", "ratable", "point_in_time", "on_start", "percent_complete", "milestone", "usage",
    "drawdown", "as_invoiced",
)  # fmt: skip
CONVENTIONS = ("monthly", "daily", "half_month", "full_month", "mid_month", "even_period")
FIRST = date(2026, 1, 1)


class Teller:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"eventful-{seed}")
        self.count = 0
        self.cancelled: set[str] = set()

    def day(self, first: int = 0, last: int = 420) -> str:
        return (FIRST + timedelta(days=self.rng.randint(first, last))).isoformat()

    def month(self) -> str:
        n = self.rng.randrange(14)
        return date(2026 + n // 12, n % 12 + 1, 1).isoformat()

    def money(self, low: int, high: int) -> str:
        return f"{self.rng.randint(low, high) / 100:.2f}"

    def name(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count:02}"

    def new_line(self, key: str) -> Row:
        rng = self.rng
        method = rng.choice(METHODS)
        row = line(key, self.money(0, 200_000), recognition_method=method)
        row["allocation_group"] = rng.choice(("", "", "", "G"))
        if method in ("usage", "as_invoiced"):
            row["allocation_group"] = rng.choice(("", "U"))
        if method == "milestone":
            row["amount"] = self.money(1_000, 200_000)
        if rng.random() < 0.7 or method == "point_in_time":
            row["quantity"] = str(rng.randint(1, 20))
        if rng.random() < 0.6 and "quantity" in row:
            row |= {"ssp_unit": self.money(0, 20_000), "ssp_per": rng.choice(("unit", "unit", "month"))}
        if method == "ratable":
            row["recognition_convention"] = rng.choice(CONVENTIONS)
        if rng.random() < 0.3:
            start = FIRST + timedelta(days=rng.randint(0, 200))
            row |= {"start_date": start.isoformat()}
            row |= {"end_date": (start + timedelta(days=rng.randint(0, 500))).isoformat()}
        if method == "point_in_time" and rng.random() < 0.3:
            row["expected_return_pct"] = rng.choice(("3", "10", "25"))
        if rng.random() < 0.2 and method not in ("usage", "as_invoiced"):
            row["variable_amount"] = self.money(-5_000, 10_000)
        return row

    def amendment(self, lines: Rows) -> tuple[Rows, Rows]:
        """(amendment rows, added lines) of one modification."""
        rng = self.rng
        m = self.month() if rng.random() < 0.6 else self.day(0, 360)
        s = m if rng.random() < 0.5 else self.day()
        rows, new_lines = [], []
        for line_row in rng.sample(lines, min(len(lines), rng.choice((1, 1, 2)))):
            row = {"amendment_id": self.name("M"), "contract_id": "K", "effective_date": m, "signed_date": s}
            row["contract_line_id"] = line_row["contract_line_id"]
            action = rng.choice(("add", "change", "change", "extend", "suspend", "cancel", "change"))
            if line_row["contract_line_id"] in self.cancelled:
                action = "add"
            if action == "add":
                new = self.new_line(self.name("N")) | {
                    "amendment_id": row["amendment_id"],
                    "contract_id": "K",
                }
                new_lines.append(new | {"line_number": "9"})
                rows.append(row | {"action": "add", "contract_line_id": new["contract_line_id"]})
            elif action == "cancel":
                self.cancelled.add(line_row["contract_line_id"])
                rows.append(
                    row | {"action": action, "amount_delta": rng.choice(("", "", self.money(-5_000, 0)))}
                )
            else:
                rows.append(row | self.change(action, line_row, m))
        return rows, new_lines

    def change(self, action: str, line_row: Row, m: str) -> Row:
        rng, row = self.rng, {"action": action}
        if action == "suspend" and line_row["recognition_method"] != "ratable":
            row["action"] = action = "change"
        if is_priced(line_row):
            row["amount_delta"] = self.money(-20_000, 50_000)
        row["treatment"] = rng.choice(("auto", "auto", "auto", "prospective", "cumulative_catch_up"))
        if action == "extend":
            row["new_end_date"] = self.day(360, 800)
        if action == "suspend":
            row["new_start_date"] = (date.fromisoformat(m) + timedelta(days=rng.randint(1, 90))).isoformat()
        if action == "change" and rng.random() < 0.4 and "quantity" in line_row:
            row["quantity_delta"] = str(rng.randint(-3, 5))
        return row

    def fulfillments(self, lines: Rows) -> Rows:
        rng, rows = self.rng, []
        for row in lines:
            method = row["recognition_method"]
            base = {"contract_line_id": row["contract_line_id"]}
            for _ in range(rng.randrange(5)):
                event = base | {"fulfillment_id": self.name("F"), "event_date": self.day()}
                if method == "point_in_time":
                    event |= {"kind": "delivery", "quantity": str(rng.randint(1, 6))}
                    if rng.random() < 0.3:
                        back = {
                            "fulfillment_id": self.name("F"),
                            "kind": "return",
                            "event_date": self.day(420, 500),
                        }
                        rows.append(base | back | {"quantity": "1"})
                elif method == "percent_complete":
                    event |= {"kind": "progress", "percent_complete": str(rng.randint(0, 100))}
                elif method == "milestone":
                    event |= {"kind": "milestone", "amount": self.money(0, 100_000)}
                elif method in ("usage", "drawdown"):
                    event |= {"kind": "usage", "amount": self.money(-1_000, 50_000)}
                else:
                    continue
                rows.append(event)
        return rows

    def documents(self, keys: list[str]) -> dict[str, Rows]:
        rng = self.rng
        found: dict[str, Rows] = {
            "invoices": [], "invoice_lines": [], "credit_notes": [], "credit_note_lines": [], "payments": [],
        }  # fmt: skip
        for _ in range(rng.randrange(4)):
            self._document(found, keys, "invoice")
        for _ in range(rng.randrange(3)):
            self._document(found, keys, "credit_note")
        for _ in range(rng.randrange(3)):
            kind = rng.choice(("payment", "refund", "write_off", "dispute", "dispute_lost", "credit_applied"))
            row = pay(self.day(), self.money(100, 20_000), kind, contract_id="K", payment_id=self.name("P"))
            row["invoice_id"] = rng.choice(found["invoices"])["invoice_id"] if found["invoices"] else ""
            found["payments"].append(row)
        return found

    def _document(self, found: dict[str, Rows], keys: list[str], kind: str) -> None:
        rng, name, issued = self.rng, self.name("D"), self.day()
        amount = self.money(100, 100_000 if kind == "invoice" else 10_000)
        header = {f"{kind}_id": name, "customer_id": "C", "contract_id": "K", "issue_date": issued}
        header |= {"currency": "USD", "status": "open", "total_amount": amount}
        if rng.random() < 0.15:
            header |= {"status": "void", "status_date": rng.choice(("", "2027-02-01"))}
        row = {f"{kind}_line_id": f"{name}-1", f"{kind}_id": name, "amount": amount}
        row["contract_line_id"] = rng.choice([*keys, ""])
        if kind == "invoice" and rng.random() < 0.4:
            row |= {
                "service_start": issued,
                "service_end": (date.fromisoformat(issued) + timedelta(30)).isoformat(),
            }
        if kind == "credit_note":
            row["reason"] = rng.choice(
                (
                    "price_concession",
                    "return",
                    "cancellation",
                    "billing_error",
                    "bad_debt",
                    "paid_to_customer",
                )
            )
            row["applies_to"] = rng.choice(("all", "performed", "remaining"))
        found[f"{kind}s"].append(header)
        found[f"{kind}_lines"].append(row)

    def tell(self) -> Export:
        rng = self.rng
        lines = [self.new_line(f"L{i}") for i in range(rng.randint(1, 4))]
        keys = [row["contract_line_id"] for row in lines]
        amendments: Rows = []
        for _ in range(rng.randrange(5)):
            rows, new = self.amendment(lines[: len(keys)])
            amendments += rows
            lines += new
        estimates = []
        for row in rng.sample(lines, rng.randrange(min(len(lines), 3))):
            if is_priced(row):
                change = {"estimate_id": self.name("E"), "variable_amount": self.money(-3_000, 8_000)}
                estimates.append(estimate(self.day(), row["contract_line_id"], **change))
        for _ in range(rng.randrange(2)):
            group = {"allocation_group": rng.choice(("", "G")), "estimate_id": self.name("E")}
            figures = {
                "variable_amount": self.money(-3_000, 8_000),
                "expected_return_pct": rng.choice(("", "0", "20")),
            }
            if any(
                is_priced(row) and row["allocation_group"] == group["allocation_group"]
                for row in lines[: len(keys)]
            ):
                estimates.append(estimate(self.day(), "", **group, **figures))
        header = {"signed_date": rng.choice(("2025-12-15", "2026-01-01", "2026-02-10")), "combined_with": "K"}
        return self.combined(
            export(
                lines,
                header,
                amendments=amendments,
                estimates=estimates,
                fulfillments=self.fulfillments(lines),
                **self.documents([row["contract_line_id"] for row in lines]),
            )
        )

    def combined(self, data: Export) -> Export:
        """Now and then with a second contract, signed on the same day or later."""
        if self.rng.random() < 0.3:
            second = data["contracts"][0] | {"contract_id": "K2"}
            if self.rng.random() < 0.6:
                second["signed_date"] = self.day(60, 300)
            data["contracts"].append(second)
            rows = [self.new_line(self.name("S")) | {"contract_id": "K2"} for _ in range(2)]
            data["contract_lines"] += [row | {"line_number": "5"} for row in rows]
            data["fulfillments"] += self.fulfillments(rows)
        return data


def is_priced(row: Row) -> bool:
    return row["recognition_method"] not in ("usage", "as_invoiced") or bool(row["allocation_group"])


def eventful_life(seed: int) -> Export:
    return Teller(seed).tell()
