{# A connector's mapping of an entity, completed: a column of the entity that it does not give is null. A connector
   names the columns its system has, and a column that a later release adds breaks none. Staging is DuckDB's alone. #}
{% macro staged(entity) -%}
with mapped as (

{{ caller() }}

)

select * from mapped
-- columns that the connector does not give
union all by name
select
    cast(null as bigint[]) as source_rows,
    cast(null as bigint) as source_rank
    {%- if execute %}
    {%- for column in content_columns(graph.nodes['model.tieout.exchange__' ~ entity]) %},
    cast(null as {{ dbt.type_string() }}) as {{ column.name }}
    {%- endfor %}
    {%- endif %}
where false
{%- endmacro %}
