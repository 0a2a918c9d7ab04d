-- Grain: posted row that adjusts a closed period, or that a void caused.
-- Why: one cause a row, the first that applies: policy, code, void, late, correction (accounting.md §2;
-- `estimate` comes with estimates). A record is late where it was first published after the close of the
-- row's original period.

with posted as (

    select * from {{ ref('posted') }}
    where is_prior_period or event_type like '%\_void' escape '\'

),

context as (

    select * from {{ source('run', 'context') }}

),

periods as (

    select period, period_index from {{ ref('periods') }}

),

known as (

    -- the place of the close with which a record was first published
    select records.entity, records.record_key, periods.period_index as known_index
    from {{ source('frozen', 'known_records') }} as records
    inner join periods on records.first_period = periods.period

),

line_known as (

    select
        lines.contract_line_id,
        case
            when line.known_index is null or contract.known_index is null then 2147483647
            else greatest(line.known_index, contract.known_index)
        end as known_index
    from {{ ref('line_dimensions') }} as lines
    left join known as line on line.entity = 'contract_lines' and line.record_key = lines.contract_line_id
    left join known as contract on contract.entity = 'contracts' and contract.record_key = lines.contract_id

),

record_known as (

    -- records that are an event of their own: documents, payments, cancellations by amendment
    select
        posted.posting_key,
        coalesce(known.known_index, 2147483647) as known_index
    from (
        select distinct
            posting_key,
            case
                when event_id like 'invoice:%' then 'invoice_lines'
                when event_id like 'credit\_note:%' escape '\' then 'credit_note_lines'
                when event_id like 'payment:%' then 'payments'
                when event_id like 'cancellation:%' and event_id != 'cancellation:' || contract_id then 'amendments'
            end as entity,
            case
                when event_id like 'cancellation:%'
                    then substring(event_id, 14) || '|' || contract_line_id
                else substring(event_id, position(':' in event_id) + 1)
            end as record_key
        from posted
        where event_id != ''
    ) as posted
    left join known on posted.entity = known.entity and posted.record_key = known.record_key
    where posted.entity is not null

),

fulfillments as (

    select
        fulfillments.contract_line_id,
        fulfillments.event_date,
        coalesce(known.known_index, 2147483647) as known_index
    from {{ ref('accepted__fulfillments') }} as fulfillments
    left join known on known.entity = 'fulfillments' and known.record_key = fulfillments.fulfillment_id

),

voided_documents as (

    select invoice_id as document_id, 'invoice' as document_type from {{ ref('exchange__invoices') }} where status = 'void'
    union
    select credit_note_id, 'credit_note' from {{ ref('exchange__credit_notes') }} where status = 'void'

),

final as (

    select
        posted.posting_id,
        case
            when posted.is_prior_period and changed.contract_id is null and context.has_policy_changed then 'policy'
            when posted.is_prior_period and changed.contract_id is null and context.has_code_changed then 'code'
            when posted.event_type like '%\_void' escape '\' or voided_documents.document_id is not null then 'void'
            when held.contract_id is not null then 'late'
            when coalesce(record_known.known_index, line_known.known_index, 0) > original_close.period_index then 'late'
            when posted.measure = 'recognized' and exists (
                select 1
                from fulfillments
                where fulfillments.contract_line_id = posted.contract_line_id
                    and fulfillments.event_date <= posted.original_end
                    and fulfillments.known_index > original_close.period_index
            ) then 'late'
            else 'correction'
        end as cause
    from posted
    cross join context
    left join periods as original_close on posted.original_published_with = original_close.period
    left join {{ ref('changed_contracts') }} as changed on posted.contract_id = changed.contract_id
    left join voided_documents
        on posted.document_id = voided_documents.document_id
        and posted.event_type like voided_documents.document_type || '%'
    left join (select distinct contract_id, period from {{ source('frozen', 'held_contracts') }}) as held
        on posted.contract_id = held.contract_id and posted.original_period = held.period
    left join record_known on posted.posting_key = record_known.posting_key
    left join line_known on posted.contract_line_id = line_known.contract_line_id

)

select * from final
