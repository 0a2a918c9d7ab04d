"""The rules by name, wherever they stand: those about records in expectations/, those about deliveries among the
policies of tieout.toml, those of a close here."""

from typing import TYPE_CHECKING

from warehouse.errors import ConfigurationError
from warehouse.settings import DELIVERY_RULES, nearest

if TYPE_CHECKING:
    from warehouse.workspace import Workspace

CLOSE_RULES = {
    "max_held_contracts_percent": "too many contracts are quarantined or held",
    "max_held_amount_percent": "too much contracted money is quarantined or held",
    "unlinked_billing_tolerance": "billings without a contract",
    "unmapped_account": "journal entries to a role that no row of account_mapping gives an account",
    "ledger_tolerance": "differences to the general ledger that time does not clear",
    "restatement_amount": "corrections of a published period above the policy",
}


def known_rules(workspace: "Workspace") -> list[str]:
    """Every rule that can be named: of the suites, of deliveries, and of a close."""
    from expectations.suites import rules_of

    return sorted({rule.id for rule in rules_of(workspace.expectations)} | {*CLOSE_RULES, *DELIVERY_RULES})


def require_known(rule: str, known: list[str]) -> None:
    """ConfigurationError with the nearest name where there is no such rule."""
    if rule not in known:
        hint = nearest(rule, known)
        raise ConfigurationError(
            f"there is no rule {rule!r}{hint if 'did you mean' in hint else ''}",
            "" if "did you mean" in hint else "`tieout show quarantine` names the rules.",
        )


def remedies(workspace: "Workspace") -> list[tuple[str, str, str]]:
    """What mends a record: entity, rule, and the rule's own words."""
    from expectations.suites import rules_of

    return [(rule.entity, rule.id, rule.remedy) for rule in rules_of(workspace.expectations)]
