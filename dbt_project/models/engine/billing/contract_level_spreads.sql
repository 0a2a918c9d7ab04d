-- Grain: contract-level document line × contract line.
-- Why: an invoice line without contract line falls on its contract's lines in proportion to
-- max(contracted − billed, 0) on the issue date; all 0: to contracted; all 0: the first line (accounting.md §6).
-- A credit for a billing error takes back in proportion to what was billed.
{{ config(
    materialized='iterated',
    columns=[
        ['event_id', dbt.type_string()], ['contract_line_id', dbt.type_string()], ['issue_date', 'date'],
        ['amount_minor', 'bigint'], ['tax_minor', 'bigint'],
    ],
    rounds_from='contract_level_documents',
) }}

with documents as (

    select * from {{ ref('contract_level_documents') }} where round_number = __round__

),

candidates as (

    select
        documents.event_id,
        documents.document_type,
        documents.issue_date,
        documents.amount_minor,
        documents.tax_minor,
        lines.contract_line_id,
        lines.signed_date,
        lines.line_place
    from documents
    inner join {{ ref('line_allocations') }} as lines on documents.contract_id = lines.contract_id

),

contracted as (

    select candidates.event_id, candidates.contract_line_id, sum(bookings.amount_minor) as contracted_minor
    from candidates
    inner join {{ ref('booking_events') }} as bookings
        on candidates.contract_line_id = bookings.contract_line_id
        and bookings.booking_date <= candidates.issue_date
    group by candidates.event_id, candidates.contract_line_id

),

billed as (

    -- nothing is billed on a line that is not signed yet; a void has taken back
    select
        candidates.event_id,
        candidates.contract_line_id,
        sum(
            case when documents.status = 'void' and documents.status_date <= candidates.issue_date then 0 else earlier.amount_minor end
        ) as billed_minor
    from candidates
    inner join (
        select event_id, contract_line_id, amount_minor
        from {{ ref('document_lines') }}
        where contract_line_id is not null and not is_written_off
        union all
        select event_id, contract_line_id, amount_minor from {{ ref('concession_parts') }}
        union all
        select event_id, contract_line_id, amount_minor from {{ this }}
    ) as earlier
        on candidates.contract_line_id = earlier.contract_line_id
    inner join {{ ref('document_lines') }} as documents
        on earlier.event_id = documents.event_id
        and documents.issue_date <= candidates.issue_date
    where candidates.signed_date <= candidates.issue_date
    group by candidates.event_id, candidates.contract_line_id

),

weighed as (

    select
        candidates.*,
        cast(greatest(coalesce(contracted.contracted_minor, 0), 0) as bigint) as contracted_minor,
        cast(greatest(coalesce(billed.billed_minor, 0), 0) as bigint) as billed_minor,
        cast(greatest(coalesce(contracted.contracted_minor, 0) - coalesce(billed.billed_minor, 0), 0) as bigint)
            as unbilled_minor
    from candidates
    left join contracted
        on candidates.event_id = contracted.event_id and candidates.contract_line_id = contracted.contract_line_id
    left join billed on candidates.event_id = billed.event_id and candidates.contract_line_id = billed.contract_line_id

),

based as (

    select
        weighed.*,
        case
            when document_type != 'invoice' and sum(billed_minor) over (partition by event_id) > 0 then billed_minor
            when document_type = 'invoice' and sum(unbilled_minor) over (partition by event_id) > 0 then unbilled_minor
            when sum(contracted_minor) over (partition by event_id) > 0 then contracted_minor
            when row_number() over (partition by event_id order by line_place) = 1 then 1
            else 0
        end as basis
    from weighed

),

cumulated as (

    select
        based.*,
        cast(sum(basis) over (
            partition by event_id order by line_place
            rows between unbounded preceding and current row
        ) as bigint) as through_line,
        cast(sum(basis) over (partition by event_id) as bigint) as whole
    from based

)

select
    event_id,
    contract_line_id,
    issue_date,
    {{ prorate('amount_minor', 'through_line', 'whole') }}
    - {{ prorate('amount_minor', '(through_line - basis)', 'whole') }} as amount_minor,
    {{ prorate('tax_minor', 'through_line', 'whole') }}
    - {{ prorate('tax_minor', '(through_line - basis)', 'whole') }} as tax_minor
from cumulated
where basis != 0
