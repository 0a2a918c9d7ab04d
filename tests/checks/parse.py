"""The dbt project of a new workspace can be parsed and compiled. Compiling for Spark is portability.py's matter."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from warehouse.errors import TieoutError
from warehouse.transform import compiled
from warehouse.workspace import Workspace


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.init(Path(folder) / "workspace")
        try:
            steps = compiled(workspace).plan.steps
        except TieoutError as error:
            print(error.message)
            return 1
    tests = sum(step.is_test for step in steps)
    print(f"dbt compiles {len(steps) - tests} models and {tests} tests")
    return 0


if __name__ == "__main__":
    sys.exit(main())
