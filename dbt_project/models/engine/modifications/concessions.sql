-- Grain: price concession, and its taking back by a void: a credit note line that lowers the price.
-- Why: what comes off the price of a line, or of all lines of a contract, and off which part of it (accounting.md §6). A
-- credit for something not yet signed, and what is earned as invoiced, is billing only.

with documents as (

    select * from {{ ref('document_lines') }} where document_type = 'credit_note'

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
        case when lines.reason = 'price_concession' then coalesce(lines.applies_to, 'all') else 'all' end as applies_to
    from documents
    inner join {{ ref('accepted__credit_note_lines') }} as lines
        on documents.document_line_id = lines.credit_note_line_id
    where lines.reason in ('price_concession', 'paid_to_customer')

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

final as (

    select
        event_id, accounting_contract_id, contract_id, contract_line_id, issue_date as known_from, credit_minor, applies_to
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
        applies_to
    from linked
    where status = 'void' and issue_date >= signed_date

)

select final.*
from final
cross join {{ source('run', 'context') }} as context
where final.known_from <= context.cut_date and final.credit_minor != 0
