-- Grain: price concession, and its taking back by a void: a credit note line or a refund that lowers the price; adjustment of
-- what is contracted or recognized; opening balance of a line taken over.
-- Why: what comes off the price of a line, or of all lines of a contract, and off which part of it (accounting.md §6). A
-- credit for something not yet signed, and what is earned as invoiced, is billing only. It first uses up a negative
-- estimate still in force on its line: by that part only billed falls (rebates_used). Of a `cancellation` only what is above billed −
-- recognized(x − 1) counts, which is known in its round (layer_amounts): effective_date is x for it. Of a `return` what
-- goods that came back through its day have opened again is de-booked, of what is above expected returns and that the
-- rest counts; an estimate of returns that follows asks again (credit 0). An adjustment of what is `contracted` is off, or on
-- top of, what is still to be earned; one of what is `recognized` moves between the two; an `opening` brings the line to its
-- figures, which is no change where its terms say the same.

with dated as (

    select
        credits.event_id,
        credits.accounting_contract_id,
        credits.contract_id,
        credits.contract_line_id,
        credits.known_from,
        coalesce(used.price_minor, credits.credit_minor) as credit_minor,
        coalesce(used.used_minor, 0) as used_minor,
        credits.applies_to
    from {{ ref('credits_given') }} as credits
    left join {{ ref('rebates_used') }} as used on credits.event_id = used.event_id

),

-- a version that says something else of what is expected back, once goods that came back were credited
asked_again as (

    select distinct
        'returns:' || versions.estimate_id || '|' || versions.contract_line_id as event_id,
        dated.accounting_contract_id,
        dated.contract_id,
        dated.contract_line_id,
        versions.counts_from as known_from,
        cast(0 as bigint) as credit_minor,
        cast(0 as bigint) as used_minor,
        'return' as applies_to
    from (
        select
            returns.*,
            lag(returns.stays) over (partition by returns.contract_line_id order by returns.version_number) as stayed
        from {{ ref('returns_in_force') }} as returns
    ) as versions
    inner join {{ ref('line_allocations') }} as lines
        on versions.contract_line_id = lines.contract_line_id and lines.recognition_method = 'point_in_time'
    inner join dated
        on versions.contract_line_id = dated.contract_line_id
        and dated.applies_to = 'return'
        and dated.known_from <= versions.counts_from
    where versions.stays != versions.stayed

),

-- credits for a cancellation that is signed, whose first day without service is still to come
to_end as (

    select dated.event_id, max(cancellations.first_day_without_service) as first_day_without_service
    from dated
    inner join {{ ref('line_allocations') }} as lines
        on dated.contract_id = lines.contract_id
        and lines.contract_line_id = coalesce(dated.contract_line_id, lines.contract_line_id)
    inner join {{ ref('cancellations') }} as cancellations
        on lines.contract_line_id = cancellations.contract_line_id
        and cancellations.cancellation_signed_date <= dated.known_from
        and cancellations.first_day_without_service > dated.known_from
    where dated.applies_to = 'cancellation'
    group by dated.event_id

),

in_order as (

    select
        dated.*,
        coalesce(sum(case when dated.applies_to = 'return' then dated.credit_minor end) over (
            partition by dated.contract_line_id order by dated.known_from, dated.event_id
            rows between unbounded preceding and 1 preceding
        ), 0) as returned_before_minor
    from (select * from dated union all select * from asked_again) as dated

),

-- an opening balance is how the line stands when its day is over
given as (

    select
        event_id, accounting_contract_id, contract_id, contract_line_id, known_from, -amount_minor as credit_minor,
        measure as applies_to, known_from as effective_date
    from {{ ref('dated_adjustments') }}
    where measure in ('contracted', 'recognized')

    union all

    select
        'opening:' || contract_line_id, accounting_contract_id, contract_id, contract_line_id, as_of_date, cast(0 as bigint),
        'opening', {{ add_days('as_of_date', 1) }}
    from {{ ref('lines_taken_over') }}
    where recognition_method is distinct from 'as_invoiced'

),

combined as (

    select
        in_order.event_id,
        in_order.accounting_contract_id,
        in_order.contract_id,
        in_order.contract_line_id,
        in_order.known_from,
        in_order.credit_minor,
        in_order.used_minor,
        in_order.applies_to,
        cast(in_order.returned_before_minor as bigint) as returned_before_minor,
        coalesce(to_end.first_day_without_service, in_order.known_from) as effective_date
    from in_order
    left join to_end on in_order.event_id = to_end.event_id

    union all

    select
        event_id, accounting_contract_id, contract_id, contract_line_id, known_from, credit_minor, cast(0 as bigint),
        applies_to, cast(0 as bigint), effective_date
    from given

)

select combined.*
from combined
cross join {{ source('run', 'context') }} as context
where combined.known_from <= context.cut_date
