{# What differs between engines, one macro each, dispatched by adapter. Models stay plain. #}

{% macro wide_integer() -%}{{ return(adapter.dispatch('wide_integer', 'tieout')()) }}{%- endmacro %}
{% macro default__wide_integer() -%}hugeint{%- endmacro %}
{% macro spark__wide_integer() -%}decimal(38, 0){%- endmacro %}

{% macro wide_literal(digits) -%}cast({{ digits }} as {{ wide_integer() }}){%- endmacro %}

{# Truncates towards zero on both engines. #}
{% macro integer_division(dividend, divisor) -%}
    {{ return(adapter.dispatch('integer_division', 'tieout')(dividend, divisor)) }}
{%- endmacro %}
{% macro default__integer_division(dividend, divisor) -%}(({{ dividend }}) // ({{ divisor }})){%- endmacro %}
{% macro spark__integer_division(dividend, divisor) -%}(({{ dividend }}) div ({{ divisor }})){%- endmacro %}

{# The same day n months later; a day the month lacks is its last day (accounting.md §4). #}
{% macro add_months(day, months) -%}
    {{ return(adapter.dispatch('add_months', 'tieout')(day, months)) }}
{%- endmacro %}
{% macro default__add_months(day, months) -%}
    cast({{ day }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}
{% macro spark__add_months(day, months) -%}add_months({{ day }}, cast({{ months }} as int)){%- endmacro %}

{% macro add_days(day, days) -%}{{ return(adapter.dispatch('add_days', 'tieout')(day, days)) }}{%- endmacro %}
{% macro default__add_days(day, days) -%}({{ day }} + cast({{ days }} as integer)){%- endmacro %}
{% macro spark__add_days(day, days) -%}date_add({{ day }}, cast({{ days }} as int)){%- endmacro %}

{# Days from the first day to the second, as an integer. #}
{% macro days_between(first, second) -%}
    {{ return(adapter.dispatch('days_between', 'tieout')(first, second)) }}
{%- endmacro %}
{% macro default__days_between(first, second) -%}cast({{ second }} - {{ first }} as bigint){%- endmacro %}
{% macro spark__days_between(first, second) -%}cast(datediff({{ second }}, {{ first }}) as bigint){%- endmacro %}

{# Null instead of an error where a value overflows: the gate then refuses the row by name. dbt's Spark adapter
   turns ANSI mode off, so that there a decimal that overflows is null by itself. #}
{% macro try_or_null(expression) -%}{{ return(adapter.dispatch('try_or_null', 'tieout')(expression)) }}{%- endmacro %}
{% macro default__try_or_null(expression) -%}try({{ expression }}){%- endmacro %}
{% macro spark__try_or_null(expression) -%}{{ expression }}{%- endmacro %}

{# A row id is file id × 2³² + row of the file, the header being row 1. No money is divided here. #}
{% macro file_of_row(row_id) -%}{{ integer_division(row_id, '4294967296') }}{%- endmacro %}
{% macro row_of_file(row_id) -%}({{ row_id }} % 4294967296){%- endmacro %}

{# Ranks tell which file of an object is newer; each object has a range of 10^9 of its own (warehouse/lake.py). #}
{% macro object_of_rank(rank) -%}{{ integer_division(rank, '1000000000') }}{%- endmacro %}

{# How many items a list has that is not null: of null Spark says -1. #}
{% macro items_in(list) -%}{{ return(adapter.dispatch('items_in', 'tieout')(list)) }}{%- endmacro %}
{% macro default__items_in(list) -%}len({{ list }}){%- endmacro %}
{% macro spark__items_in(list) -%}size({{ list }}){%- endmacro %}

{# The texts of a group in one, in their order. #}
{% macro joined_texts(text) -%}{{ return(adapter.dispatch('joined_texts', 'tieout')(text)) }}{%- endmacro %}
{% macro default__joined_texts(text) -%}string_agg({{ text }}, ', ' order by {{ text }}){%- endmacro %}
{% macro spark__joined_texts(text) -%}concat_ws(', ', sort_array(collect_list({{ text }}))){%- endmacro %}
