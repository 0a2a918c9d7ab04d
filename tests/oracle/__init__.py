"""The independent oracle: accounting.md a second time, in exact fractions, from the rule book alone.

records      the exchange rows as plain dataclasses, and `read_books`, which parses them from text
money        minor units and the one rounding
conventions  the six conventions of `ratable`
periods      calendar months and accounting periods
positions    allocated, contracted, recognized and billed of a line at a date
ledger       posted = now - frozen, over closes; facts, backlog and balances
tables       the same facts as rows of the published tables

Nothing here knows the engine, its SQL or its tables beyond the names of interface.md.
"""
