"""`tieout demo`, from nothing to its last table, and what a new user does next."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.end_to_end import planted_ledger, translation, trial_balance
from warehouse.demo import company, found, write
from warehouse.explain import show
from warehouse.plan import canonical_type
from warehouse.publish.dictionary import dictionary
from warehouse.workspace import Workspace

LAST = company.wave(3)
QUERIES = Path(__file__).parents[2] / "docs" / "queries"

BRIDGE = (
    "opening",
    "new_business",
    "renewals",
    "expansion",
    "contraction_and_reprice",
    "cancellations",
    "usage_and_shifts",
    "revenue",
    "prior_period",
)

# What an example query's answer must add up to: an expression over its rows and a column of rpt_bbb, by month or, where
# it has no month, in all.
TIES = {
    "backlog-bridge": [
        ("sum(closing)", "backlog"),
        (f"sum({' + '.join(BRIDGE)})", "backlog"),
    ],
    "billed-and-unbilled": [("sum(billed_backlog + unbilled_backlog)", "backlog")],
    "bookings-by-month-and-type": [("sum(amount)", "bookings")],
    "deferred-revenue-rollforward": [
        ("sum(amount) filter (where movement = 'closing')", "deferred_revenue"),
        ("sum(amount) filter (where movement != 'closing')", "deferred_revenue"),
    ],
    "remaining-obligations": [("sum(backlog)", "backlog")],
    "revenue-as-known-now": [("sum(published)", "revenue"), ("sum(known_now - difference)", "revenue")],
    "revenue-by-customer": [("sum(revenue)", "revenue"), ("sum(current_month + prior_months)", "revenue")],
    "revenue-waterfall": [("sum(posted)", "revenue")],
}


def tieout(*arguments: str, expect: int = 0) -> str:
    """One command line in a process of its own; its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli.main", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + (done.stderr if expect else "")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str]:
    """The demo's workspace after `tieout demo`, and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "brightwater"
    printed = tieout("demo", str(folder), "--contracts", "200", "--months", "18", "--dirt", "10%")
    return Workspace.open(folder), printed


def test_the_demo_ends_with_the_table_and_where_to_go_next(demo: tuple[Workspace, str]) -> None:
    workspace, printed = demo
    for text in (
        "bookings, billings, revenue, backlog",
        "What was held back",
        "K-00",
        str(workspace.tieout_db),
        "tieout verify",
    ):
        assert text in printed


def test_the_demo_says_that_all_that_was_planted_was_found_and_nothing_else(
    demo: tuple[Workspace, str],
) -> None:
    workspace, printed = demo
    compared = found.compared(workspace.tieout_db, write.manifest(workspace), LAST.number)
    assert compared.is_exact
    assert len(compared.records) > 25, "kinds of dirt"
    assert compared.contracts.planted >= 5
    for share in ("(recall)", "(precision)"):
        [line] = [line for line in printed.splitlines() if share in line]
        assert re.search(r"records (\d+) of \1, 100.0%; contracts held (\d+) of \2, 100.0%", line), line


def test_all_equations_hold_and_nothing_is_held_for_want_of_a_rule(demo: tuple[Workspace, str]) -> None:
    with show.reader(demo[0]) as connection:
        ties = connection.execute(
            "select equation, bool_and(holds) from audit.tie_outs group by 1"
        ).fetchall()
        held = connection.execute(
            "select * from audit.quarantine where rule = 'not_yet_supported'"
        ).fetchall()
    assert dict(ties) == dict.fromkeys(("E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8", "E9"), True)
    assert held == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "select distinct method from marts.dim_contract_line",
            {"ratable", "point_in_time", "on_start", "percent_complete", "milestone", "usage", "drawdown"}
            | {"as_invoiced"},
        ),
        (
            "select distinct convention from marts.dim_contract_line where method = 'ratable'",
            {"monthly", "daily", "half_month", "full_month", "mid_month", "even_period"},
        ),
        (
            "select distinct booking_type from marts.fct_bookings",
            {"new", "renewal", "usage", "reprice", "cancellation", "extension", "contraction", "expansion"}
            | {"reallocation"},
        ),
        ("select distinct document_type from marts.fct_billings", {"invoice", "credit_note"}),
        ("select distinct currency from marts.fct_backlog", {"USD", "CAD", "EUR", "GBP", "JPY", "KWD"}),
        (
            "select distinct cause from marts.fct_recognized_revenue where is_prior_period",
            {"late", "correction"},
        ),
        ("select distinct cause from marts.fct_billings where is_prior_period", {"late", "void"}),
    ],
)  # fmt: skip
def test_a_small_company_has_all_that_is_computed(
    demo: tuple[Workspace, str], query: str, expected: set[str]
) -> None:
    with show.reader(demo[0]) as connection:
        values = {value for (value,) in connection.execute(query).fetchall()}
    assert expected <= values


def test_a_second_run_on_the_same_exports_does_nothing(demo: tuple[Workspace, str]) -> None:
    workspace, _ = demo
    before = workspace.tieout_db.stat().st_mtime_ns
    printed = tieout("run", "--as-of", LAST.as_of.isoformat(), "-w", str(workspace.root))
    assert "nothing was done" in printed
    assert workspace.tieout_db.stat().st_mtime_ns == before


def test_published_months_verify(demo: tuple[Workspace, str]) -> None:
    assert "as they were published" in tieout("verify", "-w", str(demo[0].root))


def test_every_amount_is_translated_as_the_rates_that_were_delivered_say(demo: tuple[Workspace, str]) -> None:
    """All entities and currencies, all months, computed again in fractions; roll-forwards add up in each currency."""
    assert translation.wrong(demo[0].root, "USD") == []


def test_its_journals_make_the_published_balances_in_a_blank_trial_balance(
    demo: tuple[Workspace, str],
) -> None:
    """All months and entities, in contract and functional currency, reversals and exchange differences included."""
    workspace = demo[0]
    trial = trial_balance.imported(tieout("export", "journals", "--again", "-w", str(workspace.root)))
    with show.reader(workspace) as connection:
        closed = connection.execute(
            "select max(period) from marts.dim_period where status = 'closed'"
        ).fetchone()[0]
        assert trial_balance.differing(lambda sql: connection.execute(sql).fetchall(), trial, closed) == []
    assert {account for _, account in trial} > {"1000", "1200", "2100", "2150", "4000", "7000"}


def differences(workspace: Workspace, condition: str) -> list[tuple[str, str]]:
    """Item and reason of the differences to the ledger."""
    with show.reader(workspace) as connection:
        rows = connection.execute(
            f"select distinct item, reason from marts.rpt_reconciliation_items where {condition} order by all"
        ).fetchall()
    return [(str(item), str(reason)) for item, reason in rows]


def test_its_ledger_agrees_in_all_that_is_not_held_back(demo: tuple[Workspace, str]) -> None:
    """Documents of contracts or of journals in quarantine aside, nothing is left to clear once a month is closed."""
    held = """
        select record_key from audit.quarantine where severity in ('quarantine', 'held')
        union select split_part(record_key, '/', 1) from audit.quarantine where entity = 'gl_journal_lines'
        union select contract_id from audit.quarantine where contract_id is not null
    """
    with show.reader(demo[0]) as connection:
        known = {key for (key,) in connection.execute(held).fetchall()}
        closed = connection.execute(
            "select count(*), sum(abs(ours)) from marts.rpt_reconciliation where period = '2026-08'"
        ).fetchone()
    assert closed[0] == 36
    assert closed[1] > 1_000_000
    contracts = {key[2:7] for key in known if key.startswith("K-")}
    documents = {match[1] for key in known if (match := re.match(r"[A-Z]-(?:[A-Z]-)?(\d{5})", key))}
    left = [
        item
        for item, reason in differences(demo[0], "period = '2026-08' and reason != 'timing'")
        if (match := re.search(r"-(\d{5})", item)) is None or match[1] not in contracts | documents
    ]
    assert left == []


def test_twenty_planted_differences_are_each_listed_with_their_reason(
    demo: tuple[Workspace, str], tmp_path: Path
) -> None:
    shutil.copytree(demo[0].root, tmp_path / "planted")
    workspace = Workspace.open(tmp_path / "planted")
    before = differences(workspace, f"period = '{planted_ledger.RUNNING}'")
    journal = workspace.exports / "saldo" / f"journal-{LAST.exported.isoformat()}.tsv"
    planted = planted_ledger.plant(journal, {item for item, _ in before})
    assert len(planted) == 20
    tieout("run", "--as-of", LAST.as_of.isoformat(), "-w", str(workspace.root))
    after = differences(workspace, f"period = '{planted_ledger.RUNNING}'")
    assert dict(sorted(set(after) - set(before))) == planted
    assert len(after) == len(before) + 20


def test_commands_that_only_read_import_no_dagster_and_no_dbt(demo: tuple[Workspace, str]) -> None:
    """All in one process: what one of them imports is seen after it, by its name."""
    commands = [
        ["show", "bbb"],
        ["show", "waterfall"],
        ["show", "backlog"],
        ["show", "rollforward"],
        ["show", "quarantine"],
        ["status"],
        ["verify"],
        ["check"],
    ]
    program = (
        "import sys\n"
        "from orchestration.cli.main import app\n"
        f"for command in {commands!r}:\n"
        "    try:\n"
        f"        app([*command, '-w', {str(demo[0].root)!r}])\n"
        "    except SystemExit as ended:\n"
        "        assert not ended.code, (command, ended.code)\n"
        "    heavy = {'dagster', 'dbt', 'great_expectations', 'dagster_dbt'} & set(sys.modules)\n"
        "    assert not heavy, (command, heavy)\n"
        "    print('read:', *command)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("read:") == len(commands)


def test_json_holds_every_digit_of_the_amounts(demo: tuple[Workspace, str]) -> None:
    printed = tieout("show", "bbb", "--period", "2026-01", "--format", "json", "-w", str(demo[0].root))
    rows = json.loads(printed, parse_float=Decimal)
    with show.reader(demo[0]) as connection:
        published = connection.execute(
            "select entity_id, currency, revenue from marts.rpt_bbb where period = '2026-01'"
        ).fetchall()
    assert {(row["entity_id"], row["currency"]): row["revenue"] for row in rows} == {
        (entity, currency): revenue for entity, currency, revenue in published
    }
    assert len(rows) >= 5


def test_a_month_that_is_not_over_cannot_be_closed(demo: tuple[Workspace, str]) -> None:
    as_of = LAST.as_of.isoformat()
    printed = tieout("close", "2026-09", "--as-of", as_of, "-w", str(demo[0].root), expect=3)
    assert "2026-09 is not over: it ends on 2026-09-30" in printed


def test_a_month_without_closing_rates_cannot_be_closed(demo: tuple[Workspace, str]) -> None:
    """The accounting system has delivered no rates of September's last days yet."""
    printed = tieout("close", "2026-09", "--as-of", "2026-10-05", "-w", str(demo[0].root), expect=3)
    assert "missing_closing_rate" in printed
    assert not (demo[0].published / "2026-09").exists()


@pytest.fixture
def rates_of_september(demo: tuple[Workspace, str]) -> Iterator[None]:
    """One more delivery of the accounting system, for as long as a test lasts."""
    exports = demo[0].exports / "saldo"
    last = max(exports.glob("rates-*.tsv"))
    rows = last.read_text(encoding="utf-8").splitlines()
    currencies = {row.split("\t")[2]: row.split("\t")[4] for row in rows[1:] if row.split("\t")[3] == "USD"}
    more = [
        "\t".join([f"2026-09-{day} {currency}", f"2026-09-{day}", currency, "USD", rate])
        for currency, rate in currencies.items()
        for day in ("10", "15", "20", "25", "30")
    ]
    delivered = exports / "rates-2026-10-04.tsv"
    delivered.write_text("\n".join([*rows, *more]) + "\n", encoding="utf-8")
    yield
    delivered.unlink()


def test_a_quarantined_contract_above_the_policy_blocks_the_close(
    demo: tuple[Workspace, str], rates_of_september: None
) -> None:
    workspace, _ = demo
    before = workspace.tieout_db.read_bytes()
    printed = tieout("close", "2026-09", "--as-of", "2026-10-05", "-w", str(workspace.root), expect=3)
    assert re.search(r"\d+ of \d+ contracts known on the as-of day are quarantined or held", printed)
    assert not (workspace.published / "2026-09").exists()
    assert workspace.tieout_db.read_bytes() == before


@pytest.mark.parametrize("table", ["fct_bookings", "fct_billings", "fct_recognized_revenue"])
def test_every_posted_row_leads_to_rows_of_source_files(demo: tuple[Workspace, str], table: str) -> None:
    """But for an invoice that is void without a date: it never counted, so no figure stands on its record any more."""
    with show.reader(demo[0]) as connection:
        [(rows, without)] = connection.execute(
            f"select count(*), count(*) filter (where posting_id not in"
            f" (select fact_key from audit.lineage where fact_table = '{table}')) from marts.{table} as facts"
            f" where not exists (select 1 from audit.excluded as out where out.contract_id = facts.contract_id"
            f" and out.rule = 'invoice_void')"
        ).fetchall()
    assert rows > 20
    assert without == 0


def test_the_row_that_lineage_names_holds_the_record(demo: tuple[Workspace, str]) -> None:
    """Row 1 is the header, where the format has one; what a later delivery corrected stands in that delivery's file."""
    workspace, _ = demo
    with show.reader(workspace) as connection:
        rows = connection.execute(
            "select distinct entity, record_key, source_file, source_row from audit.lineage order by all"
        ).fetchall()
    lines = {
        path: path.read_text(encoding="utf-8").splitlines() for path in workspace.exports.rglob("*-2026-*")
    }
    assert {entity for entity, *_ in rows} >= {
        "contracts",
        "contract_lines",
        "amendments",
        "fulfillments",
        "invoices",
        "invoice_lines",
    }
    for _, key, file, row in rows:
        line = lines[workspace.root / file][row - 1]
        assert all(part in line for part in key.split("|")), (key, file, row)
    assert {file[-14:-4] for _, _, file, _ in rows if file.endswith(".csv")} == {
        company.wave(number).exported.isoformat() for number in company.WAVES
    }


def test_dagster_shows_the_assets_jobs_and_schedules_of_the_stored_picture(
    demo: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A renamed or lost asset breaks dashboards and schedules: it must be meant.

    To accept a change, run this test with TIEOUT_WRITE_PICTURE=1 and read the difference it makes.
    """
    from orchestration.definitions import tieout as code_location
    from orchestration.partitions import MONTH_KEY

    monkeypatch.setenv("TIEOUT_WORKSPACE", str(demo[0].root))
    definitions = code_location()
    graph = definitions.resolve_asset_graph()
    shown = graph.materializable_asset_keys | {MONTH_KEY}
    picture = [f"asset {key.to_user_string()}" for key in sorted(shown)]
    picture += [f"job {job.name}" for job in definitions.jobs or []]
    picture += [f"schedule {schedule.name}" for schedule in definitions.schedules or []]
    picture += [f"sensor {sensor.name}" for sensor in definitions.sensors or []]
    stored = Path(__file__).with_name("dagster_picture.txt")
    if os.environ.get("TIEOUT_WRITE_PICTURE"):
        stored.write_text("\n".join(picture) + "\n", encoding="utf-8")
    assert picture == stored.read_text(encoding="utf-8").splitlines()


def test_every_column_of_the_file_has_a_comment_and_the_type_the_dictionary_says(
    demo: tuple[Workspace, str],
) -> None:
    with show.reader(demo[0]) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name, data_type, comment from duckdb_columns()"
            " where schema_name in ('marts', 'audit') and not internal"
        ).fetchall()
        silent = connection.execute(
            "select table_name from duckdb_tables() where comment is null"
            " union all select view_name from duckdb_views() where comment is null and not internal"
        ).fetchall()
    described = {
        (table.name, column.name): (canonical_type(column.type), column.description)
        for table in dictionary().values()
        for column in table.columns
    }
    assert len(columns) > 350
    assert [
        (schema, table, column, kind, comment)
        for schema, table, column, kind, comment in columns
        if described.get((table, column)) != (kind, comment)
    ] == []
    assert silent == []


@pytest.mark.parametrize("name", sorted(path.stem for path in QUERIES.glob("*.sql")))
def test_an_example_query_answers_its_question_and_ties_to_what_is_published(
    demo: tuple[Workspace, str], name: str
) -> None:
    text = (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
    assert re.match(r"-- [A-Z].*\?\n", text), "its first comment is the question"
    query = text.rstrip().removesuffix(";")
    with show.reader(demo[0]) as connection:
        result = connection.execute(query)
        by = "period, " if "period" in {column[0] for column in result.description} else ""
        assert result.fetchall() != []
        for said, column in TIES.get(name, []):
            answer = f"select {by}entity_id, currency, {said} as total from ({query}) group by all"
            published = f"select {by}entity_id, currency, sum({column}) from marts.rpt_bbb group by all"
            difference = f"(({answer}) except ({published})) union all (({published}) except ({answer}))"
            differing = connection.execute(f"select * from ({difference}) where total != 0").fetchall()
            assert differing == [], said


def test_the_query_from_revenue_to_its_rows_shows_all_of_the_figure(demo: tuple[Workspace, str]) -> None:
    query = (QUERIES / "revenue-to-source-rows.sql").read_text(encoding="utf-8").rstrip().removesuffix(";")
    with show.reader(demo[0]) as connection:
        shown = connection.execute(
            "select period, contract_id, sum(amount) from (select distinct period, contract_id, contract_line_id,"
            f" original_period, amount from ({query}) where source_row is not null) group by all"
        ).fetchall()
        [(period, contract, total)] = shown
        published = connection.execute(
            "select sum(amount) from marts.fct_recognized_revenue where period = ? and contract_id = ?",
            [period, contract],
        ).fetchall()
    assert published == [(total,)]


def test_every_example_query_is_shown_in_the_guide_for_analysts() -> None:
    guide = (QUERIES.parent / "guides" / "analyst.md").read_text(encoding="utf-8")
    assert [path.name for path in QUERIES.glob("*.sql") if f"(../queries/{path.name})" not in guide] == []
