"""Make the report of a published month again and write it to standard output: the same bytes, from the same release."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from warehouse.engine import connect
from warehouse.errors import ConfigurationError, TieoutError
from warehouse.explain.report.page import report
from warehouse.publish.manifest import inspect_chain


def again(folder: Path) -> bytes:
    """The report of a month, from its folder and those of the months before it."""
    folder = folder.resolve()
    chain, _ = inspect_chain(folder.parent.parent)
    found = [month for month in chain.folders if month.path == folder]
    if not found:
        raise ConfigurationError(
            f"{folder} is no published month", "Name a folder like published/2026-03/v1."
        )
    folders = [month.path for month in chain.through(found[0]).months]
    with closing(connect(allowed=[folder.parent.parent])) as con:
        return report(con, found[0].document, folders)


def main() -> int:
    """The one argument is the month's folder."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m warehouse.explain.report published/<period>/v<n> > report.html\n")
        return 2
    try:
        sys.stdout.buffer.write(again(Path(sys.argv[1])))
    except TieoutError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
