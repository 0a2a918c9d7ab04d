"""What a figure was computed with, as hashes: policies, code, configuration. Hashes of data are the lake's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from warehouse import __version__
from warehouse.settings import Settings
from warehouse.workspace import Workspace, shipped

_NOT_CODE = {"__pycache__", "target", "logs", "dbt_packages", "fixtures"}


def policies_hash(settings: Settings) -> str:
    """What the company decided: the same as long as no decision changes, however the file is written."""
    return _hash(settings.model_dump(mode="json", include={"company", "policies"}))


def configuration_hash(settings: Settings) -> str:
    """Everything in tieout.toml that can change what a run does; threads, memory, its hour or who is told cannot."""
    return _hash(settings.model_dump(mode="json", exclude={"engine", "lake", "notifications", "schedule"}))


def code_hash(workspace: Workspace) -> str:
    """The rules a run applies: the package's models and suites, the workspace's own, the package's version."""
    places = {
        "dbt_project": shipped("dbt_project"),
        "suites": shipped("expectations/suites"),
        "connectors": workspace.connectors,
        "expectations": workspace.expectations,
    }
    files = {f"{name}/{inner}": digest for name, root in places.items() for inner, digest in _files(root)}
    return _hash({"version": __version__, "files": files})


def file_hash(path: Path) -> str:
    """sha256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(root: Path) -> Iterable[tuple[str, str]]:
    if not root.is_dir():
        return
    for path in sorted(root.rglob("*")):
        inner = path.relative_to(root)
        if path.is_file() and not _NOT_CODE.intersection(inner.parts) and path.suffix != ".pyc":
            yield inner.as_posix(), file_hash(path)


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
