-- Grain: accepted contract line.
-- Why: the posting key under which a line's revenue stands now.

with keyed as (

    select
        'recognized' as measure,
        '' as event_id,
        '' as event_type,
        *
    from {{ ref('line_dimensions') }}

)

select *, {{ posting_key() }} as posting_key from keyed
