"""What can go wrong, as types an operator can act on. Printing and exit happen in the command line, not here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Protocol

EXIT_INTERRUPTED = 130
"""Ctrl-C, as shells report it."""


class BlockingFinding(Protocol):
    """What every reason for a block can say about itself, whoever found it: the extractor or the gate."""

    @property
    def rule(self) -> str: ...

    @property
    def message(self) -> str: ...

    @property
    def remedy(self) -> str | None: ...


class TieoutError(Exception):
    """One clear sentence, what to do about it, and the exit code of the command that meets it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class ConfigurationError(TieoutError):
    """The workspace or the command is wrong; nothing was started."""

    exit_code = 2


class BlockedError(TieoutError):
    """The gate stopped the run or the close. What that means for readers is a sentence of its own: nothing has changed
    for them, or some months of a close were published before the one that is blocked."""

    exit_code = 3

    def __init__(
        self,
        message: str,
        findings: Iterable[BlockingFinding] = (),
        remedy: str | None = None,
        *,
        consequence: str | None = None,
    ) -> None:
        super().__init__(f"{message} {consequence}" if consequence else message, remedy)
        self.cause = message
        self.findings: tuple[BlockingFinding, ...] = tuple(findings)

    def with_consequence(self, consequence: str) -> BlockedError:
        """The same block where it means something else for readers."""
        return BlockedError(self.cause, self.findings, self.remedy, consequence=consequence)


class VerificationError(TieoutError):
    """Published files are not what the chain of manifests says."""

    exit_code = 4


class WorkspaceBusyError(TieoutError):
    """Another run holds the workspace; starting a second one would be unsafe."""

    exit_code = 5
