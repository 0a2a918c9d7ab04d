"""Which deliveries of an object are in force, and in what order. Reading them is done elsewhere.

The order comes from what the files say (a date, else a number in the name), else from when they were first
seen. Where that cannot decide, nothing is guessed: the run is blocked and told how to declare an order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from warehouse.connectors import SourceObject
from warehouse.extract.find import name_order
from warehouse.extract.findings import FileFinding
from warehouse.extract.profile import Profile
from warehouse.settings import Mode

SortKey = tuple[Any, ...]


@dataclass(frozen=True)
class Delivery:
    """One content delivered under one path: an event of the journal, and its place among the others."""

    seq: int
    batch: int
    first_seen: str
    file_id: int
    system: str
    object: str
    path: str
    sha256: str
    rows: int
    size_bytes: int
    columns: tuple[str, ...]
    profile: Profile = field(default_factory=Profile)
    reading: str = ""
    """How its text was read where that was not the usual way (connectors.SourceObject.reading)."""
    left_out: int = 0
    """Rows of the file that are no records: report lines above the header, totals below."""
    mode: Mode = "full"
    rank: int = 0
    is_current: bool = False

    @property
    def file_name(self) -> str:
        return PurePosixPath(self.path).name

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> Delivery:
        return cls(
            seq=event["seq"], batch=event["batch"], first_seen=event["at"], file_id=event["file_id"],
            system=event["system"], object=event["object"], path=event["path"], sha256=event["sha256"],
            rows=event["rows"], size_bytes=event["size_bytes"], columns=tuple(event["columns"]),
            profile=Profile.of_event(event), reading=event.get("reading", ""), left_out=event.get("left_out", 0),
        )  # fmt: skip

    def event(self) -> dict[str, Any]:
        """What the journal keeps; place and time it writes itself."""
        return {
            "batch": self.batch, "file_id": self.file_id, "system": self.system, "object": self.object,
            "path": self.path, "sha256": self.sha256, "rows": self.rows, "size_bytes": self.size_bytes,
            "columns": list(self.columns), **self.profile.event(), "reading": self.reading,
            "left_out": self.left_out,
        }  # fmt: skip


@dataclass(frozen=True)
class Ordered:
    """All deliveries of one object in order; those in force are current and ranked."""

    deliveries: tuple[Delivery, ...]
    findings: tuple[FileFinding, ...] = ()

    @property
    def current(self) -> tuple[Delivery, ...]:
        return tuple(delivery for delivery in self.deliveries if delivery.is_current)

    def before(self, delivery: Delivery) -> Delivery | None:
        """The last delivery of other content before this one: of an earlier run, where there is one.

        What came with it nobody has judged: a refused export of yesterday must not stand for what is usual.
        """
        place = next(n for n, one in enumerate(self.deliveries) if one.seq == delivery.seq)
        earlier = [one for one in reversed(self.deliveries[:place]) if one.sha256 != delivery.sha256]
        judged = (one for one in earlier if one.batch < delivery.batch)
        return next(judged, earlier[0] if earlier else None)


def ordered(
    declared: SourceObject, name: str, deliveries: Iterable[Delivery], ignore: Sequence[str] = ()
) -> Ordered:
    """Put the deliveries of one object in order and say which are in force."""
    used = [
        replace(delivery, mode=declared.mode)
        for delivery in sorted(deliveries, key=lambda one: one.seq)
        if not any(fnmatchcase(delivery.file_name, pattern) for pattern in ignore)
    ]
    if not used:
        return Ordered(())
    latest = {delivery.path: delivery for delivery in used}
    keys, findings = _keys(declared, name, list(latest.values()))
    timeline = sorted(used, key=lambda one: (keys[one.path], one.seq))
    in_force = {one.seq for one in latest.values()}
    if declared.mode == "full":
        top = [one for one in timeline if one.seq in in_force][-1]
        findings += _tie_at_the_top(top, [one for one in timeline if one.seq in in_force], keys)
        return Ordered(
            tuple(replace(one, rank=1, is_current=one.seq == top.seq) for one in timeline), tuple(findings)
        )
    return Ordered(_ranked(timeline, in_force, keys), tuple(findings))


def _keys(
    declared: SourceObject, name: str, files: list[Delivery]
) -> tuple[dict[str, SortKey], list[FileFinding]]:
    """The sort key of each path by the declared order, or by the first one that all files can follow."""
    named = {one.path: name_order(declared, name, one.file_name) for one in files}
    moments = {path: (order.moment,) for path, order in named.items() if order.moment is not None}
    numbers = {path: (order.number,) for path, order in named.items() if order.number is not None}
    seen = {one.path: (one.batch,) for one in files}
    seen_by_name = {one.path: (one.batch, one.path) for one in files}
    match declared.order:
        case "date":
            return _complete(files, moments, "date in its name", seen)
        case "number":
            return _complete(files, numbers, "number in its name", seen)
        case "first_seen" | "version":
            return {**seen_by_name}, []
    if len(moments) == len(files):
        return {**moments}, []
    if len(numbers) == len(files):
        return {**numbers}, []
    findings = _ties_when_first_seen(files) if declared.mode == "incremental" else []
    return {**seen}, findings


def _complete(
    files: list[Delivery],
    keys: Mapping[str, SortKey],
    what: str,
    fallback: Mapping[str, SortKey],
) -> tuple[dict[str, SortKey], list[FileFinding]]:
    missing = [one for one in files if one.path not in keys]
    findings = [
        _undecidable(one, f"{one.path} has no {what}, by which {one.object} is ordered") for one in missing
    ]
    return ({**fallback} if missing else {**keys}), findings


def _ties_when_first_seen(files: list[Delivery]) -> list[FileFinding]:
    """Files that arrived together with names that cannot be compared have no order among them."""
    contents = Counter(batch for batch, _ in {(one.batch, one.sha256) for one in files})
    tied = [one for one in files if contents[one.batch] > 1]
    if not tied:
        return []
    names = ", ".join(one.path for one in tied[:5])
    return [_undecidable(tied[0], f"{names} came together, and their names do not say which is newer")]


def _tie_at_the_top(
    top: Delivery, timeline: list[Delivery], keys: Mapping[str, SortKey]
) -> list[FileFinding]:
    tied = [one for one in timeline if keys[one.path] == keys[top.path] and one.sha256 != top.sha256]
    if not tied:
        return []
    return [_undecidable(top, f"{tied[0].path} and {top.path}: nothing says which full export is newer")]


def _undecidable(delivery: Delivery, what: str) -> FileFinding:
    section = f"[sources.{delivery.system}.{delivery.object}]"
    return FileFinding(
        "undecidable_order", "block", delivery.path, f"{what}.",
        f'Put a date into the names (as in {delivery.object}-2026-01-31.csv), or declare in tieout.toml under '
        f'{section} order = "first_seen" (files that come together: by name), or ignore = ["<file name>"].',
        delivery.system, delivery.object,
    )  # fmt: skip


def _ranked(
    timeline: list[Delivery], in_force: set[int], keys: Mapping[str, SortKey]
) -> tuple[Delivery, ...]:
    """Incremental: files add up, and those of one place share a rank. Content that comes again right after itself
    changes nothing; after other content it stands where it came last, because a value may go back to what it was."""
    standing: dict[str, int] = {}
    before: str | None = None
    for one in timeline:
        if one.seq in in_force:
            if one.sha256 != before:
                standing[one.sha256] = one.seq
            before = one.sha256
    ranks: dict[SortKey, int] = {}
    placed = []
    for one in timeline:
        is_current = standing.get(one.sha256) == one.seq
        if is_current:
            ranks.setdefault(keys[one.path], len(ranks) + 1)
        placed.append(replace(one, rank=ranks.get(keys[one.path], 0), is_current=is_current))
    return tuple(placed)
