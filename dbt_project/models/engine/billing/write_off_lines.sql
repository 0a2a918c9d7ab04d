-- Grain: written_off row × contract line in force on its day.
-- Why: what the write-off finds earned and billed on each line of the contract.

with lines as (

    select
        written_off.contract_id,
        written_off.round_number,
        written_off.event_date,
        terms.contract_line_id,
        terms.line_place
    from {{ ref('written_off') }} as written_off
    inner join {{ ref('line_allocations') }} as terms
        on written_off.contract_id = terms.contract_id and terms.signed_date <= written_off.event_date

),

in_force as (

    select segments.*, lines.contract_id, lines.round_number, lines.event_date as at_date
    from lines
    inner join {{ ref('revenue_segments') }} as segments
        on lines.contract_line_id = segments.contract_line_id
        and lines.event_date between segments.valid_from and segments.valid_to

),

recognized as (

    select contract_id, round_number, contract_line_id, cast(sum(recognized_minor) as bigint) as recognized_minor
    from ( {{ recognized_at('in_force') }} ) as evaluated
    group by contract_id, round_number, contract_line_id

),

billed as (

    select lines.contract_id, lines.round_number, lines.contract_line_id, cast(sum(events.amount_minor) as bigint) as billed_minor
    from lines
    inner join {{ ref('billing_events') }} as events
        on lines.contract_line_id = events.contract_line_id and events.positions_date <= lines.event_date
    group by lines.contract_id, lines.round_number, lines.contract_line_id

)

select
    lines.contract_id,
    lines.round_number,
    lines.contract_line_id,
    lines.line_place,
    coalesce(recognized.recognized_minor, 0) as recognized_minor,
    coalesce(billed.billed_minor, 0) as billed_minor
from lines
left join recognized
    on lines.contract_id = recognized.contract_id
    and lines.round_number = recognized.round_number
    and lines.contract_line_id = recognized.contract_line_id
left join billed
    on lines.contract_id = billed.contract_id
    and lines.round_number = billed.round_number
    and lines.contract_line_id = billed.contract_line_id
