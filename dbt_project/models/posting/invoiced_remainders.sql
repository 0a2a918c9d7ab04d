-- Grain: contract line that is recognized as invoiced and states an amount.
-- Why: what it states and has not earned is no backlog, but is told beside reported RPO until its term ends (accounting.md
-- §4 as_invoiced). Once a cancellation has contracted a final amount ahead of its day, that is backlog in its place. Minor units of
-- the currency.

with lines as (

    -- the engine prices such a line at 0 outside a group; what its amendments add is in their terms
    select
        lines.contract_line_id,
        lines.signed_date,
        {{ to_minor('source_lines.amount', 'lines.exponent') }} + coalesce(stated.amount_minor - lines.amount_minor, 0) as stated_minor,
        coalesce(stated.end_date, lines.end_date, lines.contract_end_date) as end_date
    from {{ ref('line_allocations') }} as lines
    inner join {{ ref('accepted__contract_lines') }} as source_lines on lines.source_row = source_lines.source_row
    left join {{ ref('terms_in_force') }} as stated on lines.contract_line_id = stated.contract_line_id
    where lines.recognition_method = 'as_invoiced'

)

select
    dimensions.dimension_id,
    lines.stated_minor,
    lines.signed_date,
    least(
        coalesce(lines.end_date, cast('9999-12-31' as date)),
        coalesce({{ add_days('cancellations.effective_date', '-1') }}, cast('9999-12-31' as date))
    ) as measured_until
from lines
inner join {{ ref('dimension_sets') }} as dimensions
    on lines.contract_line_id = dimensions.contract_line_id and dimensions.is_current_line
left join {{ ref('cancellations') }} as cancellations on lines.contract_line_id = cancellations.contract_line_id
where lines.stated_minor > 0
