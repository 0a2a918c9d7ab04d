"""What else may happen in a life: the other methods, amendments, estimates, concessions, cash.

Each function adds records to the life of a teller (tests/property/lives.py). Amendments keep to what the product
computes: a group with a line that is used is not amended, and what the rule book quarantines is thrown away by the
teller, which asks the oracle. Without `Options.measured` no amendment touches a line that is used, drawn down or earned
as invoiced, nor does an estimate a price that a drawdown shares: the draws of those seeds are as they were.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.oracle.conventions import ONE_DAY, add_months
from tests.oracle.money import half_away, minor_units

if TYPE_CHECKING:
    from tests.property.lives import Options, Record, Teller

Row = dict[str, str]

PLAIN_METHODS = ("ratable", "ratable", "ratable", "point_in_time", "on_start")
ALL_METHODS = (
    *PLAIN_METHODS, *PLAIN_METHODS, "percent_complete", "percent_complete", "milestone", "milestone", "usage",
    "drawdown", "as_invoiced",
)  # fmt: skip
MEASURED_METHODS = (*PLAIN_METHODS, "drawdown", "drawdown", "usage", "usage", "as_invoiced")
MOSTLY_GOODS = ("point_in_time", "point_in_time", "point_in_time", "ratable", "percent_complete")
WITHOUT_POOL = ("usage", "drawdown", "as_invoiced")


def methods(options: Options) -> Sequence[str]:
    if options.goods:
        return MOSTLY_GOODS
    if options.measured:
        return MEASURED_METHODS
    return ALL_METHODS if options.methods else PLAIN_METHODS


def method_of(teller: Teller, line: Record) -> str:
    return line.row.get("recognition_method") or teller.product_of(line).row["recognition_method"]


def is_unpriced(teller: Teller, line: Record) -> bool:
    """It has no fixed amount: what it earns is contracted as it is earned."""
    return method_of(teller, line) in ("usage", "as_invoiced") and not line.row["allocation_group"]


def accounting_contract(teller: Teller, contract: Record) -> set[str]:
    """The contracts that count as one with it."""
    together = contract.row.get("combined_with")
    return {
        row.row["contract_id"]
        for row in teller.life.of("contracts")
        if row is contract or (together and row.row.get("combined_with") == together)
    }


def groups_with(teller: Teller, contract: Record, methods: Collection[str]) -> set[str]:
    """Allocation groups of the accounting contract in which a line of these methods shares the price."""
    contracts = accounting_contract(teller, contract)
    return {
        line.row["allocation_group"]
        for line in teller.life.of("contract_lines")
        if line.row["contract_id"] in contracts
        and method_of(teller, line) in methods
        and (line.row["allocation_group"] or method_of(teller, line) == "drawdown")
    }


def amended_groups(teller: Teller, contract: Record) -> set[str]:
    """Allocation groups of the accounting contract that amendments touch already."""
    contracts = accounting_contract(teller, contract)
    amended = {row.row["contract_line_id"] for row in teller.life.of("amendments")}
    return {
        line.row["allocation_group"]
        for line in teller.life.of("contract_lines")
        if line.row["contract_id"] in contracts and line.row["contract_line_id"] in amended
    }


# --- methods ------------------------------------------------------------------------------------------


def fit_to_method(teller: Teller, row: Row, method: str) -> None:
    """What a method asks of its line."""
    if method == "milestone" and minor_units(row["amount"], teller.currency) <= 0:
        row["amount"] = teller.text(teller.rng.randint(1, 10**6))
    if method == "usage":
        if row["allocation_group"] and minor_units(row["amount"], teller.currency) <= 0:
            row["amount"] = teller.text(teller.rng.randint(1, 10**6))
        if teller.chance(0.6):
            row["allocation_group"] = ""
    if method == "as_invoiced":
        row["allocation_group"] = ""


def happen(teller: Teller, contract: Record, lines: list[Record], start: date) -> None:
    """Progress, milestones and usage of lines, in any order of dates."""
    for line in lines:
        method = method_of(teller, line)
        if method in ("percent_complete", "milestone", "usage", "drawdown") and teller.chance(0.85):
            for _ in range(teller.rng.choice((1, 2, 3, 5))):
                _one_event(teller, contract, line, method, start)


def _one_event(teller: Teller, contract: Record, line: Record, method: str, start: date) -> None:
    rng = teller.rng
    d = start + timedelta(days=rng.choice((-5, 0, 1, 30, 31, 45, 59, 90, 120, 200, 300)))
    known = teller.wave_for(d, max(teller.counted_since(contract), line.since), early=0.03)
    if known is None or d > teller.timeline.last + timedelta(days=20):
        return
    row = {
        "fulfillment_id": teller.key("F"),
        "contract_line_id": line.row["contract_line_id"],
        "event_date": d.isoformat(),
    }
    amount = max(abs(minor_units(line.row["amount"], teller.currency)), 1)
    if method == "percent_complete":
        row["kind"] = "progress"
        if teller.chance(0.3):
            whole = rng.randint(1, 10**5)
            row |= {
                "cost_at_completion": teller.text(whole),
                "cost_to_date": teller.text(rng.randint(0, whole)),
            }
        else:
            row["percent_complete"] = rng.choice(("0", "10", "33.333333333333", "50", "60", "99.99", "100"))
    elif method == "milestone":
        row |= {"kind": "milestone", "amount": teller.text(amount * rng.choice((0, 10, 25, 50, 110)) // 100)}
    else:
        used = amount * rng.choice((1, 10, 25, 50, 80, 130)) // 100
        if teller.chance(0.1):
            used = -used // 2
        row |= {"kind": "usage", "amount": teller.text(used)}
    teller.add("fulfillments", known, **row)


def service_period(teller: Teller, line: Record, issued: date) -> Row:
    """Invoices of a line that is recognized as invoiced mostly say which days they are for."""
    if method_of(teller, line) != "as_invoiced" or not teller.chance(0.7):
        return {}
    first = issued + timedelta(days=teller.rng.choice((-31, 0, 0, 1, 15)))
    last = first + timedelta(days=teller.rng.choice((0, 13, 29, 30, 89)))
    return {"service_start": first.isoformat(), "service_end": last.isoformat()}


# --- amendments ---------------------------------------------------------------------------------------


class _Amending:
    """The amendments of one contract."""

    def __init__(
        self, teller: Teller, contract: Record, lines: list[Record], term: tuple[date, date]
    ) -> None:
        self.teller, self.rng = teller, teller.rng
        self.contract, self.lines = contract, list(lines)
        self.start, self.end = term
        self.signed = teller.signed(contract)
        self.without = ("usage", "as_invoiced") if teller.options.measured else WITHOUT_POOL
        self.outside = groups_with(teller, contract, self.without)
        self.ends: dict[str, date] = {}

    def can_change(self, line: Record) -> bool:
        method = method_of(self.teller, line)
        if self.teller.options.measured and is_unpriced(self.teller, line):
            return True
        return method not in self.without and line.row["allocation_group"] not in self.outside

    def tell(self) -> None:
        m, s = self.dates()
        for _ in range(self.rng.choice((1, 1, 2, 2, 3, 4))):
            if not self.teller.chance(0.2):
                m, s = self.dates()
            self.modification(m, s)

    def dates(self) -> tuple[date, date]:
        """Effective and signed: on the day, ahead, late, both before and after the start."""
        rng, span = self.rng, max((self.end - self.start).days, 0)
        month = add_months(self.start, rng.randint(0, max(span // 30, 1)))
        m = rng.choice(
            (
                self.start - timedelta(days=rng.randint(1, 40)),
                self.start,
                month,
                month,
                month.replace(day=1),
                self.start + timedelta(days=rng.randint(0, span)),
                self.end,
                self.end + ONE_DAY,
            )
        )
        s = max(m + timedelta(days=rng.choice((-90, -30, -1, 0, 0, 0, 0, 1, 20, 60))), self.signed)
        return m, s

    def modification(self, m: date, s: date) -> None:
        known = self.teller.wave_for(s, self.teller.counted_since(self.contract), early=0.05)
        if known is None:
            return
        amendment_id = self.teller.key("A")
        stated = self.rng.choice(("", "auto", "auto", "prospective", "cumulative_catch_up"))
        lines = [line for line in self.lines if self.can_change(line)]
        row = {
            "amendment_id": amendment_id,
            "contract_id": self.contract.row["contract_id"],
            "effective_date": m.isoformat(),
            "signed_date": s.isoformat(),
        }
        for line in self.rng.sample(lines, min(len(lines), self.rng.choice((1, 1, 1, 2)))):
            change = self.change(line, m)
            if change is not None:
                change["treatment"] = stated
                keys = {"contract_line_id": line.row["contract_line_id"]}
                since = max(known, line.since)
                self.teller.add("amendments", since, **row, **keys, **change)
        if not lines or self.teller.chance(0.3):
            self.addition(row, stated, m, known)

    def change(self, line: Record, m: date) -> Row | None:
        """A change of an existing line; None where its method has nothing to say."""
        rng, teller, method = self.rng, self.teller, method_of(self.teller, line)
        if is_unpriced(teller, line):
            return self.change_of_unpriced(line, m)
        amount = minor_units(line.row["amount"], teller.currency)
        action = rng.choice(("change", "change", "extend", "suspend", "shorten"))
        has_term = method == "ratable" or (teller.options.rollover and method == "drawdown")
        if not has_term and (action != "change" or not method):
            action = "change"
        row = {"action": "change"}
        share = rng.choice((-120, -50, -20, 0, 10, 50, 100))
        delta = amount * share // 100 + rng.choice((0, 0, 1))
        if method == "" or teller.chance(0.8):
            row["amount_delta"] = teller.text(delta)
        if teller.chance(0.15) and method:
            row["ssp_unit"] = teller.text(teller.money())
        if action != "change":
            self.change_of_term(line, row, m, action)
        elif line.row.get("quantity") and teller.chance(0.5):
            quantity = Decimal(line.row["quantity"]) * rng.choice((-100, -50, 20, 100)) / 100
            row["quantity_delta"] = f"{quantity.quantize(Decimal('0.001')).normalize():f}"
        elif method == "ratable" and teller.chance(0.1):
            row["new_start_date"] = (m + timedelta(days=rng.choice((0, 10)))).isoformat()
        return row

    def change_of_unpriced(self, line: Record, m: date) -> Row:
        """A line that is contracted as it is used or invoiced runs longer, shorter, or has more units."""
        if line.row.get("quantity") and self.teller.chance(0.3):
            return {"action": "change", "quantity_delta": "1"}
        end = m + timedelta(days=self.rng.choice((0, 31, 400)))
        return {"action": self.rng.choice(("extend", "change")), "new_end_date": end.isoformat()}

    def change_of_term(self, line: Record, row: Row, m: date, action: str) -> None:
        """A line that is earned over time or drawn down runs longer, shorter, or stands still for a while."""
        rng, teller, key = self.rng, self.teller, line.row["contract_line_id"]
        end = self.ends.get(key) or date.fromisoformat(line.row.get("end_date") or self.end.isoformat())
        if action == "extend":
            months = rng.choice((1, 3, 6, 12))
            later = add_months(end + ONE_DAY, months) - ONE_DAY + timedelta(days=rng.choice((0, 0, 3)))
            row |= {"action": rng.choice(("extend", "change")), "new_end_date": later.isoformat()}
            self.ends[key] = later
            if teller.chance(0.5):
                row["amount_delta"] = teller.text(self.price_of_months(line, months))
        elif action == "suspend":
            again = m + timedelta(days=rng.choice((1, 14, 31, 61)))
            row |= {"action": "suspend", "new_start_date": again.isoformat()}
            if teller.chance(0.3):
                row["new_end_date"] = max(end, again).isoformat()
                self.ends[key] = max(end, again)
            if teller.chance(0.7):
                row.pop("amount_delta", None)
        else:
            earlier = m + timedelta(days=rng.choice((0, 10, 31)))
            row["new_end_date"] = earlier.isoformat()
            self.ends[key] = earlier

    def price_of_months(self, line: Record, months: int) -> int:
        """What the line's own price says of some months, so that some extensions are at it."""
        unit, per = line.row.get("ssp_unit"), line.row.get("ssp_per")
        product = self.teller.product_of(line).row
        if not unit:
            unit, per = product.get("ssp_unit"), product.get("ssp_per")
        if not unit:
            return minor_units(line.row["amount"], self.teller.currency) // 3
        whole = minor_units(unit, self.teller.currency) * Fraction(line.row.get("quantity") or "1")
        if per != "month":
            return half_away(whole * months / 12)
        return half_away(whole * months * self.rng.choice((95, 100, 105, 106)) / 100)

    def addition(self, row: Row, stated: str, m: date, known: int) -> None:
        """A line that the amendment adds, sometimes at its price."""
        rng, teller = self.rng, self.teller
        groups = [line.row["allocation_group"] for line in self.lines] + ["", "NEW"]
        group = rng.choice([found for found in groups if found not in self.outside] or ["NEW"])
        since = max(known, self.contract.since)
        last = max(self.end, m + timedelta(days=rng.choice((0, 30, 364))))
        first = m if teller.chance(0.7) else max(self.start, m - timedelta(days=10))
        line = teller.line(self.contract, since, first, last, True, group)
        while method_of(teller, line) in self.without and not (
            teller.options.measured and is_unpriced(teller, line)
        ):
            teller.life.records.remove(line)
            line = teller.line(self.contract, since, first, last, True, group)
        if teller.chance(0.7):
            line.row |= {"start_date": first.isoformat(), "end_date": last.isoformat()}
        line.row |= {"amendment_id": row["amendment_id"], "line_number": str(rng.randint(1, 60))}
        if teller.chance(0.4) and line.row.get("ssp_unit") and line.row.get("ssp_per") != "month":
            whole = minor_units(line.row["ssp_unit"], teller.currency) * Fraction(
                line.row.get("quantity") or "1"
            )
            line.row["amount"] = teller.text(half_away(whole * rng.choice((95, 100, 105, 94)) / 100))
        treatment = rng.choice((stated, stated, "auto", "separate"))
        added = {"contract_line_id": line.row["contract_line_id"], "action": "add", "treatment": treatment}
        if teller.chance(0.5):
            added["amount_delta"] = line.row["amount"]
        teller.add("amendments", since, **row, **added)
        self.lines.append(line)
        teller.deliver(self.contract, [line], first)
        happen(teller, self.contract, [line], first)


def amend(teller: Teller, contract: Record, lines: list[Record], start: date, end: date) -> list[Record]:
    """Modifications of a contract; its lines with those that are added."""
    amending = _Amending(teller, contract, lines, (start, end))
    if teller.chance(0.75) and not _has_return_credits(teller, contract):
        amending.tell()
    return amending.lines


def _has_return_credits(teller: Teller, contract: Record) -> bool:
    """A pool does not take what was refunded of goods before it yet: nothing is amended after a return credit."""
    contracts, notes = accounting_contract(teller, contract), teller.life.of("credit_note_lines")
    lines = {
        row.row["contract_line_id"]
        for row in teller.life.of("contract_lines")
        if row.row["contract_id"] in contracts
    }
    of_invoice = {
        row.row["invoice_line_id"]: row.row["contract_line_id"] for row in teller.life.of("invoice_lines")
    }
    return any(
        row.row["reason"] == "return"
        and (row.row["contract_line_id"] or of_invoice.get(row.row["invoice_line_id"])) in lines
        for row in notes
    )


# --- estimates ----------------------------------------------------------------------------------------


def estimates(teller: Teller, contract: Record, lines: list[Record], start: date) -> None:
    """Dated versions of variable consideration, its constraint and expected returns, of lines and of groups."""
    drawn = set() if teller.options.measured else groups_with(teller, contract, ("drawdown",))
    for line in lines:
        method = method_of(teller, line)
        amount = minor_units(line.row["amount"], teller.currency)
        if amount <= 0 or method in ("usage", "as_invoiced", ""):
            continue
        if teller.chance(0.2):
            line.row["variable_amount"] = teller.text(amount * teller.rng.choice((-10, 5, 20)) // 100)
        if method == "point_in_time" and teller.chance(0.3):
            line.row["expected_return_pct"] = teller.rng.choice(("3", "10", "25"))
        if line.row["allocation_group"] not in drawn and teller.chance(0.35):
            named = {"contract_line_id": line.row["contract_line_id"]}
            for _ in range(teller.rng.choice((1, 1, 2, 3))):
                _estimate(teller, contract, line.since, start, amount, method, named)
    priced = [
        line
        for line in lines
        if method_of(teller, line) not in WITHOUT_POOL
        and line.row["allocation_group"] not in drawn
        and minor_units(line.row["amount"], teller.currency) > 0
        and not line.row.get("amendment_id")
    ]
    if priced and teller.chance(0.15):
        line = teller.rng.choice(priced)
        amount = minor_units(line.row["amount"], teller.currency)
        named = {"allocation_group": line.row["allocation_group"]}
        for _ in range(teller.rng.choice((1, 2))):
            _estimate(teller, contract, line.since, start, amount, method_of(teller, line), named)


def _estimate(
    teller: Teller, contract: Record, since: int, start: date, amount: int, method: str, named: Row
) -> None:
    """One version: mostly of the variable amount, often with what is constrained of it or expected back."""
    rng = teller.rng
    d = start + timedelta(days=rng.choice((-40, -10, 0, 31, 59, 90, 200, 400)))
    known = teller.wave_for(d, max(teller.counted_since(contract), since))
    if known is None:
        return
    row: Row = {}
    if teller.chance(0.8):
        row["variable_amount"] = teller.text(amount * rng.choice((-15, -5, 0, 10, 30)) // 100)
    if teller.chance(0.25):
        row["constrained_amount"] = teller.text(amount * rng.choice((0, 5, 10)) // 100)
    if method == "point_in_time" and (teller.chance(0.3) or not row):
        row["expected_return_pct"] = rng.choice(("0", "0", "3", "10", "25", "100"))
    if not row:
        row["variable_amount"] = "0"
    keys = {"estimate_id": teller.key("E"), "contract_id": contract.row["contract_id"]}
    teller.add("estimates", known, **keys, **named, estimate_date=d.isoformat(), **row)


# --- credits and cash ---------------------------------------------------------------------------------


CONCESSIONS = (
    "price_concession",
    "price_concession",
    "paid_to_customer",
    "return",
    "cancellation",
    "bad_debt",
)


def reason_of_credit(teller: Teller, contract: Record, line: str, issued: date) -> Row:
    """Why a credit note for a contract line is written, as far as the product computes it."""
    if not teller.options.concessions or teller.chance(0.3):
        return {"reason": "billing_error"}
    reasons = [*CONCESSIONS, *(["return"] * 12 if teller.options.goods else [])]
    if _keeps_from_returns(teller, contract, line, issued):
        reasons = [reason for reason in reasons if reason != "return"]
    if teller.without_line:
        reasons = [reason for reason in reasons if reason not in ("cancellation", "bad_debt")]
    scope = teller.rng.choice(("", "all", "performed", "remaining"))
    return {"reason": teller.rng.choice(reasons), "applies_to": scope}


def _keeps_from_returns(teller: Teller, contract: Record, line: str, issued: date) -> bool:
    """Goods are refunded after the last amendment; without `Options.goods` nothing of an amended contract is."""
    amendments = teller.life.of("amendments")
    if not teller.options.goods and any(
        row.row["contract_id"] == contract.row["contract_id"] for row in amendments
    ):
        return True
    together = accounting_contract(teller, contract)
    is_goods = any(
        row.row["contract_line_id"] == line and method_of(teller, row) == "point_in_time"
        for row in teller.life.of("contract_lines")
    )
    return is_goods and any(
        max(row.row["effective_date"], row.row["signed_date"]) > issued.isoformat()
        for row in amendments
        if row.row["contract_id"] in together and row.row.get("action") != "cancel"
    )


def pay(teller: Teller, contract: Record, invoice: Record, amount: int, issued: date) -> None:
    """Payments, and now and then a refund, a dispute or a write-off of an invoice."""
    rng = teller.rng
    if not teller.chance(0.6) or amount <= 0:
        return
    kinds = ["payment", "payment", "payment", "refund", "dispute", "dispute_lost", "credit_applied"]
    if not teller.without_line:
        kinds.append("write_off")
    d = issued + timedelta(days=rng.choice((0, 14, 30, 75)))
    known = teller.wave_for(d, invoice.since)
    if known is not None:
        teller.add(
            "payments",
            known,
            payment_id=teller.key("Z"),
            customer_id=contract.row["customer_id"],
            invoice_id=invoice.row["invoice_id"],
            contract_id=contract.row["contract_id"],
            payment_date=d.isoformat(),
            amount=teller.text(max(amount * rng.choice((10, 50, 100)) // 100, 1)),
            currency=teller.currency,
            kind=rng.choice(kinds),
        )
