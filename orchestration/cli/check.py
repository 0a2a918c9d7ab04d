"""`tieout check`: are configuration, exports and connectors fit for a run? It leaves no trace in lake or journal."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from orchestration.cli import output
from orchestration.cli.options import AsOfOption, Format, FormatOption, WorkspaceOption, open_workspace
from orchestration.cli.output import Cell, Column, Table
from warehouse.printing import printable

if TYPE_CHECKING:
    from warehouse.explain.connectors import ConnectorFinding, Mapped
    from warehouse.extract.deliver import Extraction
    from warehouse.extract.order import Delivery
    from warehouse.plan import TransformError


def register(app: typer.Typer) -> None:
    """Adds `check` to the command line."""
    app.command("check")(check)


DELIVERIES = (
    Column("system", "system"),
    Column("object", "object"),
    Column("file", "file"),
    Column("rows", "rows", "number"),
    Column("mode", "mode"),
    Column("is_current", "in force"),
)
# One table for programs: what was read, and everything there is to say of it.
FOR_PROGRAMS = (
    Column("severity", "severity"),
    Column("check", "check"),
    Column("system", "system"),
    Column("object", "object"),
    Column("entity", "entity"),
    Column("column", "column"),
    Column("count", "count", "number"),
    Column("file", "file"),
    Column("row", "row", "number"),
    Column("message", "message"),
)
# Said in one line an entity: none of it is wrong.
LISTED = {"not_given": "optional, not given", "always_empty": "always empty"}


def check(
    workspace: WorkspaceOption = None, as_of: AsOfOption = None, form: FormatOption = Format.table
) -> None:
    """Check tieout.toml, every export file, and what the connectors make of them, without computing anything.

    For the author of a connector: exchange columns that are missing, always empty or not of their type, columns an
    entity does not have, rows that become nothing, objects without a file.

    Examples:

    - `tieout check`
    - `tieout check --workspace /data/acme --format json`
    """
    from orchestration.waivers import expired, require_waivable, standing
    from warehouse.connectors import enabled_connectors
    from warehouse.explain.connectors import look
    from warehouse.lock import workspace_lock
    from warehouse.trial import trial
    from warehouse.workspace import RunContext, today

    opened = open_workspace(workspace)
    require_waivable(opened, standing(opened))
    systems = enabled_connectors(opened)
    context = RunContext(opened, as_of=as_of or today(opened.settings))
    # It uses the scratch folder of a run, so it may not meet one.
    with workspace_lock(opened), trial(context) as tried:
        mapped, findings = look(tried, systems)
    if form is Format.table:
        output.show(_deliveries(tried.extraction.deliveries, sorted(systems), str(opened.exports)), form)
        _tell(mapped, findings)
        for sentence in expired(opened, context.as_of):
            typer.echo(sentence)
    else:
        output.show(_for_programs(tried.extraction, tried.failures, findings), form)
    _judge(tried.extraction, tried.failures, findings, form)


def _deliveries(deliveries: "Sequence[Delivery]", systems: Sequence[str], exports: str) -> Table:
    rows = [(one.system, one.object, one.path, one.rows, one.mode, one.is_current) for one in deliveries]
    return Table(
        DELIVERIES,
        sorted(rows),
        title=f"Exports of {', '.join(systems)}",
        empty=f"No file in {exports} matches an object. Example headers lie in exports/files/.",
    )


def _for_programs(
    extraction: "Extraction", failures: "Sequence[TransformError]", findings: "Sequence[ConnectorFinding]"
) -> Table:
    rows: list[tuple[Cell, ...]] = [
        ("note", "read", one.system, one.object, None, None, one.rows, one.path, None, "in force")
        for one in extraction.current
    ]
    rows += [
        (one.severity, one.rule, one.system, one.object, None, None, None, one.file, None, one.message)
        for one in extraction.findings
    ]
    rows += [
        ("block", "connector_sql", None, None, None, None, None, one.path, None, one.message)
        for one in failures
    ]
    rows += [
        (
            "warn" if one.is_important else "note", one.check, one.system, one.object, one.entity, one.column,
            one.count, one.file, one.row, one.message,
        )
        for one in findings
    ]  # fmt: skip
    return Table(FOR_PROGRAMS, rows)


def _tell(mapped: "Sequence[Mapped]", findings: "Sequence[ConnectorFinding]") -> None:
    """What the connectors give, entity by entity; what is wrong line by line, what is only so in one line."""
    said: dict[tuple[str, str | None], list[ConnectorFinding]] = defaultdict(list)
    for one in findings:
        said[one.system, one.entity].append(one)
    records = {(one.system, one.entity): one.records for one in mapped}
    for system, entity in sorted({*records, *said}, key=lambda key: (key[0], key[1] or "~")):
        own = said[system, entity]
        if entity is None:
            _tell_objects(system, own, some_delivered=any(n for (s, _), n in records.items() if s == system))
        elif records.get((system, entity)) or any(one.is_important for one in own):
            count = records.get((system, entity), 0)
            typer.echo(f"{system}: {count:,} {entity} from connectors/{system}/{entity}.sql")
            _tell_findings(own)


def _tell_findings(findings: "Sequence[ConnectorFinding]") -> None:
    for one in findings:
        if one.is_important:
            typer.echo(f"  {one.check}: {printable(one.message)}")
    for check, words in LISTED.items():
        names = [one.column or "" for one in findings if one.check == check]
        if names:
            typer.echo(f"  {words}: {', '.join(names)}")


def _tell_objects(system: str, findings: "Sequence[ConnectorFinding]", *, some_delivered: bool) -> None:
    important = [one for one in findings if one.is_important]
    if important:
        typer.echo(f"{system}:")
        _tell_findings(important)
    missing = [one.object or "" for one in findings if one.check == "no_file"]
    if missing:
        typer.echo(f"{system}: no file for {', '.join(missing) if some_delivered else 'any of its objects'}")


def _judge(
    extraction: "Extraction",
    failures: "Sequence[TransformError]",
    findings: "Sequence[ConnectorFinding]",
    form: Format,
) -> None:
    """The warnings of files, and the end of the command: done, blocked, or a connector that can't be run."""
    from orchestration.cli.blocked import explained
    from orchestration.findings import described
    from warehouse.errors import BlockedError

    if form is Format.table:
        for warning in (one for one in extraction.findings if one.severity != "block"):
            for line in described(warning):
                typer.echo(line)
    for failure in failures[1:]:
        typer.echo(f"tieout: {failure}", err=True)
    if failures:
        raise failures[0]
    if extraction.blocks:
        with explained():
            raise BlockedError(
                f"{len(extraction.blocks):,} fault{'' if len(extraction.blocks) == 1 else 's'} would block a run",
                extraction.blocks,
            )
    if form is Format.table:
        typer.echo(
            f"tieout.toml and connectors are valid; nothing in the files blocks a run{_but(findings)}."
        )


def _but(findings: "Sequence[ConnectorFinding]") -> str:
    """What is valid and can't be meant: the author looks at it before a run."""
    total = [one for one in findings if one.concerns_all]
    words = []
    if total:
        checks = ", ".join(sorted({one.check for one in total}))
        number = "1 finding is" if len(total) == 1 else f"{len(total):,} findings are"
        words.append(f"{number} likely to hold every record ({checks})")
    if any(one.check == "money_differs" for one in findings):
        words.append("the run is likely to end blocked by E6 (money_differs)")
    return f", but {' and '.join(words)}" if words else ""
