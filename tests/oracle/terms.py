"""What a line says before anything happens to it: dates, method, SSP (accounting.md sections 1, 3, 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.oracle.books import Books
from tests.oracle.conventions import months_of_term
from tests.oracle.entities import Contract, ContractLine, Product, SspPrice
from tests.oracle.money import QuarantinedError, half_away, scale

DISCOUNT = "discount"
PASS_THROUGH = "pass_through"
WITHOUT_PRICE = ("usage", "as_invoiced")


@dataclass(frozen=True)
class Ssp:
    """A stand-alone selling price in minor units and where it came from; None: the residual of its group."""

    amount: int | None
    source: str


@dataclass(frozen=True)
class UnitSsp:
    """An SSP of one unit or one unit and month, in currency units."""

    unit: Fraction
    per: str
    source: str


class Terms:
    """The lines of a delivery as first signed."""

    def __init__(self, books: Books) -> None:
        self.books = books

    def contract(self, line: ContractLine) -> Contract:
        return self.books.contracts[line.contract_id]

    def product(self, line: ContractLine) -> Product:
        return self.books.products[line.product_id]

    def counts_from(self, line: ContractLine) -> date:
        """Its contract's signature; of an added line its amendment's (sections 2, 5)."""
        signed = self.contract(line).signed_date
        if line.amendment_id is None:
            return signed
        row = self.books.addition_of.get(line.contract_line_id)
        if row is None or row.amendment_id != line.amendment_id:
            raise QuarantinedError(f"line {line.contract_line_id} is added by no row of its amendment")
        return max(signed, row.signed_date)

    def there_from(self, line: ContractLine) -> date:
        """The signature; of an added line also the day its amendment takes effect."""
        addition = self.books.addition_of.get(line.contract_line_id) if line.amendment_id else None
        return max(self.counts_from(line), addition.effective_date if addition else date.min)

    def start(self, line: ContractLine) -> date:
        """A line without dates takes its contract's (section 1)."""
        found = line.start_date or self.contract(line).start_date
        if found is None:
            raise QuarantinedError(f"line {line.contract_line_id} has no start date")
        return found

    def end(self, line: ContractLine) -> date:
        """A line without dates takes its contract's (section 1)."""
        found = line.end_date or self.contract(line).end_date
        if found is None:
            raise QuarantinedError(f"line {line.contract_line_id} has no end date")
        start = line.start_date or self.contract(line).start_date
        if start is not None and found < start:
            raise QuarantinedError(f"line {line.contract_line_id} ends before it starts")
        return found

    def is_discount(self, line: ContractLine) -> bool:
        """A negative line whose own and whose product's method are both empty (section 3.4)."""
        return line.amount < 0 and not line.recognition_method and not self.product(line).recognition_method

    def method(self, line: ContractLine) -> str:
        """Per line, default from the product (section 4)."""
        if self.product(line).revenue_category == PASS_THROUGH:
            return PASS_THROUGH
        if self.is_discount(line):
            return DISCOUNT
        method = line.recognition_method or self.product(line).recognition_method
        if method is None:
            raise QuarantinedError(f"line {line.contract_line_id} has no recognition method")
        return method

    def convention(self, line: ContractLine) -> str:
        """Per line, default from the product, else `monthly` (section 4)."""
        return line.recognition_convention or self.product(line).recognition_convention or "monthly"

    def has_price(self, line: ContractLine) -> bool:
        """`usage` and `as_invoiced` lines have no fixed amount unless they name a group (section 3.1)."""
        method = self.method(line)
        if method == PASS_THROUGH:
            return False
        return method not in WITHOUT_PRICE or line.allocation_group is not None

    def group_of(self, line: ContractLine) -> str | None:
        return line.allocation_group

    # --- section 3.3: SSP -----------------------------------------------------------------------------

    def price(self, line: ContractLine, on: date) -> SspPrice | None:
        """The price list row that is valid on a date, of the contract's currency where there is one (section 3.3)."""
        own = self.contract(line).currency
        valid = [row for row in self.books.prices_of.get(line.product_id, ()) if row.valid_from <= on]
        valid = [row for row in valid if row.currency == own] or valid
        return max(valid, key=lambda row: (row.valid_from, row.currency)) if valid else None

    def rate(self, line: ContractLine, currency: str | None, on: date) -> Fraction:
        """Other currency: at the signed date's rate (section 3.3)."""
        own = self.contract(line).currency
        return self.books.rates.rate(currency or own, own, on)

    def converted(self, line: ContractLine, unit: Fraction, currency: str | None, on: date) -> Fraction:
        """0 needs no rate, nor does a line without a quantity, of which the price is not used."""
        return unit * self.rate(line, currency, on) if unit and line.quantity is not None else unit

    def is_residual(self, line: ContractLine) -> bool:
        return (line.ssp_method or self.product(line).ssp_method) == "residual"

    def unit_ssp(self, line: ContractLine, on: date, amended: Fraction | None = None) -> UnitSsp | None:
        """From the amendment row, the line, else the price list, else the product; None: the stated amount."""
        product = self.product(line)
        price = self.price(line, on) or self.price(line, self.first_priced(line))
        if amended is not None:
            known = self.unit_ssp(line, on)
            return UnitSsp(amended, known.per if known is not None else product.ssp_per, "amendment")
        if line.ssp_unit is not None:
            return UnitSsp(line.ssp_unit, line.ssp_per or product.ssp_per, "line")
        if price is not None:
            unit = self.converted(line, price.ssp_unit, price.currency, on)
            return UnitSsp(unit, price.ssp_per, "price_list")
        if product.ssp_unit is None:
            return None
        unit = self.converted(line, product.ssp_unit, product.ssp_currency, on)
        return UnitSsp(unit, product.ssp_per, "product")

    def first_priced(self, line: ContractLine) -> date:
        """The day of a line's first price: its signature; of an added line the day it takes effect."""
        addition = self.books.addition_of.get(line.contract_line_id) if line.amendment_id else None
        return self.counts_from(line) if addition is None else addition.effective_date

    def priced_units(self, line: ContractLine, per: str) -> Fraction:
        """Quantity, times months of term by the `monthly` convention for per-month SSPs (section 3.3)."""
        units = Fraction(1) if line.quantity is None else line.quantity
        if per == "month":
            units *= months_of_term(self.start(line), self.end(line))
        return units

    def ssp(self, line: ContractLine, on: date | None = None) -> Ssp:
        """The SSP of a line as first signed, valid on its signed date unless said otherwise (section 3.3)."""
        if self.is_discount(line):
            return Ssp(0, DISCOUNT)
        if self.is_residual(line):
            return Ssp(None, "residual")
        found = self.unit_ssp(line, on or self.counts_from(line))
        if found is None:
            return Ssp(line.amount, "stated")
        if found.unit == 0:
            return Ssp(0, found.source)
        if line.quantity is None:
            return Ssp(line.amount, "stated")
        minor = found.unit * self.priced_units(line, found.per) * scale(self.contract(line).currency)
        return Ssp(half_away(minor), found.source)

    def check_residual(self, line: ContractLine, residual: int) -> None:
        """Outside ssp_low..ssp_high it is quarantined (section 3.3); the range is per unit, as the SSP is."""
        on = self.counts_from(line)
        product, price = self.product(line), self.price(line, on)
        if price is not None and (price.ssp_low is not None or price.ssp_high is not None):
            low, high, per, currency = price.ssp_low, price.ssp_high, price.ssp_per, price.currency
        else:
            low, high, per = product.ssp_low, product.ssp_high, product.ssp_per
            currency = product.ssp_currency or self.contract(line).currency
        if low is None and high is None:
            return
        units = (
            self.priced_units(line, per) * scale(self.contract(line).currency) * self.rate(line, currency, on)
        )
        if (low is not None and residual < low * units) or (high is not None and residual > high * units):
            raise QuarantinedError(f"residual SSP of line {line.contract_line_id} is outside its range")
