-- Grain: document line × contract line × event (issue, void).
-- Why: billed as dated amounts. A void with a status date is an event of that date; one without means that the
-- document never counted and does not reach this model (accounting.md §6). counted_date is the day from which
-- it counts for what is earned by it: never before the contract is signed (accounting.md §2); positions_date the day from
-- which it counts in balances, which a policy may defer (§6 defer_on).

with documents as (

    select * from {{ ref('document_lines') }} where not is_written_off

),

by_line as (

    select
        documents.event_id,
        documents.contract_line_id,
        documents.amount_minor,
        documents.tax_minor
    from documents
    where documents.contract_id is null or documents.contract_line_id is not null

    union all

    select event_id, contract_line_id, amount_minor, tax_minor from {{ ref('contract_level_spreads') }}

    union all

    select event_id, contract_line_id, amount_minor, tax_minor from {{ ref('concession_parts') }}

),

issued as (

    select
        documents.event_id,
        documents.document_type as event_type,
        documents.document_type,
        documents.document_id,
        by_line.contract_line_id,
        documents.customer_id as billed_customer_id,
        documents.entity_id as billed_entity_id,
        documents.currency,
        documents.issue_date as event_date,
        documents.counts_from,
        by_line.amount_minor,
        by_line.tax_minor,
        documents.service_start,
        documents.service_end,
        documents.reason,
        documents.status,
        documents.status_date
    from by_line
    inner join documents on by_line.event_id = documents.event_id

),

voided as (

    select
        event_id,
        document_type || '_void' as event_type,
        document_type,
        document_id,
        contract_line_id,
        billed_customer_id,
        billed_entity_id,
        currency,
        greatest(status_date, event_date) as event_date,
        counts_from,
        -amount_minor as amount_minor,
        -tax_minor as tax_minor,
        service_start,
        service_end,
        reason,
        status,
        status_date
    from issued
    where status = 'void'

),

final as (

    select
        events.*,
        greatest(events.event_date, lines.signed_date) as counted_date,
        greatest(events.event_date, events.counts_from, lines.signed_date) as positions_date
    from (select * from issued union all select * from voided) as events
    left join {{ ref('line_allocations') }} as lines on events.contract_line_id = lines.contract_line_id
    cross join {{ source('run', 'context') }} as context
    where events.event_date <= context.cut_date

)

select * from final
