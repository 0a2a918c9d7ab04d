-- Grain: write_offs_before_credits row × contract line that is recognized as invoiced.
-- Why: what the write-off finds earned on such a line. Its contract's documents name their lines, and what they name is
-- known before what concessions on the contract make of the others (macros/invoiced.sql). A cancelled line has its final
-- amount (invoiced_cancellations).

with lines as (

    select
        write_offs.write_off_id,
        case
            when cancelled.contract_line_id is null then write_offs.event_date
            when cancelled.amount_delta_minor is null then {{ add_days('cancelled.first_day_without_service', '-1') }}
            else {{ add_days('cancelled.contracted_date', '-1') }}
        end as at_date,
        cancelled.contract_line_id is not null and cancelled.amount_delta_minor is null as is_final,
        coalesce(cancelled.amount_delta_minor, 0) as amount_delta_minor,
        terms.contract_line_id,
        terms.signed_date,
        terms.earned_until
    from {{ ref('write_offs_before_credits') }} as write_offs
    inner join {{ ref('line_allocations') }} as terms
        on write_offs.contract_id = terms.contract_id and terms.recognition_method = 'as_invoiced'
    left join {{ ref('cancellations') }} as cancelled
        on terms.contract_line_id = cancelled.contract_line_id and cancelled.effective_date <= write_offs.event_date

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
        and case when lines.is_final then invoiced.earned_from else invoiced.valid_from end <= lines.at_date
        and coalesce(case when lines.is_final then invoiced.voided_on else invoiced.void_date end > lines.at_date, true)

),

earned as (

    select write_off_id, contract_line_id, cast(sum(recognized_minor) as bigint) as recognized_minor
    from ( {{ recognized_at('in_force') }} ) as evaluated
    group by write_off_id, contract_line_id

)

select
    lines.write_off_id,
    lines.contract_line_id,
    coalesce(earned.recognized_minor, 0) + lines.amount_delta_minor as recognized_minor
from lines
left join earned on lines.write_off_id = earned.write_off_id and lines.contract_line_id = earned.contract_line_id
