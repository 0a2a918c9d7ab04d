"""docs/rules.md says what the suites say. `python -m tests.checks.pages` compares, with --write it writes the page."""

from __future__ import annotations

import sys
from pathlib import Path

from expectations.gate import declared_rules
from expectations.pages import Policy, markdown
from warehouse.settings import described_policies

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rules.md"


def wanted() -> str:
    """The page as it should be."""
    return markdown(declared_rules(), [Policy(*one) for one in described_policies()])


def main() -> int:
    if "--write" in sys.argv:
        PAGE.write_text(wanted(), encoding="utf-8")
        return 0
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != wanted():
        print("docs/rules.md is not what the suites say: run `make format`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
