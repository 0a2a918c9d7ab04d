"""What is new in exports/ becomes lake files and journal events. What the rows mean is the connectors' matter.

A delivery is journalled only once it is read whole and no anomaly against those before it refuses it: a refused
file leaves no trace, so mending or removing it is all its owner has to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from warehouse.connectors import Connector, SourceObject, enabled_connectors
from warehouse.engine import Connection, connect, literal, settings_for
from warehouse.extract import anomalies, overdue
from warehouse.extract.find import FoundFile, find_files
from warehouse.extract.findings import FileFinding, UnreadableFileError
from warehouse.extract.order import Delivery, Ordered, ordered
from warehouse.extract.profile import Profile, profile
from warehouse.extract.readers.columns import UNNAMED, ReadResult, describe_lake_file
from warehouse.extract.readers.registry import READERS
from warehouse.extract.stage import Staged, stage
from warehouse.journal import Journal
from warehouse.raw_rows import check_money, declared_columns, with_money
from warehouse.workspace import RunContext, Workspace

Report = Callable[[str], None]
Place = Callable[[Workspace, str, str], Path]
Objects = dict[tuple[str, str], SourceObject]
KIND = "deliveries"
# A file changed less than this before it was hashed may change again with the same time stamp.
_SETTLED_NS = 2_000_000_000


@dataclass(frozen=True)
class Extraction:
    """All deliveries of the enabled systems (those in force are current), and what the gate must hear."""

    deliveries: tuple[Delivery, ...]
    findings: tuple[FileFinding, ...]

    @property
    def current(self) -> tuple[Delivery, ...]:
        return tuple(delivery for delivery in self.deliveries if delivery.is_current)

    @property
    def blocks(self) -> tuple[FileFinding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "block")


@dataclass(frozen=True)
class _Fresh:
    """A file whose content is not in the journal as its path's latest."""

    file: FoundFile
    sha256: str
    reading: str
    size_bytes: int
    read: ReadResult
    profile: Profile


def lake_file(workspace: Workspace, sha256: str, reading: str = "") -> Path:
    """Where the content of a file lies, as it was read: read in another way it is another lake file."""
    return workspace.lake / _lake_name(sha256, reading)


def _lake_name(sha256: str, reading: str) -> str:
    return f"{sha256}{f'-{reading}' if reading else ''}.parquet"


def extract(context: RunContext, journal: Journal, report: Report = lambda _: None) -> Extraction:
    """Read what is new into the lake, journal it, and say what is in force."""
    return _Extractor(context, journal, report).run(is_trial=False)


@contextmanager
def inspect(
    context: RunContext, journal: Journal, report: Report = lambda _: None
) -> Iterator[tuple[Extraction, Place]]:
    """The same without a trace in lake or journal, and where the files lie that were read, until the block ends."""
    extractor = _Extractor(context, journal, report)
    try:
        yield extractor.run(is_trial=True), extractor.place
    finally:
        extractor.clear()


def in_force(workspace: Workspace, journal: Journal) -> tuple[Delivery, ...]:
    """All journalled deliveries of the enabled systems in order; those in force are current and ranked."""
    objects = _objects(enabled_connectors(workspace))
    history = [Delivery.of_event(event) for event in journal.read(KIND)]
    return tuple(
        delivery
        for key, declared in objects.items()
        for delivery in _ordered(workspace, key, declared, history).deliveries
    )


def _objects(connectors: Mapping[str, Connector]) -> Objects:
    return {
        (system, name): declared
        for system, connector in connectors.items()
        for name, declared in connector.objects.items()
    }


def _ordered(
    workspace: Workspace, key: tuple[str, str], declared: SourceObject, history: Iterable[Delivery]
) -> Ordered:
    own = [one for one in history if (one.system, one.object) == key]
    return ordered(declared, key[1], own, workspace.settings.object_settings(*key).ignore)


class _Extractor:
    """One extraction: holds the scratch folder, the engine and what was learned so far."""

    def __init__(self, context: RunContext, journal: Journal, report: Report) -> None:
        self.context = context
        self.workspace = context.workspace
        self.journal = journal
        self.report = report
        self.scratch = self.workspace.state / "extract"
        self.trial_lake = self.scratch / "lake"
        self.findings: list[FileFinding] = []

    def run(self, *, is_trial: bool) -> Extraction:
        connectors = enabled_connectors(self.workspace)
        objects = _objects(connectors)
        found = find_files(self.workspace, connectors)
        self.findings = [*found.findings, *map(self._waived, overdue.stale(self.context, found.files))]
        history = [Delivery.of_event(event) for event in self.journal.read(KIND)]
        lake = self.trial_lake if is_trial else self.workspace.lake
        self._prepare(lake)
        fresh = self._read_new(found.files, objects, history, lake)
        new = self._accepted(objects, history, _numbered(fresh, history))
        deliveries = [*history, *new]
        if not is_trial and new:
            events = self.journal.append_all(KIND, [one.event() for one in new])
            deliveries = [*history, *(Delivery.of_event(event) for event in events)]
        self._clear(self.scratch)
        placed = [_ordered(self.workspace, key, declared, deliveries) for key, declared in objects.items()]
        self._judge_orders(placed, objects, found.files)
        self._judge_series(placed, objects, found.files)
        self._judge_lake(placed)
        return Extraction(
            tuple(one for order in placed for one in order.deliveries),
            tuple(sorted(set(self.findings), key=str)),
        )

    def _prepare(self, lake: Path) -> None:
        """What an earlier, killed extraction left half-written is of no use to anyone."""
        for folder in (self.scratch, lake):
            folder.mkdir(parents=True, exist_ok=True)
        self._clear(self.scratch)
        for half in lake.glob(".*.writing"):
            half.unlink()

    def place(self, workspace: Workspace, sha256: str, reading: str = "") -> Path:
        """The lake file of a content; of a trial it may lie in the scratch folder."""
        kept, tried = lake_file(workspace, sha256, reading), self.trial_lake / _lake_name(sha256, reading)
        return tried if tried.is_file() and not kept.is_file() else kept

    def clear(self) -> None:
        """Forgets what a trial has read."""
        self._clear(self.scratch)
        self._clear(self.trial_lake)

    def _clear(self, folder: Path) -> None:
        for path in folder.glob("*"):
            if path.is_file():
                path.unlink()

    # --- reading ---------------------------------------------------------------------------------

    def _read_new(
        self, files: tuple[FoundFile, ...], objects: Objects, history: list[Delivery], lake: Path
    ) -> list[_Fresh]:
        known = {(one.system, one.object, one.path): (one.sha256, one.reading) for one in history}
        cache = _StatCache(self.workspace.state / "extract.json")
        fresh = []
        with closing(self._connect(lake)) as connection:
            for connector in enabled_connectors(self.workspace).values():
                check_money(connection, connector)
            for file in files:
                latest = known.get(_path_key(file))
                declared = objects[file.system, file.object]
                reading = _reading_of(file, declared)
                seen = cache.sha256(file)
                if seen is not None and (seen, reading) == latest and self._is_in_lake(seen, reading):
                    continue
                try:
                    staged = stage(file, self.scratch / "copy", declared.encoding)
                    cache.remember(file, staged)
                    if (staged.sha256, reading) == latest and self._is_in_lake(staged.sha256, reading):
                        continue
                    self.report(f"reading {file.relative}")
                    fresh.append(self._read(connection, file, declared, staged, lake))
                except UnreadableFileError as error:
                    self.findings.append(error.finding(file.relative, file.system, file.object))
        cache.save(files)
        return [one for one in fresh if known.get(_path_key(one.file)) != (one.sha256, one.reading)]

    def _connect(self, lake: Path) -> Connection:
        return connect(
            settings=settings_for(self.workspace), allowed=[self.scratch, lake, self.workspace.lake]
        )

    def _is_in_lake(self, sha256: str, reading: str) -> bool:
        return lake_file(self.workspace, sha256, reading).is_file()

    def _read(
        self, connection: Connection, file: FoundFile, declared: SourceObject, staged: Staged, lake: Path
    ) -> _Fresh:
        reading = _reading_of(file, declared)
        _require_text(file, declared)
        target = lake / _lake_name(staged.sha256, reading)
        if self._is_in_lake(staged.sha256, reading):
            target = lake_file(self.workspace, staged.sha256, reading)
        if target.is_file() and not reading:
            read = describe_lake_file(connection, target)
        else:
            read = READERS[file.format](connection, staged, target, declared)
        _require_columns(declared, read)
        money = _money(connection, declared, target, read)
        figures = profile(connection, declared, target, read, money)
        return _Fresh(file, staged.sha256, reading, staged.stat.size, read, figures)

    # --- judging ---------------------------------------------------------------------------------

    def _accepted(self, objects: Objects, history: list[Delivery], new: list[Delivery]) -> list[Delivery]:
        """The new deliveries without those that an anomaly keeps from coming into force."""
        refused: set[int] = set()
        for key in dict.fromkeys((one.system, one.object) for one in new):
            refused |= self._refused(key, objects[key], history, new)
        return [one for one in new if one.seq not in refused]

    def _refused(
        self, key: tuple[str, str], declared: SourceObject, history: list[Delivery], new: list[Delivery]
    ) -> set[int]:
        """One at a time, first things first: without a refused one another comes into force, or others look odd."""
        refused: set[int] = set()
        while True:
            left = [one for one in new if one.seq not in refused]
            order = _ordered(self.workspace, key, declared, [*history, *left])
            told = anomalies.judged(self.workspace.settings, order)
            coming = {one.seq for one in left}
            for one in (one for one in order.current if one.seq in coming):
                findings = [self._waived(finding) for finding in told[one.seq]]
                if any(finding.severity == "block" for finding in findings):
                    self.findings += findings
                    refused.add(one.seq)
                    break
            else:
                return refused

    def _waived(self, finding: FileFinding) -> FileFinding:
        return replace(finding, severity="warn") if self.context.is_waived(finding.rule) else finding

    def _judge_orders(self, placed: list[Ordered], objects: Objects, files: tuple[FoundFile, ...]) -> None:
        present = {file.relative for file in files}
        for order in placed:
            self.findings += order.findings
            told = anomalies.judged(self.workspace.settings, order)
            for one in order.current:
                self.findings += anomalies.accepted(told[one.seq])
                self.findings += _extra_columns(objects[one.system, one.object], one)
                self.findings += _left_out(one)
                self.findings += _gone(one, order, present)

    def _judge_series(self, placed: list[Ordered], objects: Objects, files: tuple[FoundFile, ...]) -> None:
        for (key, declared), order in zip(objects.items(), placed, strict=True):
            present = [file.export.name for file in files if (file.system, file.object) == key]
            found = overdue.missing(self.context, declared, order.current, present)
            self.findings += map(self._waived, found)

    def _judge_lake(self, placed: list[Ordered]) -> None:
        for one in (one for order in placed for one in order.current):
            if not self.place(self.workspace, one.sha256, one.reading).is_file():
                self.findings.append(_lake_file_missing(self.workspace, one))


def _reading_of(file: FoundFile, declared: SourceObject) -> str:
    """How its text is read; a Parquet file says everything itself."""
    return "" if file.format == "parquet" else declared.reading


def _path_key(file: FoundFile) -> tuple[str, str, str]:
    return file.system, file.object, file.relative


def _numbered(fresh: list[_Fresh], history: list[Delivery]) -> list[Delivery]:
    """New deliveries with their place in the journal to be; content that was seen before keeps its file id."""
    ids = {(one.system, one.object, one.sha256, one.reading): one.file_id for one in history}
    next_id = 1 + max(ids.values(), default=0)
    batch = 1 + max((one.batch for one in history), default=0)
    next_seq = 1 + max((one.seq for one in history), default=0)
    numbered = []
    for seq, one in enumerate(fresh, start=next_seq):
        identity = (one.file.system, one.file.object, one.sha256, one.reading)
        if identity not in ids:
            ids[identity] = next_id
            next_id += 1
        numbered.append(
            Delivery(
                seq=seq, batch=batch, first_seen="", file_id=ids[identity], system=one.file.system,
                object=one.file.object, path=one.file.relative, sha256=one.sha256, rows=one.read.rows,
                size_bytes=one.size_bytes, columns=one.read.columns, profile=one.profile,
                reading=one.reading, left_out=one.read.left_out,
            )
        )  # fmt: skip
    return numbered


def _require_text(file: FoundFile, declared: SourceObject) -> None:
    """A typed number has no decimal mark: 1.125 of a workbook would become 1125 where points group digits."""
    if declared.decimal_mark == "," and file.format not in {"csv", "tsv"}:
        raise UnreadableFileError(
            "unsupported_format",
            f"its object declares a decimal comma, and the numbers of a {file.format} file have none",
            "Export it as CSV, or give such files an object of their own without decimal_mark.",
        )


def _require_columns(declared: SourceObject, read: ReadResult) -> None:
    present = {column.lower() for column in read.columns}
    missing = [column for column in declared.required if column.lower() not in present]
    if missing:
        raise UnreadableFileError(
            "required_column_missing",
            f"required columns are missing: {', '.join(missing)} (it has: {', '.join(read.columns)})",
            "Export it again with these columns.",
        )


def _money(
    connection: Connection, declared: SourceObject, target: Path, read: ReadResult
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Its money and turnover by currency, to compare deliveries by; text that is no amount is the gate's matter."""
    if declared.money is None:
        return {}, {}
    columns = declared_columns(declared, read.columns, "data")
    rows = with_money(declared, f"select {columns} from read_parquet({literal(str(target))}) as data")
    totals = connection.execute(
        f"select _currency, sum(_amount), sum(abs(_amount)) from ({rows})"
        " group by all having sum(abs(_amount)) <> 0 order by all"
    ).fetchall()
    return (
        anomalies.totals((currency, total) for currency, total, _ in totals if total),
        anomalies.totals((currency, turnover) for currency, _, turnover in totals),
    )


def _extra_columns(declared: SourceObject, one: Delivery) -> list[FileFinding]:
    known = {column.lower() for column in declared.columns}
    extra = [column for column in one.columns if column.lower() not in known]
    if not extra:
        return []
    unnamed = (
        " Columns without a name are called by their position." if any(map(UNNAMED.fullmatch, extra)) else ""
    )
    return [
        FileFinding(
            "extra_columns", "warn", one.path, f"{one.path} has columns that are kept in the lake and not used: "
            f"{_listed(extra)}.{unnamed}", None, one.system, one.object,
        )
    ]  # fmt: skip


def _listed(columns: Sequence[str], shown: int = 10) -> str:
    """The first names, and how many more there are: an export of an old system may have hundreds."""
    more = len(columns) - shown
    return f"{', '.join(columns[:shown])}{f' and {more} more' if more > 0 else ''}"


def _left_out(one: Delivery) -> list[FileFinding]:
    if not one.left_out:
        return []
    rows = f"{one.left_out:,} row{'' if one.left_out == 1 else 's'}"
    return [
        FileFinding(
            "report_rows_left_out", "warn", one.path, f"{one.path}: {rows} above the header or matching its trailers "
            "are no records and were left out.", None, one.system, one.object,
        )
    ]  # fmt: skip


def _gone(one: Delivery, order: Ordered, present: set[str]) -> list[FileFinding]:
    """A newest full export that alone was removed: perhaps to withdraw it, which removing does not do."""
    others = present.intersection(other.path for other in order.deliveries)
    if one.mode != "full" or one.path in present or not others:
        return []
    return [
        FileFinding(
            "delivery_gone", "warn", one.path, f"{one.path} is no longer there, and stays in force: it was delivered.",
            f'To withdraw it, set ignore = ["{one.file_name}"] under [sources.{one.system}.{one.object}].',
            one.system, one.object,
        )
    ]  # fmt: skip


def _lake_file_missing(workspace: Workspace, one: Delivery) -> FileFinding:
    relative = workspace.relative(lake_file(workspace, one.sha256, one.reading))
    return FileFinding(
        "lake_file_missing", "block", relative, f"{relative} is missing; it holds {one.path}, delivered "
        f"{one.first_seen[:10]}.", "Restore lake/ from a backup, or deliver the same file again.",
        one.system, one.object,
    )  # fmt: skip


class _StatCache:
    """Hashes of files that have not changed since: saves reading them. Losing it costs time, never truth."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, dict[str, int | str]] = self._load()

    def sha256(self, file: FoundFile) -> str | None:
        entry = self._entries.get(file.relative)
        try:
            stat = asdict(file.export.stat())
        except OSError:
            # It will be met again, and reported, when it is opened.
            return None
        if entry is None or {key: entry.get(key) for key in stat} != stat:
            return None
        return str(entry["sha256"])

    def remember(self, file: FoundFile, staged: Staged) -> None:
        # The copy was just stamped by the clock that stamps files; the run's own clock may be another.
        now_ns = staged.path.stat().st_mtime_ns
        if now_ns - max(staged.stat.modified_ns, staged.stat.changed_ns) > _SETTLED_NS:
            self._entries[file.relative] = {**asdict(staged.stat), "sha256": staged.sha256}
        else:
            self._entries.pop(file.relative, None)

    def save(self, files: tuple[FoundFile, ...]) -> None:
        present = {file.relative for file in files}
        entries = {path: entry for path, entry in self._entries.items() if path in present}
        temporary = self._path.with_suffix(".writing")
        temporary.write_text(json.dumps(entries), encoding="utf-8")
        temporary.rename(self._path)

    def _load(self) -> dict[str, dict[str, int | str]]:
        try:
            loaded = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return loaded if isinstance(loaded, dict) else {}
