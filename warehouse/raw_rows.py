"""Raw rows as SQL: the declared columns of an object, numbers with a decimal point, and the money in each row by the
one definition of its connector.yml. Extraction adds it up, the lake shows it beside every row, completeness proves
where it went.

Where the rows lie, and which of them are in force, is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence

from warehouse.connectors import CURRENCY, DECLARATION, Connector, Money, SourceObject
from warehouse.engine import Connection, EngineError, identifier, literal
from warehouse.errors import ConfigurationError

# Raw money is compared with records before it is rounded: Northwind's discounts leave five decimals, UCI's prices
# three; nine are what a unit price of the exchange has.
AMOUNT_TYPE = "decimal(28, 9)"
# Money ends at 10^13 minor units (quality.md), so a yen has 14 digits; longer text is no money.
_NUMBER = "[-+]?([0-9]{1,14}([.][0-9]{1,30})?|[.][0-9]{1,30})"
_INEXACT = ("DOUBLE", "FLOAT")
# Digits, ungrouped or in groups of three with points between them.
_COMMA = "[-+]?([0-9]+|[1-9][0-9]{0,2}([.][0-9]{3})+)(,[0-9]+)?"
REFUSED = " (decimal mark is ,)"


def declared_columns(declared: SourceObject, present: Sequence[str], relation: str) -> str:
    """Every declared column out of a relation that has the columns of a file, null where the file lacks it."""
    in_file = {column.lower(): column for column in present}
    return ", ".join(
        f"{_plain(declared, column, f'{relation}.{identifier(in_file[column.lower()])}')} as {identifier(column)}"
        if column.lower() in in_file
        else f"cast(null as varchar) as {identifier(column)}"
        for column in declared.columns
    )


def _plain(declared: SourceObject, column: str, text: str) -> str:
    """SQL of a column's value given the SQL of its text: as delivered, but a number has a decimal point.

    What is no number with a decimal comma stays readable and says why it is none: left alone, 1234.56 in a file of
    decimal commas would be read as another number than was meant, or 1.234 as a thousandth of it.
    """
    if declared.decimal_mark == "." or column not in declared.number_columns:
        return text
    value = f"trim({text})"
    return (
        f"case when regexp_full_match({value}, {literal(_COMMA)}) "
        f"then replace(replace({value}, '.', ''), ',', '.') "
        f"when {value} = '' then {text} else {text} || {literal(REFUSED)} end"
    )


def with_money(declared: SourceObject, rows: str) -> str:
    """The query `rows` with two columns more: `_amount`, null where it is no number, and `_currency`.

    What cannot be computed never stops a run, and never passes for 0: a record that takes its amount from it lacks
    one, and is held.
    """
    money = declared.money
    if money is None:
        return f"select *, cast(null as {AMOUNT_TYPE}) as _amount, cast(null as varchar) as _currency from ({rows})"
    currency = "null" if money.currency is None else _tried(_currency(declared, money.currency))
    return (
        "select * exclude (_money), case when "
        f"regexp_full_match(_money, {literal(_NUMBER)}) then try_cast(_money as {AMOUNT_TYPE}) end as _amount, "
        f"nullif(trim(cast({currency} as varchar)), '') as _currency "
        f"from (select *, trim(cast({_tried(_amount(declared, money))} as varchar)) as _money from ({rows}))"
    )


def check_money(connection: Connection, connector: Connector) -> None:
    """The money of every object is SQL the engine understands, and no float; else a sentence that names the object."""
    for name, declared in connector.objects.items():
        if declared.money is not None:
            where = f"{connector.folder / DECLARATION}: objects.{name}.money"
            _check(connection, where, declared, declared.money)


def _check(connection: Connection, where: str, declared: SourceObject, money: Money) -> None:
    nothing = f"select {declared_columns(declared, (), 'none')} where false"
    parts = {"amount": _amount(declared, money)}
    if money.currency is not None:
        parts["currency"] = _currency(declared, money.currency)
    for part, expression in parts.items():
        try:
            described = connection.execute(
                f"describe select {_tried(expression)} from ({nothing})"
            ).fetchone()
        except EngineError as error:
            said = str(error).split("\n")[0].removeprefix("Binder Error: ").removeprefix("Parser Error: ")
            raise ConfigurationError(
                f"{where}.{part} can't be computed: {said}",
                "Columns are text: cast(UnitPrice as decimal(18, 4)) * cast(Quantity as decimal(18, 0)).",
            ) from error
        if part == "amount" and described is not None and described[1] in _INEXACT:
            raise ConfigurationError(
                f"{where}.amount is a {described[1].lower()}, which cannot hold money exactly.",
                "Cast its columns to decimals, and multiply rather than divide.",
            )


def _amount(declared: SourceObject, money: Money) -> str:
    return _column_or_sql(declared, money.amount)


def _currency(declared: SourceObject, text: str) -> str:
    if text not in declared.columns and CURRENCY.fullmatch(text):
        return literal(text)
    return _column_or_sql(declared, text)


def _column_or_sql(declared: SourceObject, text: str) -> str:
    return identifier(text) if text in declared.columns else text


def _tried(expression: str) -> str:
    """Null where a row's text is no number; on lines of its own, so that a comment in it ends where it ends."""
    return f"try(\n{expression}\n)"
