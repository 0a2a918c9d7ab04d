"""The catalogue of faulty records through exchange, gate and accepted, and what holds for all of them together.

The cases and what each must come to are in tests/catalogue; `make prove-catalogue` prints them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from expectations import gate
from expectations.gate import GateReport
from expectations.suites import Rule
from tests.catalogue.cases import AS_OF, OUT
from tests.catalogue.combined import BRACED, FORMULA, MARKED, QUOTED
from tests.catalogue.headers import CASES as HEADERS
from tests.catalogue.run import RecordRun, Result, run_records, run_stopped
from tests.harness import as_date
from warehouse import engine
from warehouse.errors import ConfigurationError
from warehouse.workspace import RunContext, Workspace


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> RecordRun:
    """A company with a published month, after a delivery of all record cases."""
    return run_records(tmp_path_factory.mktemp("gate"))


@pytest.fixture(scope="module")
def gated(catalogue: RecordRun) -> Iterator[engine.Connection]:
    """The working warehouse after that run."""
    connection = engine.connect(catalogue.company.workspace.warehouse_db, read_only=True)
    yield connection
    connection.close()


def differing(results: list[Result]) -> list[Result]:
    return [result for result in results if not result.is_as_expected]


def test_every_record_fails_what_it_should_and_nothing_else_and_has_its_fate(catalogue: RecordRun) -> None:
    assert differing(catalogue.results) == []


def test_a_faulty_calendar_or_a_missing_rate_stops_the_run_by_name(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    assert differing(run_stopped(tmp_path_factory.mktemp("stopped"))) == []


def test_what_belongs_to_a_contract_shares_its_fate(gated: engine.Connection) -> None:
    used = gated.execute(
        "select count(*) from accepted.contract_lines as lines"
        " inner join accepted.contracts_out as out on lines.contract_id = out.contract_id"
    ).fetchone()
    assert used == (0,)


def test_every_used_line_of_an_invoice_has_an_invoice(gated: engine.Connection) -> None:
    for lines, documents, key in (
        ("invoice_lines", "invoices", "invoice_id"),
        ("credit_note_lines", "credit_notes", "credit_note_id"),
    ):
        orphans = gated.execute(
            f"select count(*) from accepted.{lines} where {key} not in (select {key} from accepted.{documents})"
        ).fetchone()
        assert orphans == (0,)


def test_nothing_is_lost_in_rows_or_money(catalogue: RecordRun, gated: engine.Connection) -> None:
    rows = gated.execute(
        "select source_object, rows_extracted, rows_used + rows_excluded + rows_quarantined + rows_held + rows_later"
        " + rows_unmapped, amount_extracted, amount_used + amount_excluded + amount_quarantined + amount_held"
        " + amount_later + amount_unmapped + amount_rounding, rows_unmapped from audit.completeness"
    ).fetchall()
    found: dict[str, int] = {}
    for name, extracted, accounted, amount, amount_accounted, unmapped in rows:
        assert (extracted, amount, unmapped) == (accounted, amount_accounted, 0), name
        found[name] = found.get(name, 0) + extracted
    assert found == catalogue.delivered


def test_what_is_held_says_why_and_where(gated: engine.Connection) -> None:
    rows = gated.execute(
        "select entity, rule, fate, detail, cast(amount as varchar), currency, source_file from audit.quarantine"
        " where contract_id = 'total' order by entity"
    ).fetchall()
    held = "held with contract total"
    assert rows == [
        (
            "contract_lines",
            "control_total_differs",
            OUT,
            held,
            None,
            None,
            "exports/files/contract_lines.csv",
        ),
        (
            "contracts",
            "control_total_differs",
            OUT,
            "total_amount 1200.510 is not the sum of the lines as first signed, 1200.000",
            "1200.510",
            "USD",
            "exports/files/contracts.csv",
        ),
    ]


def test_the_row_that_is_named_is_the_one_in_the_file(catalogue: RecordRun, gated: engine.Connection) -> None:
    file = catalogue.company.workspace.exports / "files" / "contracts.csv"
    (row,) = gated.execute("select source_row from audit.quarantine where record_key = 'total'").fetchall()
    assert file.read_text(encoding="utf-8").splitlines()[row[0] - 1].startswith("total,")


def test_a_record_that_has_money_says_what_it_holds_back(gated: engine.Connection) -> None:
    silent = gated.execute(
        """
        with unread as (
            select entity, record_key from gate.failures
            where rule in ('unparseable_value', 'required_value_missing')
        )

        select distinct entity
        from gate.failures as failures
        anti join unread using (entity, record_key)
        where amount is null and severity = 'quarantine'
        """
    ).fetchall()
    # A party, a price, an account or a key is no money; deliveries and progress are told in units, and an estimate
    # may say another figure than the variable amount.
    assert {name for (name,) in silent} <= {
        "account_mapping", "amendments", "customers", "entities", "estimates", "fulfillments", "fx_rates",
        "gl_accounts", "key_map", "known_records", "products", "ssp_prices",
    }  # fmt: skip


def test_what_is_no_fault_is_listed_apart(gated: engine.Connection) -> None:
    no_fault = [
        name for case in HEADERS for name, fate in case.fates.items() if fate in ("excluded", "later")
    ]
    keys = [name.removeprefix("contracts ") for name in no_fault]
    assert len(keys) >= 5
    quarantined = gated.execute(
        "select count(*) from audit.quarantine where list_contains(?, contract_id)", [keys]
    ).fetchone()
    assert quarantined == (0,)
    listed = gated.execute(
        "select entity, fate, detail from audit.excluded where contract_id = 'draft' order by entity"
    ).fetchall()
    assert listed == [
        ("contract_lines", "excluded", "left out with contract draft"),
        ("contracts", "excluded", "status draft: not a signed contract"),
    ]


OWN = """
entity: contracts
rules:
  - id: {rule}
    severity: {severity}
    sentence: "{sentence}"
    remedy: Ask Ann.
    condition: {condition}
    reason: we would like to
"""


@pytest.fixture(scope="module")
def another(catalogue: RecordRun, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with the records of the catalogue, for rules of its own."""
    workspace = Workspace.init(tmp_path_factory.mktemp("own") / "workspace")
    shutil.copyfile(catalogue.company.workspace.warehouse_db, workspace.warehouse_db)
    return workspace


def judged(workspace: Workspace, **rule: str) -> GateReport:
    """What the gate says with one rule of the workspace, in a file of its own."""
    own = {"rule": "ours", "severity": "warn", "sentence": "{contract_id} is odd", **rule}
    (workspace.expectations / "ours.yml").write_text(OWN.format(**own), encoding="utf-8")
    with engine.session(workspace) as connection:
        return gate.run(connection, RunContext(workspace, as_date(AS_OF)))


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"condition": "total_amout > 0"}, r"no column total_amout \(did you mean total_amount\?\)"),
        (
            {"condition": "total_amount > 0", "sentence": "{contract_ids}"},
            r"contract_ids \(did you mean contract_id\?",
        ),
        ({"condition": "'true'", "rule": "unknown_customer"}, "looks at no column"),
        ({"condition": "total_amount >"}, "syntax error"),
        (
            {
                "condition": "true) as boolean); drop schema exchange cascade; select cast((contract_id is null"
            },
            "more than one",
        ),
        (
            {"condition": "cast(contract_id as integer) > 0"},
            "Could not convert string 'clean'|Conversion Error",
        ),
        (
            {"condition": "contract_id in (select content from read_text('/etc/hostname'))"},
            "Permission Error",
        ),
        ({"condition": "contract_id in (select x from other.main.t)"}, "does not exist"),
    ],
)
def test_a_rule_that_cannot_be_tested_is_named_with_its_file(
    another: Workspace, rule: dict[str, str], why: str
) -> None:
    with pytest.raises(ConfigurationError, match=why) as caught:
        judged(another, **rule)
    assert "ours.yml: rule " in caught.value.message


def test_a_weakened_rule_lets_in_and_is_told_with_its_reason(another: Workspace) -> None:
    report = judged(
        another, rule="unknown_status", condition="status = 'live' or status in ('active', 'draft')"
    )
    found = {(one.entity, one.rule): one for one in report.failed}
    assert found["contracts", "unknown_status"].severity == "warn"
    assert found["rules", "rule_weakened"].examples == (
        "contracts.unknown_status: now warn: we would like to",
    )


def test_text_from_exports_stays_text(gated: engine.Connection) -> None:
    said = dict(
        gated.execute("select record_key, detail from gate.failures where rule = 'unknown_status'").fetchall()
    )
    for name, text in (("quoted", QUOTED), ("braced", BRACED), ("marked", MARKED), ("formula", FORMULA)):
        assert said[name] == f"status {text} is not known"


def failures(connection: engine.Connection) -> list[tuple[object, ...]]:
    return connection.execute("select * from gate.failures where entity <> 'files' order by all").fetchall()


def test_only_records_that_changed_are_tested_again_and_what_fails_is_as_if_all_were(
    catalogue: RecordRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.init(tmp_path / "workspace")
    shutil.copyfile(catalogue.company.workspace.warehouse_db, workspace.warehouse_db)
    context = RunContext(workspace, as_date(AS_OF))
    asked: list[str] = []
    write = gate._write_failing

    def told(cursor: engine.Connection, schema: str, source: object, rules: list[Rule]) -> None:
        asked.append(rules[0].entity)
        write(cursor, schema, source, rules)

    monkeypatch.setattr(gate, "_write_failing", told)
    with engine.session(workspace) as connection:
        before = failures(connection)
        first = gate.run(connection, context)
        assert asked == []
        assert failures(connection) == before

        connection.execute("update exchange.products set revenue_category = null")
        monkeypatch.setattr(gate, "_write_failing", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            gate.run(connection, context)
        monkeypatch.setattr(gate, "_write_failing", told)
        changed = gate.run(connection, context)
        assert "products" in asked
        assert "invoices" not in asked
        assert failures(connection) != before

        again = failures(connection)
        connection.execute("drop schema gate cascade")
        assert gate.run(connection, context) == changed != first
        assert failures(connection) == again
