-- Grain: accepted amendment row that is no cancellation and signed by the cut.
-- Why: an amendment with its dates and amounts as the engine counts them (accounting.md §5): signed not before its
-- contract, known from the later of both dates on. Of a line it adds, its money is the line's amount.

with lines as (

    select * from {{ ref('line_allocations') }}

),

final as (

    select
        amendments.amendment_id,
        lines.contract_line_id,
        lines.contract_id,
        lines.accounting_contract_id,
        amendments.action,
        coalesce(amendments.treatment, 'auto') as treatment,
        amendments.effective_date,
        greatest(amendments.signed_date, lines.signed_date) as signed_date,
        greatest(amendments.effective_date, amendments.signed_date, lines.signed_date) as known_from,
        {{ to_millionths('amendments.quantity_delta') }} as quantity_delta_millionths,
        case
            when amendments.action = 'add' then lines.price_minor
            else coalesce({{ to_minor('amendments.amount_delta', 'lines.exponent') }}, 0)
        end as amount_delta_minor,
        amendments.new_start_date,
        amendments.new_end_date,
        amendments.ssp_unit,
        amendments.reason
    from {{ ref('accepted__amendments') }} as amendments
    inner join lines on amendments.contract_line_id = lines.contract_line_id
    cross join {{ source('run', 'context') }} as context
    where amendments.action != 'cancel'
        and greatest(amendments.signed_date, lines.signed_date) <= context.cut_date

)

select * from final
