{# An exchange entity: text of all its connectors -> typed records, one a key. Driven by the model's YAML:
   its contract columns are the entity's columns and types; meta.key and meta.required name its key; a column's
   meta.references names the entity whose keys it holds, which key_map may rename (interface.md §2).

   Steps: delivered (text) → typed → mapped (key_map) → identified (key, version) → newest rank a key and object wins →
   what is left of one key is one record, which is in conflict where its contents differ. #}

{% macro record_columns() -%}
    {{ return(['source_system', 'source_row', 'source_rows', 'record_key', 'record_version', 'parse_errors',
               'has_conflict', 'identical_rows', 'repeated_rows']) }}
{%- endmacro %}

{# Columns of an exchange model as its YAML declares them, without those every record has: name, data_type,
   references. dbt has already put the engine's own name in the place of `string` (TEXT on DuckDB). #}
{% macro content_columns(node) -%}
    {%- set columns = [] -%}
    {%- for column in node.columns.values() if column.name not in record_columns() -%}
        {%- set declared = column.data_type | lower -%}
        {%- do columns.append({
            'name': column.name,
            'data_type': 'string' if declared in ('string', 'text', 'varchar') else declared,
            'references': column.config.meta.get('references'),
        }) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{% macro exchange_entity() -%}
    {%- set entity = model.name.split('__', 1)[1] -%}
    {%- set staging = [] -%}
    {%- for name, system in staging_models(entity) -%}
        {%- do staging.append({'relation': ref(name), 'system': system}) -%}
    {%- endfor -%}
    {#- before `if execute`, so that dbt sees the edge; key_map itself holds the keys of all systems -#}
    {%- set key_map = ref('exchange__key_map') if entity != 'key_map' else none -%}
    {%- if execute -%}
        {{ _exchange_sql(content_columns(model), model.config.meta, staging, key_map) }}
    {%- else -%}
        select 1 as parsed
    {%- endif -%}
{%- endmacro %}

{% macro _exchange_sql(columns, meta, staging, key_map) -%}
{%- set typed_columns = columns | rejectattr('data_type', 'equalto', 'string') | list -%}
{%- set references = [] -%}
{%- for column in columns if key_map and column.references -%}
    {%- do references.append({'column': column.name, 'entity': column.references}) -%}
{%- endfor -%}

with delivered as (

    {{ _delivered(columns, staging) }}

),

typed as (

    select
        source_system,
        source_rows,
        source_rank,
        {{ smallest_of('source_rows') }} as source_row,
        {%- for column in columns %}
        {{ column.name }} as {{ column.name }}{{ '__text' if column.data_type != 'string' }},
        {%- endfor %}
        {%- for column in typed_columns %}
        {{ parsed(column.name, column.data_type) }} as {{ column.name }},
        {%- endfor %}
        cast(null as {{ dbt.type_string() }}) as no_error
    from delivered

),

{% if references -%}
mapped_keys as (

    select entity, system, source_key, key
    from {{ key_map }}
    where parse_errors is null and not has_conflict and key is not null

),

{% endif -%}
mapped as (

    select
        typed.source_system,
        typed.source_rows,
        typed.source_rank,
        typed.source_row,
        {%- for column in columns %}
        {%- if column.name in references | map(attribute='column') %}
        coalesce(map_{{ column.name }}.key, typed.{{ column.name }}) as {{ column.name }},
        {%- else %}
        typed.{{ column.name }},
        {%- endif %}
        {%- endfor %}
        nullif(concat_ws('; ',
            {%- for column in typed_columns %}
            case
                when typed.{{ column.name }}__text is not null and typed.{{ column.name }} is null
                    then '{{ column.name }}=''' || typed.{{ column.name }}__text || ''''
            end,
            {%- endfor %}
            typed.no_error
        ), '') as parse_errors
    from typed
    {%- for reference in references %}
    left join mapped_keys as map_{{ reference.column }}
        on typed.{{ reference.column }} = map_{{ reference.column }}.source_key
        and typed.source_system = map_{{ reference.column }}.system
        and map_{{ reference.column }}.entity = '{{ reference.entity }}'
    {%- endfor %}

),

identified as (

    select
        mapped.*,
        {{ _record_key(columns, meta) }} as record_key,
        -- a column is named only where it has a value: a column added by a later release changes no version; two
        -- texts that are no values are no more the same than two values
        md5(concat_ws(chr(31),
            {%- for column in columns %}
            '{{ column.name }}=' || {{ _as_text('mapped', column) }},
            {%- endfor %}
            mapped.parse_errors
        )) as record_version
    from mapped

),

repeated_keys as (

    select record_key
    from identified
    group by record_key
    having count(*) > 1

),

-- most keys come once and need neither a window nor a list
single as (

    select
        identified.*,
        false as has_conflict,
        cast(0 as integer) as identical_rows,
        cast(null as {{ array_of_row_ids() }}) as repeated_rows
    from identified
    left join repeated_keys on identified.record_key = repeated_keys.record_key
    where repeated_keys.record_key is null

),

ranked as (

    select
        identified.*,
        dense_rank() over (
            partition by identified.record_key, identified.source_system, {{ object_of_rank('identified.source_rank') }}
            order by identified.source_rank desc
        ) as recency
    from identified
    inner join repeated_keys on identified.record_key = repeated_keys.record_key

),

newest as (

    select
        ranked.*,
        row_number() over (partition by record_key order by source_row) as place
    from ranked
    where recency = 1

),

gathered as (

    select
        record_key,
        {{ all_of_lists('source_rows') }} as all_source_rows,
        {{ all_of_lists('source_rows', 'place > 1') }} as other_rows,
        count(distinct record_version) > 1 as has_conflict,
        cast(count(*) - count(distinct record_version) as integer) as identical_rows
    from newest
    group by record_key

),

folded as (

    select
        newest.*,
        case when gathered.has_conflict then gathered.all_source_rows else newest.source_rows end as stands_on,
        gathered.has_conflict,
        gathered.identical_rows,
        case when not gathered.has_conflict then gathered.other_rows end as repeated_rows
    from newest
    inner join gathered on newest.record_key = gathered.record_key
    where newest.place = 1

),

final as (

    {%- for relation, rows in [('single', 'source_rows'), ('folded', 'stands_on')] %}
    select
        {%- for column in columns %}
        cast({{ column.name }} as {{ dbt.type_string() if column.data_type == 'string' else column.data_type }}) as {{ column.name }},
        {%- endfor %}
        source_system,
        source_row,
        {{ rows }} as source_rows,
        record_key,
        record_version,
        parse_errors,
        has_conflict,
        identical_rows,
        repeated_rows
    from {{ relation }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select * from final
{%- endmacro %}

{# All connectors' rows as trimmed text. #}
{% macro _delivered(columns, staging) -%}
    {%- for source in staging %}
    select
        '{{ source.system }}' as source_system,
        source_rows,
        cast(source_rank as bigint) as source_rank
        {%- for column in columns %},
        nullif(trim(cast({{ column.name }} as {{ dbt.type_string() }})), '') as {{ column.name }}
        {%- endfor %}
    from {{ source.relation }}
    {{- '\n    union all' if not loop.last }}
    {%- else %}
    select
        cast(null as {{ dbt.type_string() }}) as source_system,
        cast(null as bigint[]) as source_rows,
        cast(null as bigint) as source_rank
        {%- for column in columns %},
        cast(null as {{ dbt.type_string() }}) as {{ column.name }}
        {%- endfor %}
    where false
    {%- endfor %}
{%- endmacro %}

{# Key columns joined by |. Where a required part is missing, the place of the row: such records are told
   apart, and none is folded into another. #}
{% macro _record_key(columns, meta) -%}
    {%- set parts = [] -%}
    {%- for name in meta['key'] -%}
        {%- do parts.append(columns | selectattr('name', 'equalto', name) | first) -%}
    {%- endfor -%}
    {%- set needed = parts | selectattr('name', 'in', meta['required']) | map(attribute='name') | list -%}
    case
        when {{ needed | join(' is null or ') }} is null
            then '(file ' || {{ file_of_row('source_row') }}
                || ' row ' || {{ row_of_file('source_row') }} || ')'
        else {% for part in parts -%}
            {{ _as_text('mapped', part) if part.name in needed else "coalesce(" ~ _as_text('mapped', part) ~ ", '')" }}
            {{- " || '|' || " if not loop.last }}
            {%- endfor %}
    end
{%- endmacro %}

{% macro _as_text(relation, column) -%}
    {%- if column.data_type == 'string' -%}
        {{ relation }}.{{ column.name }}
    {%- else -%}
        cast({{ relation }}.{{ column.name }} as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}
