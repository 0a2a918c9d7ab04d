"""Exit codes and sentences of the command line: what an operator and a scheduler see."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from warehouse.errors import TieoutError
from warehouse.lock import workspace_lock
from warehouse.workspace import Workspace

ROOT = Path(__file__).parents[2]


def tieout(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli.main", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
    )


def test_help_lists_every_command_and_each_has_examples() -> None:
    import typer.main

    from orchestration.cli.main import app

    command = typer.main.get_command(app)
    commands = dict(command.commands)  # type: ignore[attr-defined]
    groups = commands.pop("show").commands
    tools = commands.pop("connector").commands
    assert sorted(tools) == ["test"]
    assert sorted(commands) == [
        "check",
        "close",
        "demo",
        "docs",
        "export",
        "init",
        "notify",
        "prune",
        "reopen",
        "run",
        "status",
        "ui",
        "verify",
    ]
    assert sorted(groups) == [
        "backlog",
        "bbb",
        "completeness",
        "metrics",
        "quarantine",
        "reconciliation",
        "rollforward",
        "waterfall",
    ]
    for name, one in {**commands, **groups, **tools}.items():
        assert "Examples:" in (one.help or ""), name


def test_init_makes_a_workspace_that_check_accepts(tmp_path: Path) -> None:
    made = tieout("init", "acme", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    checked = tieout("check", "-w", "acme", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "nothing in the files blocks a run" in checked.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "is not a workspace: it has no tieout.toml"),
        (["run", "--as-of", "31.10.2026"], "'31.10.2026' is not a day like 2026-10-31"),
        (["close", "2026-10", "--waive", "late"], "every waiver needs a reason"),
        (["close", "2026-10", "--reason", "because"], "a reason needs the rule it is for"),
        (["close", "2026-10", "--waive", "vanished", "--reason", "r"], "needs someone who answers for it"),
        (
            ["close", "2026-10", "--waive", "E2", "--reason", "r", "--approved-by", "S. Chen"],
            "rule E2 can't be waived: an equation that does not hold",
        ),
        (["show", "nothing"], "No such command"),
        (["close"], "Missing argument"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_wrong(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    if arguments[0] == "close" and len(arguments) > 1:
        Workspace.init(tmp_path)
    done = tieout(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_an_unknown_setting_names_the_nearest_known_one(tmp_path: Path) -> None:
    Workspace.init(tmp_path / "acme")
    (tmp_path / "acme" / "tieout.toml").write_text('[policies]\nmax_held_contract_percent = "1"\n')
    done = tieout("check", "-w", "acme", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean max_held_contracts_percent?" in done.stderr


def test_a_held_workspace_exits_5_and_says_by_whom(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "acme")
    with workspace_lock(workspace):
        done = tieout("check", "-w", "acme", cwd=tmp_path)
    assert done.returncode == 5
    assert f"process {os.getpid()}" in done.stderr


def test_there_is_nothing_to_run_without_exports(tmp_path: Path) -> None:
    Workspace.init(tmp_path / "acme")
    done = tieout("run", "-w", "acme", "--as-of", "2026-08-05", cwd=tmp_path)
    assert done.returncode == 3
    assert "no export was ever delivered" in done.stderr
    assert "tieout check" in done.stderr


def test_an_unexpected_error_is_one_line_and_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestration.cli import main

    workspace = Workspace.init(tmp_path / "acme")
    monkeypatch.setattr(main, "app", _raises(ZeroDivisionError("boom")))
    monkeypatch.setattr(sys, "argv", ["tieout", "run", "--workspace", str(workspace.root)])
    code = main.run_command_line()
    said = capsys.readouterr().err
    assert code == 1
    assert "internal error: ZeroDivisionError: boom" in said
    assert "Traceback" not in said
    assert "ZeroDivisionError" in (workspace.state / "logs" / "tieout-errors.log").read_text()


def test_debug_shows_the_traceback_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestration.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main, "app", _raises(TieoutError("it broke", "mend it")))
    monkeypatch.setattr(sys, "argv", ["tieout", "status", "--debug"])
    code = main.run_command_line()
    said = capsys.readouterr().err
    assert code == 1
    assert "Traceback" in said
    assert "tieout: it broke\n        mend it" in said


def _raises(error: Exception) -> object:
    def app(args: list[str], prog_name: str) -> None:
        raise error

    return app


def test_the_demo_says_where_the_command_is_only_where_the_shell_does_not_find_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from orchestration.cli import demo

    monkeypatch.setattr("shutil.which", lambda _: None)
    assert demo._where_it_is() == f' (first: export PATH="{Path(sys.executable).parent}:$PATH")'
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/tieout")
    assert demo._where_it_is() == ""
