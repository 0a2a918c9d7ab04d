{{ config(materialized='view') }}
-- Grain: row of a fact table × source record it stands on.
-- Why: from any figure to the rows of source files behind it. Facts carry keys, files are named here alone
-- (architecture.md 9); the row is the one that first brought the record in the version the figures stand on.

with records as (

    select known.*, files.source_file
    from {{ ref('posting__known_records') }} as known
    left join (
        select sha256, min(path) as source_file from {{ source('run', 'source_files') }} group by sha256
    ) as files on known.file_sha256 = files.sha256

),

facts as (

    select 'fct_bookings' as fact_table, posting_id as fact_key, period, contract_id, contract_line_id,
        false as is_by_document
    from {{ ref('fct_bookings') }}
    union all
    select 'fct_recognized_revenue' as fact_table, posting_id as fact_key, period, contract_id, contract_line_id,
        coalesce(recognition_method = 'as_invoiced', false) as is_by_document
    from {{ ref('fct_recognized_revenue') }}
    union all
    select 'fct_backlog' as fact_table, contract_line_id as fact_key, period, contract_id, contract_line_id,
        false as is_by_document
    from {{ ref('fct_backlog') }}

),

-- bookings of what is contracted as it is earned: each leads to its usage event or document line
usage_bookings as (

    select
        posting_id as fact_key,
        period,
        case
            when booking_id like 'usage:%' then 'fulfillments'
            when booking_id like 'invoice:%' then 'invoice_lines'
            when booking_id like 'payment:%' then 'payments'
            else 'credit_note_lines'
        end as event_entity,
        case
            when booking_id like 'payment:%' then replace(substring(booking_id, 9), '|' || contract_line_id, '')
            else substring(booking_id, position(':' in booking_id) + 1)
        end as event_key
    from {{ ref('fct_bookings') }}
    where booking_type = 'usage'

),

billings as (

    select
        'fct_billings' as fact_table,
        posting_id as fact_key,
        period,
        document_id,
        substring(billing_id, position(':' in billing_id) + 1) as document_line_id,
        document_type
    from {{ ref('fct_billings') }}

),

-- a line's terms and events: its own record, its amendments, and for revenue what was delivered, used or invoiced
by_line as (

    select facts.fact_table, facts.fact_key, facts.period, records.*
    from facts
    inner join records on facts.contract_line_id = records.contract_line_id
    where records.entity in ('contract_lines', 'amendments', 'estimates', 'opening_balances', 'adjustments')
        or (records.entity = 'fulfillments' and facts.fact_table != 'fct_bookings')
        or (records.entity in ('invoice_lines', 'credit_note_lines') and facts.is_by_document)

),

by_usage as (

    select 'fct_bookings' as fact_table, usage_bookings.fact_key, usage_bookings.period, records.*
    from usage_bookings
    inner join records
        on usage_bookings.event_entity = records.entity
        and usage_bookings.event_key = records.record_key

),

by_contract as (

    select facts.fact_table, facts.fact_key, facts.period, records.*
    from facts
    inner join records on records.entity = 'contracts' and facts.contract_id = records.record_key

),

by_document_line as (

    select billings.fact_table, billings.fact_key, billings.period, records.*
    from billings
    inner join records
        on billings.document_type || '_lines' = records.entity
        and billings.document_line_id = records.record_key

),

-- a refund, a lost dispute or a write-off bills less by itself, without a document
by_payment as (

    select billings.fact_table, billings.fact_key, billings.period, records.*
    from billings
    inner join records on records.entity = 'payments' and billings.document_id = records.record_key
    where billings.document_type not in ('invoice', 'credit_note')

),

by_document as (

    select billings.fact_table, billings.fact_key, billings.period, records.*
    from billings
    inner join records
        on billings.document_type || 's' = records.entity
        and billings.document_id = records.record_key

),

final as (

    select * from by_line
    union all
    select * from by_usage
    union all
    select * from by_contract
    union all
    select * from by_document_line
    union all
    select * from by_document
    union all
    select * from by_payment

)

select fact_table, fact_key, period, entity, record_key, source_file, source_row, file_sha256 from final
