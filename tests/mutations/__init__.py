"""Sentences of the rule book broken one at a time in the SQL, and the golden cases that have to notice.

mutations.py  what is broken where, which sentence that breaks, and by which cases it must be caught
proof.py      builds the cases once as delivered, then the mutated models and all behind them, and compares the figures
__main__.py   `python -m tests.mutations`: all of them, as a table
"""
