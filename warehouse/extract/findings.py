"""What extraction has to say about files. What it means for a run is decided by the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["block", "warn"]


@dataclass(frozen=True, order=True)
class FileFinding:
    """A fault or oddity of one file, in words its owner can act on."""

    rule: str
    severity: Severity
    file: str
    message: str
    remedy: str | None = None
    system: str | None = None
    object: str | None = None


class UnreadableFileError(Exception):
    """A file that cannot be used, with rule, sentence and remedy; it becomes a finding and never leaves extraction."""

    def __init__(self, rule: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.remedy = remedy

    def finding(self, file: str, system: str, name: str) -> FileFinding:
        return FileFinding(self.rule, "block", file, f"{file}: {self.message}", self.remedy, system, name)
