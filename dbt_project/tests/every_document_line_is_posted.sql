-- Catches: a document line that is used and finds no dimensions to be posted under: its money would be in no table.
-- (An unlinked credit note without an entity once was.)
select documents.event_id, documents.event_type, documents.event_date, documents.amount_minor
from {{ ref('billing_events') }} as documents
cross join {{ source('run', 'context') }} as context
left join (select distinct event_id from {{ ref('events') }} where measure = 'billed') as posted
    on documents.event_id = posted.event_id
-- what was voided before a cut-over is nothing in its opening balance
left join {{ ref('lines_taken_over') }} as taken_over
    on documents.contract_line_id = taken_over.contract_line_id and documents.event_date <= taken_over.as_of_date
where documents.event_date <= context.cut_date
    and (documents.amount_minor != 0 or documents.tax_minor != 0)
    and posted.event_id is null
    and taken_over.contract_line_id is null
