"""One writer a workspace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.workspaces import new_workspace
from warehouse.errors import WorkspaceBusyError
from warehouse.lock import workspace_lock

_HOLD = """
import sys, time
from warehouse.lock import workspace_lock
from warehouse.workspace import Workspace
with workspace_lock(Workspace.open(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_told_who_holds_the_workspace(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    with (
        workspace_lock(workspace),
        pytest.raises(WorkspaceBusyError, match=f"process {os.getpid()}, since 20") as caught,
        workspace_lock(workspace),
    ):
        pass
    assert caught.value.exit_code == 5
    with workspace_lock(workspace):
        pass


def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(WorkspaceBusyError, match=f"process {holder.pid}"), workspace_lock(workspace):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with workspace_lock(workspace):
        pass
