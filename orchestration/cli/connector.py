"""`tieout connector`: tools for those who write connectors. Comparing is warehouse.fixtures' matter."""

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli import output
from orchestration.cli.options import Format, FormatOption, WorkspaceOption, open_workspace
from orchestration.cli.output import Cell, Column, Table
from warehouse.printing import printable

if TYPE_CHECKING:
    from warehouse.fixtures import Result

commands = typer.Typer(
    help="Tools for those who write connectors.", no_args_is_help=True, rich_markup_mode="markdown"
)
COLUMNS = (
    Column("system", "system"),
    Column("case", "case"),
    Column("entity", "entity"),
    Column("result", "result"),
    Column("records", "records", "number"),
    Column("key", "record"),
    Column("column", "column"),
    Column("expected", "expected"),
    Column("found", "found"),
    Column("message", "message"),
)


def register(app: typer.Typer) -> None:
    """Adds `connector` and its tools to the command line."""
    app.add_typer(commands, name="connector")


@commands.callback()
def connector() -> None:
    """Tools for those who write connectors.

    Examples:

    - `tieout connector test`
    """


@commands.command("test")
def run_fixtures(
    systems: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SYSTEM]...", help="Default: all with fixtures.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Run the fixtures of connectors: export files must become the exchange records beside them.

    A case is connectors/SYSTEM/fixtures/CASE/ with files as the system drops them, and in its folder expected/ one
    ENTITY.csv with the records they become. Columns that it doesn't name are not compared.

    Examples:

    - `tieout connector test`
    - `tieout connector test northwind`
    - `tieout connector test --format json`
    """
    from warehouse import fixtures
    from warehouse.connectors import load_connectors
    from warehouse.errors import VerificationError
    from warehouse.lock import workspace_lock

    opened = open_workspace(workspace)
    cases = fixtures.cases_of(load_connectors(opened), systems or ())
    with workspace_lock(opened):
        results = list(fixtures.run(opened, cases))
    if form is Format.table:
        _tell(results)
    else:
        output.show(Table(COLUMNS, [row for one in results for row in _rows(one)]), form)
    failed = [one for one in results if not one.passed]
    if failed:
        raise VerificationError(
            f"{len(failed):,} of {len(results):,} expected entities are not what the connector gives",
            "Mend the connector's SQL, or what its fixtures expect.",
        )


def _rows(result: "Result") -> list[tuple[Cell, ...]]:
    """One row an entity that is as expected, else one a difference."""
    place = (result.case.system, result.case.name, result.entity, "passed" if result.passed else "failed")
    if not result.differences:
        return [(*place, result.records, None, None, None, None, result.fault)]
    return [
        (*place, result.records, one.key, one.column, one.expected, one.found, None)
        for one in result.differences
    ]


def _tell(results: "list[Result]") -> None:
    for one in results:
        where = " ".join(part for part in (one.case.system, one.case.name, one.entity) if part)
        if one.passed:
            typer.echo(f"passed  {where}: {one.records:,} record{'' if one.records == 1 else 's'}")
            continue
        typer.echo(f"FAILED  {where}{f': {one.fault}' if one.fault else ''}")
        for difference in one.differences:
            place = f"{difference.key} {difference.column}" if difference.column else difference.key
            typer.echo(
                f"        {printable(place)}: expected {_shown(difference.expected)}, "
                f"found {_shown(difference.found)}"
            )


def _shown(text: str | None) -> str:
    return "nothing" if text is None else printable(text)
