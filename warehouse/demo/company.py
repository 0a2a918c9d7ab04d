"""Generates the company: every contract's whole life as sets of rows, from a seed and two sizes.

Chance is a number made of md5 of the seed and of what is rolled for (sql/1_vocabulary.sql), so the same seed gives the
same rows on any machine, whatever the number of threads. A wave is what the systems held on one day.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from warehouse import engine
from warehouse.errors import ConfigurationError

LEAST_CONTRACTS, MOST_CONTRACTS = 200, 1_000_000
LEAST_MONTHS, MOST_MONTHS = 18, 120
WAVES = (1, 2, 3)

# The last month of the history; the demo stands on fixed days, so that what it prints can be told beforehand.
_LAST_MONTH = (2026, 8)
_SQL = Path(__file__).with_name("sql")


@dataclass(frozen=True)
class Size:
    """What `tieout demo` is asked for."""

    contracts: int = 1_000
    months: int = 30
    seed: int = 1
    dirt: Decimal = Decimal("0.01")

    def __post_init__(self) -> None:
        for name, value, least, most in (
            ("contracts", self.contracts, LEAST_CONTRACTS, MOST_CONTRACTS),
            ("months", self.months, LEAST_MONTHS, MOST_MONTHS),
            ("dirt", self.dirt, 0, Decimal("0.5")),
        ):
            if not least <= value <= most:
                raise ConfigurationError(
                    f"--{name} {value}: a demo has {least:,} to {most:,}.", "Choose a number between them."
                )


@dataclass(frozen=True)
class Wave:
    """A delivery, and the month that is closed on it."""

    number: int
    closes: str
    """The month that is closed, such as 2026-06."""
    closed_through: date

    @property
    def exported(self) -> date:
        """The day whose state the exports hold."""
        return self.closed_through + timedelta(days=4)

    @property
    def as_of(self) -> date:
        """The day the run stands on."""
        return self.closed_through + timedelta(days=5)


def wave(number: int) -> Wave:
    """Of three waves: the history, and the two months after it."""
    year, month = _month(len(WAVES) - number)
    last = date(year, month, calendar.monthrange(year, month)[1])
    return Wave(number, f"{year}-{month:02d}", last)


def _month(back: int) -> tuple[int, int]:
    year, month = _LAST_MONTH
    count = year * 12 + month - 1 - back
    return count // 12, count % 12 + 1


@contextmanager
def generated(size: Size, database: Path) -> Iterator[engine.Connection]:
    """A database with the company, for the time of the block; on disk, because a large one has no place in memory."""
    settings = {"memory_limit": "2GB", "temp_directory": str(database.parent / "spill")}
    connection = engine.connect(database, settings=settings)
    try:
        for name, value in _variables(size).items():
            connection.execute(f"set variable {name} = {value}")
        stand_on(connection, wave(1))
        for path in sorted(_SQL.glob("*.sql")):
            connection.execute(path.read_text(encoding="utf-8"))
        yield connection
    finally:
        connection.close()
        database.unlink()


def stand_on(connection: engine.Connection, delivered: Wave) -> None:
    """From now on the views of the systems show this wave."""
    connection.execute(f"set variable wave = {delivered.number}")
    connection.execute(f"set variable exported = date {engine.literal(delivered.exported.isoformat())}")


def news(connection: engine.Connection, delivered: Wave) -> list[tuple[str, int]]:
    """What a wave brings that the one before had not, by name; late is what belongs to a month closed by then."""
    closed = wave(delivered.number - 1).closed_through if delivered.number > 1 else date.min
    parameters = {"wave": delivered.number, "closed": closed}
    return [
        (name, connection.execute(f"select count(*) from {query}", parameters).fetchall()[0][0])
        for name, query in _NEWS
    ]


_NEWS = (
    ("new contracts", "contracts where wave = $wave and signed_date > $closed"),
    ("late contracts", "contracts where wave = $wave and signed_date <= $closed"),
    ("amendments", "amendments where wave = $wave and effective_date > $closed"),
    ("amendments of closed months", "amendments where wave = $wave and effective_date <= $closed"),
    ("corrected orders", "corrections where wave = $wave and $closed > date '0001-01-01'"),
    ("invoices", "invoices where wave = $wave and $closed is not null"),
    ("invoices made void", "invoices where void_wave = $wave and $closed > date '0001-01-01'"),
    ("credit notes", "credits where wave = $wave and issue_date > $closed"),
    ("late credit notes", "credits where wave = $wave and issue_date <= $closed"),
)


def _variables(size: Size) -> dict[str, str]:
    year, month = _month(size.months - 1)
    days = {
        "first_close": wave(1).closed_through,
        "second_close": wave(2).closed_through,
        "third_close": wave(3).closed_through,
        "first_day": date(year, month, 1),
    }
    return {
        "seed": str(size.seed),
        "contracts": str(size.contracts),
        "months": str(size.months),
        "first_year": str(year),
        **{name: f"date {engine.literal(day.isoformat())}" for name, day in days.items()},
    }
