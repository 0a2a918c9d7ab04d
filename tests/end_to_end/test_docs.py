"""`tieout docs` shows rules and records as pages that load nothing, run nothing and change nothing."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from orchestration.cli.docs import docs
from tests.catalogue.cases import AS_OF, MASTER, merged, plain
from tests.catalogue.combined import MARKED
from tests.harness import Company
from warehouse.errors import ConfigurationError


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_pages_of_a_run_hold_its_records_as_text_and_change_nothing(tmp_path: Path) -> None:
    company = Company(tmp_path / "workspace")
    root = company.workspace.root
    with pytest.raises(ConfigurationError, match="no run yet"):
        docs(root)
    company.deliver(merged(MASTER, plain("good"), plain(MARKED, customer_id=MARKED, status=MARKED)))
    company.run(AS_OF)
    before = digest(company.workspace.warehouse_db), digest(company.workspace.tieout_db)
    docs(root)
    assert (digest(company.workspace.warehouse_db), digest(company.workspace.tieout_db)) == before
    pages = {
        path.relative_to(company.workspace.state / "docs").as_posix(): path.read_text(encoding="utf-8")
        for path in (company.workspace.state / "docs").rglob("*.html")
    }
    for name, text in pages.items():
        assert "Content-Security-Policy" in text, name
        assert not re.search(r"<script|<link|<img|src=", text), name
    (records,) = (text for name, text in pages.items() if re.match(r"validations/contracts/", name))
    assert "&lt;script&gt;alert(" in records
    assert "unknown_customer" in records
    assert "<code>policies.freshness_hours</code></td><td>0</td><td>36</td>" in pages["policies.html"]
    assert re.search(r"<code>ratable</code></td><td>[^<]*</td><td>[1-9]", pages["policies.html"])
    for link in re.findall(r'href="([^"#]+)"', pages["index.html"]):
        assert link in pages
