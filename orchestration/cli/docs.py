"""`tieout docs`: the workspace's policies and rules, and what the records of the last run come to, as pages.

It changes no figure.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from orchestration.cli.options import WorkspaceOption, open_workspace

if TYPE_CHECKING:
    from expectations.suites import Rule
    from warehouse.engine import Connection
    from warehouse.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Adds `docs` to the command line."""
    app.command("docs")(docs)


def docs(workspace: WorkspaceOption = None) -> None:
    """Write pages about policies, rules, and the records of the last run to .tieout/docs in the workspace.

    The pages load nothing from elsewhere and run no script.

    Examples:

    - `tieout docs`
    - `tieout docs --workspace tieout-demo`
    """
    from expectations.data_docs import write_data_docs
    from expectations.gate import declared_rules
    from expectations.pages import index, page
    from warehouse import engine
    from warehouse.errors import ConfigurationError
    from warehouse.lock import workspace_lock

    opened = open_workspace(workspace)
    rules = declared_rules(opened.expectations)
    folder = opened.docs
    company = opened.settings.company.name or opened.root.name
    # It looks at the working warehouse, which a run has to itself.
    with workspace_lock(opened):
        if not opened.warehouse_db.is_file():
            raise ConfigurationError(
                "There was no run yet, so there are no records to show.", "Start `tieout run`."
            )
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with engine.session(opened, read_only=True) as connection:
            pages = write_data_docs(connection, opened.warehouse_db, rules, folder)
            (folder / "policies.html").write_text(
                _policy_page(opened, connection, rules, f"The policies of {company}"), encoding="utf-8"
            )
        (folder / "rules.html").write_text(page(rules, f"The rules of {company}"), encoding="utf-8")
        links = {f"The policies of {company}": "policies.html", f"The rules of {company}": "rules.html"}
        links |= {f"Records: {name}": path.relative_to(folder).as_posix() for name, path in pages.items()}
        start = folder / "index.html"
        start.write_text(
            index(links, f"{company}: policies, rules and records of the last run"), encoding="utf-8"
        )
    typer.echo(f"Wrote {len(pages) + 2:,} pages. Open {start}")


def _policy_page(workspace: Workspace, connection: Connection, rules: Sequence[Rule], title: str) -> str:
    """Settings from tieout.toml, and how many records and lines go by each rule and method now."""
    from expectations import policies
    from expectations.pages import Setting
    from warehouse.settings import described_overrides, described_settings

    settings = workspace.settings
    left_out = connection.execute("select entity, rule, count(*) from audit.excluded group by all").fetchall()
    lines = connection.execute(
        "select coalesce(method, ''), coalesce(convention, ''), count(*) from marts.dim_contract_line group by all"
    ).fetchall()
    return policies.policy_page(
        policies.Workspace(
            rules,
            [Setting(**asdict(one)) for one in described_settings(settings)],
            [Setting(**asdict(one)) for one in described_overrides(settings)],
            [
                (f"`{one.rule}`", one.contract or "all", one.reason, one.approved_by, one.expires.isoformat())
                for one in settings.waivers
            ],
            {(entity, rule): count for entity, rule, count in left_out},
            {(method, convention): count for method, convention, count in lines},
        ),
        title,
    )
