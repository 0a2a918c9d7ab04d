{# Rows of audit.tie_outs from a relation with scope, item, expected, actual: one row a scope with its totals, and
   one row for every item that differs, so that two differences that cancel out are still seen. #}
{% macro tie_out(equation, relation) %}
    select
        '{{ equation }}' as equation,
        scope,
        cast(sum(expected) as decimal(18, 3)) as expected,
        cast(sum(actual) as decimal(18, 3)) as actual,
        cast(sum(actual) - sum(expected) as decimal(18, 3)) as difference,
        sum(actual) = sum(expected) as holds
    from {{ relation }}
    group by scope

    union all

    select
        '{{ equation }}' as equation,
        scope || ' · ' || item as scope,
        cast(expected as decimal(18, 3)) as expected,
        cast(actual as decimal(18, 3)) as actual,
        cast(actual - expected as decimal(18, 3)) as difference,
        false as holds
    from {{ relation }}
    where expected != actual
{% endmacro %}
