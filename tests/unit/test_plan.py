"""Steps of a compiled project: their order, what is built, what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from warehouse import engine
from warehouse.plan import Plan, Step, TransformError, execute

NUMBERS = "select 1 as id, cast(2 as decimal(18, 3)) as amount"


@pytest.fixture
def connection() -> Iterator[engine.Connection]:
    with engine.connect() as opened:
        yield opened


def model(name: str, sql: str, *parents: str, **more: object) -> Step:
    values = {"kind": "table", "schema": "engine", "table": name, "path": f"models/{name}.sql", **more}
    return Step(
        unique_id=f"model.{name}",
        name=name,
        fqn=("tieout", name),
        parents=parents,
        sql=sql,
        **values,  # type: ignore[arg-type]
    )


def test_steps_come_after_what_they_stand_on_in_whatever_order_they_are_given() -> None:
    steps = [model("c", "", "model.b"), model("b", "", "model.a"), model("a", "", "source.lake.x")]
    assert [step.name for step in Plan.of(steps).steps] == ["a", "b", "c"]
    assert Plan.of(steps) == Plan.of(reversed(steps))


def test_upstream_is_a_model_and_all_it_stands_on() -> None:
    plan = Plan.of(
        [model("a", ""), model("b", "", "model.a"), model("c", "", "model.a"), model("d", "", "model.b")]
    )
    assert [step.name for step in plan.upstream("model.d")] == ["a", "b", "d"]


def test_a_plan_survives_being_written_and_read() -> None:
    plan = Plan.of(
        [model("a", NUMBERS, columns=(("id", "integer"),)), model("b", "", "model.a", kind="view")]
    )
    assert Plan.loads(plan.dumps()) == plan


def test_a_table_takes_the_place_of_a_view_and_the_other_way_round(connection: engine.Connection) -> None:
    for kind in ("view", "table", "view"):
        execute(connection, [model("a", NUMBERS, kind=kind)])
        assert connection.execute("select amount from engine.a").fetchone() == (2,)


def test_the_rows_a_test_finds_are_its_failures(connection: engine.Connection) -> None:
    step = Step("test.t", "t", "test", (), ("model.a",), "select 1 from engine.a where id = 1")
    results = execute(connection, [model("a", NUMBERS), step])
    assert [one.failures for one in results] == [0, 1]


def test_columns_come_in_the_order_of_the_contract(connection: engine.Connection) -> None:
    contract = (("amount", "decimal(18, 3)"), ("id", "integer"))
    execute(connection, [model("a", NUMBERS, columns=contract)])
    names = [column[0] for column in connection.execute("select * from engine.a").description]
    assert names == ["amount", "id"]


@pytest.mark.parametrize("declared", [("amount", "decimal(20, 3)"), ("amount", "bigint")])
def test_another_type_than_the_contract_declares_is_refused(
    connection: engine.Connection, declared: tuple[str, str]
) -> None:
    with pytest.raises(TransformError, match=r"a could not be built: its columns differ .*models/a\.sql"):
        execute(connection, [model("a", NUMBERS, columns=(("id", "integer"), declared))])


def test_a_column_that_is_missing_names_the_model(connection: engine.Connection) -> None:
    with pytest.raises(TransformError, match="a could not be built: Binder Error"):
        execute(connection, [model("a", NUMBERS, columns=(("note", "string"),))])


def test_a_round_reads_what_the_rounds_before_it_wrote(connection: engine.Connection) -> None:
    """1, then each round the double of all there is: 1, 2, 6."""
    items = model("items", "select unnest([1, 2, 3]) as round_number")
    rounds = model(
        "doubled",
        "select __round__ as place, case when __round__ = 1 then 1 else 2 * coalesce(sum(value), 0) end as value"
        " from engine.doubled",
        "model.items",
        kind="iterated",
        columns=(("place", "integer"), ("value", "bigint")),
        rounds_from="items",
    )
    execute(connection, [items, rounds])
    assert connection.execute("select value from engine.doubled order by place").fetchall() == [
        (1,),
        (2,),
        (6,),
    ]
