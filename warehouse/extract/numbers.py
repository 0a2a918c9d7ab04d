"""Numbers with a decimal comma, made plain: the one place that knows how, for the lake's views and delivery totals.

The lake keeps text as it was delivered. What is no such number stays readable and says why it is none: left alone,
1234.56 in a file of decimal commas would be read as another number than was meant, or 1.234 as a thousandth of it.
"""

from __future__ import annotations

from warehouse.connectors import SourceObject
from warehouse.engine import literal

# Digits, ungrouped or in groups of three with points between them.
_COMMA = "[-+]?([0-9]+|[0-9]{1,3}([.][0-9]{3})+)(,[0-9]+)?"
REFUSED = " (decimal mark is ,)"


def plain(declared: SourceObject, column: str, text: str) -> str:
    """SQL of a column's value given the SQL of its text: as delivered, but a number has a decimal point."""
    if declared.decimal_mark == "." or column not in declared.number_columns:
        return text
    value = f"trim({text})"
    return (
        f"case when regexp_full_match({value}, {literal(_COMMA)}) "
        f"then replace(replace({value}, '.', ''), ',', '.') "
        f"when {value} = '' then {text} else {text} || {literal(REFUSED)} end"
    )
