-- Grain: usage event of a usage or drawdown line, or modification_number of what a drawdown draws on.
-- Why: usage beyond the allocated amount is contracted as it is earned, so it never sits in backlog (accounting.md §4);
-- both bookings and revenue read it here. An amount or an end that changes takes in what was beyond it, or leaves more
-- beyond it; a pool takes in nothing of what was used before it.

with amounts as (

    {{ drawn_on_as_signed(ref('line_allocations')) }}

    union all

    select
        layers.contract_line_id,
        layers.recognition_method,
        layers.modification_number,
        -- a line that is added apart counts nothing before its own amount does
        case when layers.change = 'separate' then {{ first_day() }} else layers.known_from end as valid_from,
        layers.progress_from + amounts.remainder_minor as drawn_on_minor,
        layers.drawn_until,
        amounts.carried_minor
    from {{ ref('layers') }} as layers
    inner join {{ ref('layer_amounts') }} as amounts
        on layers.contract_line_id = amounts.contract_line_id
        and layers.modification_number = amounts.modification_number
        and layers.layer = amounts.layer
    where layers.recognition_method = 'drawdown' and layers.layer = 'main'

)

{{ usage_amounts(ref('usage_events'), 'amounts') }}
