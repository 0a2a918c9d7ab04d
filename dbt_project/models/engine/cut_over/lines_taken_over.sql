-- Grain: contract line whose history another system holds.
-- Why: as of a period's last day its cumulative figures are given (architecture.md posting 7). What is dated by then stands in
-- them: positions open with it, and no fact of a period tells it again. pending_minor is what of contracted was signed by then
-- and changes the terms later; is_ending: so it is with a cancellation, whose final amount its terms decide. Minor units of the
-- contract's currency.

with pending as (

    select amendments.contract_line_id, openings.as_of_date, cast(sum(amendments.amount_delta_minor) as bigint) as pending_minor
    from {{ ref('amendment_rows') }} as amendments
    inner join {{ ref('accepted__opening_balances') }} as openings
        on amendments.contract_line_id = openings.contract_line_id
        and openings.as_of_date >= amendments.signed_date
        and openings.as_of_date < amendments.known_from
    group by amendments.contract_line_id, openings.as_of_date

)

select
    lines.accounting_contract_id,
    lines.contract_id,
    lines.contract_line_id,
    lines.recognition_method,
    lines.quantity_millionths,
    lines.amount_minor,
    lines.currency,
    lines.exponent,
    openings.as_of_date,
    {{ to_minor('openings.contracted', 'lines.exponent') }} as contracted_minor,
    {{ to_minor('openings.billed', 'lines.exponent') }} as billed_minor,
    {{ to_minor('openings.recognized', 'lines.exponent') }} as recognized_minor,
    coalesce(pending.pending_minor, 0) as pending_minor,
    coalesce(cancelled.contracted_date <= openings.as_of_date and cancelled.effective_date > openings.as_of_date, false)
        as is_ending
from {{ ref('accepted__opening_balances') }} as openings
inner join {{ ref('line_allocations') }} as lines on openings.contract_line_id = lines.contract_line_id
left join pending
    on openings.contract_line_id = pending.contract_line_id and openings.as_of_date = pending.as_of_date
left join {{ ref('cancellations') }} as cancelled on openings.contract_line_id = cancelled.contract_line_id
cross join {{ source('run', 'context') }} as context
where openings.as_of_date <= context.cut_date
