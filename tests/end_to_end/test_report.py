"""report.html of a published month: its numbers are those of the tables, text from exports stays text, the same month
gives the same bytes, and a browser that opens it asks nobody for anything.

Two entities, two currencies, a first close over three months, then a month with a late contract, a held one, a waiver
and a judgement. Names are as hostile as the gate lets them be.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Company, combine
from warehouse.explain.report.__main__ import again
from warehouse.publish.manifest import Month, canonical, month_hash, read_chain
from warehouse.publish.verify import verify

Entities = dict[str, list[dict[str, str]]]

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(2)>'
JUDGEMENT = "{{ 7 * 7 }} </style><style>*{display:none}</style> significant financing"
TAGS = """
    html head meta link title style body header main nav section details summary h1 h2 h3 p a b code span i br div
    dl dt dd ul li table caption thead tbody tr th td svg path circle text
"""
ATTRIBUTES = """
    lang charset http-equiv content name rel href id class aria-label scope open role viewbox width height d x y
    cx cy r transform
"""
REASON = "agreed for the test"
TOML = f"""
[company]
name = 'Sons & Daughters {SCRIPT}'
reporting_currency = "USD"

[policies]
freshness_hours = 0
max_fall_percent = 100
"""


def contract(name: str, currency: str, amount: str, entity: str, **more: str) -> Entities:
    """A calendar-year subscription of 2026 that was signed on 2 January, and an invoice for a quarter of it."""
    days = {"start_date": "2026-01-01", "end_date": "2026-12-31"}
    quarter = str(Decimal(amount) / 4)
    return {
        "contracts": [
            {"contract_id": name, "customer_id": "acme", "entity_id": entity, "status": "active"}
            | {"signed_date": "2026-01-02", "currency": currency, "total_amount": amount, **days, **more}
        ],
        "contract_lines": [
            {"contract_line_id": f"{name}-1", "contract_id": name, "line_number": "1", "product_id": "saas"}
            | {"amount": amount}
        ],
        "invoices": [
            {
                "invoice_id": f"I-{name}",
                "customer_id": "acme",
                "contract_id": name,
                "issue_date": "2026-02-05",
            }
            | {"currency": currency, "status": "open", "total_amount": quarter, "entity_id": entity}
        ],
        "invoice_lines": [
            {"invoice_line_id": f"I-{name}-1", "invoice_id": f"I-{name}", "contract_line_id": f"{name}-1"}
            | {"amount": quarter}
        ],
    }


def first_wave() -> Entities:
    return combine(
        {
            "entities": [
                {"entity_id": "us", "entity_name": "US", "functional_currency": "USD"},
                {"entity_id": IMAGE, "entity_name": SCRIPT, "functional_currency": "JPY"},
            ],
            "customers": [{"customer_id": "acme", "customer_name": SCRIPT}],
            "products": [
                {"product_id": "saas", "product_name": "Subscription", "revenue_category": "subscription"}
                | {"recognition_method": "ratable"}
            ],
        },
        contract("usual", "USD", "1234567.88", "us"),
        contract("judged", "USD", "1200", "us", judgements=JUDGEMENT),
        contract("tokyo", "JPY", "120000000", IMAGE),
    )


def second_wave() -> Entities:
    return combine(
        first_wave(),
        contract(IMAGE, "USD", "24000.36", "us"),  # late: signed in a closed month
        contract("held", "USD", "9000", "us", total_amount="9999"),
    )


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    company = Company(tmp_path_factory.mktemp("report") / "workspace", TOML)
    company.deliver(first_wave())
    company.commit("2026-03", "2026-04-03")
    company.deliver(second_wave())
    company.close("2026-04", "2026-05-04", waive=["control_total_differs"])
    return company


@pytest.fixture(scope="module")
def month(company: Company) -> Month:
    head = read_chain(company.workspace.published).head
    assert head is not None
    return head


@pytest.fixture(scope="module")
def page(month: Month) -> Page:
    return Page((month.path / "report.html").read_text(encoding="utf-8"))


class Page(HTMLParser):
    """What a browser makes of the page: tags, and below each heading the texts of its tables."""

    VOID = ("meta", "link", "br", "path", "circle")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.headings: list[str] = []
        self.tables: dict[str, list[list[list[str]]]] = {}
        """By heading (the second level, then the third): tables, their rows, their cells."""
        self._level: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)
        if tag in ("h2", "h3"):
            self._level = {"h2": ""} if tag == "h2" else {"h2": self._level["h2"], "h3": ""}
        elif tag == "table":
            self.tables.setdefault(self._heading(), []).append([])
        elif tag == "tr":
            self._rows().append([])
        elif tag in ("td", "th"):
            self._rows()[-1].append("")
        elif tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        for level in ("h2", "h3"):
            if level in self.open:
                self._level[level] += data
        if {"td", "th"} & set(self.open):
            self._rows()[-1][-1] += data

    def _heading(self) -> str:
        return " / ".join(part.strip() for part in self._level.values())

    def _rows(self) -> list[list[str]]:
        return self.tables[self._heading()][-1]

    def table(self, heading: str, place: int = 0) -> list[list[str]]:
        """The rows below the head of a table."""
        return [[cell.strip() for cell in row] for row in self.tables[heading][place][1:]]


def money(amount: Decimal | None, currency: str) -> str:
    return "-" if amount is None else f"{amount:,.{0 if currency == 'JPY' else 2}f}"


def test_every_published_month_has_a_report_in_its_manifest(company: Company) -> None:
    months = read_chain(company.workspace.published).months
    assert [month.period for month in months] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    assert all("report.html" in month.document["files"] for month in months)
    assert verify(company.workspace) == []


def test_figures_are_those_of_rpt_bbb(company: Company, page: Page) -> None:
    figures = ("bookings", "billings", "revenue", "backlog", "deferred_revenue", "contract_asset")
    rows = {
        (row["entity_id"], row["currency"], row["period"]): [
            money(row[name], row["currency"]) for name in figures
        ]
        for row in company.rows("rpt_bbb")
        if row["period"] <= "2026-04"
    }
    shown = page.table("All figures of 2026-04")
    assert {(row[0], row[1]): [*row[2:5], *row[6:]] for row in shown} == {
        key[:2]: values for key, values in rows.items() if key[2] == "2026-04"
    }
    for entity_id, currency in {key[:2] for key in rows}:
        by_month = page.table(f"{entity_id} · {currency} / Month by month")
        assert {row[0]: row[1:] for row in by_month} == {
            key[2]: values for key, values in rows.items() if key[:2] == (entity_id, currency)
        }


def test_roll_forward_is_that_of_rpt_rollforward(company: Company, page: Page) -> None:
    for entity_id, currency in (("us", "USD"), (IMAGE, "JPY")):
        heading = f"{entity_id} · {currency} / Roll-forward"
        balances = [name.strip().replace(" ", "_") for name in page.tables[heading][0][0][1:]]
        shown = {
            (balance, row[0].replace(" ", "_")): amount
            for row in page.table(heading)
            for balance, amount in zip(balances, row[1:], strict=True)
            if amount != "-"
        }
        published = {
            (row["balance"], row["movement"]): money(row["amount"], currency)
            for row in company.rows("rpt_rollforward")
            if (row["entity_id"], row["currency"], row["period"]) == (entity_id, currency, "2026-04")
        }
        assert "backlog" in balances
        assert "accounts_receivable" in balances
        assert {key: value for key, value in published.items() if key in shown} == shown
        # what is left out is nothing
        assert {value for key, value in published.items() if key not in shown} <= {
            money(Decimal(0), currency)
        }


def test_waterfall_adds_up_to_revenue_and_to_the_schedule(company: Company, month: Month, page: Page) -> None:
    file = (month.path / "rpt_revenue_waterfall.parquet").as_posix()
    for entity_id, currency in (("us", "USD"), (IMAGE, "JPY")):
        rows = page.table(f"{entity_id} · {currency} / Revenue by the period it was booked in")
        [(posted, scheduled, whole)] = company.query(
            "select sum(amount) filter (where not is_scheduled), sum(amount) filter (where is_scheduled), sum(amount)"
            f" from '{file}' where currency = '{currency}'"
        )
        assert rows[-1][0] == "all"
        assert rows[-1][1] == money(posted, currency)
        assert sum(Decimal(text.replace(",", "")) for text in rows[-1][2:5]) == scheduled
        assert rows[-1][5] == money(whole, currency)
        assert [row[0] for row in rows[:-1]] == ["2026-01"]
        assert rows[0][1:] == rows[-1][1:]


def test_what_came_late_is_told_with_its_cause_and_customer(company: Company, page: Page) -> None:
    heading = "What came late or was corrected"
    shown = {(row[0], row[2], row[3]): row for row in page.table(heading)}
    assert set(shown) == {("us", measure, "late") for measure in ("bookings", "billings", "revenue")}
    for measure, fact in (
        ("bookings", "fct_bookings"),
        ("billings", "fct_billings"),
        ("revenue", "fct_recognized_revenue"),
    ):
        [(amount,)] = company.query(
            f"select sum(amount) from marts.{fact} where is_prior_period and period = '2026-04'"
        )
        assert shown["us", measure, "late"][6] == money(amount, "USD")
    assert shown["us", "revenue", "late"][5] == "2026-01 to 2026-03"
    largest = page.table(f"{heading} / The largest")
    assert [row[:2] for row in largest] == [[IMAGE, SCRIPT]] * 3


def test_what_was_held_back_waived_judged_and_tested_is_told(company: Company, page: Page) -> None:
    rules = {row[0]: row[1:] for row in page.table("What was held back")}
    assert rules["control_total_differs"][1:3] == ["1", "USD 9,999.00"]
    [held] = page.table("What was held back / The contracts")
    assert held[:5] == ["held", "control_total_differs", "USD", "9,999.00", "2,250.00"]
    waivers = {row[0]: row for row in page.table("Waivers")}
    assert waivers["control_total_differs"][2:5] == [REASON, "C. Controller", "this close"]
    assert f"judged: {JUDGEMENT}" in page.text
    tested = {row[0]: (int(row[2]), int(row[3])) for row in page.table("Equations")}
    file = (company.workspace.published / "2026-04/v1/tie_outs.parquet").as_posix()
    assert tested == {
        equation: (rows, holding)
        for equation, rows, holding in company.query(
            f"select equation, count(*), count(*) filter (where holds) from '{file}' group by equation"
        )
    }
    shown = [row for rows in page.tables["Equations"][1:] for row in rows[1:]]
    published = company.query(f"select scope, expected, actual from '{file}'")
    assert sorted(
        (row[0], *(Decimal(text.replace(",", "")) for text in row[1:3])) for row in shown
    ) == sorted(published)
    assert "P. Preparer" in page.text


def test_text_from_exports_is_no_markup(page: Page) -> None:
    assert page.tags <= set(re.findall(r"\w+", TAGS))
    assert {name for name, _ in page.attributes} <= set(re.findall(r"[\w-]+", ATTRIBUTES))
    hrefs = {value for name, value in page.attributes if name == "href"}
    assert all(str(value).startswith("#") for value in hrefs - {"data:,"})
    assert f"Sons & Daughters {SCRIPT}" in page.text


def test_the_same_month_gives_the_same_bytes(company: Company) -> None:
    for month in read_chain(company.workspace.published).folders:
        assert again(month.path) == (month.path / "report.html").read_bytes()


def test_the_first_close_reports_the_months_it_covers(company: Company) -> None:
    text = (company.workspace.published / "2026-02/v1/report.html").read_text(encoding="utf-8")
    covered = Page(text)
    assert "published by the company's first close" in covered.text
    assert [row[0] for row in covered.table("us · USD / Month by month")] == ["2026-02", "2026-01"]
    assert "Waivers" not in covered.tables


def test_the_printed_hash_tells_a_chain_that_was_rewritten_consistently(month: Month, page: Page) -> None:
    printed = month_hash(month.document)
    assert printed in page.text
    assert month.previous is not None
    assert month.previous in page.text
    rewritten = json.loads(canonical(month.document))
    rewritten["files"]["rpt_bbb.parquet"]["sha256"] = "0" * 64
    assert month_hash(rewritten) != printed
    before = json.loads(canonical(month.document))
    before["previous"]["manifest_sha256"] = "0" * 64
    assert month_hash(before) != printed
    result = subprocess.run(
        [sys.executable, "-I", "verify.py"], cwd=month.path, capture_output=True, text=True
    )
    assert f"ok    report.html prints the hash of this month  ({printed})" in result.stdout
    assert result.returncode == 0


def test_an_edited_report_is_detected(company: Company, month: Month) -> None:
    path = month.path / "report.html"
    published = path.read_bytes()
    try:
        path.write_bytes(published.replace(b"9,999.00", b"9,999.01"))
        assert [problem.what for problem in verify(company.workspace)] == [
            "2026-04/v1/report.html was changed"
        ]
    finally:
        path.write_bytes(published)


# --- in a browser -----------------------------------------------------------------------------------

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--enable-logging=stderr",
    "--v=0",
    "--dump-dom",
]


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a folder, and what is asked of it."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def opened(address: str, profile: Path) -> tuple[str, list[str]]:
    """The page as the browser holds it, and what it wrote to its console: errors, and what the policy refused."""
    assert CHROMIUM is not None
    result = subprocess.run(
        [
            CHROMIUM,
            *FLAGS,
            f"--user-data-dir={profile}",
            address,
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout, [line for line in result.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed (Debian: apt-get install chromium)")
def test_a_browser_shows_it_without_a_request_or_an_error(month: Month, tmp_path: Path) -> None:
    with served(month.path) as (address, asked):
        shown, console = opened(f"{address}/report.html", tmp_path / "profile")
    assert console == []
    assert asked == ["/report.html"]
    in_browser, published = Page(shown), Page((month.path / "report.html").read_text(encoding="utf-8"))
    assert in_browser.tables == published.tables
    assert in_browser.tags - {"tbody"} <= published.tags


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed (Debian: apt-get install chromium)")
def test_what_slipped_through_would_not_run(month: Month, tmp_path: Path) -> None:
    """The policy of the page stands behind the escaping: with a name put in as markup nothing runs or is asked for."""
    text = (month.path / "report.html").read_text(encoding="utf-8")
    hostile = "<script>document.title = 'ran'</script><img src=/asked onerror='document.title = \"ran\"'>"
    (tmp_path / "hostile.html").write_text(text.replace("<main>", f"<main>{hostile}"), encoding="utf-8")
    with served(tmp_path) as (address, asked):
        shown, console = opened(f"{address}/hostile.html", tmp_path / "profile")
    assert "<title>ran" not in shown
    assert asked == ["/hostile.html"]
    assert len(console) >= 2
