-- Grain: contract line that is earned by what happens × day on which its measure changes.
-- Why: how far the line has come, from fulfillments alone: terms may change, what was done does not (macros/steps.sql).
-- Of terms it knows the days on which a drawdown may end.

with ends as (

    select contract_line_id, end_date from {{ ref('line_allocations') }} where recognition_method = 'drawdown'

    union

    select contract_line_id, end_date from {{ ref('amended_terms') }}

)

{{ line_progress(ref('line_allocations'), ref('known_progress'), ref('returns_in_force'), 'ends') }}
