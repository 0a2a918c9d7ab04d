"""Every file case comes to what it should; every rule there is has a case, and every rule extraction tells is one."""

from __future__ import annotations

import re
from pathlib import Path

from expectations.suites import shipped_rules
from tests.catalogue import files, stopped
from tests.catalogue.run import RECORDS, coverage, run_files
from warehouse.settings import DELIVERY_RULES

EXTRACT = Path(__file__).parents[2] / "warehouse" / "extract"
_TOLD = re.compile(r"(?:FileFinding|UnreadableFileError)\(\s*\"([a-z_]+)\"")


def test_every_file_comes_to_what_it_should(tmp_path: Path) -> None:
    assert [result for result in run_files(tmp_path) if not result.is_as_expected] == []


def test_every_rule_has_a_case() -> None:
    expected = [one.failures for one in (*RECORDS, *stopped.CASES)] + [one.findings for one in files.CASES]
    assert [rule for rule, count in coverage(expected).items() if not count] == []


def test_every_rule_that_extraction_tells_stands_in_the_suite_of_files() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in EXTRACT.rglob("*.py"))
    told = {*DELIVERY_RULES, *_TOLD.findall(source)}
    assert told == {rule.id for rule in shipped_rules() if rule.entity == "files"}
