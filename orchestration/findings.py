"""What stops a run or a close, in sentences with what to do. The rules themselves live in expectations/ and dbt."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

SHOWN_NOTES = 3


class Told(Protocol):
    """What extraction says about a file."""

    @property
    def rule(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def message(self) -> str: ...


@dataclass(frozen=True)
class Said:
    """The same, read from a table."""

    rule: str
    severity: str
    message: str


@dataclass(frozen=True)
class Finding:
    """One reason why nothing was published: the rule, a sentence, its extent, and what mends it."""

    rule: str
    message: str
    remedy: str | None = None
    records: int | None = None
    money: tuple[tuple[str, Decimal], ...] = ()
    examples: tuple[str, ...] = field(default=())


def money_text(money: Iterable[tuple[str, Decimal]]) -> str:
    """`USD 1,234.50 and EUR 10.00`; nothing where there is no money."""
    return " and ".join(f"{currency} {amount:,.2f}" for currency, amount in money)


def described(finding: object) -> list[str]:
    """The lines a finding is printed with, whoever found it."""
    rule, message = getattr(finding, "rule", "?"), getattr(finding, "message", str(finding))
    lines = [f"{rule}: {message}"]
    extent = _extent(getattr(finding, "records", None), getattr(finding, "money", ()))
    if extent:
        lines.append(f"  {extent}")
    lines += [f"  {example}" for example in getattr(finding, "examples", ())]
    remedy = getattr(finding, "remedy", None)
    if remedy:
        lines.append(f"  What to do: {remedy}")
    return lines


def _extent(records: int | None, money: Sequence[tuple[str, Decimal]]) -> str:
    parts = [] if records is None else [f"{records:,} record{'' if records == 1 else 's'}"]
    text = money_text(money)
    return ", ".join([*parts, text] if text else parts)


def notes(findings: Iterable[Told]) -> Iterator[str]:
    """What is only told of, a few lines a rule: the last by name, which are the newest of a dated series."""
    by_rule: dict[str, list[str]] = defaultdict(list)
    for finding in findings:
        if finding.severity == "warn":
            by_rule[finding.rule].append(finding.message)
    for rule, messages in by_rule.items():
        yield from (f"note: {message}" for message in messages[-SHOWN_NOTES:])
        more = len(messages) - SHOWN_NOTES
        if more > 0:
            yield f"note: {more:,} more by {rule}, listed in audit.quarantine"
