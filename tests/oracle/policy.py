"""Policies of a company that accounting.md names, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

DeferOn = Literal["issue_date", "due_date", "cash_if_cancellable"]


@dataclass(frozen=True)
class Policy:
    """tolerance: section 5 `auto`; rpo_one_year_expedient: section 7; the others: section 6."""

    tolerance: Fraction = Fraction(5, 100)
    stop_on_uncollectible: bool = False
    defer_on: DeferOn = "issue_date"
    rpo_one_year_expedient: bool = False


DEFAULT = Policy()
