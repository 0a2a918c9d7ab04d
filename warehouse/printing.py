"""How amounts and texts are printed for people: decimals of a currency, separators, no control characters."""

from __future__ import annotations

from decimal import Decimal

# ISO 4217 currencies whose minor unit is not a hundredth; only decides how many decimals are printed.
EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"), 0),
    **dict.fromkeys(("UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def exponent_of(currency: object) -> int:
    """Decimals that amounts of a currency are printed with."""
    return EXPONENTS.get(str(currency), 2)


def amount_text(amount: Decimal, currency: object) -> str:
    """An amount with thousands separated and no digit lost: an amount finer than its currency shows that it is."""
    return exact_text(amount, exponent_of(currency))


def exact_text(number: Decimal, decimals: int) -> str:
    """A number with at least so many decimals, and more where it has more."""
    fraction = f"{number:f}".partition(".")[2].rstrip("0")
    return f"{number:,.{max(decimals, len(fraction))}f}"


def printable(text: str) -> str:
    """Text without control characters, which could rewrite a terminal or turn the order of a page's letters."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
