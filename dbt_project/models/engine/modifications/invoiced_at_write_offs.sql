-- Grain: write_offs_before_credits row × contract line that is recognized as invoiced.
-- Why: what the write-off finds earned on such a line. Its contract's documents name their lines, and what they name is
-- known before what concessions on the contract make of the others (macros/invoiced.sql).

with lines as (

    select
        write_offs.write_off_id,
        write_offs.event_date as at_date,
        terms.contract_line_id,
        terms.signed_date,
        terms.earned_until
    from {{ ref('write_offs_before_credits') }} as write_offs
    inner join {{ ref('line_allocations') }} as terms
        on write_offs.contract_id = terms.contract_id and terms.recognition_method = 'as_invoiced'

),

events as (

    select
        documents.event_id,
        documents.document_type || kinds.suffix as event_type,
        documents.document_type,
        documents.contract_line_id,
        case when kinds.suffix = '' then documents.issue_date else greatest(documents.status_date, documents.issue_date) end
            as event_date,
        greatest(
            case when kinds.suffix = '' then documents.issue_date else documents.status_date end,
            documents.issue_date, lines.signed_date
        ) as counted_date,
        documents.amount_minor,
        documents.service_start,
        documents.service_end,
        lines.earned_until
    from {{ ref('document_lines') }} as documents
    inner join (select distinct contract_line_id, signed_date, earned_until from lines) as lines
        on documents.contract_line_id = lines.contract_line_id
    cross join (select '' as suffix union all select '_void') as kinds
    where not documents.is_written_off and (kinds.suffix = '' or documents.status = 'void')

),

invoiced as (

    {{ earned_as_invoiced('events') }}

),

in_force as (

    select invoiced.*, lines.write_off_id, lines.at_date
    from invoiced
    inner join lines
        on invoiced.contract_line_id = lines.contract_line_id
        and invoiced.valid_from <= lines.at_date
        and (invoiced.void_date is null or invoiced.void_date > lines.at_date)

)

select write_off_id, contract_line_id, cast(sum(recognized_minor) as bigint) as recognized_minor
from ( {{ recognized_at('in_force') }} ) as evaluated
group by write_off_id, contract_line_id
