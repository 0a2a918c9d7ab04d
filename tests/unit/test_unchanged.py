"""What is kept from the build before, and what never is."""

from collections.abc import Iterator

import pytest

from orchestration import unchanged
from warehouse import engine
from warehouse.extract.order import Delivery
from warehouse.plan import Plan, Step


def delivery(name: str, sha256: str) -> Delivery:
    return Delivery(
        seq=1,
        batch=1,
        first_seen="",
        file_id=1,
        system="files",
        object=name,
        path=f"exports/files/{name}.csv",
        sha256=sha256,
        rows=1,
        size_bytes=1,
        columns=(),
        is_current=True,
    )


def model(name: str, *parents: str) -> Step:
    return Step(f"model.{name}", name, "table", ("tieout", "exchange", name), parents, "", "exchange", name)


PLAN = Plan.of(
    [
        model("price", "model.lines", "model.products"),
        model("lines", "source.tieout.lake.files__lines"),
        model("products", "source.tieout.lake.files__products"),
        model("links", "model.lines", "source.tieout.frozen.known_records"),
        model("currencies"),
    ]
)
STEPS = PLAN.steps
LINES, PRODUCTS = delivery("lines", "aa"), delivery("products", "bb")


@pytest.fixture
def connection() -> Iterator[engine.Connection]:
    with engine.connect() as opened:
        opened.execute("create schema exchange")
        for one in STEPS:
            opened.execute(f"create table exchange.{one.name} (id integer)")
        yield opened


def kept_after(connection: engine.Connection, *deliveries: Delivery, rules: str = "rules") -> set[str]:
    unchanged.remember(connection, unchanged.keys(STEPS, [LINES, PRODUCTS], "rules"))
    return unchanged.kept(connection, STEPS, unchanged.keys(STEPS, deliveries, rules))


@pytest.fixture(autouse=True)
def _prepared(connection: engine.Connection) -> None:
    unchanged.forget(connection, set())


def test_what_stands_on_unchanged_deliveries_is_kept(connection: engine.Connection) -> None:
    found = kept_after(connection, LINES, PRODUCTS)
    assert found == {"model.price", "model.lines", "model.products", "model.currencies"}


def test_what_looks_at_published_months_is_never_kept() -> None:
    assert "model.links" not in unchanged.keys(STEPS, [LINES], "rules")


def test_a_changed_delivery_reaches_everything_after_it(connection: engine.Connection) -> None:
    found = kept_after(connection, delivery("lines", "cc"), PRODUCTS)
    assert found == {"model.products", "model.currencies"}


def test_a_withdrawn_delivery_is_a_change(connection: engine.Connection) -> None:
    assert kept_after(connection, PRODUCTS) == {"model.products", "model.currencies"}


def test_changed_rules_keep_nothing(connection: engine.Connection) -> None:
    assert kept_after(connection, LINES, PRODUCTS, rules="other rules") == set()


def test_a_table_that_is_gone_is_built_again(connection: engine.Connection) -> None:
    connection.execute("drop table exchange.products")
    assert "model.products" not in kept_after(connection, LINES, PRODUCTS)


def test_a_killed_build_keeps_nothing_it_was_about_to_replace(connection: engine.Connection) -> None:
    wanted = unchanged.keys(STEPS, [LINES, PRODUCTS], "rules")
    unchanged.remember(connection, wanted)
    unchanged.forget(connection, {"model.products"})
    assert unchanged.kept(connection, STEPS, wanted) == {"model.products"}


def test_a_test_of_kept_models_alone_is_not_run_again() -> None:
    test = Step("test.key", "key", "test", (), ("model.lines", "model.products"), "")
    assert unchanged.stands_on(test, {"model.lines", "model.products"})
    assert not unchanged.stands_on(test, {"model.lines"})
