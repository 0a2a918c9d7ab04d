"""The check of portability catches what Spark could not run, and lets pass what it can."""

from __future__ import annotations

import pytest

from tests.checks.portability import faults_of


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select a::bigint as a from t", "`::`"),
        ("select list_transform(a, x -> x + 1) as a from t", "`->`"),
        ("select a // 2 as a from t", "`//`"),
        ("select cast(a as hugeint) as a from t", "hugeint"),
        ("select cast(a as text) as a from t", "text"),
        ("select list_value(1, 2) as a", "list_value"),
        ("select struct_pack(a := 1) as a", "struct_pack"),
        ("select [1, 2] as a", "`[`"),
        ("select {'a': 1} as a", "cannot parse"),
        ("select a from t union all by name select a from u", "by name"),
        ("select unnest(a) as a from t", "unnest"),
        ("select * exclude (a) from t", "exclude"),
        ("select distinct on (a) a, b from t", "distinct on"),
        ('select "order" as a from t', "name to DuckDB"),
        ("select a from t asof join u on t.a >= u.a", "asof"),
        ("select round(a, 2) as a from t", "round"),
        ("select sum(a) over (w order by b) as a from t window w as (partition by c)", "named window"),
        (
            "select sum(a) over (w rows between 2 preceding and current row) as a from t window w as (order by c)",
            "name",
        ),
        ("select a from", "cannot parse"),
    ],
)
def test_what_only_duckdb_understands_is_named(sql: str, reason: str) -> None:
    assert any(reason in fault for fault in faults_of(sql)), faults_of(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select '::' as a, 'x -> [y] // z' as b -- c::d // e",
        "select a, row_number() over (partition by a order by b desc) as n from t qualify n = 1",
        "select sum(a) filter (where b in (1, 2)) as a from t group by all order by name",
        "select sum(a) over w as a from t window w as (partition by c order by b rows unbounded preceding)",
        "select t.a from (values (1), (2)) as t (a) where exists (select 1 from u)",
        "select cast(cast(a as decimal(38, 0)) div 2 as bigint) as a from t where a is distinct from b",
    ],
)
def test_what_both_engines_understand_passes(sql: str) -> None:
    assert faults_of(sql) == []


def test_the_line_of_a_fault_is_told() -> None:
    assert faults_of("select\n    a,\n    b::date\nfrom t") == ["line 3: `::`: write cast(… as …)"]
