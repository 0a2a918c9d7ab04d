"""docs/operate says what is so: the units are valid, commands and exit codes are the program's."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import typer.main

from orchestration.cli.main import EXIT_INTERNAL, app
from orchestration.stages import STAGE_TITLES
from warehouse import errors
from warehouse.settings import Settings

ROOT = Path(__file__).parents[2]
OPERATE = ROOT / "docs" / "operate"
INSTALLED = "/opt/tieout/.venv/bin/tieout"


def read(name: str) -> str:
    return (OPERATE / name).read_text(encoding="utf-8")


def options_of(command: str) -> set[str]:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return {option for parameter in commands[command].params for option in parameter.opts}


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    for name in ("tieout@.service", "tieout@.timer"):
        # The program it starts must exist for systemd; here it is installed elsewhere.
        program = shutil.which("true") or "/bin/true"
        (tmp_path / name).write_text(read(name).replace(INSTALLED, program), encoding="utf-8")
    paths = [str(tmp_path / f"tieout@acme.{kind}") for kind in ("service", "timer")]
    done = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_service_writes_its_workspace_alone_and_not_the_exports() -> None:
    unit = read("tieout@.service")
    assert re.findall(r"(?m)^ReadWritePaths=(.+)$", unit) == ["/srv/tieout/%i"]
    assert "ReadOnlyPaths=/srv/tieout/%i/exports" in unit
    assert "ProtectSystem=strict" in unit
    assert "NoNewPrivileges=yes" in unit


@pytest.mark.parametrize(
    "name", ["tieout@.service", "tieout.crontab", "README.md", "a-bad-day.md", "upgrade.md"]
)
def test_every_command_that_is_shown_exists_with_its_options(name: str) -> None:
    shown = re.findall(rf"(?:{re.escape(INSTALLED)}|`tieout) ([a-z]+)([^`>\n]*)", read(name))
    assert shown
    for command, rest in shown:
        if command != "connector":
            assert set(re.findall(r"--[a-z-]+", rest)) <= options_of(command), command


def test_the_page_has_every_exit_code_and_every_stage() -> None:
    kinds = [
        one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.TieoutError)
    ]
    codes = {0, EXIT_INTERNAL, errors.EXIT_INTERRUPTED, *(one.exit_code for one in kinds)}
    page = read("README.md")
    table = page.split("## Exit codes")[1].split("## ")[0]
    assert {int(code) for code in re.findall(r"(?m)^\| (\d+) \|", table)} == codes
    assert [stage for stage in STAGE_TITLES if f"`{stage}`" not in page] == []


def test_the_settings_that_are_shown_are_valid() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", read("README.md"), re.DOTALL)
    notifications, lake = (Settings.parse(tomllib.loads(block)) for block in blocks)
    assert [one.kind for one in notifications.notifications] == ["webhook", "command", "e-mail"]
    assert lake.lake.keep_days == 400


def test_the_container_file_takes_only_what_is_there_and_runs_as_nobody() -> None:
    lines = read("Containerfile").splitlines()
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source
    assert next(line for line in reversed(lines) if line.startswith("USER ")) == "USER 10001"
    assert lines[-2:] == ['ENTRYPOINT ["tieout"]', 'CMD ["run"]']
