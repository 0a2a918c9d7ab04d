-- Grain: row of audit.tie_outs.
-- Why: E6, per source object rows and money extracted = used + excluded + quarantined + held + later + unmapped + rounding.
-- What a record's amount differs from its row by a minor unit or more is no rounding: it is missing in the sum, and
-- the first such rows of an object are named, because two of them may cancel out. And no record comes from nowhere.

{% set named_rows = 20 %}

with unexplained as (

    select
        *,
        row_number() over (
            partition by source_system, source_object order by abs(difference) desc, row_id
        ) as place
    from {{ ref('accepted__raw_rows') }}
    where difference_fate = 'unexplained'

),

-- money out of nothing: a record must stand on rows that are there
baseless as (

    {%- for entity in staged_entities() %}
    select
        '{{ entity }}' as entity,
        cast(count(*) as bigint) as records
    from {{ ref('exchange__' ~ entity) }}
    where source_row is null
    union all
    {%- endfor %}
    select
        row_fates.entity,
        cast(count(distinct row_fates.record_key) as bigint) as records
    from {{ ref('accepted__row_fates') }} as row_fates
    left join {{ ref('accepted__raw_rows') }} as raw_rows on row_fates.row_id = raw_rows.row_id
    where raw_rows.row_id is null
    group by row_fates.entity

),

compared as (

    select
        source_system || '.' || source_object || ' rows' as scope,
        coalesce(currency, 'no currency') as item,
        cast(rows_extracted as decimal(38, 9)) as expected,
        cast(
            rows_used + rows_excluded + rows_quarantined + rows_held + rows_later + rows_unmapped as decimal(38, 9)
        ) as actual
    from {{ ref('completeness') }}

    union all

    select
        source_system || '.' || source_object || ' money in ' || coalesce(currency, 'no currency') as scope,
        'all rows' as item,
        amount_extracted as expected,
        cast(
            amount_used + amount_excluded + amount_quarantined + amount_held + amount_later + amount_unmapped
            + amount_rounding as decimal(38, 9)
        ) as actual
    from {{ ref('completeness') }}

    union all

    select
        entity || ' records without a source row' as scope,
        'all records' as item,
        cast(0 as decimal(38, 9)) as expected,
        cast(sum(records) as decimal(38, 9)) as actual
    from baseless
    group by entity

    union all

    select
        unexplained.source_system || '.' || unexplained.source_object || ' money against its records' as scope,
        files.path || ' row ' || cast({{ row_of_file('unexplained.row_id') }} as {{ dbt.type_string() }}) as item,
        unexplained.raw_amount as expected,
        unexplained.record_amount as actual
    from unexplained
    {{ source_join('unexplained.row_id') }}
    where unexplained.place <= {{ named_rows }}

)

{{ tie_out('E6', 'compared', ['scope']) }}
