-- Grain: contract line × layer with a segment in force at the end of the last closed period.
-- Why: what each layer has earned by then as known now; activity of the open periods starts from it.

with segments as (

    select segments.*, context.last_closed_end as at_date
    from {{ ref('revenue_segments') }} as segments
    cross join {{ source('run', 'context') }} as context
    where context.last_closed_end between segments.valid_from and segments.valid_to

)

select contract_line_id, layer, recognized_minor from ( {{ recognized_at('segments') }} ) as evaluated
