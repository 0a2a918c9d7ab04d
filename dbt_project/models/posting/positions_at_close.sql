-- Grain: posting key, all measures; empty before the first publication.
-- Why: cumulative known now at the end of the last closed period. `now` and `frozen` meet on this (accounting.md §2).

select
    posting_key,
    dimension_id,
    cast(sum(amount_minor) as bigint) as amount_minor,
    cast(sum(tax_minor) as bigint) as tax_minor
from {{ ref('events') }}
where is_closed
group by posting_key, dimension_id

union all

select
    keys.posting_key,
    keys.dimension_id,
    cast(sum(earned.recognized_minor) as bigint) as amount_minor,
    cast(0 as bigint) as tax_minor
from (
    select contract_line_id, recognized_minor from {{ ref('recognized_at_close') }}
    union all
    -- what a line taken over had earned before is an event
    select before.contract_line_id, -before.recognized_minor as recognized_minor
    from {{ ref('recognized_before') }} as before
    cross join {{ source('run', 'context') }} as context
    where before.as_of_date <= context.last_closed_end
) as earned
inner join {{ ref('revenue_keys') }} as keys on earned.contract_line_id = keys.contract_line_id
group by keys.posting_key, keys.dimension_id
