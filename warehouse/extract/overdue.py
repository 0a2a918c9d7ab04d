"""What should have come and did not: stale exports, and days without their file. What came is anomalies.py's matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from warehouse.connectors import SourceObject
from warehouse.extract.find import FoundFile, name_order
from warehouse.extract.findings import FileFinding
from warehouse.extract.order import Delivery
from warehouse.settings import Cadence
from warehouse.workspace import RunContext

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
# A weekday has its file, if it had one in each of so many weeks before.
_LEARNED_WEEKS = 4
_SHOWN_GAPS = 5


# --- stale exports ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Age:
    """The newest file of an object against its limit, which is its system's unless it has one of its own."""

    system: str
    object: str
    file: str
    modified: datetime
    age: timedelta
    limit_hours: int
    """0: there is none."""
    severity: str
    is_own: bool
    """Whether the object is judged by itself, not by the newest file of its system."""

    @property
    def is_overdue(self) -> bool:
        """Whether this file alone would be too old."""
        is_judged = self.limit_hours > 0 and self.severity != "off"
        return is_judged and self.age > timedelta(hours=self.limit_hours)


def ages(context: RunContext, files: Iterable[FoundFile]) -> list[Age]:
    """How old the newest file of each object is."""
    newest: dict[tuple[str, str], tuple[datetime, FoundFile]] = {}
    for file in files:
        try:
            modified = file.export.stat().modified
        except OSError:
            # Reading it fails, too, and says why.
            continue
        key = (file.system, file.object)
        if key not in newest or modified > newest[key][0]:
            newest[key] = (modified, file)
    return [_age(context, modified, file) for _, (modified, file) in sorted(newest.items())]


def _age(context: RunContext, modified: datetime, file: FoundFile) -> Age:
    own = context.settings.object_settings(file.system, file.object)
    is_own = own.freshness_hours is not None or own.stale_exports is not None
    policies = context.settings.delivery_policies(file.system, file.object if is_own else None)
    return Age(
        file.system, file.object, file.relative, modified, context.data_time() - modified,
        policies.freshness_hours, policies.stale_exports, is_own,
    )  # fmt: skip


def newest_of_groups(found: Iterable[Age]) -> list[Age]:
    """Of the objects that are judged together the one with the newest file."""
    groups: dict[tuple[str, str], Age] = {}
    for one in found:
        group = (one.system, one.object if one.is_own else "")
        if group not in groups or one.modified > groups[group].modified:
            groups[group] = one
    return [one for _, one in sorted(groups.items())]


def stale(context: RunContext, files: Iterable[FoundFile]) -> list[FileFinding]:
    """Systems (and objects with a policy of their own) whose newest file is older than the freshness limit."""
    return [_stale(one) for one in newest_of_groups(ages(context, files)) if one.is_overdue]


def _stale(one: Age) -> FileFinding:
    name = one.object if one.is_own else None
    what = f"{one.system}.{name}" if name else one.system
    return FileFinding(
        "stale_exports", "block" if one.severity == "block" else "warn", one.file,
        f"The newest file of {what}, {one.file}, is of {one.modified:%Y-%m-%d %H:%M} UTC: {_hours(one.age):,} hours "
        f"old; freshness_hours allows {one.limit_hours:,}.",
        "Deliver a newer export, or set freshness_hours (0 is off) under [policies] or "
        f"[sources.{one.system}.{name or '<object>'}].", one.system, name,
    )  # fmt: skip


def _hours(age: timedelta) -> int:
    """Begun hours: what is over the limit never looks as if it met it."""
    return -(-age // timedelta(hours=1))


# --- missing deliveries -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Gap:
    """Files that were expected one after the other and did not come; `before` is the first that came again."""

    after: date
    before: date | None
    expected: tuple[date, ...]

    def __str__(self) -> str:
        first, last, count = self.expected[0], self.expected[-1], len(self.expected)
        span = f"{first}" if count == 1 else f"{first} to {last} ({count:,} files)"
        return span if self.before else f"{span}, none since that of {self.after}"


def missing(
    context: RunContext, declared: SourceObject, current: Sequence[Delivery], present: Iterable[str]
) -> list[FileFinding]:
    """Days of a dated incremental series on which a file should have come: between others, or lately.

    `present` names the files that lie there: one that was refused is at fault, not missing. Judged by as_of,
    never by the clock.
    """
    if declared.mode != "incremental" or not current:
        return []
    system, name = current[0].system, current[0].object
    policies = context.settings.delivery_policies(system, name)
    dated = {one.path: day for one in current if (day := _day(declared, name, one.file_name))}
    if policies.missing_delivery == "off" or not dated:
        return []
    days = {*dated.values(), *(day for file in present if (day := _day(declared, name, file)))}
    days_off = context.settings.object_settings(system, name).days_off
    last_due = context.as_of - (policies.delivery_due_days + 1) * _DAY
    gaps = _gaps(sorted(days), declared.cadence, last_due, days_off)
    if not gaps:
        return []
    newest = max(dated, key=lambda path: (dated[path], path))
    section = f"[sources.{system}.{name}]"
    return [
        FileFinding(
            "missing_delivery", policies.missing_delivery, newest,
            f"{system}.{name} has no file for {_listed(gaps)}. {_why(declared.cadence)}.",
            "Deliver what is missing. If there is none, say so under "
            f"{section}: no_delivery_on = [{_intervals(gaps)}].",
            system, name,
        )
    ]  # fmt: skip


def _day(declared: SourceObject, name: str, file_name: str) -> date | None:
    moment = name_order(declared, name, file_name).moment
    return moment.date() if moment else None


def _gaps(
    days: Sequence[date], cadence: Cadence | None, last_due: date, days_off: Sequence[tuple[date, date]]
) -> list[_Gap]:
    """What is expected and not there, in runs that no file interrupts."""
    expected = _learned(set(days), last_due) if cadence is None else _declared(days, cadence, last_due)
    gaps: list[_Gap] = []
    position = 0
    for day in expected:
        if any(first <= day <= last for first, last in days_off):
            continue
        while position < len(days) and days[position] <= day:
            position += 1
        after, before = days[position - 1], days[position] if position < len(days) else None
        if gaps and gaps[-1].after == after:
            gaps[-1] = _Gap(after, before, (*gaps[-1].expected, day))
        else:
            gaps.append(_Gap(after, before, (day,)))
    return gaps


def _learned(days: set[date], last_due: date) -> Iterator[date]:
    """Days without a file whose weekday had one in each of the four weeks before."""
    day, newest = min(days), max(days)
    while day <= max(newest, min(last_due, newest + _WEEK)):
        if day not in days and all(day - week * _WEEK in days for week in range(1, _LEARNED_WEEKS + 1)):
            yield day
        day += _DAY


def _declared(days: Sequence[date], cadence: Cadence, last_due: date) -> Iterator[date]:
    """First days of the times (days, weeks from Monday, months) without a file, once the whole time is due."""
    start_of = _START_OF[cadence]
    there = {start_of(day) for day in days}
    day = start_of(days[0])
    while (following := start_of(day + _NEXT[cadence])) <= max(last_due + _DAY, start_of(days[-1])):
        is_expected = cadence != "weekdays" or day.weekday() < 5
        if is_expected and day not in there:
            yield day
        day = following


_START_OF: Mapping[Cadence, Callable[[date], date]] = {
    "daily": lambda day: day,
    "weekdays": lambda day: day,
    "weekly": lambda day: day - day.weekday() * _DAY,
    "monthly": lambda day: day.replace(day=1),
}
_NEXT: Mapping[Cadence, timedelta] = {
    "daily": _DAY, "weekdays": _DAY, "weekly": _WEEK, "monthly": timedelta(days=31),
}  # fmt: skip


def _why(cadence: Cadence | None) -> str:
    if cadence is None:
        return f"These weekdays had one in each of the {_LEARNED_WEEKS} weeks before"
    return f"Its cadence is {cadence}"


def _listed(gaps: Sequence[_Gap]) -> str:
    """The latest gaps, newest first, and how many there are before them."""
    shown = [str(gap) for gap in reversed(gaps[-_SHOWN_GAPS:])]
    more = len(gaps) - len(shown)
    earlier = [f"{more:,} earlier gap{'' if more == 1 else 's'}"] if more else []
    return "; ".join([*shown, *earlier])


def _intervals(gaps: Sequence[_Gap]) -> str:
    """The same gaps as tieout.toml takes them."""
    spans = [(gap.expected[0], gap.expected[-1]) for gap in gaps[-_SHOWN_GAPS:]]
    return ", ".join(f'"{first}"' if first == last else f'"{first}/{last}"' for first, last in spans)
