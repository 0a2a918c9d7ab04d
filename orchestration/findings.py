"""What stops a run or a close, in sentences with what to do. The rules themselves live in expectations/ and dbt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal


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
