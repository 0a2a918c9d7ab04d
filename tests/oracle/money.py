"""Money is exact (accounting.md section 1): integers in minor units, fractions in between, never a float."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

ZERO_DECIMALS = frozenset({"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND",
                           "VUV", "XAF", "XOF", "XPF"})  # fmt: skip
THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class QuarantinedError(Exception):
    """The rule book says that this record is held out of the facts; the message names the rule."""


class OutOfScopeError(Exception):
    """The rule book has a rule for this that the oracle does not compute yet."""


def exponent(currency: str) -> int:
    """ISO 4217 exponent 0, 2 or 3 (section 1)."""
    if currency in ZERO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def scale(currency: str) -> int:
    """Minor units in one unit of the currency."""
    return {0: 1, 2: 100, 3: 1000}[exponent(currency)]


def number(text: str) -> Fraction:
    """A decimal number as an exact fraction."""
    if not _NUMBER.fullmatch(text):
        raise QuarantinedError(f"{text!r} is no number")
    return Fraction(text)


def minor_units(text: str, currency: str) -> int:
    """A stated amount in minor units; one finer than the minor unit is quarantined (section 1)."""
    amount = number(text) * scale(currency)
    if amount.denominator != 1:
        raise QuarantinedError(f"{text} is finer than the minor unit of {currency}")
    return amount.numerator


def half_away(value: Fraction) -> int:
    """Every rounding is half away from zero (section 1)."""
    magnitude = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return magnitude if value >= 0 else -magnitude


def as_decimal(units: int, currency: str) -> Decimal:
    """Minor units as the decimal amount that a published table shows."""
    return Decimal(units).scaleb(-exponent(currency))
