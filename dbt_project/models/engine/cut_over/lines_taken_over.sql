-- Grain: contract line whose history another system holds.
-- Why: as of a period's last day its cumulative figures are given (architecture.md posting 7). What is dated by then stands in
-- them: positions open with it, and no fact of a period tells it again. Minor units of the contract's currency.

select
    lines.accounting_contract_id,
    lines.contract_id,
    lines.contract_line_id,
    lines.recognition_method,
    lines.quantity_millionths,
    lines.amount_minor,
    lines.exponent,
    openings.as_of_date,
    {{ to_minor('openings.contracted', 'lines.exponent') }} as contracted_minor,
    {{ to_minor('openings.billed', 'lines.exponent') }} as billed_minor,
    {{ to_minor('openings.recognized', 'lines.exponent') }} as recognized_minor
from {{ ref('accepted__opening_balances') }} as openings
inner join {{ ref('line_allocations') }} as lines on openings.contract_line_id = lines.contract_line_id
cross join {{ source('run', 'context') }} as context
where openings.as_of_date <= context.cut_date
