"""`tieout docs`: the workspace's rules and what the records of the last run come to, as pages. It changes no figure."""

import shutil

import typer

from orchestration.cli.options import WorkspaceOption, open_workspace


def register(app: typer.Typer) -> None:
    """Adds `docs` to the command line."""
    app.command("docs")(docs)


def docs(workspace: WorkspaceOption = None) -> None:
    """Write pages about the rules, and about the records of the last run, to .tieout/docs in the workspace.

    The pages load nothing from elsewhere and run no script.

    Examples:

    - `tieout docs`
    - `tieout docs --workspace tieout-demo`
    """
    from expectations.data_docs import write_data_docs
    from expectations.gate import declared_rules
    from expectations.pages import Policy, index, page
    from warehouse import engine
    from warehouse.errors import ConfigurationError
    from warehouse.lock import workspace_lock
    from warehouse.settings import described_policies

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
        title = f"The rules of {company}"
        rules_page = page(rules, [Policy(*one) for one in described_policies()], title)
        (folder / "rules.html").write_text(rules_page, encoding="utf-8")
        links = {title: "rules.html"}
        links |= {f"Records: {name}": path.relative_to(folder).as_posix() for name, path in pages.items()}
        start = folder / "index.html"
        start.write_text(index(links, f"{company}: rules and records of the last run"), encoding="utf-8")
    typer.echo(f"Wrote {len(pages) + 1:,} pages. Open {start}")
