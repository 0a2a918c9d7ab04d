"""A delivery against the one before it, and against the clock. Faults of one file alone are the readers' matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from warehouse.extract.find import FoundFile
from warehouse.extract.findings import FileFinding
from warehouse.extract.order import Delivery
from warehouse.workspace import RunContext


def falls(context: RunContext, new: Delivery, last: Delivery | None) -> list[FileFinding]:
    """Why a new delivery should not replace the last one without a second look."""
    if last is None or not last.rows:
        return []
    if not new.rows:
        return [_zero_rows(new, last)]
    if new.mode == "incremental":
        return []
    limit = _max_fall(context, new)
    if _fallen(Decimal(last.rows), Decimal(new.rows), limit):
        return [_fall("rows_fell", new, last, f"{last.rows} to {new.rows} rows", limit)]
    return [
        _fall(
            "money_fell", new, last, f"{amount} to {new.money.get(currency, '0')} {currency}".strip(), limit
        )
        for currency, amount in sorted(last.money.items())
        if _fallen(abs(Decimal(amount)), abs(Decimal(new.money.get(currency, "0"))), limit)
    ]


def _max_fall(context: RunContext, delivery: Delivery) -> Decimal:
    own = context.settings.object_settings(delivery.system, delivery.object).max_fall_percent
    return context.settings.policies.max_fall_percent if own is None else own


def _fallen(last: Decimal, new: Decimal, limit: Decimal) -> bool:
    return (last - new) * 100 > last * limit


def _zero_rows(new: Delivery, last: Delivery) -> FileFinding:
    is_full = new.mode == "full"
    return FileFinding(
        "zero_rows", "block" if is_full else "warn", new.path,
        f"{new.path} has no rows; the last delivery, {last.path}, had {last.rows}.",
        "Export it again. If it is right, set max_fall_percent = \"100\" under "
        f"[sources.{new.system}.{new.object}] for one run." if is_full else None,
        new.system, new.object,
    )  # fmt: skip


def _fall(rule: str, new: Delivery, last: Delivery, what: str, limit: Decimal) -> FileFinding:
    return FileFinding(
        rule, "block", new.path, f"{new.path} falls from {what} against the last delivery, {last.path}; "
        f"the policy allows {limit} %.",
        "Export it again. If it is right, raise max_fall_percent under "
        f"[sources.{new.system}.{new.object}] for one run.", new.system, new.object,
    )  # fmt: skip


def stale(context: RunContext, files: Iterable[FoundFile]) -> list[FileFinding]:
    """Systems (and objects with a limit of their own) whose newest file is older than the freshness limit."""
    newest: dict[tuple[str, str | None], tuple[datetime, FoundFile]] = {}
    for file in files:
        own = context.settings.object_settings(file.system, file.object).freshness_hours
        group = (file.system, None if own is None else file.object)
        try:
            modified = file.export.stat().modified
        except OSError:
            # Reading it fails, too, and says why.
            continue
        if group not in newest or modified > newest[group][0]:
            newest[group] = (modified, file)
    return [
        finding
        for (system, name), (modified, file) in sorted(newest.items(), key=str)
        if (finding := _stale(context, system, name, modified, file)) is not None
    ]


def _stale(
    context: RunContext, system: str, name: str | None, modified: datetime, file: FoundFile
) -> FileFinding | None:
    own = context.settings.object_settings(system, name).freshness_hours if name else None
    hours = context.settings.policies.freshness_hours if own is None else own
    if not hours or context.data_time() - modified <= timedelta(hours=hours):
        return None
    what = f"{system}.{name}" if name else system
    return FileFinding(
        "stale_exports", "block", file.relative,
        f"The newest file of {what}, {file.relative}, is of {modified:%Y-%m-%d %H:%M} UTC: older than {hours} hours.",
        "Deliver a newer export, or set freshness_hours (0 is off) under [policies] or "
        f"[sources.{system}.{name or '<object>'}].", system, name,
    )  # fmt: skip


def totals(rows: Iterable[tuple[str | None, Decimal]]) -> Mapping[str, str]:
    """Money by currency as the journal keeps it: exact text."""
    return {currency or "": f"{amount:f}".rstrip("0").rstrip(".") for currency, amount in rows}
