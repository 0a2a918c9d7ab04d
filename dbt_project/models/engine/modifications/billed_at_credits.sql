-- Grain: credit for a cancellation, its void, or a write-off before it × contract line it may fall on.
-- Why: what it finds billed on the line: invoices, and the credits before it (accounting.md §6). Only a contract of one
-- line, or one whose invoices name their lines, has such a credit: what is billed here knows no price. A write-off comes
-- after the credits of its day.

with credits as (

    select concessions.event_id, concessions.known_from, lines.contract_line_id, false as is_write_off
    from {{ ref('concessions') }} as concessions
    inner join {{ ref('line_allocations') }} as lines
        on concessions.contract_id = lines.contract_id
        and lines.contract_line_id = coalesce(concessions.contract_line_id, lines.contract_line_id)
    where concessions.applies_to = 'cancellation'

    union all

    select write_offs.write_off_id, write_offs.event_date, lines.contract_line_id, true
    from {{ ref('write_offs_before_credits') }} as write_offs
    inner join {{ ref('line_allocations') }} as lines on write_offs.contract_id = lines.contract_id

),

documents as (

    select event_id, document_type, contract_line_id, issue_date as billed_date, amount_minor
    from {{ ref('document_lines') }}
    where contract_line_id is not null and not is_written_off

    union all

    select
        event_id || ':void' as event_id, document_type, contract_line_id,
        greatest(status_date, issue_date) as billed_date, -amount_minor as amount_minor
    from {{ ref('document_lines') }}
    where contract_line_id is not null and not is_written_off and status = 'void'

)

select credits.event_id, credits.contract_line_id, cast(sum(documents.amount_minor) as bigint) as billed_minor
from credits
inner join documents
    on credits.contract_line_id = documents.contract_line_id
    and documents.event_id != credits.event_id
    and (
        documents.billed_date < credits.known_from
        or documents.billed_date = credits.known_from
        and (
            documents.document_type = 'invoice' or documents.event_id < credits.event_id
            or credits.is_write_off
        )
    )
group by credits.event_id, credits.contract_line_id
