"""Waivers of a close: which rules can have one, which count on its day, and what each covers. The close gate applies
them; their wording for people stands here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from orchestration.findings import Finding, money_text
from orchestration.rules import CLOSE_RULES, known_rules, require_known
from warehouse.errors import ConfigurationError
from warehouse.settings import DELIVERY_RULES
from warehouse.workspace import RunContext, Waiver

if TYPE_CHECKING:
    from warehouse.engine import Connection
    from warehouse.workspace import Workspace

VANISHED = "vanished"
_EQUATION = re.compile(r"(equation\s*)?E[1-9]", re.IGNORECASE)
# Why a rule of a severity has no waiver.
_NEVER = {
    "block": "it stops the run itself: nothing is computed on such a file or record that could be published",
    "warn": "it only warns: it holds nothing back, so there is nothing to waive",
    "excluded": "it is no fault but a rule of business, and holds nothing back",
    "later": "it is no fault: the record counts once its day is reached",
}


# --- which rules ------------------------------------------------------------------------------------


def require_waivable(workspace: Workspace, waivers: Sequence[Waiver]) -> None:
    """ConfigurationError for a waiver that could have no effect, or must have none."""
    from expectations.suites import rules_of

    severities: dict[str, set[str]] = {}
    for rule in rules_of(workspace.expectations):
        severities.setdefault(rule.id, set()).add(rule.severity)
    known = known_rules(workspace)
    for waiver in waivers:
        if _EQUATION.fullmatch(waiver.rule.strip()):
            raise _refused(waiver, "an equation that does not hold says that figures contradict each other")
        require_known(waiver.rule, known)
        why = _why_not(waiver, severities.get(waiver.rule, set()))
        if why:
            raise _refused(waiver, why)


def _why_not(waiver: Waiver, severities: set[str]) -> str | None:
    if waiver.rule in DELIVERY_RULES and waiver.expires is not None:
        return (
            "it would let every later file through: waive it for one close, or set the policy of its object"
        )
    if waiver.rule in CLOSE_RULES or waiver.rule in DELIVERY_RULES:
        return "it judges all contracts together, not one" if waiver.contract_id is not None else None
    if "quarantine" in severities:
        return None
    return next(
        _NEVER[severity] for severity in ("block", "excluded", "later", "warn") if severity in severities
    )


def _refused(waiver: Waiver, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"rule {waiver.rule} can't be waived{'' if waiver.contract_id is None else ' for a contract'}: {why}",
        "Waived can be rules that quarantine records, and the thresholds of a close: "
        f"{', '.join((*CLOSE_RULES, *DELIVERY_RULES))}.",
    )


# --- which count ------------------------------------------------------------------------------------


def standing(workspace: Workspace) -> tuple[Waiver, ...]:
    """The waivers of tieout.toml, also those that have expired."""
    return tuple(
        Waiver(one.rule, one.reason, one.approved_by, one.contract, one.expires)
        for one in workspace.settings.waivers
    )


def expired(workspace: Workspace, as_of: date) -> list[str]:
    """A sentence for every waiver of tieout.toml that does not count any more."""
    return [
        f"the waiver of {_named(one)} expired on {one.expires}, before {as_of}: it does not count"
        for one in standing(workspace)
        if one.expires is not None and one.expires < as_of
    ]


def in_force(context: RunContext) -> RunContext:
    """The context of a close with the standing waivers that count on its day; each must be one that can be waived."""
    given = standing(context.workspace)
    require_waivable(context.workspace, (*context.waivers, *given))
    counting = tuple(one for one in given if one.expires is not None and one.expires >= context.as_of)
    return replace(context, waivers=(*context.waivers, *counting))


# --- what each covers -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Coverage:
    """A waiver with what would block, or hold, without it."""

    waiver: Waiver
    records: int = 0
    contracts: int = 0
    money: tuple[tuple[str, Decimal], ...] = ()

    def rows(self) -> list[list[object]]:
        """Rows of run.waivers: one a currency."""
        one = self.waiver
        said = [
            one.rule,
            one.contract_id,
            one.reason,
            one.approved_by,
            one.expires,
            self.records,
            self.contracts,
        ]
        return [[*said, currency, amount] for currency, amount in self.money or ((None, None),)]

    def document(self) -> dict[str, Any]:
        """As manifest and journal hold it."""
        one = self.waiver
        return {
            "rule": one.rule,
            "contract_id": one.contract_id,
            "reason": one.reason,
            "approved_by": one.approved_by,
            "expires": one.expires.isoformat() if one.expires else None,
            "records": self.records,
            "contracts": self.contracts,
            "amounts": {currency: f"{amount:f}" for currency, amount in self.money},
        }

    def described(self) -> str:
        """For people, in one line."""
        if not self.records and not self.contracts and not self.money:
            return f"the waiver of {_named(self.waiver)} covers nothing"
        extent = [f"{self.records:,} record{'' if self.records == 1 else 's'}"] if self.records else []
        extent += (
            [f"{self.contracts:,} contract{'' if self.contracts == 1 else 's'}"] if self.contracts else []
        )
        extent += [money_text(self.money)] if self.money else []
        until = f" until {self.waiver.expires}" if self.waiver.expires else ""
        by = f", approved by {self.waiver.approved_by}{until}" if self.waiver.approved_by else until
        return f"waived {_named(self.waiver)}{by}: {self.waiver.reason} ({', '.join(extent)})"


def _named(waiver: Waiver) -> str:
    return waiver.rule if waiver.contract_id is None else f"{waiver.rule} for contract {waiver.contract_id}"


def coverage(connection: Connection, waivers: Sequence[Waiver], passed: Sequence[Finding]) -> list[Coverage]:
    """What each waiver covers in the build of a close; `passed` are the findings of the close that are waived.

    A rule about records covers the records that fail it, the contracts it holds, and what these state.
    """
    if not waivers:
        return []
    asked = {
        "places": list(range(len(waivers))),
        "rules": [one.rule for one in waivers],
        "contracts": [one.contract_id for one in waivers],
    }
    records = dict(connection.execute(f"{_ASKED} {_RECORDS}", asked).fetchall())
    contracts = dict(connection.execute(f"{_ASKED} {_CONTRACTS}", asked).fetchall())
    money: dict[int, list[tuple[str, Decimal]]] = {}
    for place, currency, amount in connection.execute(f"{_ASKED} {_MONEY}", asked).fetchall():
        money.setdefault(place, []).append((currency, amount))
    found = []
    for place, waiver in enumerate(waivers):
        own = [one for one in passed if one.rule == waiver.rule]
        found.append(
            Coverage(
                waiver,
                records.get(place, 0) + sum(one.records or 0 for one in own),
                contracts.get(place, 0),
                (*money.get(place, ()), *(pair for one in own for pair in one.money)),
            )
        )
    return found


_ASKED = """
    with asked as (
        select unnest($places) as place, unnest($rules) as rule, unnest(cast($contracts as varchar[])) as contract_id
    ),

    held as (
        select distinct asked.place, faults.contract_id
        from asked
        inner join accepted.contract_faults as faults
            on asked.rule = faults.rule and faults.contract_id = coalesce(asked.contract_id, faults.contract_id)

        union

        select asked.place, known.contract_id
        from asked
        inner join checks.known_records as known
            on asked.rule = 'vanished' and known.is_let_go
            and known.contract_id = coalesce(asked.contract_id, known.contract_id)
    )
"""
# A file that a waiver lets through is told as a warning.
_RECORDS = """
    select asked.place, count(*)
    from asked
    inner join (
        select rule, contract_id from gate.failures where severity = 'quarantine' or entity = 'files'
        union all
        select 'vanished' as rule, contract_id from checks.known_records where is_let_go
    ) as failing
        on asked.rule = failing.rule and (asked.contract_id is null or asked.contract_id = failing.contract_id)
    group by asked.place
"""
_CONTRACTS = "select place, count(*) from held group by place"
_MONEY = """
    select held.place, held_back.currency, try_cast(sum(held_back.contracted) as decimal(18, 3))
    from held
    inner join audit.held_back as held_back on held.contract_id = held_back.contract_id
    where held_back.contracted is not null
    group by held.place, held_back.currency
    order by held.place, held_back.currency
"""
