"""A closed month that may be published once more: who allows it and why. It stays as published until that is done.

The permission names the version it replaces by the hash of its manifest, so it ends with the version that takes its
place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warehouse.errors import ConfigurationError
from warehouse.journal import Journal
from warehouse.lock import workspace_lock
from warehouse.publish.manifest import read_chain

if TYPE_CHECKING:
    from datetime import date

    from warehouse.publish.manifest import Chain, Month
    from warehouse.workspace import Workspace

REOPENINGS = "reopenings"


@dataclass(frozen=True)
class Reopening:
    """Permission to publish the next version of the last closed month."""

    period: str
    version: int
    """The version in force, which stays readable."""
    manifest_sha256: str
    reason: str
    approved_by: str

    def described(self) -> str:
        """Why, and who approved it, for people."""
        return f"{self.reason} ({self.approved_by or 'nobody was named'})"

    def document(self) -> dict[str, str]:
        """As the manifest of the next version says it."""
        return {"reason": self.reason, "approved_by": self.approved_by}


def reopen(workspace: Workspace, period: str, reason: str, approved_by: str, as_of: date) -> Reopening:
    """Allows version n + 1 of the last closed month; no published file changes."""
    with workspace_lock(workspace):
        chain = read_chain(workspace.published)
        month = _last_closed(chain, period)
        journal = Journal(workspace.journal_dir)
        if (standing := pending(journal, chain)) is not None:
            raise ConfigurationError(
                f"{period} is reopened already, because of: {standing.described()}",
                f"Publish its version {month.version + 1} with `tieout close {period}`.",
            )
        found = Reopening(period, month.version, month.sha256, reason, approved_by)
        journal.append(
            REOPENINGS,
            {
                "period": period,
                "version": month.version,
                "manifest_sha256": month.sha256,
                "as_of": as_of.isoformat(),
                **found.document(),
            },
        )
    return found


def _last_closed(chain: Chain, period: str) -> Month:
    found, last = chain.find(period), chain.last_closed
    if last is None:
        raise ConfigurationError(
            f"{period} is not closed: no month is", "An open month takes what is mended by itself."
        )
    if found is None:
        raise ConfigurationError(
            f"{period} is not closed",
            f"The last closed month is {last.period}; open months need no reopening.",
        )
    if found is not last:
        raise ConfigurationError(
            f"{period} is closed, but later months are too: only the last closed month, {last.period}, can be reopened",
            f"What is mended for {period} posts in the first open month, with its original period and cause.",
        )
    return found


def pending(journal: Journal, chain: Chain) -> Reopening | None:
    """The permission that is not used yet, if there is one."""
    events = journal.read(REOPENINGS)
    if not events or (last := chain.last_closed) is None:
        return None
    for event in reversed(events):
        if event["manifest_sha256"] == last.sha256:
            return Reopening(
                event["period"],
                event["version"],
                event["manifest_sha256"],
                event["reason"],
                event["approved_by"],
            )
    return None
