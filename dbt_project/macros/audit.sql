{# What completeness and the lists of records that are not used share. #}

{# Money of a raw row to the third decimal, as far as its text is money at all; what is not counts in rows only.
   Beyond 13 digits it is not money (quality.md), and a sum of such text must not stop the run. #}
{% macro raw_money(column) -%}
    coalesce(
        case
            when {{ matches_whole('trim(' ~ column ~ ')', '[-+]?([0-9]{1,13}([.][0-9]{1,30})?|[.][0-9]{1,30})') }}
                then try_cast(trim({{ column }}) as decimal(18, 3))
        end, 0)
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
