"""The independent oracle: accounting.md a second time, in exact fractions, from the rule book alone.

entities        the exchange rows as plain dataclasses
books           all that is known at one delivery, and `cut` to what is known at a date
records         `read_books`, which parses them from text
money, rates    minor units and the one rounding; rates of currencies
conventions     the six conventions of `ratable`
periods         calendar months and accounting periods
policy          what a company may choose
terms           a line as first signed: dates, method, SSP
allocation      a price shared over lines
layers          how money of a line is earned: base + remainder over a measure
measures        what each method measures through a date
state, evaluate the terms of a line in force, and contracted and recognized on them
replay          the life of an accounting contract, event by event: signing, cancellation, usage
modifications   amendments: one modification, its treatment, what is booked when it is signed
remaining       remaining SSP
pools           `prospective` and `cumulative_catch_up`
estimates       dated versions of variable, constrained and expected-return figures
credits, cash   credit notes, concessions, returns; documents, refunds, write-offs, deposits
positions       allocated, contracted, recognized and billed of a line at a date: the way in
tracks, ledger  posted = now - frozen, over closes; facts, backlog and balances
tables          the same facts as rows of the published tables
exports, eventful   exports for tests, by hand and from a seed

Nothing here knows the engine, its SQL or its tables beyond the names of interface.md. What accounting.md leaves
open is decided in CHOICES.md.
"""
