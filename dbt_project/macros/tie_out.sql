{# Rows of audit.tie_outs from a relation with the columns of `scope`, item, expected and actual: one row a scope
   with its totals, and one row for every item that differs, so that two differences that cancel out are still
   seen. Texts are put together after the grouping: one for every line and month costs more than the check. #}
{% macro tie_out(equation, relation, scope, item_name='') %}
    select
        '{{ equation }}' as equation,
        {{ scope | join(" || ' ' || ") }} as scope,
        cast(sum(expected) as decimal(38, 9)) as expected,
        cast(sum(actual) as decimal(38, 9)) as actual,
        cast(sum(actual) - sum(expected) as decimal(38, 9)) as difference,
        sum(actual) = sum(expected) as holds
    from {{ relation }}
    group by {{ scope | join(', ') }}

    union all

    select
        '{{ equation }}' as equation,
        {{ scope | join(" || ' ' || ") }} || ' · {{ item_name }}' || item as scope,
        cast(expected as decimal(38, 9)) as expected,
        cast(actual as decimal(38, 9)) as actual,
        cast(actual - expected as decimal(38, 9)) as difference,
        false as holds
    from {{ relation }}
    where expected != actual
{% endmacro %}
