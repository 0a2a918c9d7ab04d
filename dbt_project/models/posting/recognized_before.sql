-- Grain: line taken over × layer with a segment in force on its as-of date.
-- Why: what was earned before a cut-over as known now: it stands in positions as one event of that day, and no period's revenue
-- has any of it (architecture.md posting 7).

with segments as (

    select segments.*, lines.as_of_date as at_date
    from {{ ref('lines_taken_over') }} as lines
    inner join {{ ref('revenue_segments') }} as segments
        on lines.contract_line_id = segments.contract_line_id
        and lines.as_of_date between segments.valid_from and segments.valid_to

)

select contract_line_id, layer, at_date as as_of_date, recognized_minor
from ( {{ recognized_at('segments') }} ) as evaluated
