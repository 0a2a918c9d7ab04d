"""A blank trial balance that journals are imported into. It knows debits and credits, and nothing of contracts."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

BALANCES = {
    "1200": "accounts_receivable",
    "2100": "deferred_revenue",
    "2150": "refund_liability",
    "2160": "customer_deposits",
}


def imported(text: str) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    """A trial balance of (entity and currency, account), from blank: it knows debits and credits and nothing else."""
    found: defaultdict[tuple[str, str], tuple[Decimal, Decimal]] = defaultdict(
        lambda: (Decimal(0), Decimal(0))
    )
    for row in csv.DictReader(io.StringIO(text)):
        key = (f"{row['entity_id']} {row['currency']}", row["account_id"])
        own = Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)
        functional = Decimal(row["debit_functional"] or 0) - Decimal(row["credit_functional"] or 0)
        found[key] = (found[key][0] + own, found[key][1] + functional)
    return found


def differing(
    query: Callable[[str], list[tuple[Any, ...]]],
    trial: dict[tuple[str, str], tuple[Decimal, Decimal]],
    period: str,
) -> list[str]:
    """Balances of a closed month that the trial balance does not have."""
    found = []
    columns = ", ".join(
        f"sum({balance}), sum({balance}_functional)" for balance in (*BALANCES.values(), "contract_asset")
    )
    for entity, currency, *amounts in query(
        f"select entity_id, currency, {columns} from marts.fct_contract_balances where period = '{period}' group by all"
    ):
        pairs = list(zip(amounts[::2], amounts[1::2], strict=True))
        assets = [trial.get((f"{entity} {currency}", account), (0, 0)) for account in ("1250", "1260")]
        said = [trial.get((f"{entity} {currency}", account), (0, 0)) for account in BALANCES]
        posted = [(said[0][0], said[0][1]), *((-own, -functional) for own, functional in said[1:])]
        posted.append((assets[0][0] + assets[1][0], assets[0][1] + assets[1][1]))
        names = (*BALANCES.values(), "contract_asset")
        found += [
            f"{entity} {currency} {name}: {had}, not {wanted}"
            for name, had, wanted in zip(names, posted, pairs, strict=True)
            if had != wanted
        ]
    return found
