-- Grain: row of audit.tie_outs.
-- Why: E6, per source object rows and money extracted = used + excluded + quarantined + held + later + unmapped + rounding.

with compared as (

    select
        source_system || '.' || source_object || ' rows' as scope,
        source_object as item,
        cast(rows_extracted as decimal(18, 3)) as expected,
        cast(rows_used + rows_excluded + rows_quarantined + rows_held + rows_later + rows_unmapped as decimal(18, 3)) as actual
    from {{ ref('completeness') }}

    union all

    select
        source_system || '.' || source_object || ' money' as scope,
        source_object as item,
        amount_extracted as expected,
        amount_used + amount_excluded + amount_quarantined + amount_held + amount_later + amount_unmapped + amount_rounding
            as actual
    from {{ ref('completeness') }}

)

{{ tie_out('E6', 'compared', ['scope']) }}
