-- Grain: posting key, all measures.
-- Why: cumulative known now at the end of the last closed period. `now` and `frozen` meet on this (accounting.md §2).

with events as (

    select posting_key, contract_id, amount_minor, tax_minor from {{ ref('events') }} where is_closed

),

revenue as (

    select keys.posting_key, keys.contract_id, earned.recognized_minor as amount_minor, cast(0 as bigint) as tax_minor
    from {{ ref('recognized_at_close') }} as earned
    inner join {{ ref('revenue_keys') }} as keys on earned.contract_line_id = keys.contract_line_id

)

select
    posting_key,
    contract_id,
    cast(sum(amount_minor) as bigint) as amount_minor,
    cast(sum(tax_minor) as bigint) as tax_minor
from (select * from events union all select * from revenue) as combined
group by posting_key, contract_id
