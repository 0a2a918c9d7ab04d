"""The log that programs read: one JSON object a line, each with its run, and stages with seconds, rows and outcome."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from orchestration.cli import main
from orchestration.progress import JsonLines, Lines
from warehouse.workspace import Workspace

START = {"event": "start", "run_id": "run-1", "command": "close"}


def logged(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_stage_is_logged_once_it_is_known_how_it_went() -> None:
    out = io.StringIO()
    log = JsonLines(out)
    log.record(START)
    log.stage("extract")
    log.say("reading\nexports/a.csv")
    log.count(12)
    log.stage("close", "2026-03")
    log.record({"event": "end", "run_id": "run-1", "exit_code": 3})
    log.done()
    lines = logged(out)
    assert [line["event"] for line in lines] == ["start", "note", "stage", "stage", "end"]
    assert {line["run_id"] for line in lines} == {"run-1"}
    assert all("at" in line for line in lines)
    assert lines[1]["message"] == "reading\nexports/a.csv"
    extract, close = lines[2], lines[3]
    assert (extract["stage"], extract["rows"], extract["outcome"]) == ("extract", 12, "done")
    assert (close["stage"], close["period"], close["outcome"]) == ("close", "2026-03", "failed")
    assert isinstance(close["seconds"], float)


def test_plain_lines_stay_what_they_were() -> None:
    out = io.StringIO()
    log = Lines(out)
    log.record(START)
    log.stage("close", "2026-03")
    log.count(12)
    log.record({"event": "end"})
    log.done()
    assert [line.rpartition(":")[0] for line in out.getvalue().splitlines()] == ["tying out 2026-03"]


def test_a_json_log_is_nothing_but_json_and_the_exit_code_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = Workspace.init(tmp_path / "acme")
    monkeypatch.setenv("TIEOUT_LOG_FORMAT", "json")
    monkeypatch.setattr("sys.argv", ["tieout", "run", "-w", str(workspace.root)])
    assert main.run_command_line() == 3
    said = capsys.readouterr()
    assert said.out == ""
    lines = [json.loads(line) for line in said.err.splitlines()]
    assert lines[-1]["outcome"] == "blocked"
    assert lines[-1]["exit_code"] == 3
    assert lines[-1]["findings"][0]["rule"] == "no_exports"
    assert "tieout check" in lines[-1]["findings"][0]["remedy"]
