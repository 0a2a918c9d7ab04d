-- Grain: contract line × layer with a segment in force at the end of the last closed period.
-- Why: what the line has earned by then as known now, to hold against what was frozen; a line's revenue is the sum of
-- its layers.

with segments as (

    select segments.*, context.last_closed_end as at_date
    from {{ ref('revenue_segments') }} as segments
    cross join {{ source('run', 'context') }} as context
    where context.last_closed_end between segments.valid_from and segments.valid_to

)

select contract_line_id, layer, recognized_minor from ( {{ recognized_at('segments') }} ) as evaluated
