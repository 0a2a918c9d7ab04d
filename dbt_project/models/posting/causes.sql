-- Grain: adjustment of a closed period (posting key × original period).
-- Why: one cause a row, the first that applies: policy, code, void, estimate, late, correction (accounting.md §2). A
-- record is late where it was first published after the close of the row's original period; a line's revenue is late,
-- or estimated anew, where anything that changed its terms by then is.

with adjustments as (

    select
        adjustments.posting_key,
        adjustments.period_index,
        adjustments.measure,
        adjustments.event_id,
        adjustments.event_type,
        adjustments.document_id,
        dimensions.contract_line_id,
        dimensions.contract_id,
        periods.period as original_period,
        periods.end_date as original_end,
        closed_with.period_index as closed_index
    from {{ ref('adjustments') }} as adjustments
    inner join {{ ref('dimension_sets') }} as dimensions on adjustments.dimension_id = dimensions.dimension_id
    inner join {{ ref('periods') }} as periods on adjustments.period_index = periods.period_index
    inner join {{ ref('periods') }} as closed_with on periods.published_with = closed_with.period

),

known as (

    -- the place of the close with which a record was first published
    select records.entity, records.record_key, periods.period_index as known_index
    from {{ source('frozen', 'known_records') }} as records
    inner join {{ ref('periods') }} as periods on records.first_period = periods.period

),

terms_known as (

    -- a line's terms are known since both its own record and its contract's are
    select
        terms.contract_line_id,
        case
            when line.known_index is null or contract.known_index is null then 2147483647
            else greatest(line.known_index, contract.known_index)
        end as known_index
    from (select distinct contract_line_id, contract_id from adjustments) as terms
    left join known as line on line.entity = 'contract_lines' and line.record_key = terms.contract_line_id
    left join known as contract on contract.entity = 'contracts' and contract.record_key = terms.contract_id

),

-- what changed a line's terms, with the records behind it
modified as (

    select
        changes.contract_line_id,
        modifications.kind,
        modifications.known_from,
        case modifications.kind when 'amendment' then 'modification' else modifications.kind end || ':' || modifications.first_id
            as event_id,
        max(coalesce(known.known_index, 2147483647)) as known_index
    from {{ ref('modified_lines') }} as changes
    inner join {{ ref('modifications') }} as modifications
        on changes.accounting_contract_id = modifications.accounting_contract_id
        and changes.modification_number = modifications.modification_number
    left join {{ ref('amendments_in_order') }} as amendment
        on modifications.accounting_contract_id = amendment.accounting_contract_id
        and modifications.modification_number = amendment.modification_number
    left join {{ ref('document_lines') }} as documents on modifications.first_id = documents.event_id
    left join known
        on known.entity = case modifications.kind
            when 'amendment' then 'amendments' when 'estimate' then 'estimates'
            else case
                when modifications.first_id like 'payment:%' then 'payments'
                when modifications.first_id like 'returns:%' then 'estimates'
                when modifications.first_id like 'adjustment:%' then 'adjustments'
                when modifications.first_id like 'opening:%' then 'opening_balances'
                else 'credit_note_lines'
            end
        end
        and known.record_key = case modifications.kind
            when 'amendment' then amendment.amendment_id || '|' || amendment.contract_line_id
            when 'estimate' then modifications.first_id
            else case
                when modifications.first_id like 'returns:%'
                    then substring(modifications.first_id, 9, position('|' in modifications.first_id) - 9)
                when modifications.first_id like 'payment:%' then documents.document_id
                when modifications.first_id like 'adjustment:%' then replace(substring(modifications.first_id, 12), '|until', '')
                when modifications.first_id like 'opening:%'
                    then substring(modifications.first_id, 9) || '|' || cast(modifications.known_from as {{ dbt.type_string() }})
                else replace(substring(modifications.first_id, position(':' in modifications.first_id) + 1), ':void', '')
            end
        end
    where modifications.kind not in ('cancellation', 'write_off')
        and changes.contract_line_id in (select contract_line_id from adjustments)
    group by changes.contract_line_id, modifications.kind, modifications.known_from, modifications.first_id

),

event_known as (

    -- records that are an event of their own: documents, payments, usage, cancellations by amendment
    select
        events.posting_key,
        coalesce(known.known_index, 2147483647) as known_index
    from (
        select distinct
            posting_key,
            case
                when event_id like 'invoice:%' then 'invoice_lines'
                when event_id like 'credit!_note:%' escape '!' then 'credit_note_lines'
                when event_id like 'payment:%' then 'payments'
                when event_id like 'usage:%' then 'fulfillments'
                when event_id like 'cancellation:%' and event_id != 'cancellation:' || contract_id then 'amendments'
                when event_id like 'amendment:%' then 'amendments'
                when event_id like 'adjustment:%' then 'adjustments'
            end as entity,
            case
                when event_id like 'cancellation:%' or event_id like 'amendment:%'
                    then substring(event_id, position(':' in event_id) + 1) || '|' || contract_line_id
                when event_id like 'payment:%' and document_id is not null then document_id
                when event_id like 'adjustment:%' then document_id
                else substring(event_id, position(':' in event_id) + 1)
            end as record_key
        from adjustments
    ) as events
    left join known on events.entity = known.entity and events.record_key = known.record_key
    where events.entity is not null

    union all

    select distinct adjustments.posting_key, modified.known_index
    from adjustments
    inner join modified
        on adjustments.contract_line_id = modified.contract_line_id and adjustments.event_id = modified.event_id

),

delivered as (

    select
        fulfillments.contract_line_id,
        fulfillments.event_date,
        coalesce(known.known_index, 2147483647) as known_index
    from {{ ref('accepted__fulfillments') }} as fulfillments
    left join known on known.entity = 'fulfillments' and known.record_key = fulfillments.fulfillment_id
    where fulfillments.contract_line_id in (select contract_line_id from adjustments)

    union all

    -- what a line is recognized by as invoiced
    select
        invoiced.contract_line_id,
        invoiced.valid_from as event_date,
        coalesce(known.known_index, 2147483647) as known_index
    from {{ ref('invoiced_amounts') }} as invoiced
    left join {{ ref('document_lines') }} as documents on invoiced.layer = documents.event_id
    left join known
        on known.entity = case
            when documents.document_type in ('invoice', 'credit_note') then documents.document_type || '_lines' else 'payments'
        end
        and known.record_key = documents.document_line_id
    where invoiced.contract_line_id in (select contract_line_id from adjustments)

),

voided_lines as (

    select 'invoice:' || invoice_line_id as event_id
    from {{ ref('links__invoice_lines') }}
    where invoice_id in (select invoice_id from {{ ref('exchange__invoices') }} where status = 'void')
    union all
    select 'credit_note:' || record_key as event_id
    from {{ ref('links__credit_note_lines') }}
    where credit_note_id in (select credit_note_id from {{ ref('exchange__credit_notes') }} where status = 'void')

),

voided_usage as (

    -- a line that is recognized as invoiced falls with its document: contracted by document line, revenue by line
    select distinct adjustments.contract_line_id, adjustments.period_index, adjustments.posting_key
    from adjustments
    inner join voided_lines on adjustments.event_id = voided_lines.event_id
    where adjustments.event_type = 'usage'

),

voided_concessions as (

    select distinct adjustments.contract_line_id, adjustments.period_index, adjustments.posting_key
    from adjustments
    inner join voided_lines
        on replace(substring(adjustments.event_id, position(':' in adjustments.event_id) + 1), ':void', '') = voided_lines.event_id
    where adjustments.event_id like 'concession:%'

),

voided_documents as (

    select invoice_id as document_id, 'invoice' as document_type from {{ ref('exchange__invoices') }} where status = 'void'
    union
    select credit_note_id as document_id, 'credit_note' as document_type
    from {{ ref('exchange__credit_notes') }} where status = 'void'

)

select
    adjustments.posting_key,
    adjustments.period_index,
    case
        when changed.contract_id is null and context.has_policy_changed then 'policy'
        when changed.contract_id is null and context.has_code_changed then 'code'
        when adjustments.event_type like '%!_void' escape '!' or voided_documents.document_id is not null then 'void'
        when exists (
            select 1
            from voided_usage
            where voided_usage.contract_line_id = adjustments.contract_line_id
                and voided_usage.period_index = adjustments.period_index
                and (adjustments.measure = 'recognized' or voided_usage.posting_key = adjustments.posting_key)
        ) then 'void'
        when exists (
            select 1
            from voided_concessions
            where voided_concessions.contract_line_id = adjustments.contract_line_id
                and voided_concessions.period_index <= adjustments.period_index
                and (adjustments.measure = 'recognized' or voided_concessions.posting_key = adjustments.posting_key)
        ) then 'void'
        when adjustments.event_id like 'estimate:%'
            or adjustments.measure = 'recognized' and exists (
                select 1
                from modified
                where modified.contract_line_id = adjustments.contract_line_id
                    and modified.kind = 'estimate'
                    and modified.known_from <= adjustments.original_end
                    and modified.known_index > adjustments.closed_index
            ) then 'estimate'
        when held.contract_id is not null then 'late'
        when coalesce(event_known.known_index, terms_known.known_index) > adjustments.closed_index then 'late'
        when adjustments.measure = 'recognized' and exists (
            select 1
            from modified
            where modified.contract_line_id = adjustments.contract_line_id
                and modified.known_from <= adjustments.original_end
                and modified.known_index > adjustments.closed_index
        ) then 'late'
        when adjustments.measure = 'recognized' and exists (
            select 1
            from delivered
            where delivered.contract_line_id = adjustments.contract_line_id
                and delivered.event_date <= adjustments.original_end
                and delivered.known_index > adjustments.closed_index
        ) then 'late'
        else 'correction'
    end as cause
from adjustments
cross join {{ source('run', 'context') }} as context
left join {{ ref('changed_contracts') }} as changed on adjustments.contract_id = changed.contract_id
left join voided_documents
    on adjustments.document_id = voided_documents.document_id
    and adjustments.event_type in (voided_documents.document_type, voided_documents.document_type || '_void')
left join (select distinct contract_id, period from {{ source('frozen', 'held_contracts') }}) as held
    on adjustments.contract_id = held.contract_id and adjustments.original_period = held.period
left join event_known on adjustments.posting_key = event_known.posting_key
left join terms_known on adjustments.contract_line_id = terms_known.contract_line_id
