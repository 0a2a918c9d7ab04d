-- Grain: credit note line or refund that may lower a price, and its taking back by a void.
-- Why: what is credited on a line, or on all lines of a contract, and off which part of it (accounting.md §6). A credit for
-- something not yet signed, and what is earned as invoiced, is billing only. On a line that an amendment adds it counts
-- from the day that takes effect. round_number is the place of a credit among those of its line that first use up a
-- negative estimate (rebates_used); variable_minor is the estimate in force on its day.

with documents as (

    select * from {{ ref('document_lines') }} where document_type not in ('invoice', 'adjustment', 'opening')

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
        case
            when lines.reason in ('price_concession', 'paid_to_customer') then coalesce(lines.applies_to, 'all')
            when lines.reason in ('cancellation', 'return') then lines.reason
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
        coalesce(lines.signed_date, contracts.signed_date) as signed_date,
        coalesce(lines.counts_from, contracts.signed_date) as counted_date
    from credits
    inner join contracts on credits.contract_id = contracts.contract_id
    left join {{ ref('line_allocations') }} as lines on credits.contract_line_id = lines.contract_line_id
    where lines.recognition_method is distinct from 'as_invoiced'

),

dated as (

    select
        event_id,
        cast(null as {{ dbt.type_string() }}) as voids,
        accounting_contract_id,
        contract_id,
        contract_line_id,
        greatest(issue_date, counted_date) as known_from,
        credit_minor,
        applies_to,
        uses_estimate
    from linked
    where issue_date >= signed_date

    union all

    select
        event_id || ':void' as event_id,
        event_id as voids,
        accounting_contract_id,
        contract_id,
        contract_line_id,
        greatest(status_date, issue_date, counted_date) as known_from,
        -credit_minor as credit_minor,
        applies_to,
        uses_estimate
    from linked
    where status = 'void' and issue_date >= signed_date

),

estimated as (

    select event_id, variable_minor
    from (
        select
            dated.event_id,
            versions.variable_minor,
            row_number() over (
                partition by dated.event_id order by versions.estimate_date desc, versions.estimate_id desc
            ) as recency
        from dated
        inner join {{ ref('estimates_in_force') }} as versions
            on dated.contract_line_id = versions.contract_line_id
            and versions.estimate_date <= dated.known_from
        where dated.uses_estimate
    ) as versions_by_day
    where recency = 1

)

select
    dated.*,
    estimated.variable_minor,
    cast(case
        when estimated.event_id is not null then row_number() over (
            partition by dated.contract_line_id, estimated.event_id is null order by dated.known_from, dated.event_id
        )
    end as integer) as round_number
from dated
left join estimated on dated.event_id = estimated.event_id
cross join {{ source('run', 'context') }} as context
where dated.known_from <= context.cut_date
