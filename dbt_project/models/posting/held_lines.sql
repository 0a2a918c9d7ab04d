-- Grain: contract line of a held contract.
-- Why: what is carried of it, and the revenue its published schedule would have earned since (held back).
-- Minor units of the currency.

with held as (

    select contract_id, rule from {{ ref('accepted__contracts_out') }} where fate = 'held'

),

positions as (

    select
        frozen.contract_line_id,
        frozen.contract_id,
        frozen.entity_id,
        frozen.currency,
        cast(sum(case when measure = 'contracted' then amount_minor else 0 end) as bigint) as contracted_minor,
        cast(sum(case when measure in ('billed', 'not_yet_counted') then amount_minor else 0 end) as bigint) as billed_minor,
        cast(sum(case when measure = 'recognized' then amount_minor else 0 end) as bigint) as recognized_minor
    from {{ source('frozen', 'position_totals') }} as frozen
    inner join held on frozen.contract_id = held.contract_id
    where frozen.contract_line_id != '(not linked)'
    group by frozen.contract_line_id, frozen.contract_id, frozen.entity_id, frozen.currency

),

segments as (

    select segments.*, context.cut_date as at_date
    from {{ source('frozen', 'revenue_segments') }} as segments
    inner join positions on segments.contract_line_id = positions.contract_line_id
    cross join {{ source('run', 'context') }} as context
    where context.cut_date between segments.valid_from and segments.valid_to

),

would_have as (

    select contract_line_id, cast(sum(recognized_minor) as bigint) as recognized_minor
    from ( {{ recognized_at('segments') }} ) as evaluated
    group by contract_line_id

)

select
    positions.contract_line_id,
    positions.contract_id,
    held.rule,
    positions.entity_id,
    positions.currency,
    positions.contracted_minor,
    positions.billed_minor,
    positions.recognized_minor,
    coalesce(would_have.recognized_minor, positions.recognized_minor) - positions.recognized_minor as held_back_minor
from positions
inner join held on positions.contract_id = held.contract_id
left join would_have on positions.contract_line_id = would_have.contract_line_id
