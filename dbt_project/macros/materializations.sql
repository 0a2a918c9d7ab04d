{# Tables and views in one statement each. dbt-duckdb's own build a second relation beside the first, rename both
   and drop the old one, at about the cost of the model itself for the small tables most models are; `create or
   replace` is atomic in DuckDB. Features this project doesn't use (grants, indexes, partitions) are left out. #}

{% materialization table, adapter='duckdb' %}
    {{ return(_replace_relation('table', this, sql)) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return(_replace_relation('view', this, sql)) }}
{% endmaterialization %}

{% macro _replace_relation(kind, relation, select_sql) %}
    {%- set target_relation = relation.incorporate(type=kind) -%}
    {%- set existing = load_cached_relation(relation) -%}
    {%- set is_enforced = config.get('contract').enforced -%}

    {{ run_hooks(pre_hooks) }}
    {%- if existing is not none and existing.type != kind -%}
        {% do adapter.drop_relation(existing) %}
    {%- endif -%}
    {%- if is_enforced -%}
        {{ get_assert_columns_equivalent(select_sql) }}
    {%- endif -%}
    {% call statement('main') -%}
        create or replace {{ kind }} {{ target_relation }} as (
            {{ get_select_subquery(select_sql) if is_enforced else select_sql }}
        )
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target_relation, model) %}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}
