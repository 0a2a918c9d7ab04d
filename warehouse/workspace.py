"""A workspace: where its files lie, and the context of one run on it. What is in the files is for other modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from warehouse.errors import ConfigurationError
from warehouse.settings import Settings, template

__all__ = ["RunContext", "Settings", "Waiver", "Workspace", "shipped"]

CONFIGURATION = "tieout.toml"


def shipped(name: str) -> Path:
    """A data folder that comes with the package, such as `dbt_project` or `expectations/suites`.

    In a wheel the dbt project lies inside this package; in a checkout it lies beside it.
    """
    package = Path(__file__).resolve().parent
    for candidate in (package / "_shipped" / name, package.parent / name):
        if candidate.is_dir():
            return candidate
    raise ConfigurationError(
        f"This installation of tieout is incomplete: it has no {name}.", "Install the package again."
    )


@dataclass(frozen=True)
class Workspace:
    """One folder holds one company's data; nothing is ever written outside it."""

    root: Path
    settings: Settings

    @classmethod
    def open(cls, path: Path | str) -> Workspace:
        root = Path(path).expanduser().resolve()
        configuration = root / CONFIGURATION
        if not configuration.is_file():
            raise ConfigurationError(
                f"{root} is not a workspace: it has no {CONFIGURATION}.",
                f"Make one with `tieout init {root}`.",
            )
        return cls(root, Settings.load(configuration))

    @classmethod
    def init(cls, path: Path | str) -> Workspace:
        """A new workspace: commented configuration, empty folders, the header of every exchange entity."""
        root = Path(path).expanduser().resolve()
        if (root / CONFIGURATION).exists():
            raise ConfigurationError(f"{root} already is a workspace.", "Choose another folder.")
        if root.exists() and not root.is_dir():
            raise ConfigurationError(f"{root} is a file, not a folder.", "Choose another folder.")
        workspace = cls(root, Settings())
        for folder in workspace.given_folders():
            folder.mkdir(parents=True, exist_ok=True)
        _write_examples(workspace.exports / "files")
        # Last: a folder without it is no workspace, so an interrupted init can simply be repeated.
        (root / CONFIGURATION).write_text(template(), encoding="utf-8")
        return workspace

    def given_folders(self) -> tuple[Path, ...]:
        return (self.root, self.exports / "files", self.connectors, self.expectations)

    @property
    def configuration(self) -> Path:
        return self.root / CONFIGURATION

    # given
    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def connectors(self) -> Path:
        return self.root / "connectors"

    @property
    def expectations(self) -> Path:
        return self.root / "expectations"

    # never delete
    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def journal_dir(self) -> Path:
        return self.root / "journal"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def tieout_db(self) -> Path:
        return self.published / "tieout.duckdb"

    # rebuildable
    @property
    def warehouse_db(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def state(self) -> Path:
        return self.root / ".tieout"

    @property
    def lock_file(self) -> Path:
        return self.state / "lock"

    @property
    def docs(self) -> Path:
        return self.state / "docs"

    @property
    def spill(self) -> Path:
        return self.state / "spill"

    @property
    def dbt_project(self) -> Path:
        return self.state / "dbt"

    def relative(self, path: Path) -> str:
        """A path as it is written down: relative to the workspace, so that a workspace can be moved."""
        return path.relative_to(self.root).as_posix()


def _write_examples(folder: Path) -> None:
    """`<entity>.csv.example`: the header of each exchange entity; the ending keeps it from being an export."""
    from warehouse.connectors import load_connector

    files = load_connector(shipped("dbt_project") / "connectors" / "files")
    for name, declared in files.objects.items():
        (folder / f"{name}.csv.example").write_text(",".join(declared.columns) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Waiver:
    """A rule that does not block this close, and who answers for it."""

    rule: str
    reason: str
    approved_by: str = ""
    contract_id: str | None = None
    """Only the faults of this contract."""
    expires: date | None = None
    """The last as-of day of a close for which it counts; None: given for one close."""


@dataclass(frozen=True)
class RunContext:
    """The only parameter of a run: what-if, rebuild and tests are other contexts.

    `started_at` is the one place where a run reads the clock; no figure depends on it.
    """

    workspace: Workspace
    as_of: date
    close_period: str | None = None
    waivers: tuple[Waiver, ...] = ()
    full_refresh: bool = False
    prepared_by: str = ""
    approved_by: str = ""
    reopening: Mapping[str, str] | None = None
    """Where close_period is closed already and is published once more: the reason, and who approved it."""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def settings(self) -> Settings:
        return self.workspace.settings

    def is_waived(self, rule: str) -> bool:
        """Whether a rule is waived for everything; a contract's own faults are the close gate's matter."""
        return any(waiver.rule == rule and waiver.contract_id is None for waiver in self.waivers)

    def data_time(self) -> datetime:
        """The instant at which data is looked at: now, or the end of as_of where that has passed."""
        zone = ZoneInfo(self.settings.company.time_zone)
        end_of_day = datetime.combine(self.as_of + timedelta(days=1), time(), zone)
        return min(self.started_at, end_of_day)


def today(settings: Settings, now: datetime | None = None) -> date:
    """The date it is in the company's time zone: the default of --as-of."""
    return (now or datetime.now(UTC)).astimezone(ZoneInfo(settings.company.time_zone)).date()
