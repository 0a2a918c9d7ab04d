"""Deliveries against those before them, and those that did not come: what is refused, what is told, what is silent."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.workspaces import context, drop, extracted, new_workspace
from warehouse.extract.anomalies import judged
from warehouse.extract.deliver import Extraction, extract, inspect
from warehouse.extract.order import Delivery, Ordered
from warehouse.extract.profile import Profile
from warehouse.journal import Journal
from warehouse.settings import Settings
from warehouse.workspace import RunContext, Workspace

CONNECTOR = """
system: crm
objects:
  deals:
    key: [id]
    columns: [id, amount, currency, note]
    required: [id]
    money: {amount: amount, currency: currency}
  sales:
    mode: incremental
    key: [id]
    columns: [id, amount, currency, note]
    required: [id]
    money: {amount: amount, currency: currency}
"""
Key = Callable[[int], str]


def short(number: int) -> str:
    return f"D{number}"


def export(
    rows: int, amount: str = "10.00", currency: str = "USD", *, notes: int = 0, key: Key = short
) -> str:
    """A file of so many rows, the first of them with a note."""
    lines = [f"{key(n)},{amount},{currency},{'x' if n < notes else ''}" for n in range(rows)]
    return "\n".join(["id,amount,currency,note", *lines]) + "\n"


def workspace_of(root: Path, toml: str = "") -> Workspace:
    """Without the age of files, which are written now for a run in the past."""
    return new_workspace(root, f"[policies]\nfreshness_hours = 0\n{toml}", CONNECTOR)


def told(extraction: Extraction) -> list[tuple[str, str]]:
    return [(finding.severity, finding.rule) for finding in extraction.findings]


def after(root: Path, toml: str, first: str, second: str) -> Extraction:
    """What is said of a second full export."""
    workspace = workspace_of(root, toml)
    drop(workspace, "deals-1.csv", first)
    extracted(workspace)
    drop(workspace, "deals-2.csv", second)
    return extracted(workspace)


def series(workspace: Workspace, contents: Iterable[str], name: str = "sales-{}.csv") -> None:
    for number, content in enumerate(contents, start=1):
        drop(workspace, name.format(number), content)


# --- full exports: rows and money -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (50, 100, []),
        (50, 101, [("warn", "rows_jumped")]),
        (24, 49, []),
        (24, 50, [("warn", "rows_jumped")]),
        (10, 8, []),
        (10, 7, [("block", "rows_fell")]),
    ],
)
def test_rows_may_double_and_lose_a_fifth_and_small_numbers_may_grow(
    tmp_path: Path, before: int, now: int, expected: list[tuple[str, str]]
) -> None:
    toml = 'money_fell = "off"\nmoney_jumped = "off"'
    assert told(after(tmp_path, toml, export(before), export(now))) == expected


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("10.00", "20.00", []),
        ("10.00", "20.01", [("warn", "money_jumped")]),
        ("10.00", "8.00", []),
        ("10.00", "7.99", [("block", "money_fell")]),
        ("-10.00", "-20.00", []),
        ("-10.00", "-20.01", [("warn", "money_jumped")]),
        ("-10.00", "-8.00", []),
        ("-10.00", "-7.99", [("block", "money_fell")]),
        ("10.00", "-10.00", [("block", "money_fell")]),
        ("-10.00", "10.00", [("block", "money_fell")]),
        ("10.00", "0", [("block", "money_fell")]),
        ("0", "10.00", [("warn", "money_jumped")]),
        ("0", "-10.00", [("warn", "money_jumped")]),
        ("0", "0.00", []),
    ],
)
def test_money_of_either_sign_may_double_and_lose_a_fifth(
    tmp_path: Path, before: str, now: str, expected: list[tuple[str, str]]
) -> None:
    assert told(after(tmp_path, "", export(50, before), export(50, now))) == expected


def test_all_of_the_money_may_go_by_policy_but_never_change_its_sign(tmp_path: Path) -> None:
    toml = 'max_fall_percent = "100"'
    assert told(after(tmp_path / "gone", toml, export(50), export(50, "0"))) == []
    turned = after(tmp_path / "turned", toml, export(50), export(50, "-0.01"))
    assert told(turned) == [("block", "money_fell")]
    assert turned.findings[0].message == (
        "exports/crm/deals-2.csv falls from 500.00 to -0.50 USD, changing its sign, against the last delivery, "
        "exports/crm/deals-1.csv: by 100.1 %; max_fall_percent allows 100 %."
    )


def test_a_currency_that_disappears_fell_and_one_that_appears_jumped(tmp_path: Path) -> None:
    both = export(50) + "E1,5.00,EUR,\n"
    gone = after(tmp_path / "gone", "", both, export(51))
    assert told(gone) == [("block", "money_fell")]
    assert "falls from 5.00 to 0.00 EUR" in gone.findings[0].message
    new = after(tmp_path / "new", "", export(51), both)
    assert told(new) == [("warn", "money_jumped")]
    assert (
        "has 5.00 of EUR; there was none in the last delivery, exports/crm/deals-1.csv."
        in new.findings[0].message
    )
    assert told(after(tmp_path / "small", "", export(49), export(48) + "E1,5.00,EUR,\n")) == []


@pytest.mark.parametrize("more", ["E1,-400.00,USD,\n", "E1,-900.00,USD,\n", "E1,-0.01,USD,\n"])
def test_what_is_taken_off_by_a_row_more_is_no_fall(tmp_path: Path, more: str) -> None:
    """A reduction or a credit: an amendment of -400 beside 500 is money that came, not money that was lost."""
    assert told(after(tmp_path, "", export(50), export(50) + more)) == []


def test_what_is_lost_behind_a_row_more_has_fallen(tmp_path: Path) -> None:
    lost = export(49, "5.00") + "E1,-100.00,USD,\n"
    assert told(after(tmp_path, "", export(50), lost)) == [("block", "money_fell")]


def test_money_of_any_size_is_compared_exactly() -> None:
    def of(seq: int, total: str) -> Delivery:
        return Delivery(
            seq=seq, batch=seq, first_seen="", file_id=seq, system="crm", object="deals", path=f"deals-{seq}.csv",
            sha256=str(seq), rows=50, size_bytes=1, columns=("id",), profile=Profile({"USD": total}),
            is_current=seq == 2,
        )  # fmt: skip

    def said(before: str, now: str, limit: str) -> list[str]:
        settings = Settings.parse({"policies": {"max_fall_percent": limit}})
        return [one.message for one in judged(settings, Ordered((of(1, before), of(2, now))))[2]]

    largest = "99999999999999999999999999999999.999999"
    (jumped,) = said("0.00005", largest, "20")
    assert "from 0.00005 to 99,999,999,999,999,999,999,999,999,999,999.999999 USD" in jumped
    assert said(largest, largest[:-1] + "8", "0") != []
    assert said(largest, largest, "0") == []


def test_a_finding_says_what_was_what_is_by_how_much_and_what_is_allowed(tmp_path: Path) -> None:
    (finding,) = after(tmp_path, 'money_jumped = "off"', export(1000), export(2345)).findings
    assert finding.message == (
        "exports/crm/deals-2.csv jumps from 1,000 to 2,345 rows against the last delivery, exports/crm/deals-1.csv: "
        "by 134.5 %; max_jump_percent allows 100 %."
    )
    assert 'rows_jumped = "off" under [sources.crm.deals]' in str(finding.remedy)


def test_the_first_delivery_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)
    drop(workspace, "deals.csv", export(500))
    drop(workspace, "sales.csv", export(500))
    assert extracted(workspace).findings == ()


# --- what follows -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("", [("block", "rows_fell")]),
        ('rows_fell = "warn"', [("warn", "rows_fell")]),
        ('rows_fell = "off"', []),
        ('rows_fell = "off"\n[sources.crm.deals]\nrows_fell = "block"', [("block", "rows_fell")]),
        ('[sources.crm.deals]\nrows_fell = "warn"', [("warn", "rows_fell")]),
        ('[sources.crm.sales]\nrows_fell = "warn"', [("block", "rows_fell")]),
        ('[sources.crm.deals]\nmax_fall_percent = "30"', []),
        ('[sources.crm.deals]\nmax_fall_percent = "29.99"', [("block", "rows_fell")]),
    ],
)
def test_the_policy_of_the_object_counts_before_that_of_the_company(
    tmp_path: Path, toml: str, expected: list[tuple[str, str]]
) -> None:
    assert told(after(tmp_path, f'money_fell = "off"\n{toml}', export(10), export(7))) == expected


def test_a_refused_delivery_leaves_no_trace_and_one_that_is_told_of_is_used(tmp_path: Path) -> None:
    refused = after(tmp_path / "refused", 'rows_jumped = "block"', export(50), export(150, "4.00"))
    assert told(refused) == [("block", "rows_jumped")]
    assert [one.file_name for one in refused.current] == ["deals-1.csv"]
    assert len(Journal(tmp_path / "refused" / "journal").read("deliveries")) == 1
    used = after(tmp_path / "used", "", export(50), export(150, "4.00"))
    assert told(used) == [("warn", "rows_jumped")]
    assert [one.file_name for one in used.current] == ["deals-2.csv"]


def test_what_is_odd_about_the_delivery_in_force_is_told_until_the_next_one(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)
    drop(workspace, "deals-1.csv", export(100))
    extracted(workspace)
    drop(workspace, "deals-2.csv", export(50))
    first = extracted(workspace, "rows_fell", "money_fell")
    assert told(first) == [("warn", "money_fell"), ("warn", "rows_fell")]
    again = extracted(workspace)
    assert told(again) == told(first)
    assert extracted(workspace).findings == again.findings
    drop(workspace, "deals-3.csv", export(50, "11.00"))
    assert extracted(workspace).findings == ()


def test_a_look_says_what_a_run_would_say(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)
    drop(workspace, "deals-1.csv", export(100))
    extracted(workspace)
    drop(workspace, "deals-2.csv", export(201))
    with inspect(context(workspace), Journal(workspace.journal_dir)) as (extraction, _):
        seen = extraction.findings
    assert seen == extracted(workspace).findings
    assert [finding.rule for finding in seen] == ["money_jumped", "rows_jumped"]


def test_what_was_refused_yesterday_does_not_stand_for_what_is_usual_today(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path, 'money_fell = "off"')
    drop(workspace, "deals-1.csv", export(10))
    extracted(workspace)
    drop(workspace, "deals-2.csv", export(5))
    extracted(workspace)
    drop(workspace, "deals-3.csv", export(5, "11.00"))
    extraction = extracted(workspace)
    assert [finding.file for finding in extraction.blocks] == [
        "exports/crm/deals-2.csv",
        "exports/crm/deals-3.csv",
    ]
    assert [one.file_name for one in extraction.current] == ["deals-1.csv"]


# --- increments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(6, []), (5, ["rows_fell"]), (300, []), (301, ["rows_jumped"])],
)
def test_an_increment_is_told_of_where_it_is_far_from_the_median_of_those_before(
    tmp_path: Path, rows: int, expected: list[str]
) -> None:
    workspace = workspace_of(tmp_path, 'money_fell = "off"\nmoney_jumped = "off"')
    # One that is odd itself changes no median.
    series(workspace, [export(60), export(60, "1.00"), export(290), export(60, "2.00"), export(60, "3.00")])
    assert extracted(workspace).findings == ()
    drop(workspace, "sales-6.csv", export(rows, "4.00"))
    extraction = extracted(workspace)
    assert told(extraction) == [("warn", rule) for rule in expected]
    assert len(extraction.current) == 6
    if expected:
        assert "from 60 to" in extraction.findings[0].message
        assert "against the median of the 5 deliveries before it" in extraction.findings[0].message


def test_nothing_is_usual_before_the_fifth_increment_nor_below_fifty_rows(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path / "few")
    series(workspace, [export(100, f"{n}.00") for n in (1, 2, 3)])
    drop(workspace, "sales-4.csv", export(1))
    assert extracted(workspace).findings == ()
    workspace = workspace_of(tmp_path / "small")
    series(workspace, [export(49, f"{n}.00") for n in range(1, 6)])
    drop(workspace, "sales-6.csv", export(1, "0.01"))
    assert extracted(workspace).findings == ()


def test_an_increment_is_refused_only_where_its_object_says_so(tmp_path: Path) -> None:
    company = 'rows_fell = "block"\nmoney_fell = "off"'
    own = f'{company}\n[sources.crm.sales]\nrows_fell = "block"'
    for toml, severity, files in ((company, "warn", 7), (own, "block", 6)):
        workspace = workspace_of(tmp_path / severity, toml)
        series(workspace, [export(100, f"{n}.00") for n in range(1, 6)])
        drop(workspace, "sales-6.csv", export(3))
        drop(workspace, "sales-7.csv", export(100))
        extraction = extracted(workspace)
        assert told(extraction) == [(severity, "rows_fell")]
        assert len(extraction.current) == files
        assert told(extracted(workspace)) == told(extraction)


def test_a_currency_seen_before_may_come_again_in_an_increment(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)
    series(workspace, [export(50, f"{n}.00") + ("E1,5.00,EUR,\n" if n == 10 else "") for n in range(10, 16)])
    drop(workspace, "sales-7.csv", export(50, "17.00") + "E2,900.00,EUR,\n")
    assert extracted(workspace).findings == ()
    drop(workspace, "sales-8.csv", export(50, "18.00") + "Y1,5.00,JPY,\n")
    (finding,) = extracted(workspace).findings
    assert (finding.severity, finding.rule) == ("warn", "money_jumped")
    assert "has 5.00 of JPY; there was none in the 7 deliveries before it." in finding.message


def test_a_dated_series_is_told_alike_at_once_and_one_by_one(tmp_path: Path) -> None:
    contents = [export(60 if n != 5 else 400, f"{n}.00") for n in range(1, 9)]
    files = [f"sales-2026-03-{n:02}.csv" for n in range(1, 9)]
    at_once, by_and_by = workspace_of(tmp_path / "at once"), workspace_of(tmp_path / "by and by")
    for name, content in zip(files, contents, strict=True):
        drop(at_once, name, content)
        drop(by_and_by, name, content)
        last = extracted(by_and_by)
    assert extracted(at_once).findings == last.findings
    assert {finding.rule for finding in last.findings} == {"rows_jumped", "money_jumped"}


# --- columns ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (500, 50, []),
        (500, 49, [("block", "column_emptied")]),
        (50, 0, [("block", "column_emptied")]),
        (49, 0, []),
    ],
)
def test_a_column_that_had_values_and_has_none_or_far_fewer_is_refused(
    tmp_path: Path, before: int, now: int, expected: list[tuple[str, str]]
) -> None:
    extraction = after(tmp_path, "", export(500, notes=before), export(500, "11.00", notes=now))
    assert told(extraction) == expected
    if now == 49:
        assert (
            "column note is filled in 49 of 500 rows (9.8 %); in the last delivery, exports/crm/deals-1.csv, in 500 of "
            "500 (100 %); max_column_fall_percent is 90" in extraction.findings[0].message
        )


def test_a_column_that_is_gone_from_the_header_is_empty_and_blanks_are_no_values(tmp_path: Path) -> None:
    gone = "id,amount,currency\n" + "".join(f"D{n},10.00,USD\n" for n in range(60))
    assert told(after(tmp_path / "gone", "", export(60, notes=60), gone)) == [("block", "column_emptied")]
    blank = export(60, notes=60).replace(",x", ",  ")
    assert told(after(tmp_path / "blank", "", export(60, notes=60), blank)) == [("block", "column_emptied")]


def test_a_share_is_compared_and_not_a_number_of_rows(tmp_path: Path) -> None:
    toml = 'rows_fell = "off"\nmoney_fell = "off"'
    assert told(after(tmp_path, toml, export(1000, notes=500), export(100, notes=50))) == []


def test_the_column_of_an_increment_is_told_of_and_a_small_one_is_not_judged(tmp_path: Path) -> None:
    for rows, expected in ((50, [("warn", "column_emptied")]), (49, [])):
        workspace = workspace_of(tmp_path / str(rows))
        series(workspace, [export(100, f"{n}.00", notes=30) for n in (1, 2)])
        drop(workspace, "sales-3.csv", export(rows))
        assert told(extracted(workspace)) == expected


def test_deliveries_journalled_before_profiles_were_kept_are_compared_by_what_is_known(
    tmp_path: Path,
) -> None:
    workspace = workspace_of(tmp_path)
    drop(workspace, "deals-1.csv", export(100, notes=100))
    extracted(workspace)
    journal = workspace.journal_dir / "deliveries.jsonl"
    (event,) = [json.loads(line) for line in journal.read_text().splitlines()]
    del event["filled"], event["key_forms"]
    journal.write_text(json.dumps(event) + "\n")
    drop(workspace, "deals-2.csv", export(79, key=lambda n: f"new-{n}"))
    assert told(extracted(workspace)) == [("block", "money_fell"), ("block", "rows_fell")]


# --- keys -------------------------------------------------------------------------------------------


def padded(number: int) -> str:
    return f"{number:05}"


def plain(number: int) -> str:
    return str(number)


def prefixed(number: int) -> str:
    return f"EU-{number:05}"


def scientific(number: int) -> str:
    return f"{number / 10:.1f}E+05"


def name(number: int) -> str:
    return (
        f"{'Ann' * (number % 7)} {'. ' * (number % 11)}{'Lee' * (number % 5)}{'- ' * (number % 13)}{number}"
    )


def random_key(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))


@pytest.mark.parametrize(
    ("before", "now", "was", "is_now"),
    [
        (padded, plain, "09, as 00000", "9, as 0"),
        (plain, padded, "9, as 0", "09, as 00000"),
        (padded, prefixed, "09, as 00000", "A-09, as EU-00000"),
        (short, scientific, "A9, as D0", "9.9A+09, as 0.0E+05"),
        (random_key, plain, "X-X-X-X-X", "9, as 0"),
    ],
)
def test_keys_in_another_form_are_refused_with_an_example_of_both(
    tmp_path: Path, before: Key, now: Key, was: str, is_now: str
) -> None:
    extraction = after(tmp_path, "", export(200, key=before), export(200, key=now))
    assert told(extraction) == [("block", "key_form_changed")]
    message = extraction.findings[0].message
    assert "0 % of the values of id are written as in the last delivery, exports/crm/deals-1.csv" in message
    assert f"They were written {was}" in message
    assert f"now {is_now}" in message


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (lambda n: padded(n + 9_900), lambda n: padded(n + 9_950)),
        (plain, lambda n: str(n + 90_000)),
        (random_key, lambda n: random_key(n + 500)),
        (name, lambda n: f"{n}{name(n)}"),
        (prefixed, lambda n: f"USA-{n:05}"),
        (lambda n: "007" if n == 8 else plain(n + 500), plain),
    ],
    ids=["padded numbers reach their width", "numbers grow", "random", "free text", "prefix", "an oddity"],
)
def test_keys_that_grow_or_have_no_form_have_not_changed_it(tmp_path: Path, before: Key, now: Key) -> None:
    assert told(after(tmp_path, "", export(200, key=before), export(200, key=now))) == []


@pytest.mark.parametrize(("known", "expected"), [(80, []), (79, [("block", "key_form_changed")])])
def test_a_fifth_of_the_keys_may_be_of_a_new_form(
    tmp_path: Path, known: int, expected: list[tuple[str, str]]
) -> None:
    mixed = export(100, key=lambda n: short(n) if n < known else f"{n}/{n}")
    assert told(after(tmp_path, "", export(100), mixed)) == expected


def test_keys_that_lose_their_form_are_refused(tmp_path: Path) -> None:
    def often(number: int) -> str:
        return f"{number}{'/-+*=:;!'[number % 8]}"

    def rarely(number: int) -> str:
        return often(number) if number < 72 else f"{'.' * number}{number}"

    extraction = after(tmp_path, "", export(200, key=often), export(200, key=rarely, amount="11.00"))
    assert told(extraction) == [("block", "key_form_changed")]
    assert "now in many forms." in extraction.findings[0].message


def test_keys_of_which_some_were_always_padded_and_some_never_are_known_again(tmp_path: Path) -> None:
    def mixed(number: int) -> str:
        return f"{number:05}" if number < 100 else f"{number + 100}"

    assert told(after(tmp_path, "", export(140, key=mixed), export(141, key=mixed))) == []


def test_few_keys_are_not_judged(tmp_path: Path) -> None:
    for rows, expected in ((49, []), (50, [("block", "key_form_changed")])):
        second = export(rows, key=lambda n: f"{n}/{n}")
        assert told(after(tmp_path / str(rows), "", export(rows), second)) == expected


def test_any_form_that_an_increment_ever_had_is_known(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)
    keys: list[Key] = [lambda n: f"{n}/{n}", *[lambda n: f"D{n}"] * 9, lambda n: f"{n + 300}/{n}"]
    series(workspace, [export(60, f"{n}.00", key=key) for n, key in enumerate(keys, start=10)])
    (finding,) = extracted(workspace).findings
    assert (finding.severity, finding.rule) == ("warn", "key_form_changed")
    assert finding.file == "exports/crm/sales-2.csv", "the last one has the form of the first"


# --- what did not come ------------------------------------------------------------------------------

DAY = timedelta(days=1)


def dated(workspace: Workspace, days: Iterable[date]) -> None:
    for day in days:
        drop(workspace, f"sales-{day}.csv", f"id,note\nS{day},x\n")


def days_from(first: str, count: int, step: int = 1) -> list[date]:
    return [date.fromisoformat(first) + step * n * DAY for n in range(count)]


def gaps(workspace: Workspace, as_of: str) -> list[str]:
    """What is said to be missing, without the reason."""
    run = RunContext(workspace, date.fromisoformat(as_of))
    found = extract(run, Journal(workspace.journal_dir)).findings
    assert {(one.severity, one.rule) for one in found} <= {("warn", "missing_delivery")}
    return [one.message.removeprefix("crm.sales has no file for ").split(". ")[0] for one in found]


def test_a_weekday_that_had_its_file_four_weeks_running_is_missed(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)
    days = days_from("2026-01-01", 40)
    # 29 January is the first day with four weeks before it, 28 January is not.
    dated(workspace, [day for day in days if day not in {date(2026, 1, 28), date(2026, 1, 29)}])
    assert gaps(workspace, "2026-02-10") == ["2026-01-29"]
    dated(workspace, [date(2026, 1, 29)])
    assert gaps(workspace, "2026-02-10") == [], "a late file fills the gap"


def test_days_that_never_have_a_file_are_not_missed_and_a_gap_is_told_once(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)
    days = [day for day in days_from("2026-01-01", 60) if day.weekday() != 5]
    dated(workspace, [day for day in days if not date(2026, 2, 13) <= day <= date(2026, 2, 16)])
    assert gaps(workspace, "2026-03-02") == ["2026-02-13 to 2026-02-16 (3 files)"]


def test_a_series_is_overdue_from_the_second_day_after_and_for_a_week(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)
    dated(workspace, days_from("2026-01-01", 40))
    assert gaps(workspace, "2026-02-11") == []
    since = ", none since that of 2026-02-09"
    assert gaps(workspace, "2026-02-12") == [f"2026-02-10{since}"]
    assert gaps(workspace, "2026-03-31") == [f"2026-02-10 to 2026-02-16 (7 files){since}"]
    patient = workspace_of(tmp_path, "[sources.crm.sales]\ndelivery_due_days = 3")
    assert gaps(patient, "2026-02-13") == []
    assert gaps(patient, "2026-02-14") == [f"2026-02-10{since}"]


@pytest.mark.parametrize(
    ("cadence", "days", "quiet_until", "expected"),
    [
        ("daily", days_from("2026-03-01", 3), "2026-03-05", "2026-03-04"),
        ("weekdays", days_from("2026-03-02", 5), "2026-03-10", "2026-03-09"),
        ("weekly", days_from("2026-03-04", 2, 7), "2026-03-23", "2026-03-16"),
        ("monthly", [date(2026, 1, 31), date(2026, 2, 3)], "2026-04-01", "2026-03-01"),
    ],
)
def test_a_declared_cadence_is_expected_from_the_first_file_on(
    tmp_path: Path, cadence: str, days: list[date], quiet_until: str, expected: str
) -> None:
    workspace = workspace_of(tmp_path, f'[sources.crm.sales]\ncadence = "{cadence}"')
    dated(workspace, days)
    assert gaps(workspace, quiet_until) == []
    overdue = date.fromisoformat(quiet_until) + DAY
    assert gaps(workspace, str(overdue)) == [f"{expected}, none since that of {days[-1]}"]


@pytest.mark.parametrize("form", ["sales-{:%Y%m}.csv", "sales-{:%Y-%m}.csv"])
def test_a_name_may_say_its_month_only(tmp_path: Path, form: str) -> None:
    workspace = workspace_of(tmp_path, '[sources.crm.sales]\ncadence = "monthly"')
    for month in (1, 2, 4):
        drop(workspace, form.format(date(2026, month, 1)), f"id,note\nS{month},x\n")
    assert gaps(workspace, "2026-05-05") == ["2026-03-01"]
    assert gaps(workspace, "2026-06-02") == ["2026-05-01, none since that of 2026-04-01; 2026-03-01"]


def test_a_gap_between_files_of_a_declared_cadence_is_told_at_once(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path, '[sources.crm.sales]\ncadence = "weekdays"')
    dated(workspace, [date(2026, 3, 5), date(2026, 3, 10), date(2026, 3, 12)])
    assert gaps(workspace, "2026-03-12") == ["2026-03-11; 2026-03-06 to 2026-03-09 (2 files)"]


def test_days_that_are_declared_to_have_no_file_are_not_missed(tmp_path: Path) -> None:
    toml = '[sources.crm.sales]\ncadence = "daily"\nno_delivery_on = ["2026-03-02", "2026-03-04/2026-03-05"]'
    workspace = workspace_of(tmp_path, toml)
    dated(workspace, [date(2026, 3, 1), date(2026, 3, 3), date(2026, 3, 7)])
    assert gaps(workspace, "2026-03-07") == ["2026-03-06"]


def test_the_remedy_can_be_copied_into_tieout_toml(tmp_path: Path) -> None:
    section = '[sources.crm.sales]\ncadence = "daily"\n'
    workspace = workspace_of(tmp_path, section)
    dated(workspace, [date(2026, 3, 1), date(2026, 3, 3), date(2026, 3, 7)])
    (finding,) = extracted(workspace).findings[:1]
    line = str(finding.remedy).split("[sources.crm.sales]: ")[1].removesuffix(".")
    mended = workspace_of(tmp_path, section + line)
    assert gaps(mended, "2026-03-08") == []


def test_a_missing_day_blocks_by_policy_until_it_is_waived(tmp_path: Path) -> None:
    toml = 'missing_delivery = "block"\n[sources.crm.sales]\ncadence = "daily"'
    workspace = workspace_of(tmp_path, toml)
    dated(workspace, [date(2026, 3, 28), date(2026, 3, 30)])
    assert told(extracted(workspace)) == [("block", "missing_delivery")]
    assert told(extracted(workspace, "missing_delivery")) == [("warn", "missing_delivery")]
    off = workspace_of(tmp_path, toml.replace("block", "off"))
    assert extracted(off).findings == ()


def test_full_exports_and_names_without_a_date_have_no_gaps(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path)
    for day in days_from("2026-01-01", 40):
        if day != date(2026, 2, 5):
            drop(workspace, f"deals-{day}.csv", f"id\n{day}\n")
    for number in (1, 2, 40):
        drop(workspace, f"sales-{number}.csv", f"id\n{number}\n")
    assert extracted(workspace).findings == ()


def test_a_refused_file_is_not_missing(tmp_path: Path) -> None:
    toml = '[sources.crm.sales]\ncadence = "daily"\nrows_jumped = "block"'
    workspace = workspace_of(tmp_path, toml)
    for day in days_from("2026-03-24", 6):
        drop(workspace, f"sales-{day}.csv", export(50, f"{day.day}.00"))
    drop(workspace, "sales-2026-03-30.csv", export(900, "0.01"))
    dated(workspace, [date(2026, 3, 31)])
    assert ("block", "rows_jumped") in told(extracted(workspace))
    assert "missing_delivery" not in {finding.rule for finding in extracted(workspace).findings}


# --- stale exports ----------------------------------------------------------------------------------


def test_a_stale_export_is_told_with_its_age_and_the_limit_by_policy(tmp_path: Path) -> None:
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    for severity in ("block", "warn", "off"):
        root = tmp_path / severity
        workspace = new_workspace(
            root, f'[policies]\nstale_exports = "off"\n[sources.crm.deals]\nstale_exports = "{severity}"'
        )
        drop(workspace, "deals.csv", "id,amount\n1,2\n", modified=now - timedelta(hours=36, minutes=1))
        drop(workspace, "deal_lines.csv", "id\n", modified=now - timedelta(days=90))
        run = context(workspace, started_at=now)
        found = extract(run, Journal(workspace.journal_dir)).findings
        assert [(one.severity, one.rule) for one in found] == (
            [] if severity == "off" else [(severity, "stale_exports")]
        )


def test_the_age_is_in_begun_hours_and_can_be_waived(tmp_path: Path) -> None:
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    workspace = new_workspace(tmp_path)
    drop(workspace, "deals.csv", "id,amount\n1,2\n", modified=now - timedelta(hours=36, minutes=1))
    run = context(workspace, "stale_exports", started_at=now)
    (finding,) = extract(run, Journal(workspace.journal_dir)).findings
    assert finding.severity == "warn"
    assert finding.message == (
        "The newest file of crm, exports/crm/deals.csv, is of 2026-03-29 23:59 UTC: 37 hours old; "
        "freshness_hours allows 36."
    )
