{# What every check view has besides its own facts (architecture.md 21): the record as delivered, and the faults any
   record can have. The views only hold facts; what follows from them is policy, in expectations/suites. #}

{# All columns of an exchange record; `renamed` gives a column another name where the view resolves it itself. #}
{% macro exchange_columns(entity, renamed={}) -%}
    {%- if not execute -%}{{ return('records.*') }}{%- endif -%}
    {%- set columns = [] -%}
    {%- for name in graph.nodes['model.tieout.exchange__' ~ entity].columns -%}
        {%- do columns.append('records.' ~ name ~ (' as ' ~ renamed[name] if name in renamed else '')) -%}
    {%- endfor -%}
    {{ return(columns | join(',\n        ')) }}
{%- endmacro %}

{# Faults any record can have. `exponent`: the minor unit of the currency its money is in, null where unknown.
     missing_values, dates_out_of_range, amounts_out_of_range, amounts_too_fine   the columns, null when none
     has_control_characters, has_long_key #}
{% macro common_checks(entity, exponent='cast(null as integer)') -%}
    {%- if not execute -%}{{ return('1 as checked') }}{%- endif -%}
    {%- set node = graph.nodes['model.tieout.exchange__' ~ entity] -%}
    {%- set meta = node.config.meta -%}
    {%- set columns = content_columns(node) -%}
    {%- set dates = columns | selectattr('data_type', 'equalto', 'date') | map(attribute='name') | list -%}
    {%- set amounts = columns | selectattr('data_type', 'equalto', 'decimal(18,3)') | map(attribute='name') | list -%}
    {%- set prices = columns | selectattr('data_type', 'equalto', 'decimal(24,9)') | map(attribute='name') | list -%}
    {%- set texts = columns | selectattr('data_type', 'equalto', 'string') | list -%}
    {%- set keys = [] -%}
    {%- for column in texts if column.references or column.name in meta['key'] -%}
        {%- do keys.append('records.' ~ column.name) -%}
    {%- endfor -%}
    {%- set names = [] -%}
    {%- for column in texts -%}{%- do names.append('records.' ~ column.name) -%}{%- endfor -%}
    nullif(concat_ws(', ',
        {%- for name in meta['required'] %}
        case
            when records.{{ name }} is null
                and coalesce('; ' || records.parse_errors, '') not like '%; {{ name | replace('_', '\\_') }}=%' escape '\'
                then '{{ name }}'
        end,
        {%- endfor %}
        cast(null as {{ dbt.type_string() }})), '') as missing_values,
        {{ _columns_where(dates, "not {column} between date '1990-01-01' and date '2100-12-31'") }} as dates_out_of_range,
        {{ _columns_where(amounts + prices, 'abs({column}) > ' ~ _largest_amount(exponent)) }} as amounts_out_of_range,
        {{ _columns_where(amounts, to_thousandths('{column}') ~ ' % ' ~ _thousandths(exponent) ~ ' != 0') }}
            as amounts_too_fine,
        {{ contains("concat_ws(' ', " ~ names | join(', ') ~ ')', '[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x{7f}-\\x{9f}]') }}
        {%- if keys %}
        or {{ contains("concat_ws(' ', " ~ keys | join(', ') ~ ')', '[\\x00-\\x1f\\x{7f}-\\x{9f}]') }}
        {%- endif %} as has_control_characters,
        {% if keys -%}
        greatest(
            {%- for key in keys %}coalesce(length({{ key }}), 0){{ ', ' if not loop.last }}{% endfor -%}
        {{ ', 0' }}) > 255 as has_long_key
        {%- else -%}
        false as has_long_key
        {%- endif -%}
{%- endmacro %}

{# Names of the columns for which the condition holds, null when there are none. #}
{% macro _columns_where(columns, condition) -%}
    {%- if not columns -%}
    cast(null as {{ dbt.type_string() }})
    {%- else -%}
    nullif(concat_ws(', ',
        {%- for name in columns %}
        case when {{ condition | replace('{column}', 'records.' ~ name) }} then '{{ name }}' end{{ ',' if not loop.last }}
        {%- endfor -%}
        ), '')
    {%- endif -%}
{%- endmacro %}

{# 10^13 minor units, and how many thousandths of a unit the minor unit is. #}
{% macro _largest_amount(exponent) -%}
    (case {{ exponent }} when 2 then 100000000000 when 3 then 10000000000 else 10000000000000 end)
{%- endmacro %}
{% macro _thousandths(exponent) -%}
    (case {{ exponent }} when 0 then 1000 when 2 then 10 else 1 end)
{%- endmacro %}

{# True where a part of the text matches. #}
{% macro contains(text, pattern) -%}{{ return(adapter.dispatch('contains', 'tieout')(text, pattern)) }}{%- endmacro %}
{% macro default__contains(text, pattern) -%}regexp_matches({{ text }}, '{{ pattern }}'){%- endmacro %}
{% macro spark__contains(text, pattern) -%}({{ text }} rlike '{{ pattern | replace('\\', '\\\\') }}'){%- endmacro %}
