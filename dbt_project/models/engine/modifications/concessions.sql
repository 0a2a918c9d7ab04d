-- Grain: price concession, and its taking back by a void: a credit note line or a refund that lowers the price.
-- Why: what comes off the price of a line, or of all lines of a contract, and off which part of it (accounting.md §6). A
-- credit for something not yet signed, and what is earned as invoiced, is billing only. It first uses up a negative
-- estimate still in force on its line: by that part only billed falls. Of a `cancellation` only what is above billed −
-- recognized(x − 1) counts, which is known in its round (layer_amounts): effective_date is x for it. Of a `return` what
-- goods that came back through its day have opened again is de-booked, of what is above expected returns and that the
-- rest counts; an estimate of returns that follows asks again (credit 0).

with documents as (

    select * from {{ ref('document_lines') }} where document_type != 'invoice'

),

credits as (

    select
        documents.event_id,
        documents.contract_id,
        documents.contract_line_id,
        documents.issue_date,
        documents.status,
        documents.status_date,
        -documents.amount_minor as credit_minor,
        case lines.reason
            when 'price_concession' then coalesce(lines.applies_to, 'all')
            when 'cancellation' then 'cancellation'
            when 'return' then 'return'
            else 'all'
        end as applies_to,
        coalesce(lines.reason in ('price_concession', 'paid_to_customer'), false) as uses_estimate
    from documents
    left join {{ ref('accepted__credit_note_lines') }} as lines
        on documents.document_type = 'credit_note'
        and documents.document_line_id = lines.credit_note_line_id
    where documents.document_type in ('refund', 'dispute_lost')
        or lines.reason in ('price_concession', 'paid_to_customer', 'cancellation', 'return')

),

contracts as (

    select contract_id, accounting_contract_id, min(signed_date) as signed_date
    from {{ ref('line_allocations') }}
    group by contract_id, accounting_contract_id

),

linked as (

    select
        credits.*,
        contracts.accounting_contract_id,
        contracts.signed_date
    from credits
    inner join contracts on credits.contract_id = contracts.contract_id
    left join {{ ref('line_allocations') }} as lines on credits.contract_line_id = lines.contract_line_id
    where lines.recognition_method is distinct from 'as_invoiced'

),

dated as (

    select
        event_id, accounting_contract_id, contract_id, contract_line_id, issue_date as known_from, credit_minor, applies_to,
        uses_estimate
    from linked
    where issue_date >= signed_date

    union all

    select
        event_id || ':void' as event_id,
        accounting_contract_id,
        contract_id,
        contract_line_id,
        greatest(status_date, issue_date) as known_from,
        -credit_minor as credit_minor,
        applies_to,
        uses_estimate
    from linked
    where status = 'void' and issue_date >= signed_date

),

-- a version of what is expected back, once goods that came back were credited
asked_again as (

    select distinct
        'returns:' || versions.estimate_id || '|' || versions.contract_line_id as event_id,
        dated.accounting_contract_id,
        dated.contract_id,
        dated.contract_line_id,
        versions.counts_from as known_from,
        cast(0 as bigint) as credit_minor,
        'return' as applies_to,
        false as uses_estimate
    from {{ ref('expected_returns') }} as versions
    inner join {{ ref('line_allocations') }} as lines
        on versions.contract_line_id = lines.contract_line_id and lines.recognition_method = 'point_in_time'
    inner join dated
        on versions.contract_line_id = dated.contract_line_id
        and dated.applies_to = 'return'
        and dated.known_from <= versions.counts_from
    where versions.version_number > 1

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

rebates as (

    -- the negative estimate in force on the day
    select event_id, rebate_minor
    from (
        select
            dated.event_id,
            greatest(-versions.variable_minor, 0) as rebate_minor,
            row_number() over (
                partition by dated.event_id order by versions.estimate_date desc, versions.estimate_id desc
            ) as recency
        from dated
        inner join {{ ref('estimate_versions') }} as versions
            on dated.contract_line_id = versions.contract_line_id
            and versions.estimate_date <= dated.known_from
    ) as versions_by_day
    where recency = 1

),

cumulated as (

    select
        dated.*,
        coalesce(rebates.rebate_minor, 0) as rebate_minor,
        sum(case when dated.uses_estimate then dated.credit_minor else 0 end) over (
            partition by dated.contract_line_id order by dated.known_from, dated.event_id
            rows between unbounded preceding and current row
        ) as credited_minor,
        coalesce(sum(case when dated.applies_to = 'return' then dated.credit_minor end) over (
            partition by dated.contract_line_id order by dated.known_from, dated.event_id
            rows between unbounded preceding and 1 preceding
        ), 0) as returned_before_minor
    from (select * from dated union all select * from asked_again) as dated
    left join rebates on dated.event_id = rebates.event_id

),

used_up as (

    select
        cumulated.*,
        case
            when contract_line_id is null or not uses_estimate then 0
            else greatest(least(credited_minor, rebate_minor), 0)
        end as used_through_minor
    from cumulated

),

final as (

    select
        used_up.*,
        cast(greatest(
            used_through_minor - lag(used_through_minor, 1, 0) over (
                partition by contract_line_id, uses_estimate order by known_from, event_id
            ), 0
        ) as bigint) as used_minor
    from used_up

)

select
    final.event_id,
    final.accounting_contract_id,
    final.contract_id,
    final.contract_line_id,
    final.known_from,
    cast(final.credit_minor - final.used_minor as bigint) as credit_minor,
    final.used_minor,
    final.applies_to,
    cast(final.returned_before_minor as bigint) as returned_before_minor,
    case
        when final.applies_to = 'return' then {{ add_days('final.known_from', 1) }}
        else coalesce(to_end.first_day_without_service, final.known_from)
    end as effective_date
from final
left join to_end on final.event_id = to_end.event_id
cross join {{ source('run', 'context') }} as context
where final.known_from <= context.cut_date
