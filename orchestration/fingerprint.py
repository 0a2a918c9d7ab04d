"""Identity of everything a run depends on, so that an unchanged run can do nothing. It judges nothing."""

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from warehouse import fingerprint as rules
from warehouse.extract.deliver import Extraction
from warehouse.workspace import RunContext

PROGRAM = ("warehouse", "expectations", "orchestration")


def fingerprint(context: RunContext, extraction: Extraction, chain_head: str | None) -> str:
    """One hash of the deliveries in force, configuration, code, as-of date and published chain."""
    workspace = context.workspace
    deliveries = [
        [one.system, one.object, one.path, one.sha256, one.file_id, one.rank] for one in extraction.current
    ]
    parts = {
        "as_of": context.as_of.isoformat(),
        "chain_head": chain_head,
        "configuration": rules.configuration_hash(workspace.settings),
        "rules": rules.code_hash(workspace),
        "program": own_program(),
        "deliveries": sorted(deliveries),
        "findings": sorted([one.rule, one.file] for one in extraction.findings),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@cache
def own_program() -> str:
    """Hash of the program that runs."""
    return program_hash(Path(__file__).resolve().parent.parent, PROGRAM)


def program_hash(package: Path, folders: Iterable[str]) -> str:
    """Hash of the program itself: an upgrade may extract or check differently."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((package / folder).rglob("*.py")):
            digest.update(f"{path.relative_to(package).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
