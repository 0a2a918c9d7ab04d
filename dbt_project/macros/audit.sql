{# What completeness and the lists of records that are not used share. #}

{# Fates from the strongest on: of a row behind several records, the strongest use decides. #}
{% macro fates() -%}
    {{ return(['used', 'excluded', 'quarantined', 'held', 'later', 'unmapped']) }}
{%- endmacro %}

{% macro fate_strength(fate) -%}
(case {{ fate }} {% for name in fates() %}when '{{ name }}' then {{ loop.index }} {% endfor %}end)
{%- endmacro %}

{% macro fate_of_strength(strength) -%}
(case {{ strength }} {% for name in fates() %}when {{ loop.index }} then '{{ name }}' {% endfor %}end)
{%- endmacro %}

{# The money column of an exchange entity (meta.money of its YAML). #}
{% macro record_money(entity) -%}
    {%- set money = graph.nodes['model.tieout.exchange__' ~ entity].config.meta.get('money') if execute -%}
    cast({{ money or 'null' }} as decimal(18, 3))
{%- endmacro %}

{# File, row and hash of a row id, from run.source_files as `files`. #}
{% macro source_place(row_id) -%}
    files.path as source_file,
    cast({{ row_of_file(row_id) }} as bigint) as source_row,
    files.sha256 as file_sha256
{%- endmacro %}

{% macro source_join(row_id) -%}
left join {{ source('run', 'source_files') }} as files
        on {{ file_of_row(row_id) }} = files.file_id
{%- endmacro %}
