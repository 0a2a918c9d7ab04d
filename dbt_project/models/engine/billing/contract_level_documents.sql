-- Grain: document line that names a contract but no contract line.
-- Why: they are spread over the contract's lines one after the other (accounting.md §6), since each changes
-- what is left to bill; round_number is the place of a document line in its contract.

select
    event_id,
    document_type,
    contract_id,
    issue_date,
    amount_minor,
    tax_minor,
    cast(row_number() over (
        partition by contract_id order by issue_date, document_type desc, document_id, document_line_id
    ) as integer) as round_number
from {{ ref('document_lines') }} as documents
left join (select distinct event_id as conceded_event_id from {{ ref('concession_parts') }}) as conceded
    on documents.event_id = conceded.conceded_event_id
where contract_id is not null and contract_line_id is null and not documents.is_written_off and conceded.conceded_event_id is null
