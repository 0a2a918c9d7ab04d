"""The dbt project as a new workspace assembles it can be parsed. Compiling for Spark is portability.py's matter."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from warehouse.errors import TieoutError
from warehouse.transform import Dbt
from warehouse.workspace import Workspace


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.init(Path(folder) / "workspace")
        try:
            manifest = Dbt(workspace).parse()
        except TieoutError as error:
            print(error.message)
            return 1
    models = sum(node.resource_type == "model" for node in manifest.nodes.values())
    print(f"dbt parses {models} models")
    return 0


if __name__ == "__main__":
    sys.exit(main())
